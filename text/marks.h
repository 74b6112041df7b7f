/* What stands around and between the words of a text, character by character. */
#ifndef MARKS_H
#define MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The last character of a text of at least one byte, and how many bytes it takes. */
size_t last_character(const char *text, size_t length, uint32_t *c);

/* How many bytes of white space a text begins with, or ends with. */
size_t blanks_before(const char *text, size_t length);
size_t blanks_behind(const char *text, size_t length);

/* How many bytes the bullet takes that a sentence begins with ("- ", "* "), or at a line's beginning
 * the number ("3. ", "b) "), the blanks behind it counted; 0: none. */
size_t bullet_length(const char *text, size_t length, bool begins_line);

/* Without a letter there is nothing to translate. */
bool has_letters(const char *text, size_t length);

/* Does a text end with a mark behind which no blank is written, as Chinese and Japanese full stops
 * are, perhaps with closing brackets or quotation marks? */
bool ends_without_blank(const char *text, size_t length);

#endif
