/* Text in lines that fit a terminal. */
#ifndef WRAPPED_TEXT_H
#define WRAPPED_TEXT_H

#include <stdio.h>

/* Words from column `indent` on, in which the cursor is, as far as 80 columns go. */
void print_wrapped(FILE *out, const char *text, int indent);

#endif
