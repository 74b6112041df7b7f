/* tolka convert, as a function: also what tests and the command use. */
#ifndef CONVERT_H
#define CONVERT_H

#include "import/import.h"

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
