/* What is made of the tables of commands and options: --help, the manual page, completion. */
#ifndef HELP_H
#define HELP_H

#include "tools/commands.h"

#include <stdio.h>

void print_help(FILE *out, const struct command_spec *command);
void print_manual(FILE *out);
void print_completion(FILE *out);

#endif
