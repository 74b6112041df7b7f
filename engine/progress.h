/* How far a hypothesis has come with the words that it must have. Words come one after another, in
 * any order: a token that goes on with none of what was begun ends that attempt, and is not itself
 * the beginning of another. By the rules of transformers' constrained beam search. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "engine/config.h"

struct progress {
    const tolka_alternatives *words;
    size_t n_words, n_complete;
    size_t longest; /* tokens of the longest phrase of all */
    /* the word that has been begun: */
    int current;                /* -1: none has */
    const tolka_sequence *path; /* one of its phrases that begins with what has come of it */
    size_t depth;               /* tokens of it that have come */
    /* words that have not, in the order in which they are looked for: */
    size_t n_pending;
    uint8_t pending[MAX_FORCE_WORDS];
};

/* Before the first token. */
struct progress progress_begin(const tolka_alternatives *words, size_t n);
void progress_add(struct progress *progress, int32_t token);

static inline bool progress_is_complete(const struct progress *progress) {
    return progress->n_complete == progress->n_words;
}

/* What has been reached, in steps: a complete word counts as many as the longest phrase has
 * tokens. */
size_t progress_steps(const struct progress *progress);

/* The tokens that go on with the word that has been begun, or begin one. Writes to next (room for
 * MAX_SEQUENCES), perhaps one twice; returns how many. */
size_t progress_next(const struct progress *progress, int32_t *next);

#endif
