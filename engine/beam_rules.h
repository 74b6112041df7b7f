/* Beam search by three rule books: transformers', CTranslate2's and Marian's. They agree on what a
 * step's candidates are (sums of log-probabilities) and differ in which of them end, which go on,
 * and when to stop. */
#ifndef BEAM_RULES_H
#define BEAM_RULES_H

#include "engine/hypothesis.h"
#include "engine/output.h"

/* Candidates that a step looks at: more than `beam`, because some of them end. */
static inline size_t beam_candidates(int beam) {
    return 2 * (size_t)beam;
}

/* Extends one sentence's hypotheses from the choices of its rows, of which each has
 * beam_candidates(beam) tokens; true when the sentence is done. */
bool beam_advance(const struct extending *extending, const struct choice *choices);

#endif
