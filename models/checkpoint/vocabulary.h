/* Tokens and their ids. */
#ifndef VOCABULARY_H
#define VOCABULARY_H

#include "engine/error.h"

enum {
    MAX_TOKEN_ID = (1 << 24) - 1,
    /* Every id up to the largest takes memory, here and in a model file: a file of a few tokens shall
     * not ask for millions. */
    MAX_IDS_WITHOUT_TOKEN = 1 << 16,
    MAX_IDS_PER_TOKEN = 8,
};

struct vocabulary {
    size_t n;      /* largest id + 1 */
    char **tokens; /* by id; NULL: no token has this id */
    size_t capacity;
    size_t n_tokens; /* that are not NULL */
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

#endif
