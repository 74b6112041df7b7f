/* Byte-level BPE, as GPT-2 and BART have it: bytes are written as printable characters, words are
 * cut by a pattern, and neighbours are merged in a learned order. */
#ifndef BYTELEVEL_H
#define BYTELEVEL_H

#include "engine/gguf.h"

struct merge {
    int32_t left, right; /* tokens; left -1: an empty slot */
    int32_t rank, result;
};

struct bytelevel {
    size_t n_tokens;
    struct gguf_string *tokens; /* in the map */
    int32_t byte_token[256];    /* -1: none */
    size_t mask;                /* of the merge table's slots, a power of two less one */
    struct merge *merges;
};

/* `vocab` and `merges` are string arrays of the model file, which outlives *bpe. */
tolka_status bytelevel_init(struct bytelevel *bpe, const struct gguf_value *vocab,
                            const struct gguf_value *merges, const char *model, tolka_error *err);
void bytelevel_free(struct bytelevel *bpe);

/* Calls put(user, token) for every token of clean UTF-8 without special tokens; -1 stands for a
 * byte that has none. False if memory is short. */
bool bytelevel_encode(const struct bytelevel *bpe, const char *text, size_t length,
                      void (*put)(void *user, int32_t token), void *user);

/* Writes the bytes that a token stands for; returns how many (at most the token's length). */
size_t bytelevel_decode(const struct bytelevel *bpe, int32_t token, char *out);

#endif
