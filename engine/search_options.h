/* How to search. */
#ifndef SEARCH_OPTIONS_H
#define SEARCH_OPTIONS_H

#include "engine/generation.h"

struct search_options {
    int beam;   /* hypotheses of a sentence: those of a beam, or those that go on side by side */
    int groups; /* of a beam, in diverse search; 1: there are none */
    int n_best;
    float length_penalty;
    enum early_stopping early_stopping;
    bool want_scores;
    bool teacher;      /* follow the inputs' targets */
    bool alternatives; /* hypotheses differ in the first free token and go on greedily */
    bool no_shortlist;
    const struct generation *generation; /* borrowed */
};

#endif
