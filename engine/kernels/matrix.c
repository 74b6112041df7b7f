/* Decoding of weights, one row at a time. */
#include "engine/kernels/matrix.h"

#include "engine/kernels/ggml_blocks.h"

#include <string.h>

const char *dtype_name(enum dtype type) {
    switch (type) {
    case DTYPE_F32:
        return "f32";
    case DTYPE_F16:
        return "f16";
    case DTYPE_Q4_0:
        return "q4";
    case DTYPE_Q8_0:
        return "q8_0";
    case DTYPE_I8:
        return "int8";
    case DTYPE_I32:
        return "i32";
    case DTYPE_BF16:
        return "bf16";
    default:
        return ggml_block_name(type);
    }
}

size_t matrix_row_bytes(enum dtype type, size_t n) {
    size_t width = dtype_width(type);
    if (width) return n * width;
    if (type == DTYPE_Q8_0) return (n + Q8_0_BLOCK - 1) / Q8_0_BLOCK * Q8_0_BYTES;
    return ggml_blocks_bytes(type, n);
}

static inline uint16_t half_at(const uint8_t *data) {
    uint16_t bits;
    memcpy(&bits, data, sizeof bits);
    return bits;
}

static inline int32_t integer_at(const uint8_t *data) {
    int32_t integer;
    memcpy(&integer, data, sizeof integer);
    return integer;
}

/* The first n of a run of plain elements that may stand at any address. */
static inline void read_elements(enum dtype type, const uint8_t *data, size_t n, float *out) {
    switch (type) {
    case DTYPE_F32:
        memcpy(out, data, n * 4);
        break;
    case DTYPE_F16:
        for (size_t i = 0; i < n; i++) out[i] = half_to_float(half_at(data + i * 2));
        break;
    case DTYPE_BF16:
        for (size_t i = 0; i < n; i++) out[i] = bf16_to_float(half_at(data + i * 2));
        break;
    case DTYPE_I8:
        for (size_t i = 0; i < n; i++) out[i] = (int8_t)data[i];
        break;
    case DTYPE_I32:
        for (size_t i = 0; i < n; i++) out[i] = (float)integer_at(data + i * 4);
        break;
    default:
        break;
    }
}

static void read_q8_0(const uint8_t *data, size_t n, float *out) {
    for (size_t i = 0; i < n; i += Q8_0_BLOCK, data += Q8_0_BYTES) {
        float scale = half_to_float(half_at(data));
        for (size_t j = 0; j < Q8_0_BLOCK && i + j < n; j++)
            out[i + j] = scale * (float)(int8_t)data[2 + j];
    }
}

/* Inputs [first, first + n) of output o of a panel of Q4_0. */
static void read_groups(const uint8_t *panel, size_t o, size_t first, size_t n, float *out) {
    for (size_t i = 0; i < n; i++) {
        size_t group = (first + i) / Q4_0_GROUP, within = (first + i) % Q4_0_GROUP;
        uint8_t byte = panel[q4_bytes_at(group, within / 8, o) + within % 4];
        int q = (within % 8 < 4 ? byte & 15 : byte >> 4) - 8;
        out[i] = half_to_float(half_at(panel + q4_scale_at(group, o))) * (float)q;
    }
}

static void read_blocks(const struct matrix *matrix, size_t o, size_t first, size_t n, float *out) {
    if (matrix->layout == LAYOUT_PANELS) {
        read_groups(matrix_panel(matrix, o), o % PANEL_OUTPUTS, first, n, out);
        return;
    }
    const uint8_t *blocks = matrix_output(matrix, o) + matrix_row_bytes(matrix->type, first);
    if (matrix->type == DTYPE_Q8_0)
        read_q8_0(blocks, n, out);
    else
        ggml_decode(matrix->type, blocks, n, out);
}

void matrix_read_part(const struct matrix *matrix, size_t o, size_t first, size_t n, float *out) {
    size_t width = dtype_width(matrix->type);
    if (!width) {
        read_blocks(matrix, o, first, n, out);
        return;
    }
    const uint8_t *data = matrix_output(matrix, o);
    size_t group = 4 / width;
    if (matrix->layout == LAYOUT_ROWS) read_elements(matrix->type, data + first * width, n, out);
    if (matrix->layout == LAYOUT_PANELS)
        for (size_t i = 0; i < n; i += group)
            read_elements(matrix->type, data + (first + i) / group * TILE_BYTES,
                          n - i < group ? n - i : group, out + i);
    if (matrix->type == DTYPE_I8)
        for (size_t i = 0; i < n; i++) out[i] *= matrix->scale[o];
}

void matrix_read_row(const struct matrix *matrix, size_t o, float *out) {
    matrix_read_part(matrix, o, 0, matrix->n_in, out);
}
