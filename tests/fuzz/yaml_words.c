#include "tests/fuzz/yaml_words.h"

#include <stddef.h>

const char *const yaml_words[] = {
    "\n", ": ", "- ", "\"", "'", "[", "]", "{", "}", ", ", "&a ", "*a", "!!str ", "|\n  ", ">\n ",
    "#", "? ", "---\n", "...\n", "%YAML 1.1\n", "  ", "~", "true", "false", "0", "-1", "1e400",
    "99999999999999999999", "type: ", "transformer", "s2s", "dim-emb: ", "enc-depth: ", "dec-depth: ",
    "transformer-heads: ", "transformer-dim-ffn: ", "transformer-dim-decoder-ffn: ",
    "transformer-ffn-activation: ", "swish", "gelu", "transformer-preprocess: ",
    "transformer-postprocess: ", "dan", "n", "transformer-decoder-autoreg: ", "rnn",
    "self-attention", "dec-cell: ", "ssru", "tied-embeddings-all: ", "tied-embeddings-src: ",
    "tied-embeddings: ", "transformer-tied-layers: ", "dim-vocabs: ", "lemma-dim-emb: ",
    "transformer-no-projection: ", "transformer-train-position-embeddings: ", "version: ", "skip: ",
    "ulr: ", "output-omit-bias: ", "layer-normalization: ", "\xe2\x96\x81", "\\u0041", "\\x00", NULL};
