/* Every kernel in plain C: what the other levels are compared with. */
#include "engine/kernels/levels.h"

#include <math.h>
#include <string.h>

/* Inputs decoded at a time, and rows that share them. */
enum { CHUNK = 256, ROW_BLOCK = 32 };

static float sigmoid(float x) {
    return 1 / (1 + expf(-x));
}

static float activate(enum activation activation, float x) {
    switch (activation) {
    case ACTIVATION_NONE:
        break;
    case ACTIVATION_RELU:
        return x > 0 ? x : 0;
    case ACTIVATION_SWISH:
        return x * sigmoid(x);
    case ACTIVATION_GELU_ERF:
        return 0.5f * x * (1 + erff(x * 0.70710678f));
    case ACTIVATION_GELU_TANH:
        return 0.5f * x * (1 + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
    case ACTIVATION_GELU_QUICK:
        return x * sigmoid(1.702f * x);
    case ACTIVATION_TANH:
        return tanhf(x);
    case ACTIVATION_SIGMOID:
        return sigmoid(x);
    }
    return x;
}

static void finish(const struct matmul *p, size_t r, size_t o, float value) {
    if (p->bias) value += p->bias[o];
    value = activate(p->activation, value);
    if (p->residual) value += p->residual[r * p->residual_stride + o];
    p->y[r * p->y_stride + o] = value;
}

static int32_t dot_int8(const int8_t *x, const int8_t *tile, size_t n) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * tile[i / 4 * TILE_BYTES + i % 4];
    return sum;
}

static void matmul_int8(const struct matmul *p) {
    const struct matrix *w = p->w;
    for (size_t r = 0; r < p->n_rows; r++) {
        const int8_t *x = (const int8_t *)p->x + r * p->x_stride;
        for (size_t o = p->first_output; o < p->first_output + p->n_outputs; o++) {
            int32_t sum = dot_int8(x, (const int8_t *)matrix_output(w, o), w->n_in);
            finish(p, r, o, (float)sum * (p->x_scale[r] * w->scale[o]));
        }
    }
}

/* q_x * q_w of a group, at the bytes of 16 outputs' first tile */
static int32_t dot_group(const int8_t *x, const uint8_t *bytes) {
    int32_t sum = 0;
    for (size_t t = 0; t < Q4_0_TILES; t++, x += 8, bytes += TILE_BYTES)
        for (size_t i = 0; i < 4; i++)
            sum += x[i] * ((bytes[i] & 15) - 8) + x[4 + i] * ((bytes[i] >> 4) - 8);
    return sum;
}

static void matmul_groups(const struct matmul *p) {
    size_t n_groups = padded_inputs(p->w->n_in) / Q4_0_GROUP;
    for (size_t r = 0; r < p->n_rows; r++) {
        const int8_t *x = (const int8_t *)p->x + r * p->x_stride;
        for (size_t o = p->first_output; o < p->first_output + p->n_outputs; o++) {
            const uint8_t *panel = matrix_panel(p->w, o);
            float sum = 0;
            for (size_t g = 0; g < n_groups; g++) {
                uint16_t scale;
                memcpy(&scale, panel + q4_scale_at(g, o % PANEL_OUTPUTS), sizeof scale);
                const uint8_t *bytes = panel + q4_bytes_at(g, 0, o % PANEL_OUTPUTS);
                int32_t products = dot_group(x + g * Q4_0_GROUP, bytes);
                sum = fmaf((float)products, half_to_float(scale), sum);
            }
            finish(p, r, o, sum * p->x_scale[r]);
        }
    }
}

/* Part of an input row as floats: itself, or decoded into `buffer`. */
static const float *read_input(const struct matmul *p, size_t r, size_t first, size_t n,
                               bool rounded, float *buffer) {
    if (!rounded) return (const float *)p->x + r * p->x_stride + first;
    const uint16_t *x = (const uint16_t *)p->x + r * p->x_stride + first;
    for (size_t i = 0; i < n; i++) buffer[i] = bf16_to_float(x[i]);
    return buffer;
}

/* One output of up to ROW_BLOCK rows: weights are decoded once for all of them. */
static void float_output(const struct matmul *p, size_t first_row, size_t n_rows, size_t o,
                         bool rounded) {
    float weights[CHUNK], inputs[CHUNK], sums[ROW_BLOCK] = {0};
    size_t n_in = p->w->n_in;
    for (size_t first = 0; first < n_in; first += CHUNK) {
        size_t n = n_in - first < CHUNK ? n_in - first : CHUNK;
        matrix_read_part(p->w, o, first, n, weights);
        for (size_t r = 0; r < n_rows; r++) {
            const float *x = read_input(p, first_row + r, first, n, rounded, inputs);
            for (size_t i = 0; i < n; i++) sums[r] += x[i] * weights[i];
        }
    }
    for (size_t r = 0; r < n_rows; r++) finish(p, first_row + r, o, sums[r]);
}

static void matmul(const struct matmul *p) {
    bool panels = p->w->layout == LAYOUT_PANELS;
    if (panels && p->w->type == DTYPE_I8) {
        matmul_int8(p);
        return;
    }
    if (panels && p->w->type == DTYPE_Q4_0) {
        matmul_groups(p);
        return;
    }
    bool rounded = panels && p->w->type == DTYPE_BF16;
    for (size_t r = 0; r < p->n_rows; r += ROW_BLOCK) {
        size_t n_rows = p->n_rows - r < ROW_BLOCK ? p->n_rows - r : ROW_BLOCK;
        for (size_t o = p->first_output; o < p->first_output + p->n_outputs; o++)
            float_output(p, r, n_rows, o, rounded);
    }
}

static void quantize(const float *x, size_t x_stride, size_t n_rows, size_t n, float multiplier,
                     int8_t *q, size_t q_stride, float *scale) {
    for (size_t r = 0; r < n_rows; r++, x += x_stride, q += q_stride) {
        float max = 0, m = multiplier;
        for (size_t i = 0; i < n; i++)
            if (!(fabsf(x[i]) <= max) && !isnan(max)) max = fabsf(x[i]);
        if (m == 0) m = max > 0 && max < INFINITY ? 127 / max : 1;
        for (size_t i = 0; i < n; i++) {
            float value = rintf(x[i] * m);
            value = value > -127 ? value : -127; /* NaN as well */
            q[i] = (int8_t)(value < 127 ? value : 127);
        }
        memset(q + n, 0, q_stride - n);
        scale[r] = max < INFINITY ? 1 / m : NAN;
    }
}

static void quantize_groups(const float *x, size_t x_stride, size_t n_rows, size_t n, int8_t *q,
                            size_t q_stride, float *scale) {
    size_t n_padded = padded_inputs(n);
    for (size_t r = 0; r < n_rows; r++, x += x_stride, q += q_stride) {
        quantize(x, x_stride, 1, n, 0, q, n_padded, scale + r);
        for (size_t g = 0; g < n_padded / Q4_0_GROUP; g++) {
            int32_t sum = 0;
            for (size_t i = 0; i < Q4_0_GROUP; i++) sum -= 8 * q[g * Q4_0_GROUP + i];
            memcpy(q + n_padded + g * sizeof sum, &sum, sizeof sum);
        }
    }
}

static void round_bf16(const float *x, size_t x_stride, size_t n_rows, size_t n, uint16_t *out,
                       size_t out_stride) {
    for (size_t r = 0; r < n_rows; r++, x += x_stride, out += out_stride) {
        for (size_t i = 0; i < n; i++) out[i] = float_to_bf16(x[i]);
        memset(out + n, 0, (out_stride - n) * sizeof *out);
    }
}

static void layer_norm(const float *x, size_t n_rows, size_t n, const float *gain,
                       const float *shift, float eps, float *y) {
    for (size_t r = 0; r < n_rows; r++, x += n, y += n) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < n; i++) sum += x[i];
        float mean = (float)(sum / (double)n);
        for (size_t i = 0; i < n; i++) squares += (double)(x[i] - mean) * (x[i] - mean);
        float factor = 1 / sqrtf((float)(squares / (double)n) + eps);
        for (size_t i = 0; i < n; i++) y[i] = (x[i] - mean) * factor * gain[i] + shift[i];
    }
}

static void rms_norm(const float *x, size_t n_rows, size_t n, const float *gain, float eps,
                     float *y) {
    for (size_t r = 0; r < n_rows; r++, x += n, y += n) {
        double squares = 0;
        for (size_t i = 0; i < n; i++) squares += (double)x[i] * x[i];
        float factor = 1 / sqrtf((float)(squares / (double)n) + eps);
        for (size_t i = 0; i < n; i++) y[i] = x[i] * factor * gain[i];
    }
}

static void pack_keys(const float *keys, size_t stride, size_t n_keys, size_t n_heads,
                      size_t head_dim, float *packed) {
    size_t n_lanes = padded_keys(n_keys);
    for (size_t h = 0; h < n_heads; h++)
        for (size_t j = 0; j < n_lanes; j++)
            for (size_t d = 0; d < head_dim; d++) {
                size_t group = (h * n_lanes + j / KEYS_LANES * KEYS_LANES) * head_dim;
                packed[group + d * KEYS_LANES + j % KEYS_LANES] =
                    j < n_keys ? keys[j * stride + h * head_dim + d] : 0;
            }
}

static void softmax(float *x, size_t n) {
    float max = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        if (x[i] > max) max = x[i];
    for (size_t i = 0; i < n; i++) sum += x[i] = expf(x[i] - max);
    for (size_t i = 0; i < n; i++) x[i] /= sum;
}

/* Weights of query i for the keys of head h. */
static void attention_weights(const struct attention *a, size_t h, size_t i, float *weights) {
    size_t n_lanes = padded_keys(a->n_keys);
    const float *q = a->q + i * a->q_stride + h * a->head_dim;
    for (size_t j = 0; j < a->n_keys; j++) {
        const float *key =
            a->keys + (h * n_lanes + j / KEYS_LANES * KEYS_LANES) * a->head_dim + j % KEYS_LANES;
        float sum = 0;
        for (size_t d = 0; d < a->head_dim; d++) sum += q[d] * key[d * KEYS_LANES];
        weights[j] = sum * a->scale;
        if (a->bias) weights[j] += (a->bias + h * a->bias_stride + j)[-(ptrdiff_t)i];
    }
    softmax(weights, a->n_keys);
}

static void attend(const struct attention *a) {
    float *weights = a->scratch;
    for (size_t h = 0; h < a->n_heads; h++)
        for (size_t i = 0; i < a->n_queries; i++) {
            attention_weights(a, h, i, weights);
            float *out = a->out + i * a->out_stride + h * a->head_dim;
            for (size_t d = 0; d < a->head_dim; d++) {
                float sum = 0;
                for (size_t j = 0; j < a->n_keys; j++)
                    sum += weights[j] * a->values[j * a->value_stride + h * a->head_dim + d];
                out[d] = sum;
            }
            if (a->weights)
                memcpy(a->weights + (h * a->n_queries + i) * a->n_keys, weights,
                       a->n_keys * sizeof *weights);
        }
}

static void attend_cached(const struct cached_attention *a) {
    float *weights = a->scratch;
    for (size_t h = 0; h < a->n_heads; h++) {
        size_t head = h * a->head_dim;
        for (size_t j = 0; j < a->n_keys; j++) {
            const float *key = a->keys + (size_t)a->nodes[j] * a->cache_stride + head;
            float sum = 0;
            for (size_t d = 0; d < a->head_dim; d++) sum += a->q[head + d] * key[d];
            weights[j] = sum * a->scale;
            if (a->bias) weights[j] += a->bias[h * a->bias_stride + j];
        }
        softmax(weights, a->n_keys);
        if (a->weights) memcpy(a->weights + h * a->n_keys, weights, a->n_keys * sizeof *weights);
        for (size_t d = 0; d < a->head_dim; d++) {
            float sum = 0;
            for (size_t j = 0; j < a->n_keys; j++)
                sum += weights[j] * a->values[(size_t)a->nodes[j] * a->cache_stride + head + d];
            a->out[head + d] = sum;
        }
    }
}

static void multiply(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] *= x[i];
}

static void ssru(const float *f, const float *w, float *c, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float gate = sigmoid(f[i]);
        c[i] = gate * c[i] + (1 - gate) * w[i];
        y[i] = c[i] > 0 ? c[i] : 0;
    }
}

static size_t argmax(const float *x, size_t n, float *value) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] > x[best] || (isnan(x[best]) && !isnan(x[i]))) best = i;
    *value = x[best];
    return best;
}

static size_t above(const float *x, size_t n, float threshold, int32_t base,
                    struct candidate *out) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (x[i] > threshold) out[count++] = (struct candidate){x[i], base + (int32_t)i};
    return count;
}

static float sum_exp(const float *x, size_t n, float max) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += expf(x[i] - max);
    return (float)sum;
}

static const struct kernels table = {
    .name = "scalar",
    .matmul = matmul,
    .input_bytes = 1,
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

const struct kernels *const level_scalar = &table;
