/* Tokens that generation_config.json forbids, requires or would rather have, alone and in sequences. */
#ifndef GENERATION_LISTS_H
#define GENERATION_LISTS_H

#include "engine/config.h"
#include "models/shown.h"

/* bad_words_ids, suppress_tokens, begin_suppress_tokens, sequence_bias and force_words_ids, into the lists of the
 * configuration, whose vocabulary and end token are known. */
tolka_status read_generation_lists(const struct checkpoint *checkpoint, struct config *config,
                                   tolka_error *err);

#endif
