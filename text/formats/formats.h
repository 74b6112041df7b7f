/* The formats that documents may have. */
#ifndef FORMATS_H
#define FORMATS_H

#include "text/formats/document_parts.h"

/* By name; "tsv:2" is tsv with *column 2. NULL: there is no such format. */
const struct format *format_named(const char *name, long *column);
/* By the ending of a file's name. */
const struct format *format_of_file(const char *path);
/* "lines, text, ..." */
void format_names(char *out, size_t size);

#endif
