/* From sums of products to outputs: scales, biases, activations and residuals. */
#ifndef VECTOR_FINISH_H
#define VECTOR_FINISH_H

#include "engine/kernels/vector_blocks.h"

/* What sums of products still have to be multiplied with. */
enum sums_kind {
    SUMS_WHOLE,  /* nothing: floats */
    SUMS_OF_X,   /* the scale of the inputs: floats of Q4_0 */
    SUMS_OF_INTS /* the scales of inputs and outputs: int32 of int8 */
};

/* Raw sums of a block of outputs, on their way from registers to y. */
struct block {
    size_t first_row, n_rows;
    size_t first_output, n_outputs;
    const void *sums; /* int32 of int8 products, else float */
    size_t stride;
};

/* Bias, activation and residual of all rows of a block, at its outputs o to o + n. What depends on
 * the output alone stays in registers; `n` < LANES at the end of a matrix only. */
INLINE void finish_column(const struct matmul *p, const struct block *b, size_t o, size_t n,
                          enum sums_kind kind, enum activation activation) {
    const bool integers = kind == SUMS_OF_INTS;
    size_t output = b->first_output + o, n_rows = b->n_rows, stride = b->stride;
    size_t y_stride = p->y_stride, residual_stride = p->residual_stride;
    float *y = p->y + b->first_row * y_stride + output;
    const float *residual =
        p->residual ? p->residual + b->first_row * residual_stride + output : NULL;
    const float *x_scale = kind == SUMS_WHOLE ? NULL : p->x_scale + b->first_row;
    vec bias = p->bias ? load_up_to(p->bias + output, n) : splat(0);
    vec scale = integers ? load(p->w->scale + output) : splat(1);
    ivec offset =
        integers && INPUT_OFFSET != 0 ? times_128(load_ints(p->w->row_sum + output)) : zero_ints();
    const int32_t *sums = (const int32_t *)b->sums + o;
    for (size_t r = 0; r < n_rows; r++, sums += stride, y += y_stride) {
        vec value = load(sums);
        if (integers)
            value = mul(to_float(sub_ints(load_ints(sums), offset)), mul(splat(x_scale[r]), scale));
        else if (kind == SUMS_OF_X)
            value = mul(value, splat(x_scale[r]));
        value = activate(activation, add(value, bias));
        if (residual) value = add(value, load_up_to(residual + r * residual_stride, n));
        store_up_to(y, value, n);
    }
}

INLINE void finish_as(const struct matmul *p, const struct block *b, enum sums_kind kind,
                      enum activation activation) {
    size_t o = 0;
    for (; o + LANES <= b->n_outputs; o += LANES) finish_column(p, b, o, LANES, kind, activation);
    if (o < b->n_outputs) finish_column(p, b, o, b->n_outputs - o, kind, activation);
}

/* One loop for each activation: its constants stay in registers. */
INLINE void finish_any(const struct matmul *p, const struct block *b, enum sums_kind kind) {
    switch (p->activation) {
    case ACTIVATION_NONE:
        finish_as(p, b, kind, ACTIVATION_NONE);
        break;
    case ACTIVATION_RELU:
        finish_as(p, b, kind, ACTIVATION_RELU);
        break;
    case ACTIVATION_SWISH:
        finish_as(p, b, kind, ACTIVATION_SWISH);
        break;
    case ACTIVATION_GELU_ERF:
        finish_as(p, b, kind, ACTIVATION_GELU_ERF);
        break;
    case ACTIVATION_GELU_TANH:
        finish_as(p, b, kind, ACTIVATION_GELU_TANH);
        break;
    case ACTIVATION_GELU_QUICK:
        finish_as(p, b, kind, ACTIVATION_GELU_QUICK);
        break;
    case ACTIVATION_TANH:
        finish_as(p, b, kind, ACTIVATION_TANH);
        break;
    case ACTIVATION_SIGMOID:
        finish_as(p, b, kind, ACTIVATION_SIGMOID);
        break;
    }
}

static void finish_ints(const struct matmul *p, const struct block *b) {
    finish_any(p, b, SUMS_OF_INTS);
}

static void finish_groups(const struct matmul *p, const struct block *b) {
    finish_any(p, b, SUMS_OF_X);
}

static void finish_floats(const struct matmul *p, const struct block *b) {
    finish_any(p, b, SUMS_WHOLE);
}

#endif
