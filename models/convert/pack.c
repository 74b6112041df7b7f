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

void pack_panel(enum dtype type, const float *rows, size_t n_rows, size_t n_in,
                const float *fixed_scale, uint8_t *out, float *scale, int32_t *sum) {
    memset(out, 0, packed_bytes(type, PANEL_OUTPUTS, n_in));
    for (size_t r = 0; r < n_rows; r++) {
        const float *row = rows + r * n_in;
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
