/* How wide text is, roughly: for pictures, which cannot ask the font, and for terminals. */
#ifndef TEXT_WIDTH_H
#define TEXT_WIDTH_H

#include <stddef.h>
#include <stdint.h>

/* Steps over one character of well-formed UTF-8. */
uint32_t next_character(const char **text);

/* Columns that it takes in a terminal: 0, 1 or 2. */
int character_columns(uint32_t character);
size_t text_columns(const char *text);

/* Width of a text in a proportional font, in units of the font's size; rather too much than too
 * little. */
double text_ems(const char *text);

/* What a picture or a line would not survive: controls, and what XML cannot hold. */
int is_unprintable(uint32_t character);

#endif
