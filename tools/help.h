/* What tolka says about itself: --help of a command, and `tolka help`. */
#ifndef HELP_H
#define HELP_H

#include "tools/commands.h"

#include <stdio.h>

void print_help(FILE *out, const struct command_spec *command);
/* `tolka help --man`, `--completion[=SHELL]`, `--languages [MODEL]`: what other programs read.
 * `argument` may be NULL. Returns an exit status. */
int print_generated(FILE *out, const char *option, const char *argument);

#endif
