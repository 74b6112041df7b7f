/* The texts of a document as its functions ask for them. */
#ifndef DOCUMENT_ACCESS_H
#define DOCUMENT_ACCESS_H

#include "text/formats/document_parts.h"

/* NULL: there is no such text. */
struct text *text_number(const struct tolka_document *document, size_t i);

/* Makes text->seen, if it is not there; false: no memory. */
bool show_text(const struct tolka_document *document, struct text *text);

/* Has a text tags, or spans that its translator does not see? */
bool text_needs_alignment(const struct tolka_document *document, const struct text *text);

#endif
