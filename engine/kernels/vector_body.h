/* The kernels of a level, written once over the few lane operations that its own header defines
 * (avx512.h is the longest list of them). The level includes this file, and sees `level_table`. */
#ifndef VECTOR_BODY_H
#define VECTOR_BODY_H

#include "engine/kernels/vector_attention.h"
#include "engine/kernels/vector_matmul.h"

/* ---- rows of inputs -------------------------------------------------------------------------- */

/* NaN if there is one: the row then comes out as NaN, where rounding alone would hide it. */
INLINE float max_absolute(const float *x, size_t n) {
    vec a = splat(0), b = splat(0);
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        a = greatest(absolute(load(x + i)), a);
        b = greatest(absolute(load(x + i + LANES)), b);
    }
    for (; i < n; i += LANES) a = greatest(absolute(load_up_to(x + i, n - i)), a);
    return reduce_greatest(greatest(a, b));
}

INLINE vec scaled_inputs(vec x, vec m) {
    return min(max(round_even(mul(x, m)), splat(-127)), splat(127));
}

/* A row's own multiplier unless one is fixed; *scale is its inverse. */
INLINE float row_multiplier(const float *x, size_t n, float fixed, float *scale) {
    float max_value = max_absolute(x, n), m = fixed;
    if (m == 0) m = max_value > 0 && max_value < INFINITY ? 127 / max_value : 1;
    *scale = max_value < INFINITY ? 1 / m : NAN;
    return m;
}

static void quantize(const float *x, size_t x_stride, size_t n_rows, size_t n, float multiplier,
                     int8_t *q, size_t q_stride, float *scale) {
    for (size_t r = 0; r < n_rows; r++, x += x_stride, q += q_stride) {
        float m = row_multiplier(x, n, multiplier, scale + r);
        /* q_stride has room for whole vectors */
        size_t i = 0;
        for (; i + LANES <= n; i += LANES)
            store_inputs(q + i * INPUT_BYTES, scaled_inputs(load(x + i), splat(m)));
        for (; i < n; i += LANES)
            store_inputs(q + i * INPUT_BYTES, scaled_inputs(load_part(x + i, n - i), splat(m)));
        for (; i * INPUT_BYTES < q_stride; i += LANES) store_inputs(q + i * INPUT_BYTES, splat(0));
    }
}

static void quantize_groups(const float *x, size_t x_stride, size_t n_rows, size_t n, int8_t *q,
                            size_t q_stride, float *scale) {
    size_t n_padded = padded_inputs(n);
    for (size_t r = 0; r < n_rows; r++, x += x_stride, q += q_stride) {
        float m = row_multiplier(x, n, 0, scale + r);
        size_t i = 0;
        for (; i < n; i += LANES)
            store_bytes(q + i, scaled_inputs(load_up_to(x + i, n - i), splat(m)));
        for (; i < n_padded; i += LANES) store_bytes(q + i, splat(0));
        for (size_t g = 0; g < n_padded / Q4_0_GROUP; g++) {
            int32_t sum = 0;
            for (size_t k = 0; k < Q4_0_GROUP; k++) sum -= 8 * q[g * Q4_0_GROUP + k];
            memcpy(q + n_padded + g * sizeof sum, &sum, sizeof sum);
        }
    }
}

static void round_bf16(const float *x, size_t x_stride, size_t n_rows, size_t n, uint16_t *out,
                       size_t out_stride) {
    for (size_t r = 0; r < n_rows; r++, x += x_stride, out += out_stride) {
        size_t i = 0;
        for (; i < n; i += LANES) store_bf16(out + i, load_up_to(x + i, n - i));
        for (; i < out_stride; i += LANES) store_bf16(out + i, splat(0));
    }
}

/* ---- norms ----------------------------------------------------------------------------------- */

/* Sum of (x - mean)^2, or of x if `plain`. Two chains: one would wait for itself. */
INLINE float row_sum(const float *x, size_t n, vec mean, bool plain) {
    vec sums[2] = {splat(0), splat(0)};
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        UNROLL
        for (size_t k = 0; k < 2; k++) {
            vec v = load(x + i + k * LANES), d = sub(v, mean);
            sums[k] = plain ? add(sums[k], v) : madd(d, d, sums[k]);
        }
    }
    for (; i < n; i += LANES) {
        vec v = load_up_to(x + i, n - i), d = sub(v, mean);
        if (n - i < LANES) d = keep_first(d, n - i, splat(0));
        sums[0] = plain ? add(sums[0], v) : madd(d, d, sums[0]);
    }
    return reduce_sum(add(sums[0], sums[1]));
}

static void layer_norm(const float *x, size_t n_rows, size_t n, const float *gain,
                       const float *shift, float eps, float *y) {
    for (size_t r = 0; r < n_rows; r++, x += n, y += n) {
        vec mean = splat(row_sum(x, n, splat(0), true) / (float)n);
        float variance = row_sum(x, n, mean, false) / (float)n;
        vec factor = splat(1 / sqrtf(variance + eps));
        for (size_t i = 0; i < n; i += LANES) {
            size_t m = n - i;
            vec v = mul(sub(load_up_to(x + i, m), mean), factor);
            store_up_to(y + i, madd(v, load_up_to(gain + i, m), load_up_to(shift + i, m)), m);
        }
    }
}

static void rms_norm(const float *x, size_t n_rows, size_t n, const float *gain, float eps,
                     float *y) {
    for (size_t r = 0; r < n_rows; r++, x += n, y += n) {
        float mean_square = row_sum(x, n, splat(0), false) / (float)n;
        vec factor = splat(1 / sqrtf(mean_square + eps));
        for (size_t i = 0; i < n; i += LANES) {
            size_t m = n - i;
            vec v = mul(load_up_to(x + i, m), factor);
            store_up_to(y + i, mul(v, load_up_to(gain + i, m)), m);
        }
    }
}

/* ---- element by element ---------------------------------------------------------------------- */

static void multiply(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i += LANES)
        store_up_to(y + i, mul(load_up_to(y + i, n - i), load_up_to(x + i, n - i)), n - i);
}

static void ssru(const float *f, const float *w, float *c, float *y, size_t n) {
    for (size_t i = 0; i < n; i += LANES) {
        size_t m = n - i;
        vec gate = sigmoid(load_up_to(f + i, m)), input = load_up_to(w + i, m);
        /* gate * c + (1 - gate) * w */
        vec state = madd(gate, load_up_to(c + i, m), nmadd(gate, input, input));
        store_up_to(c + i, state, m);
        store_up_to(y + i, max(state, splat(0)), m);
    }
}

/* ---- search ---------------------------------------------------------------------------------- */

/* -infinity if there are only NaNs */
INLINE float max_of(const float *x, size_t n) {
    vec best[4];
    for (size_t k = 0; k < 4; k++) best[k] = splat(-INFINITY);
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        UNROLL
        for (size_t k = 0; k < 4; k++) best[k] = max(load(x + i + k * LANES), best[k]);
    }
    for (; i < n; i += LANES) {
        vec v = load_up_to(x + i, n - i);
        if (n - i < LANES) v = keep_first(v, n - i, splat(-INFINITY));
        best[0] = max(v, best[0]);
    }
    return reduce_max(max(max(best[0], best[1]), max(best[2], best[3])));
}

static size_t argmax(const float *x, size_t n, float *value) {
    vec max_value = splat(max_of(x, n));
    for (size_t i = 0; i < n; i += LANES) {
        unsigned bits = equal_bits(load_up_to(x + i, n - i), max_value);
        if (n - i < LANES) bits &= (1u << (n - i)) - 1;
        if (bits) {
            size_t best = i + (size_t)__builtin_ctz(bits);
            *value = x[best];
            return best;
        }
    }
    *value = x[0]; /* all are NaN */
    return 0;
}

static size_t above(const float *x, size_t n, float threshold, int32_t base,
                    struct candidate *out) {
    size_t count = 0;
    for (size_t i = 0; i < n; i += LANES) {
        unsigned bits = greater_bits(load_up_to(x + i, n - i), splat(threshold));
        if (n - i < LANES) bits &= (1u << (n - i)) - 1;
        for (; bits; bits &= bits - 1) {
            size_t at = i + (size_t)__builtin_ctz(bits);
            out[count++] = (struct candidate){x[at], base + (int32_t)at};
        }
    }
    return count;
}

static float sum_exp(const float *x, size_t n, float max_value) {
    vec sums[2] = {splat(0), splat(0)};
    size_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        UNROLL
        for (size_t k = 0; k < 2; k++)
            sums[k] = add(sums[k], exponential(sub(load(x + i + k * LANES), splat(max_value))));
    }
    for (; i < n; i += LANES) {
        vec e = exponential(sub(load_up_to(x + i, n - i), splat(max_value)));
        sums[0] = add(sums[0], n - i < LANES ? keep_first(e, n - i, splat(0)) : e);
    }
    return reduce_sum(add(sums[0], sums[1]));
}

static const struct kernels level_table = {
    .name = LEVEL_NAME,
    .matmul = LEVEL_MATMUL,
    .input_bytes = INPUT_BYTES,
    .quantize = quantize,
    .quantize_groups = quantize_groups,
    .round_bf16 = round_bf16,
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
    .pack_keys = pack_keys,
    .attend = attend,
    .attend_cached = attend_cached,
    .multiply = multiply,
    .ssru = ssru,
    .argmax = argmax,
    .above = above,
    .sum_exp = sum_exp,
};

#endif
