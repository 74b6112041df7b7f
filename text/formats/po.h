/* Catalogues of messages (gettext). */
#ifndef PO_H
#define PO_H

#include "text/formats/document_parts.h"

tolka_status po_parse(struct tolka_document *document, tolka_error *err);
/* A message as a string of the catalogue. */
void po_insert(const struct tolka_document *document, const struct insertion *insertion,
               struct growing *out, const char *bytes, size_t n);

#endif
