/* What a step wants to know of a row of logits, and what it came to. */
#ifndef CHOICE_H
#define CHOICE_H

#include "engine/constraints.h"
#include "engine/kernels/kernels.h"

#include <math.h>

struct wanted {
    size_t n_top;           /* that many of the max ones; 0: the max one alone */
    bool greedily;          /* n_top: chosen as the max one alone is, not as in beam search */
    bool sum;               /* the softmax's denominator, for log-probabilities */
    const int32_t *targets; /* scoring: [n_rows] tokens whose logits are wanted instead; or NULL */
    const struct generation *generation;
    /* where generation->needs_rows: */
    const struct row_context *contexts; /* [n_rows] */
    const double *numbers;              /* [n_rows] random numbers, for sampling */
};

/* softmax(logits) as far as it was wanted. */
struct choice {
    float max, sum_exp; /* the softmax's denominator is sum_exp * exp(max) */
    int32_t best;       /* of the allowed tokens the one with the max logit, or the one drawn */
    float best_logit, target_logit;
    size_t n_top;
    struct candidate *top; /* max allowed logits, descending; room for wanted.n_top */
    const float *row;      /* where rows are kept: all log-probabilities, until the next step */
};

/* log softmax of a logit of the row. */
static inline float choice_log_prob(const struct choice *choice, float logit) {
    return logit - choice->max - logf(choice->sum_exp);
}

/* Did the row have a number to choose by? Weights that are damaged, or no finite numbers to begin
 * with, make every logit NaN or infinite, and what was chosen then means nothing. */
static inline bool choice_is_sound(const struct choice *choice, const struct wanted *wanted) {
    float best = wanted->targets ? choice->target_logit
                 : wanted->n_top ? (choice->n_top ? choice->top[0].value : NAN)
                                 : choice->best_logit;
    bool is_chosen = wanted->targets || wanted->n_top || choice->best >= 0;
    return is_chosen && !isnan(best) && best != INFINITY && !isnan(choice->sum_exp) &&
           choice->sum_exp != INFINITY;
}

/* Puts a candidate into a choice's descending list of at most n_top, if it belongs there; equal
 * values stay in order of arrival. */
static inline void choice_insert(struct choice *choice, size_t n_top, struct candidate candidate) {
    size_t i = choice->n_top;
    if (i < n_top)
        choice->n_top++;
    else if (candidate.value > choice->top[i - 1].value)
        i--;
    else
        return;
    for (; i > 0 && choice->top[i - 1].value < candidate.value; i--)
        choice->top[i] = choice->top[i - 1];
    choice->top[i] = candidate;
}

/* Inserts the greatest of n logits, of the tokens from `first` on; `found` has room for n. */
static inline void choice_collect(struct choice *choice, const struct kernels *kernels,
                                  size_t n_top, const float *logits, size_t n, int32_t first,
                                  struct candidate *found) {
    float least = choice->n_top < n_top ? -INFINITY : choice->top[n_top - 1].value;
    size_t n_found = kernels->above(logits, n, least, first, found);
    for (size_t i = 0; i < n_found; i++) choice_insert(choice, n_top, found[i]);
}

#endif
