/* Inputs come from outside: nothing past this check looks at an id twice. */
#ifndef INPUT_H
#define INPUT_H

#include "engine/config.h"

/* TOLKA_OK, or why the model cannot translate the input; with_target: needs a target. */
tolka_status check_input(const struct config *config, const tolka_input *input, bool with_target,
                         tolka_error *err);

/* The decoder's first input; -1: a zero vector. */
int32_t first_token(const struct config *config, const tolka_input *input);

#endif
