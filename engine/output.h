/* The output layer, and what is done with its logits: from the decoder's rows to choices. A full row
 * of logits is never stored, and a softmax never computed where an argmax is enough. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "engine/linear.h"
#include "engine/rows.h"
#include "engine/shortlist.h"

#include <math.h>

/* Logits are made and consumed this many at a time, while they are in the nearest cache. */
enum { LOGITS_CHUNK = 1024 };

/* The output layer as one thread uses it. */
struct output {
    const struct model *model;
    struct products *products;
    const struct shortlists *shortlists; /* NULL: all of the vocabulary */
    float *logits;                       /* [n_rows][LOGITS_CHUNK] */
    struct candidate *found;             /* [LOGITS_CHUNK] */
};
void output_take(struct output *output, size_t n_rows, struct arena *arena);

/* What a step wants to know of each row's logits. */
struct wanted {
    size_t n_top;           /* that many of the max ones; 0: the max one alone */
    bool sum;               /* the softmax's denominator, for log-probabilities */
    const int32_t *targets; /* scoring: [n_rows] tokens whose logits are wanted instead; or NULL */
};

/* What one row's logits came to: softmax(x W^T + b) as far as it was wanted. */
struct choice {
    float max, sum_exp; /* the softmax's denominator is sum_exp * exp(max) */
    int32_t best;       /* of the allowed tokens the one with the max logit */
    float best_logit, target_logit;
    size_t n_top;
    struct candidate *top; /* max allowed logits, descending; room for wanted.n_top */
};

/* choices[rows.n] from x[rows.n][d_model], the decoder's output. */
void output_choices(const struct output *output, const float *x, struct decoder_rows rows,
                    const struct wanted *wanted, struct choice *choices);

/* log softmax of a logit of the row. */
static inline float choice_log_prob(const struct choice *choice, float logit) {
    return logit - choice->max - logf(choice->sum_exp);
}

#endif
