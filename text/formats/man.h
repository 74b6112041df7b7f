/* The sources of manual pages: roff with the macros of man(7). */
#ifndef MAN_H
#define MAN_H

#include "text/formats/document_parts.h"

tolka_status man_parse(struct tolka_document *document, tolka_error *err);
void man_encode(const struct tolka_document *document, const struct text *text, struct growing *out,
                const char *bytes, size_t n, bool starts_line);

#endif
