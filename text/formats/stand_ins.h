/* Words that stand for protected spans while a text is translated: names and numbers, which models
 * copy well. */
#ifndef STAND_INS_H
#define STAND_INS_H

#include "text/formats/document_parts.h"

/* Writes what the translator shall see of a text and where each piece is in it, a stand-in for
 * every protected span that is not left out. More of them than there are stand-ins are left out. */
void show_pieces(const struct tolka_document *document, struct text *text, struct growing *out);

/* The place of a stand-in in a translation, if it is there once; SIZE_MAX: it is not. */
size_t find_stand_in(const char *text, size_t n, const char *stand_in, size_t length);

#endif
