/* Kernels: every instruction set that this processor has against the scalar ones, on shapes and numbers
 * that the input gives; memory ends at pages that cannot be read. And a row alone has the same bits
 * as among others. */
#include "tests/fuzz/fuzz_targets.h"

#include "engine/kernels/kernels.h"
#include "tests/panels.h"

#include <math.h>
#include <string.h>

/* ---- numbers --------------------------------------------------------------------------------- */

/* The input's bytes are a seed each for what they decide. */
struct input {
    struct chance chance;
    const uint8_t *bytes;
    size_t n;
};

static size_t draw(struct input *input, size_t below) {
    size_t byte = input->n ? (input->n--, *input->bytes++) : 0;
    return input->n ? (byte | (size_t)*input->bytes << 8) % below : byte % below;
}

static float *floats(struct input *input, size_t n, double size) {
    float *out = guarded_new(n * sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(((double)chance_below(&input->chance, 20001) / 10000 - 1) * size);
    return out;
}

static void release(float *list, size_t n) {
    guarded_free(list, n * sizeof *list);
}

/* Rounding grows with the sum of absolute values, which `size` is about. */
static void must_agree(const float *a, const float *b, size_t n, double size, const char *what) {
    for (size_t i = 0; i < n; i++) {
        bool odd = !isfinite(a[i]) || !isfinite(b[i]);
        must(odd ? isfinite(a[i]) == isfinite(b[i])
                 : fabs((double)a[i] - (double)b[i]) <= 2e-6 * size + 1e-5 * fabs((double)b[i]),
             what);
    }
}

/* ---- products -------------------------------------------------------------------------------- */

struct product {
    struct weights weights;
    size_t n_rows, n_in, n_out;
    float *x, *bias, *residual; /* the latter may be NULL */
    enum activation activation;
    float multiplier;
};

/* Rows [first, first + n) of a product to y[n_rows][n_out]. */
static void multiply(const struct kernels *level, const struct product *p, size_t first, size_t n,
                     float *y) {
    const struct matrix *w = &p->weights.matrix;
    bool int8 = w->layout == LAYOUT_PANELS && w->type == DTYPE_I8;
    bool bf16 = w->layout == LAYOUT_PANELS && w->type == DTYPE_BF16;
    size_t stride = padded_inputs(p->n_in) * (int8 ? level->input_bytes : 1);
    size_t n_bytes = n * stride * (int8 ? 1 : 2);
    const float *x = p->x + first * p->n_in;
    void *prepared = guarded_new(n_bytes);
    float *scale = guarded_new(n * sizeof *scale);
    if (int8) level->quantize(x, p->n_in, n, p->n_in, p->multiplier, prepared, stride, scale);
    if (bf16) level->round_bf16(x, p->n_in, n, p->n_in, prepared, stride);
    level->matmul(&(struct matmul){
        .w = w,
        .x = int8 || bf16 ? prepared : x,
        .x_stride = int8 || bf16 ? stride : p->n_in,
        .x_scale = scale,
        .n_rows = n,
        .n_outputs = p->n_out,
        .bias = p->bias,
        .residual = p->residual ? p->residual + first * p->n_out : NULL,
        .residual_stride = p->n_out,
        .activation = p->activation,
        .y = y + first * p->n_out,
        .y_stride = p->n_out,
    });
    guarded_free(prepared, n_bytes);
    guarded_free(scale, n * sizeof *scale);
}

static void compare_products(const struct kernels *level, const struct product *p, double size) {
    size_t n = p->n_rows * p->n_out;
    float *y = guarded_new(n * 4), *expected = guarded_new(n * 4), *alone = guarded_new(n * 4);
    multiply(kernels_scalar(), p, 0, p->n_rows, expected);
    multiply(level, p, 0, p->n_rows, y);
    must_agree(y, expected, n, size, "products agree with the scalar ones");
    for (size_t r = 0; r < p->n_rows; r++) multiply(level, p, r, 1, alone);
    must(memcmp(alone, y, n * sizeof *y) == 0, "a row alone has the same bits");
    release(y, n), release(expected, n), release(alone, n);
}

static void try_product(struct input *input, const struct kernels *level) {
    static const struct {
        enum dtype type;
        enum layout layout;
    } kinds[] = {
        {DTYPE_I8, LAYOUT_PANELS},   {DTYPE_F32, LAYOUT_PANELS}, {DTYPE_F16, LAYOUT_PANELS},
        {DTYPE_BF16, LAYOUT_PANELS}, {DTYPE_F32, LAYOUT_ROWS},   {DTYPE_F16, LAYOUT_ROWS},
        {DTYPE_BF16, LAYOUT_ROWS},   {DTYPE_I8, LAYOUT_ROWS},    {DTYPE_Q8_0, LAYOUT_ROWS}};
    static const double sizes[] = {1, 1e-3, 100, 1e-20, 1e4};
    struct product p = {.n_rows = 1 + draw(input, 40), .n_in = 1 + draw(input, 300)};
    size_t kind = draw(input, sizeof kinds / sizeof *kinds);
    double size = sizes[draw(input, 5)];
    p.n_out = 1 + draw(input, 120);
    p.activation = (enum activation)draw(input, ACTIVATION_SIGMOID + 1);
    p.multiplier = draw(input, 4) ? 0 : 20;
    float *w = floats(input, p.n_out * p.n_in, 1);
    p.x = floats(input, p.n_rows * p.n_in, size);
    if (draw(input, 2)) p.bias = floats(input, p.n_out, size);
    if (draw(input, 2)) p.residual = floats(input, p.n_rows * p.n_out, size);
    if (draw(input, 8) == 1) p.x[draw(input, p.n_rows * p.n_in)] = NAN;
    weights_make(&p.weights, kinds[kind].type, kinds[kind].layout, p.n_out, p.n_in, w,
                 kinds[kind].layout == LAYOUT_ROWS ? p.n_in % 4 : 0);
    /* Activations are made of exponentials, whose errors are about those of 1. */
    size = size * (double)p.n_in + (p.activation > ACTIVATION_RELU);
    compare_products(level, &p, size);
    release(w, p.n_out * p.n_in), release(p.x, p.n_rows * p.n_in);
    if (p.bias) release(p.bias, p.n_out);
    if (p.residual) release(p.residual, p.n_rows * p.n_out);
    weights_free(&p.weights);
}

/* ---- attention ------------------------------------------------------------------------------- */

struct attending {
    size_t n_heads, head_dim, n_queries, n_keys, width;
    float *q, *keys, *values;
    float scale;
};

static void attend(const struct kernels *level, const struct attending *a, float *out,
                   float *weights) {
    size_t n_packed = packed_keys_size(a->n_heads, a->head_dim, a->n_keys);
    size_t n_scratch = attention_scratch(a->n_keys, a->head_dim);
    float *packed = guarded_new(n_packed * 4), *scratch = guarded_new(n_scratch * 4);
    level->pack_keys(a->keys, a->width, a->n_keys, a->n_heads, a->head_dim, packed);
    level->attend(&(struct attention){.n_heads = a->n_heads,
                                      .head_dim = a->head_dim,
                                      .n_queries = a->n_queries,
                                      .n_keys = a->n_keys,
                                      .scale = a->scale,
                                      .q = a->q,
                                      .q_stride = a->width,
                                      .keys = packed,
                                      .values = a->values,
                                      .value_stride = a->width,
                                      .out = out,
                                      .out_stride = a->width,
                                      .weights = weights,
                                      .scratch = scratch});
    release(packed, n_packed), release(scratch, n_scratch);
}

static void try_attention(struct input *input, const struct kernels *level) {
    struct attending a = {.n_heads = 1 + draw(input, 5), .head_dim = 1 + draw(input, 70)};
    a.n_queries = 1 + draw(input, 12), a.n_keys = 1 + draw(input, 90);
    a.width = a.n_heads * a.head_dim;
    a.scale = (float)(1 + draw(input, 20)) / 10;
    size_t n_out = a.n_queries * a.width, n_keys = a.n_keys * a.width;
    size_t n_weights = a.n_heads * a.n_queries * a.n_keys;
    a.q = floats(input, n_out, 1), a.keys = floats(input, n_keys, 1);
    a.values = floats(input, n_keys, 1);
    float *out = guarded_new(n_out * 4), *expected = guarded_new(n_out * 4);
    float *weights = guarded_new(n_weights * 4), *right = guarded_new(n_weights * 4);
    attend(level, &a, out, weights);
    attend(kernels_scalar(), &a, expected, right);
    must_agree(out, expected, n_out, 10, "attention agrees with the scalar one");
    must_agree(weights, right, n_weights, 10, "its weights do");
    release(a.q, n_out), release(a.keys, n_keys), release(a.values, n_keys);
    release(out, n_out), release(expected, n_out);
    release(weights, n_weights), release(right, n_weights);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void try_vectors(struct input *input, const struct kernels *level) {
    const struct kernels *scalar = kernels_scalar();
    size_t n = 1 + draw(input, 700);
    float *x = floats(input, n, 3), *gain = floats(input, n, 1), *shift = floats(input, n, 1);
    float *y = guarded_new(n * 4), *expected = guarded_new(n * 4), value, right;
    level->layer_norm(x, 1, n, gain, shift, 1e-3f, y);
    scalar->layer_norm(x, 1, n, gain, shift, 1e-3f, expected);
    must_agree(y, expected, n, 20, "layer norm agrees with the scalar one");
    level->rms_norm(x, 1, n, gain, 1e-6f, y);
    scalar->rms_norm(x, 1, n, gain, 1e-6f, expected);
    must_agree(y, expected, n, 20, "RMS norm agrees with the scalar one");
    if (draw(input, 3) == 1) x[draw(input, n)] = NAN;
    must(level->argmax(x, n, &value) == scalar->argmax(x, n, &right) &&
             (value == right || (isnan(value) && isnan(right))),
         "the greatest is where the scalar one is");
    release(x, n), release(gain, n), release(shift, n), release(y, n), release(expected, n);
}

static void run(const uint8_t *bytes, size_t n) {
    const struct kernels *levels[MAX_LEVELS + 1];
    size_t n_levels = kernels_available(levels);
    for (size_t i = 0; i + 1 < n_levels; i++) { /* the last is scalar itself */
        struct input input = {{n ? integer_at(bytes, n < 8 ? n : 8) : 0, NULL}, bytes, n};
        size_t what = draw(&input, 4);
        if (what < 2)
            try_product(&input, levels[i]);
        else
            (what == 2 ? try_attention : try_vectors)(&input, levels[i]);
    }
}

const struct fuzz_target fuzz_kernels = {"kernels", run, NULL, 64, false};
