/* UTF-8, whatever the bytes are. */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPLACEMENT_CHARACTER = 0xfffd, UTF8_LONGEST = 4 };

/* The character at `text`, and how many of the `length` > 0 bytes it takes. Ill-formed bytes give
 * U+FFFD, one for each maximal subpart (Unicode, section 3.9: what could have begun a character is
 * one mistake, not several). */
size_t utf8_decode(const char *text, size_t length, uint32_t *character);

/* Writes a character; returns its length. */
size_t utf8_encode(uint32_t character, char out[UTF8_LONGEST]);

/* Well-formed, and without NUL bytes. */
bool utf8_is_clean(const char *text, size_t length);

/* A copy with U+FFFD for what is ill-formed and `for_nul` for NUL; NULL if memory is short. */
char *utf8_clean(const char *text, size_t length, char for_nul, size_t *out_length);

/* The greatest length up to `limit` at which `text` can be cut without cutting a character. */
size_t utf8_cut(const char *text, size_t limit);

#endif
