/* A document written: bytes that are no text as they were, texts as they were put. */
#ifndef COMPOSITION_H
#define COMPOSITION_H

#include "text/formats/document_parts.h"

/* Writes bytes [begin, end) of a document with the translations of the texts in them. */
void compose(const struct tolka_document *document, size_t begin, size_t end, struct growing *out);

#endif
