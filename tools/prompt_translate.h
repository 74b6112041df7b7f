/* What a prompt does with a text. */
#ifndef PROMPT_TRANSLATE_H
#define PROMPT_TRANSLATE_H

#include "tools/prompt_state.h"

/* Translates each line of a text, which Ctrl-C ends. */
void prompt_translate(struct prompt *prompt, const char *text);
/* Shows n translations of the last text that differ in their first word. */
void prompt_alternatives(struct prompt *prompt, const char *n);
/* Shows what the translation of the last text looks at. */
void prompt_attention(struct prompt *prompt);

#endif
