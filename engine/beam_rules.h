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

/* The best.wanted best ways to extend a sentence's live hypotheses. */
struct extensions;
void beam_collect(const struct extending *extending, const struct choice *choices,
                  struct extensions *best);

/* Extends one sentence's hypotheses from the choices of its rows, of which each has
 * beam_candidates(beam) tokens; true when the sentence is done. */
bool beam_advance(const struct extending *extending, const struct choice *choices);

/* By transformers' rules: can no hypothesis that goes on from best_sum become better than the worst
 * of the `keep` finished ones? */
bool beam_is_settled(const struct search_options *options, const struct sentence_search *sentence,
                     float best_sum, size_t keep);

#endif
