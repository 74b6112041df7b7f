#ifndef BPE_JSON_H
#define BPE_JSON_H

#include "engine/error.h"

#include <jansson.h>

/* The pieces of a BPE tokenizer whose merges are those of a SentencePiece model (as NLLB's are): an
 * array of [text, score] by id, as Unigram tokenizers have it; a piece's score is its rank. Other
 * merges are TOLKA_UNSUPPORTED. `root`: the tokenizer.json. */
tolka_status bpe_pieces(json_t **pieces, const json_t *root, const char *path, tolka_error *err);

#endif
