/* Which languages a tokenizer translates from and to. */
#ifndef DIRECTION_H
#define DIRECTION_H

#include "tokenizer/tokenizer.h"

/* Sets the language tokens. */
tolka_status tokenizer_choose_languages(tolka_tokenizer *tokenizer, const tolka_model *model,
                                        const char *from, const char *to, tolka_error *err);

#endif
