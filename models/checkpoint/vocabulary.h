/* Tokens and their ids, from the many files in which checkpoints keep them. */
#ifndef VOCABULARY_H
#define VOCABULARY_H

#include "engine/error.h"

#include <stdbool.h>

enum { MAX_TOKEN_ID = (1 << 24) - 1 };

struct vocabulary {
    size_t n;      /* largest id + 1 */
    char **tokens; /* by id; NULL: no token has this id */
    size_t capacity;
    size_t n_sorted;
    uint32_t *sorted; /* ids in the order of their tokens' bytes: a look-up that no choice of tokens
                         can slow down, unlike a hash table */
};

void vocabulary_free(struct vocabulary *vocabulary);
/* The id, or -1. Of equal tokens the one with the smallest id. */
int32_t vocabulary_find(const struct vocabulary *vocabulary, const char *token);

/* Gives `token` an id; `name` is the file, for messages. An id that another token has is an error,
 * the same token again is not. Look-ups see it after vocabulary_index. */
tolka_status vocabulary_add(struct vocabulary *vocabulary, int64_t id, const char *token,
                            size_t length, const char *name, tolka_error *err);
tolka_status vocabulary_index(struct vocabulary *vocabulary, const char *name, tolka_error *err);

/* Reads a vocabulary: a JSON object (token: id), a JSON array of tokens, a tokenizer.json, Marian's
 * YAML (.yml), or plain text with one token a line. On failure nothing is left to free. */
tolka_status vocabulary_open(struct vocabulary *vocabulary, const char *path, tolka_error *err);

/* Adds what an added_tokens.json, tokenizer_config.json or tokenizer.json says about tokens besides
 * the vocabulary proper. A file that is not there adds nothing. */
tolka_status vocabulary_add_file(struct vocabulary *vocabulary, const char *path, tolka_error *err);

/* Tokens that a special_tokens_map.json or tokenizer_config.json lists without ids
 * ("additional_special_tokens"): numbered as they stand there. A file that is not there, or lists
 * none, gives an empty vocabulary. */
tolka_status special_tokens_open(struct vocabulary *list, const char *path, tolka_error *err);

/* merges.txt, or a tokenizer.json: merge rules "left right", best first, numbered from 0. */
tolka_status merges_open(struct vocabulary *merges, const char *path, tolka_error *err);

#endif
