/* A text a line, or a cell of it: lines, and tab-separated columns. */
#ifndef TABLE_LINES_H
#define TABLE_LINES_H

#include "text/formats/document_parts.h"

tolka_status lines_parse(struct tolka_document *document, tolka_error *err);
tolka_status tsv_parse(struct tolka_document *document, tolka_error *err);
/* Tabs become blanks. */
void lines_encode(const struct tolka_document *document, const struct text *text,
                  struct growing *out, const char *bytes, size_t n, bool starts_line);

#endif
