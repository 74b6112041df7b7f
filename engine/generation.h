/* How tokens are chosen, as a translator keeps it: checked, and with lists of its own. */
#ifndef GENERATION_H
#define GENERATION_H

#include "engine/config.h"

/* A configuration's lists in the form in which the public header has them. */
struct generation_lists {
    tolka_sequence bad_words[MAX_SUPPRESSED + MAX_SEQUENCES], sequence_bias[MAX_SEQUENCES];
    tolka_alternatives force_words[MAX_FORCE_WORDS];
    tolka_sequence phrases[MAX_SEQUENCES]; /* of these */
    size_t n_bad_words, n_sequence_bias, n_force_words;
    const int32_t *end_token; /* among what the model forbids; NULL: it is not */
};
void generation_lists_fill(struct generation_lists *lists, const struct config *config);

/* What the model asks for; its lists are borrowed from both. */
tolka_generation generation_of(const struct config *config, const struct generation_lists *lists);

struct generation {
    tolka_generation settings;
    int32_t *suppressed; /* single tokens that never come, whatever forbids them */
    size_t n_suppressed;
    bool needs_rows; /* choices depend on more than single logits and what is suppressed */
};

/* Checks and copies what the caller gave. */
tolka_status generation_copy(struct generation *out, const tolka_generation *given,
                             const struct config *config, tolka_error *err);
void generation_free(struct generation *generation);

#endif
