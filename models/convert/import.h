/* A checkpoint on its way into tolka: its tensors, its settings, its family, and what they come to:
 * a configuration and, for every role, a place in the source. */
#ifndef IMPORT_H
#define IMPORT_H

#include "models/family.h"
#include "models/checkpoint/source.h"
#include "models/checkpoint/vocabulary.h"

struct import_options {
    const char *config; /* a settings file to use instead of the one beside the weights (Marian:
                           instead of decoder.yml) */
    const char *family; /* a family's name, if the checkpoint does not say itself */
    bool quiet;         /* no warnings on stderr */
};

/* A vocabulary that a family has asked for tokens of. */
struct named_vocabulary {
    char *names; /* alternatives, as asked for */
    struct vocabulary vocabulary;
};
enum { IMPORT_VOCABULARIES = 2 };

struct import {
    struct import_options options;
    struct source source;
    struct settings *config_json, *generation_json, *tokenizer_json;
    const struct family *family;
    struct checkpoint checkpoint; /* what the family was shown */
    struct config config;
    struct tokenizer_plan plan;
    struct named_vocabulary vocabularies[IMPORT_VOCABULARIES]; /* beside.c */
    void **owned; /* rows that had to be copied for import_weights */
    size_t n_owned;
};

/* Opens a directory or file, recognises container and family, reads the configuration and checks
 * that every role has a tensor of the right shape. On failure nothing is left to free. */
tolka_status import_open(struct import *import, const char *path,
                         const struct import_options *options, tolka_error *err);
void import_close(struct import *import);

/* The tensor of a role, and which part of it. */
struct role_source {
    const struct source_tensor *tensor;
    uint64_t first; /* row (of a matrix) or element (of a vector) where the role begins */
    bool transposed;
    bool panels; /* tolka's own layout (engine/matrix.h) */
};
tolka_status import_find(const struct import *import, const struct role *role,
                         struct role_source *found, tolka_error *err);
/* Row r of a role's matrix, or its whole vector (row 0), as floats. */
tolka_status import_read(const struct role_source *source, const struct role *role, uint64_t r,
                         float *out, tolka_error *err);

/* Binds a model to the source itself: nothing that can be used in place is copied. The model lives
 * as long as the import. */
tolka_status import_bind(struct import *import, struct model *model, tolka_error *err);

/* Path of a file beside the weights; the caller frees it. NULL: out of memory. */
char *import_path(const struct import *import, const char *name);

#endif
