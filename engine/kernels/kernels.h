/* The operations that differ by instruction set, behind one table of function pointers.
 *
 * scalar.c is the definition of right; every other level must agree with it (int8 sums exactly,
 * floats within rounding) for all sizes, odd ones included. At one level, a row's result never
 * depends on how many rows or outputs are computed beside it: batches, threads and neighbours
 * change no bit. All pointers may be unaligned unless said otherwise. */
#ifndef KERNELS_H
#define KERNELS_H

#include "engine/kernels/matrix.h"

enum activation {
    ACTIVATION_NONE,
    ACTIVATION_RELU,
    ACTIVATION_SWISH,      /* x * sigmoid(x) */
    ACTIVATION_GELU_ERF,   /* x/2 * (1 + erf(x / sqrt 2)) */
    ACTIVATION_GELU_TANH,  /* x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) */
    ACTIVATION_GELU_QUICK, /* x * sigmoid(1.702 x) */
    ACTIVATION_TANH,
    ACTIVATION_SIGMOID,
};

enum { KEYS_LANES = 16, INPUT_ALIGN = 64 };

/* Elements of an input row with those that fill it up: what quantize and round_bf16 write. */
static inline size_t padded_inputs(size_t n_in) {
    return (n_in + INPUT_ALIGN - 1) / INPUT_ALIGN * INPUT_ALIGN;
}

/* Bytes of an input row that quantize_groups writes. */
static inline size_t grouped_bytes(size_t n_in) {
    return padded_inputs(n_in) + padded_inputs(n_in) / Q4_0_GROUP * sizeof(int32_t);
}

/* Keys with those that fill up the last group. */
static inline size_t padded_keys(size_t n_keys) {
    return (n_keys + KEYS_LANES - 1) / KEYS_LANES * KEYS_LANES;
}

/* y[r][o] = activation(sum_i x[r][i] * w[o][i] + bias[o]) + residual[r][o], for r in [0, n_rows)
 * and o in [first_output, first_output + n_outputs). With PANELS, first_output is a multiple of 16,
 * and so is n_outputs unless the range ends at n_out. y, bias and residual are indexed by o itself:
 * y[r * y_stride + o]. residual may be y.
 *
 * x comes as the weight type wants it:
 *   int8 panels  quantize's output: `x` and `x_stride` as q there, `x_scale` one a row
 *                value = sum_i q_x * q_w * (x_scale[r] * scale[o])
 *   Q4_0 panels  quantize_groups' output, likewise
 *                value = x_scale[r] * sum_g (sum_{i in g} q_x * q_w) * scale[g][o]: groups in their
 *                order, each added by one fused multiply-add, so that all levels have the same bits
 *   bf16 panels  round_bf16's output: uint16_t, stride (in elements) a multiple of 64, zero filled;
 *                products are exact, sums are f32
 *   else         float rows; stride in elements */
struct matmul {
    const struct matrix *w;
    const void *x;
    size_t x_stride;
    const float *x_scale;
    size_t n_rows;
    size_t first_output, n_outputs;
    const float *bias;     /* or NULL: zero */
    const float *residual; /* or NULL */
    size_t residual_stride;
    enum activation activation;
    float *y;
    size_t y_stride;
};

/* Scaled dot-product attention of n_queries rows of one sentence over its n_keys keys:
 *
 *     out[i][h] = sum_j softmax_j(scale * q[i][h] . k[j][h] + bias(h, i, j)) v[j][h]
 *
 * q and out: [n_queries][n_heads * head_dim]. keys: as pack_keys leaves them. values: rows
 * [n_keys][n_heads * head_dim]. bias (or NULL): for head h and query i the n_keys floats at
 * bias + h * bias_stride - i (relative positions: one row of distances serves every query).
 * weights (or NULL): the softmax, [n_heads][n_queries][n_keys]. */
struct attention {
    size_t n_heads, head_dim, n_queries, n_keys;
    float scale;
    const float *q;
    size_t q_stride;
    const float *keys, *values;
    size_t value_stride;
    const float *bias;
    size_t bias_stride;
    float *out;
    size_t out_stride;
    float *weights;
    float *scratch; /* attention_scratch(n_keys, head_dim) floats */
};

/* Queries whose scores are there at once. */
enum { QUERY_GROUP = 16 };

/* Their scores, and one head's values. */
static inline size_t attention_scratch(size_t n_keys, size_t head_dim) {
    return (QUERY_GROUP + head_dim) * padded_keys(n_keys);
}

/* Keys of one sentence for `attend`: for each head, groups of 16 keys, in each group
 * [head_dim][16]; the lanes past n_keys are zeros. */
static inline size_t packed_keys_size(size_t n_heads, size_t head_dim, size_t n_keys) {
    return n_heads * head_dim * padded_keys(n_keys);
}

/* One query over cache rows that stand anywhere: key j is keys + nodes[j] * cache_stride (floats),
 * value j likewise: causal self-attention of one hypothesis, whose history is a list of nodes.
 * bias (or NULL): for head h the n_keys floats at bias + h * bias_stride. */
struct cached_attention {
    size_t n_heads, head_dim, n_keys;
    float scale;
    const float *q;
    const float *keys, *values;
    size_t cache_stride;
    const int32_t *nodes;
    const float *bias;
    size_t bias_stride;
    float *out;
    float *weights; /* [n_heads][n_keys]: the softmax; or NULL */
    float *scratch; /* n_heads * padded_keys(n_keys) floats */
};

/* The n greatest of what has been seen, for beam search and greedy argmax. */
struct candidate {
    float value;
    int32_t id;
};

struct kernels {
    const char *name;

    void (*matmul)(const struct matmul *product); /* any type and layout */

    /* q = round-to-nearest-even(x * m) clamped to +-127, m = fixed multiplier if it is not 0, else
     * 127 / max|x| of the row; scale[r] = 1 / m, or NaN if x has NaN or infinity, so that they do
     * not get lost. Rows of q are q_stride bytes (a multiple of 64 * input_bytes), those past n are
     * what a zero becomes. What the bytes mean is the level's own (signed, offset by 128, or wider):
     * only the same level's matmul reads them. */
    size_t input_bytes; /* of one element of q */
    void (*quantize)(const float *x, size_t x_stride, size_t n_rows, size_t n, float multiplier,
                     int8_t *q, size_t q_stride, float *scale);
    /* The same for Q4_0, with the rows' own multipliers, and at all levels the same bytes: signed q
     * up to the padded inputs, then an int32 for each group of 32 of them: -8 times the sum of its
     * q. q_stride is grouped_bytes(n). */
    void (*quantize_groups)(const float *x, size_t x_stride, size_t n_rows, size_t n, int8_t *q,
                            size_t q_stride, float *scale);
    void (*round_bf16)(const float *x, size_t x_stride, size_t n_rows, size_t n, uint16_t *out,
                       size_t out_stride);

    /* y = (x - mean) / sqrt(variance + eps) * gain + shift, a row at a time; y may be x. */
    void (*layer_norm)(const float *x, size_t n_rows, size_t n, const float *gain,
                       const float *shift, float eps, float *y);
    /* y = x / sqrt(mean(x^2) + eps) * gain */
    void (*rms_norm)(const float *x, size_t n_rows, size_t n, const float *gain, float eps,
                     float *y);

    void (*pack_keys)(const float *keys, size_t stride, size_t n_keys, size_t n_heads,
                      size_t head_dim, float *packed);
    void (*attend)(const struct attention *attention);
    void (*attend_cached)(const struct cached_attention *attention);

    void (*multiply)(float *y, const float *x, size_t n); /* y *= x */
    /* SSRU: f = sigmoid(f), c = f * c + (1 - f) * w, y = relu(c). */
    void (*ssru)(const float *f, const float *w, float *c, float *y, size_t n);

    /* Greatest of x and where it first stands; NaN counts as the least. n > 0. */
    size_t (*argmax)(const float *x, size_t n, float *value);
    /* Ids of the x > threshold, ascending, `base` added; returns how many (all of them). */
    size_t (*above)(const float *x, size_t n, float threshold, int32_t base, struct candidate *out);
    /* sum of exp(x - max) */
    float (*sum_exp)(const float *x, size_t n, float max);
};

enum { MAX_LEVELS = 9 };

/* The level that defines what is right, and runs anywhere. */
const struct kernels *kernels_scalar(void);
/* `isa` by name, or NULL for the best; NULL if there is no such level here. */
const struct kernels *kernels_select(const char *isa);
/* The levels that this machine can run, best first, ending with NULL. Returns how many. */
size_t kernels_available(const struct kernels *out[MAX_LEVELS + 1]);

#endif
