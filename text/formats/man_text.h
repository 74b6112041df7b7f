/* What stands in the lines of a manual page: escapes, and macros that set words in a font. */
#ifndef MAN_TEXT_H
#define MAN_TEXT_H

#include "text/formats/builder.h"

/* Lines of text, or the argument of a macro. What cannot be said in pieces makes the text stay. */
void man_text(struct builder *builder, size_t begin, size_t end);

/* Is it the name of a macro that sets its arguments in a font, in the midst of a sentence? */
bool man_is_font(const char *name, size_t n);

/* A line of such a macro, whose arguments are [args, end), not empty. */
void man_font_line(struct builder *builder, size_t begin, size_t args, size_t end);

#endif
