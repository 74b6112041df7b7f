/* What the translator sees of a text of a document. */
#ifndef SHOWN_PIECES_H
#define SHOWN_PIECES_H

#include "text/formats/document_parts.h"

/* Writes what the translator shall see of a text and where each piece is in it, a stand-in for
 * every protected span that is not left out. More of them than there are stand-ins are left out. */
void show_pieces(const struct tolka_document *document, struct text *text, struct growing *out);

#endif
