/* The conversion of a checkpoint as one function. */
#ifndef CONVERSION_H
#define CONVERSION_H

#include "models/convert/import.h"

struct convert_options {
    struct import_options import;
    enum dtype type;
    const char *vocab, *shortlist;
    bool progress; /* on stderr */
};

/* Reads a checkpoint and writes a model file; nothing is left at `output` on failure. */
tolka_status convert(const char *input, const char *output, const struct convert_options *options,
                     tolka_error *err);
bool parse_type(const char *name, enum dtype *type);

#endif
