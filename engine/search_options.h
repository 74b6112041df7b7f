/* How to search. */
#ifndef SEARCH_OPTIONS_H
#define SEARCH_OPTIONS_H

#include "engine/config.h"

struct search_options {
    int beam, n_best;
    float length_penalty;
    enum early_stopping early_stopping;
    bool want_scores;
    bool teacher; /* follow the inputs' targets */
    bool no_shortlist;
};

#endif
