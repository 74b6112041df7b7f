/* A file proves itself: sentences with the ids and log-probabilities that the source weights gave
 * in f32, stored by convert and run again by check. */
#ifndef REFERENCES_H
#define REFERENCES_H

#include "models/convert/gguf_writer.h"
#include "models/convert/import.h"

/* Translates a few sentences with the checkpoint's own weights and writes tolka.check.*. The
 * tokenizer's metadata must be in `writer` already. */
tolka_status write_references(struct gguf_writer *writer, struct import *import, tolka_error *err);

struct reference {
    int32_t *source, *target;
    size_t n_source, n_target;
    int32_t start, forced_first; /* -1: the model's own */
    float *log_probs;            /* of the target tokens */
};
/* Reads them back; *n is 0 if the file has none. Free with references_free. */
tolka_status references_read(const struct gguf *gguf, struct reference **out, size_t *n,
                             tolka_error *err);
void references_free(struct reference *references, size_t n);

#endif
