/* What was typed before, kept in a file of the user's alone: $XDG_STATE_HOME/tolka/history or
 * ~/.local/state/tolka/history. Without a home it is forgotten. */
#ifndef PROMPT_HISTORY_H
#define PROMPT_HISTORY_H

#include <histedit.h>

struct prompt_history {
    History *list; /* NULL: none */
    int n_new;     /* typed since it was read */
};

struct prompt_history history_read(void);
void history_add(struct prompt_history *history, const char *text);
/* Adds what is new to the file, which others may have written meanwhile, and forgets it here. */
void history_write(struct prompt_history *history);

#endif
