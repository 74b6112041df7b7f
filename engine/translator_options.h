/* What a caller asked of a translator, with the defaults filled in, and checked. */
#ifndef TRANSLATOR_OPTIONS_H
#define TRANSLATOR_OPTIONS_H

#include "engine/batch.h"

/* The options as far as the caller knows them (NULL: none), the others as they are by default. */
tolka_options options_known(const tolka_options *given);
/* When a beam search ends: before defaults are filled in, as the model's rule goes with its beam. */
enum early_stopping options_stop(const tolka_options *given, const struct config *config);
/* Fills in defaults, and checks. */
tolka_status options_complete(tolka_options *options, const struct config *config,
                              const struct generation *generation, tolka_error *err);
/* Checks options that are complete, but have been changed. */
tolka_status options_check(const tolka_options *options, const struct generation *generation,
                           tolka_error *err);
/* For searching; `generation` stays alive as long as it. */
struct batch_options options_of_batch(const tolka_options *options,
                                      const struct generation *generation,
                                      enum early_stopping stop);

#endif
