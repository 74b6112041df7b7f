/* The conversion of a checkpoint as one function. */
#ifndef CONVERSION_H
#define CONVERSION_H

#include "engine/kernels/matrix.h"
#include "models/convert/import.h"

struct convert_options {
    struct import_options import;
    enum dtype type;
    const char *vocab, *shortlist;
    uint32_t max_source; /* tokens of a sentence that the model is good at; 0: not known */
    /* Called with the part that is done (0 to 1) and the name of the tensor that comes next, in the
     * end with NULL; `user` is import.user. */
    void (*progress)(void *user, double part, const char *tensor);
};

/* Reads a checkpoint and writes a model file; nothing is left at `output` on failure. */
tolka_status convert(const char *input, const char *output, const struct convert_options *options,
                     tolka_error *err);
/* "f32", "f16", "bf16" or "int8". */
bool parse_type(const char *name, enum dtype *type);

#endif
