/* HTML. */
#ifndef HTML_H
#define HTML_H

#include "text/formats/document_parts.h"

tolka_status html_parse(struct tolka_document *document, tolka_error *err);
/* What would be markup becomes an entity. */
void html_encode(const struct tolka_document *document, const struct text *text,
                 struct growing *out, const char *bytes, size_t n, bool starts_line);

#endif
