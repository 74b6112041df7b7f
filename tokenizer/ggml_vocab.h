/* The tokenizer that llama.cpp writes into T5 models: no SentencePiece model, but all that is in
 * one, as "tokenizer.ggml.*" metadata. */
#ifndef GGML_VOCAB_H
#define GGML_VOCAB_H

#include "engine/error.h"
#include "engine/gguf.h"

struct ggml_token {
    struct gguf_string text; /* in the map */
    int32_t id;
};

struct ggml_vocab {
    uint8_t *model; /* a serialized SentencePiece model; piece numbers are ids */
    size_t n_model, n_pieces;
    /* Tokens after the last piece, which stand for themselves (<extra_id_0>). */
    size_t n_added;
    struct ggml_token *added;
    /* Pieces that are target languages (<2de>). */
    size_t n_languages;
    struct ggml_token *languages;
    int32_t bos, eos, unknown; /* bos -1: none */
    bool add_bos, add_eos;
};

/* `vocab` is the number of tokens that the model has. On failure nothing is left to free. */
tolka_status ggml_vocab_read(struct ggml_vocab *out, const struct gguf *gguf, size_t vocab,
                             tolka_error *err);
void ggml_vocab_free(struct ggml_vocab *vocab);

/* Is this how a model names a target language: "<2de>", "<2zh_Hant>"? */
bool is_language_tag(struct gguf_string text);

#endif
