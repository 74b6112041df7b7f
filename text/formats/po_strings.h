/* Strings of a catalogue of messages: C's, in lines as gettext breaks them. */
#ifndef PO_STRINGS_H
#define PO_STRINGS_H

#include "text/growing.h"

/* "..." with no quote in it that is not escaped? */
bool po_is_literal(const char *bytes, size_t n);
/* Adds what stands between the quotes of a literal. */
void po_decode(struct growing *out, const char *bytes, size_t n);
/* Writes literals: one line, or an empty one and the lines of the message below it. */
void po_encode(struct growing *out, const char *bytes, size_t n, const char *newline);

#endif
