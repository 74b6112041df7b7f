/* Full stops that end no sentence. */
#ifndef ABBREVIATIONS_H
#define ABBREVIATIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Does a text end with an initial ("J. R. R.", "z. B.", "e.g.") or with a word that stands before
 * others ("Dr.", "Nr.")? */
bool ends_with_abbreviation(const char *text, size_t length);

/* Does it end with what may be the number of a day, in languages that write ordinals so ("am 3.
 * Mai")? */
bool ends_with_ordinal(const char *text, size_t length);
/* Is a language (by its code of two letters) one of those? */
bool language_has_ordinals(const char *language);

#endif
