/* Text with hard-wrapped paragraphs, as in a README without markup. */
#ifndef PLAIN_TEXT_H
#define PLAIN_TEXT_H

#include "text/formats/document_parts.h"

struct builder;

tolka_status plain_text_parse(struct tolka_document *document, tolka_error *err);
void plain_text_encode(const struct tolka_document *document, const struct text *text,
                       struct growing *out, const char *bytes, size_t n, bool starts_line);

/* The same for a range of the bytes, as a part of another format. */
void plain_text_range(struct builder *builder, size_t begin, size_t end);

#endif
