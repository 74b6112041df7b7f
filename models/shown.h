/* A checkpoint as a family sees it: nothing here knows how it is stored. */
#ifndef SHOWN_H
#define SHOWN_H

#include "models/checkpoint/settings.h"

struct gguf;

struct checkpoint {
    const char *name;                                       /* path, for messages */
    const struct settings *config, *generation, *tokenizer; /* absent files: empty settings */
    /* Shape of a tensor; false if there is none of this name. */
    bool (*tensor)(const void *user, const char *name, uint32_t *rank, const uint64_t **dims);
    /* Are these two tensors, which both exist, equal in every value? */
    bool (*same)(const void *user, const char *a, const char *b);
    /* One row of a matrix that exists, as floats; false if it has no such row of n columns. */
    bool (*row)(const void *user, const char *name, uint64_t row, size_t n, float *out);
    /* The type of the numbers of a tensor that exists, as its container calls it ("int8"). */
    const char *(*type)(const void *user, const char *name);
    /* Is there such a file beside the checkpoint? Alternatives are separated by "|"; one that
     * begins with "*" is the only file whose name ends like that. */
    bool (*file)(const void *user, const char *names);
    /* Id of a token in such a vocabulary beside the checkpoint; -1: not in it, or no such file. */
    int32_t (*token)(const void *user, const char *vocabulary, const char *token);
    /* CTranslate2: what the file says that it is; else NULL. */
    const char *spec;
    const void *user;
    const struct gguf *gguf; /* NULL: the weights are in another container */
    void (*warn)(const void *user, const char *format, ...) __attribute__((format(printf, 2, 3)));
};

bool has_tensor(const struct checkpoint *checkpoint, const char *name);
/* dims[i] of a tensor; 0 if there is none. */
uint64_t tensor_dim(const struct checkpoint *checkpoint, const char *name, uint32_t i);

#endif
