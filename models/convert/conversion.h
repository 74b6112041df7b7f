/* The conversion of a checkpoint as one function. */
#ifndef CONVERSION_H
#define CONVERSION_H

#include "engine/kernels/matrix.h"
#include "models/convert/import.h"

struct convert_options {
    struct import_options import;
    enum dtype type;
    const char *vocab, *shortlist;
    bool keep; /* an output that is there already is an error */
    /* Called when the checkpoint has been opened and understood; `user` as below. */
    void (*begin)(void *user);
    uint32_t max_source; /* tokens of a sentence that the model is good at; 0: not known */
    /* Called with the part that is done (0 to 1) and the name of the tensor that comes next, in the
     * end with NULL; `user` is import.user. */
    void (*progress)(void *user, double part, const char *tensor);
};

/* Reads a checkpoint and writes a model file; what is at `output` stays as it was on failure. */
tolka_status convert(const char *input, const char *output, const struct convert_options *options,
                     tolka_error *err);

/* What has been made of what. */
struct conversion_result {
    char family[32];
    uint64_t parameters;
    bool reader_gone;      /* the output is a pipe that nobody reads any more */
    uint64_t bytes_before; /* the files of the weights; the new file is the caller's to measure */
};
/* The same, with what there is to say about it (NULL: nobody asks). */
tolka_status convert_with_result(const char *input, const char *output,
                                 const struct convert_options *options,
                                 struct conversion_result *result, tolka_error *err);
/* "f32", "f16", "bf16", "int8" or "q4". */
bool parse_type(const char *name, enum dtype *type);

#endif
