/* What shells complete: completion.bash, .zsh and .fish, filled from the tables of commands and
 * options. */
#ifndef COMPLETION_H
#define COMPLETION_H

#include <stdbool.h>
#include <stdio.h>

/* False: not for this shell. */
bool print_completion(FILE *out, const char *shell);
/* Names of the languages that a model (NULL: the one that is used without -m) knows, one a line;
 * returns an exit status. */
int print_languages(FILE *out, const char *model);

#endif
