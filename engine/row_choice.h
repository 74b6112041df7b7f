/* Choices that need a whole row of logits: because what has been generated changes them, or because
 * a token is drawn. */
#ifndef ROW_CHOICE_H
#define ROW_CHOICE_H

#include "engine/arena.h"
#include "engine/choice.h"

/* Room for what a row goes through. */
struct row_room {
    float *raw;                   /* [vocab] */
    struct candidate *candidates; /* [vocab] */
    double *numbers;              /* [2 * vocab] */
};
void row_room_take(struct row_room *room, size_t vocab, struct arena *arena);

/* The choice of row r from its logits, scores[vocab], which are changed. In beam search
 * (wanted.n_top, not greedily) constraints change log-probabilities, else logits: as in
 * transformers. */
void choose_from_row(const struct kernels *kernels, const struct config *config,
                     const struct wanted *wanted, size_t r, const struct row_room *room,
                     float *scores, struct choice *choice);

#endif
