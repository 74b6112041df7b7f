/* Drawing tokens: filters that leave the candidates, in the order and with the meaning of
 * transformers' logits warpers, and random numbers that depend on nothing but the seed, the source
 * and the place in the translation. */
#ifndef SAMPLING_H
#define SAMPLING_H

#include "engine/tolka.h"

#include "engine/kernels/kernels.h"

/* What the filters leave of scores[vocab], likeliest first (of equals the lower id), with their
 * probabilities as values; -inf scores are no candidates. Writes to out[vocab]; returns how many,
 * at least 1 if any score is finite. `room`[2 * vocab] is memory for the way. */
size_t sampling_candidates(const tolka_generation *generation, const float *scores, size_t vocab,
                           struct candidate *out, double *room);

/* A number in [0, 1) for the `draw`-th sample's token at a position of a source's translation. */
double sampling_number(uint64_t seed, uint64_t source, uint64_t draw, uint64_t position);

/* What stands for a source: a hash of its ids. */
uint64_t sampling_source(const int32_t *ids, size_t n);

/* The candidate that a number in [0, 1) falls on. */
size_t sampling_pick(const struct candidate *candidates, size_t n, double number);

#endif
