/* Linear layers: y = activation(x W^T + b) + residual, the products that all else is made of.
 *
 * W is [n_out][n_in] as it lies in the model file; x is [n_rows][n_in], y [n_rows][n_out]. */
#ifndef LINEAR_H
#define LINEAR_H

#include "engine/arena.h"
#include "engine/model.h"

struct pool;

/* Rows on their way into linear layers: x[n_rows][n]. */
struct operand {
    const float *x;
    size_t n_rows, n;
    unsigned long serial; /* which use of the forms this is */
};

/* What products with int8, Q4_0 and bf16 weights read in the place of an operand's floats: made when
 * a product first asks for it, then shared by all products with the same operand. */
struct operand_forms {
    int8_t *quantized;    /* [n_rows][padded_inputs(n)] of the level's bytes */
    float *scale;         /* [n_rows] */
    int8_t *grouped;      /* [n_rows][grouped_bytes(n)] */
    float *grouped_scale; /* [n_rows] */
    uint16_t *rounded;    /* [n_rows][padded_inputs(n)] */
    unsigned long serial; /* of the operand whose forms these are */
    bool is_quantized, is_grouped, is_rounded;
    float multiplier; /* that it was quantized with */
};

/* What one thread multiplies with. */
struct products {
    const struct kernels *kernels;
    struct pool *team; /* idle threads that may take a part of big products; NULL: none */
    struct operand_forms forms;
};

/* Room for the forms of operands up to this size. */
void products_take(struct products *products, size_t n_rows, size_t max_inputs,
                   struct arena *arena);

/* Begins the use of x[n_rows][n] as an operand, which ends the use of the one before: there is room
 * for one operand's forms. Multiplying with an earlier operand is a mistake that linear() asserts
 * against. x must not change while it is in use, but for the last product with it. */
struct operand operand_begin(struct products *products, const float *x, size_t n_rows, size_t n);

/* What is done to a product on its way out. */
struct epilogue {
    enum activation activation;
    const float *residual; /* [n_rows][residual_stride]; may be y; NULL: none */
    size_t residual_stride;
};

/* y[n_rows][y_stride]: its first n_out columns. */
void linear(struct products *products, const struct operand *x, const struct linear *layer,
            struct epilogue epilogue, float *y, size_t y_stride);
/* The same for outputs [first, first + n) only; y[r][0] is output `first`. */
void linear_range(struct products *products, const struct operand *x, const struct linear *layer,
                  size_t first, size_t n, float *y, size_t y_stride);

#endif
