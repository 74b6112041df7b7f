/* The commands of a prompt, which begin with a colon: options of translate by their names, and
 * some of its own. */
#ifndef PROMPT_COMMANDS_H
#define PROMPT_COMMANDS_H

#include "tools/prompt_state.h"

/* Does what a line behind its colon says, or complains. */
void prompt_command(struct prompt *prompt, const char *line);

enum { MAX_COMPLETIONS = 512 };
/* The words that the last of `before` (a line up to the cursor) may become, and how much of them is
 * typed. They are valid until the next call. */
struct completions {
    size_t n, typed;
    bool files; /* names of files, which are not listed here */
    const char *words[MAX_COMPLETIONS];
};
void prompt_complete(const struct prompt *prompt, const char *before,
                     struct completions *completions);

#endif
