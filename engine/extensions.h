/* Candidates of a beam's step: live hypotheses extended by a token. */
#ifndef EXTENSIONS_H
#define EXTENSIONS_H

#include "engine/hypothesis.h"

struct extension {
    float sum, log_prob;
    int32_t token;
    uint32_t parent; /* its number among the live hypotheses */
};

struct extensions {
    size_t n, wanted;
    struct extension
        list[2 * TOLKA_MAX_BEAM]; /* descending; ties: lower parent, lower token first */
};

/* Puts one where it belongs, if it is among the `wanted` best so far. */
void extensions_insert(struct extensions *best, struct extension extension);

/* It becomes number `k` of the next live hypotheses. */
void extension_goes_on(const struct extending *extending, size_t k,
                       const struct extension *extension);
/* It is finished; the `keep` best finished ones are kept. */
void extension_ends(const struct extending *extending, const struct extension *extension,
                    size_t keep);

#endif
