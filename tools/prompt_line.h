/* One line of a prompt, edited: libedit's keys and ~/.editrc, UTF-8, history, completion, and
 * pasted texts of several lines, which are one. */
#ifndef PROMPT_LINE_H
#define PROMPT_LINE_H

#include "tools/prompt_commands.h"
#include "tools/prompt_history.h"

struct editor;

/* NULL: there is no memory for it, or no terminal. */
struct editor *editor_new(const struct prompt *prompt, struct prompt_history *history);
void editor_free(struct editor *editor);
/* The next line without its end, valid until the next call; NULL: there is none (Ctrl-D, or a
 * signal has come; or *reason, of errno). Ctrl-C clears the line. */
const char *editor_read(struct editor *editor, int *reason);
/* From here on typing is kept for the next line, and not shown. */
void editor_hush(struct editor *editor);

#endif
