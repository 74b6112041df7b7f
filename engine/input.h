/* Inputs come from outside: nothing past this check looks at an id twice. */
#ifndef INPUT_H
#define INPUT_H

#include "engine/config.h"

/* TOLKA_OK, or why the model cannot translate (or, with_target, score) the input. */
tolka_status check_input(const struct config *config, const tolka_input *input, bool with_target,
                         tolka_error *err);

#endif
