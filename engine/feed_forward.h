/* Position-wise feed-forward networks (section 3.3). */
#ifndef FEED_FORWARD_H
#define FEED_FORWARD_H

#include "engine/linear.h"

/* Room for the inner layer: [n_rows][ffn]. */
struct ffn_buffers {
    float *hidden;
    float *gate; /* gated networks only */
};
void ffn_take(struct ffn_buffers *buffers, const struct config *config, size_t n_rows,
              struct arena *arena);

/* x[n_rows][d_model] += FFN(input[n_rows][d_model]):
 *
 *     FFN(x) = activation(x W_1 + b_1) W_2 + b_2                                 (equation 2)
 *     FFN(x) = (activation(x W_g) * (x W_1)) W_2             gated (Shazeer 2020; T5 1.1) */
void feed_forward(struct products *products, const struct ffn_buffers *buffers,
                  const struct ffn_weights *weights, enum activation activation, const float *input,
                  size_t n_rows, float *x);

#endif
