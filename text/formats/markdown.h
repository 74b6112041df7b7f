/* Markdown (CommonMark, with tables, strikethrough and task lists). */
#ifndef MARKDOWN_H
#define MARKDOWN_H

#include "text/formats/document_parts.h"

tolka_status markdown_parse(struct tolka_document *document, tolka_error *err);
/* What the text did not have as a plain character is escaped. */
void markdown_encode(const struct tolka_document *document, const struct text *text,
                     struct growing *out, const char *bytes, size_t n, bool starts_line);

#endif
