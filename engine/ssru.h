/* The simpler simple recurrent unit (Kim et al. 2019), which stands in the place of the decoder's
 * self-attention in small, fast models: a cell that is carried from step to step, not keys and
 * values of all steps. */
#ifndef SSRU_H
#define SSRU_H

#include "engine/linear.h"
#include "engine/rows.h"

/* The cells of all hypotheses: [decoder_layers][2][n_slots][d_model]. A step reads one half and
 * writes the other, so that hypotheses with the same parent read it before it is overwritten. */
struct ssru_cells {
    float *cells; /* NULL: the decoder has self-attention */
    size_t n_slots;
};

/* [n_rows][d_model] each. */
struct ssru_buffers {
    float *input, *forget, *out;
};

void ssru_take(struct ssru_cells *cells, struct ssru_buffers *buffers, const struct config *config,
               size_t n_slots, struct arena *arena);

/* x[n_rows][d_model] += the unit's output, for input[n_rows][d_model]:
 *
 *     f_t = sigmoid(input W_f + b_f)
 *     c_t = f_t * c_(t-1) + (1 - f_t) * (input W)           c_(-1) = 0
 *     out = relu(c_t), times W_o + b_o if the model has an output projection */
void ssru(struct products *products, const struct ssru_buffers *buffers,
          const struct ssru_weights *weights, struct decoder_rows rows, uint32_t layer,
          struct ssru_cells *cells, const float *input, float *x);

#endif
