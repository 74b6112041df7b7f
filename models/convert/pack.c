#include "models/convert/pack.h"

#include <math.h>
#include <string.h>

size_t packed_bytes(enum dtype type, size_t n_out, size_t n_in) {
    return matrix_panels(n_out) * matrix_panel_bytes(type, n_in);
}

static int quantize(float value) {
    float rounded = nearbyintf(value);
    return rounded > 127 ? 127 : rounded < -127 ? -127 : rounded == rounded ? (int)rounded : 0;
}

static float max_magnitude(const float *row, size_t n) {
    float max = 0;
    for (size_t i = 0; i < n; i++)
        if (fabsf(row[i]) > max) max = fabsf(row[i]);
    return max;
}

static int32_t pack_int8_row(const float *row, size_t n_in, float scale, uint8_t *out) {
    int32_t sum = 0;
    for (size_t i = 0; i < n_in; i++) {
        int q = quantize(row[i] / scale);
        sum += q;
        out[i / 4 * TILE_BYTES + i % 4] = (uint8_t)(int8_t)q;
    }
    return sum;
}

static void pack_float_row(enum dtype type, const float *row, size_t n_in, uint8_t *out) {
    for (size_t i = 0; i < n_in; i++) {
        if (type == DTYPE_F32) {
            memcpy(out + i * TILE_BYTES, &row[i], 4);
            continue;
        }
        uint16_t half = type == DTYPE_F16 ? float_to_half(row[i]) : float_to_bf16(row[i]);
        memcpy(out + i / 2 * TILE_BYTES + i % 2 * 2, &half, 2);
    }
}

/* ---- Q4_0 ------------------------------------------------------------------------------------ */

struct group {
    float scale; /* as an f16 has it */
    float q[Q4_0_GROUP];
};

/* Sums in lanes, which compilers make vectors of: float additions keep their order otherwise. */
enum { SUM_LANES = 8 };

static float sum_lanes(const float sums[SUM_LANES]) {
    float sum = 0;
    for (size_t i = 0; i < SUM_LANES; i++) sum += sums[i];
    return sum;
}

/* The nearest whole numbers in [-8, 7]: adding 1.5 * 2^23 leaves no bit for fractions. */
static void round_group(const float *w, struct group *group) {
    const float whole = 0x1.8p23f, inverse = 1 / group->scale;
    for (size_t i = 0; i < Q4_0_GROUP; i++) {
        float q = w[i] * inverse;
        q = q < -8 ? -8 : q;
        q = q > 7 ? 7 : q;
        float shifted = q + whole; /* stored, so that no wider register keeps the fraction */
        group->q[i] = shifted - whole;
    }
}

/* The scale that fits the q best, as f16; 0 if there is none. */
static float fitted_scale(const float *w, const struct group *group) {
    float products[SUM_LANES] = {0}, squares[SUM_LANES] = {0};
    for (size_t i = 0; i < Q4_0_GROUP; i += SUM_LANES)
        for (size_t k = 0; k < SUM_LANES; k++) {
            products[k] += w[i + k] * group->q[i + k];
            squares[k] += group->q[i + k] * group->q[i + k];
        }
    float sum = sum_lanes(squares);
    float scale = sum > 0 ? half_to_float(float_to_half(sum_lanes(products) / sum)) : 0;
    return isfinite(scale) ? scale : 0;
}

/* Sum of squared errors; infinite if a weight is off by more than `most`. */
static float group_error(const float *w, const struct group *group, float most) {
    float sums[SUM_LANES] = {0}, greatest[SUM_LANES] = {0};
    for (size_t i = 0; i < Q4_0_GROUP; i += SUM_LANES)
        for (size_t k = 0; k < SUM_LANES; k++) {
            float error = w[i + k] - group->q[i + k] * group->scale;
            error = error < 0 ? -error : error;
            sums[k] += error * error;
            greatest[k] = error > greatest[k] ? error : greatest[k];
        }
    return max_magnitude(greatest, SUM_LANES) <= most ? sum_lanes(sums) : INFINITY;
}

static float extreme_of(const float *w) {
    float extreme = 0;
    for (size_t i = 0; i < Q4_0_GROUP; i++)
        if (fabsf(w[i]) > fabsf(extreme)) extreme = w[i];
    return extreme;
}

/* Of two groups of the same numbers, which differ in the signs of scale and q, the same one always. */
static void make_canonical(struct group *group) {
    bool has_both = group->scale < 0;
    for (size_t i = 0; i < Q4_0_GROUP; i++) has_both &= group->q[i] != -8;
    if (!has_both) return;
    group->scale = -group->scale;
    for (size_t i = 0; i < Q4_0_GROUP; i++) group->q[i] = -group->q[i];
}

/* Tries scales of which the weight that is farthest from 0 is so many, from 9, which -8 then has to
 * do for, down to 1, and each time the scale that fits best what was rounded. What had few steps
 * before, weights of 4 bits above all, comes out as it was. */
static struct group quantize_group(const float *w) {
    struct group best = {0};
    float extreme = extreme_of(w), most = fabsf(extreme) / 8, least = INFINITY;
    for (float steps = 9; steps >= 1 && extreme != 0 && least > 0; steps -= steps > 5 ? 0.25f : 1) {
        struct group group = {.scale = half_to_float(float_to_half(-extreme / steps))};
        if (group.scale == 0) continue; /* too small for an f16 */
        round_group(w, &group);
        group.scale = fitted_scale(w, &group);
        if (group.scale == 0) continue;
        round_group(w, &group);
        float error = group_error(w, &group, most);
        if (error < least || best.scale == 0) best = group;
        if (error < least) least = error;
    }
    make_canonical(&best);
    return best;
}

static void pack_groups(const float *row, size_t n_in, size_t o, uint8_t *panel) {
    for (size_t g = 0; g * Q4_0_GROUP < n_in; g++) {
        float w[Q4_0_GROUP] = {0};
        size_t first = g * Q4_0_GROUP, rest = n_in - first;
        memcpy(w, row + first, (rest < Q4_0_GROUP ? rest : Q4_0_GROUP) * sizeof *w);
        struct group group = quantize_group(w);
        uint16_t scale = float_to_half(group.scale);
        memcpy(panel + q4_scale_at(g, o), &scale, sizeof scale);
        for (size_t i = 0; i < Q4_0_GROUP; i++) {
            unsigned bits = (unsigned)((int)group.q[i] + 8);
            panel[q4_bytes_at(g, i / 8, o) + i % 4] |= (uint8_t)(bits << (i % 8 < 4 ? 0 : 4));
        }
    }
}

/* ---- panels ---------------------------------------------------------------------------------- */

void pack_panel(enum dtype type, const float *rows, size_t n_rows, size_t n_in,
                const float *fixed_scale, uint8_t *out, float *scale, int32_t *sum) {
    memset(out, 0, packed_bytes(type, PANEL_OUTPUTS, n_in));
    for (size_t r = 0; r < n_rows; r++) {
        const float *row = rows + r * n_in;
        if (type == DTYPE_Q4_0) {
            pack_groups(row, n_in, r, out);
            continue;
        }
        if (type != DTYPE_I8) {
            pack_float_row(type, row, n_in, out + r * 4);
            continue;
        }
        scale[r] = fixed_scale ? fixed_scale[r] : 0;
        if (scale[r] == 0) scale[r] = max_magnitude(row, n_in) / 127;
        if (scale[r] == 0) scale[r] = 1;
        sum[r] = pack_int8_row(row, n_in, scale[r], out + r * 4);
    }
}
