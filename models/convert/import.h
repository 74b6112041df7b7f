/* A checkpoint on its way into tolka: its tensors, its settings, its family, and what they come to:
 * a configuration and, for every role, a place in the source. */
#ifndef IMPORT_H
#define IMPORT_H

#include "models/checkpoint/source.h"
#include "models/checkpoint/vocabulary.h"
#include "models/family.h"

struct import_options {
    const char *config; /* a settings file to use instead of the one beside the weights (Marian:
                           instead of decoder.yml) */
    const char *family; /* a family's name, if the checkpoint does not say itself */
    /* Gets lines such as "warning: ..." that are worth showing; NULL: nobody wants them. */
    void (*say)(void *user, const char *line);
    void *user; /* of say, and of what else the import is for */
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
    void **owned; /* rows that had to be copied for import_bind */
    size_t n_owned;
    int unsearched; /* errno's reason why a file could not be looked for (beside.h); 0: none */
};

/* Opens a directory or file, recognises container and family, reads the configuration and checks
 * that every role has a tensor of the right shape. On failure nothing is left to free. */
tolka_status import_open(struct import *import, const char *path,
                         const struct import_options *options, tolka_error *err);
void import_close(struct import *import);

#endif
