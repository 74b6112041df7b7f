/* tolka alone on a terminal: texts are typed and translated, commands begin with a colon. */
#ifndef PROMPT_H
#define PROMPT_H

#include "tools/options.h"

/* Do options and files ask for a prompt? */
bool wants_prompt(const struct options *options);
/* Returns an exit status. */
int run_prompt(const struct options *options);

#endif
