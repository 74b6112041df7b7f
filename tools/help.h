/* What tolka says about itself: --help of a command, and `tolka help`. */
#ifndef HELP_H
#define HELP_H

#include "tools/commands.h"

#include <stdio.h>

/* Words from column `indent` on, in which the cursor is, as far as 80 columns go. */
void print_wrapped(FILE *out, const char *text, int indent);
void print_help(FILE *out, const struct command_spec *command);
/* `tolka help --man`, `--completion[=SHELL]`, `--languages [MODEL]`: what other programs read.
 * `argument` may be NULL. Returns an exit status. */
int print_generated(FILE *out, const char *option, const char *argument);

#endif
