/* What a translation so far says about its next token: penalties, n-grams, sequences, lengths.
 * Order and arithmetic are those of transformers' logits processors, in float32. */
#ifndef CONSTRAINTS_H
#define CONSTRAINTS_H

#include "engine/generation.h"

/* A row of scores, and what it is about. */
struct row_context {
    const int32_t *tokens; /* the decoder's inputs: start token (but for a zero vector), then all */
    size_t n_tokens;
    const int32_t *source;
    size_t n_source;
    size_t n_prompt;      /* tokens of these that the translation was given to begin with */
    bool is_forced_first; /* its first token is one that must come */
};

/* Changes scores[vocab], which are logits, or log-probabilities in beam search. */
void constrain(const struct generation *generation, const struct row_context *row,
               int32_t end_token, float *scores, size_t vocab);

#endif
