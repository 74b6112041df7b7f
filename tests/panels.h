/* Weight matrices for tests, made from floats, and memory that faults when it is overrun. */
#ifndef PANELS_H
#define PANELS_H

#include "engine/kernels/matrix.h"

/* `n_bytes` bytes of zeros that end where an unreadable page begins. Exits if there are none. */
void *guarded_new(size_t n_bytes);
void guarded_free(void *bytes, size_t n_bytes);

/* A matrix that owns its memory, all of it guarded. */
struct weights {
    struct matrix matrix;
    void *data;
    float *scale;
    int32_t *row_sum;
    size_t data_bytes, n_padded;
};

/* w[n_out][n_in] in the given type and layout. int8 gets one scale a row, its greatest absolute
 * value / 127. `slack` bytes stand between the data and the guard, which shifts its alignment. */
void weights_make(struct weights *weights, enum dtype type, enum layout layout, size_t n_out,
                  size_t n_in, const float *w, size_t slack);
void weights_free(struct weights *weights);

#endif
