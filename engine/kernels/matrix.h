/* A weight matrix where it lies: in the mapped model file, or in a checkpoint being imported. */
#ifndef MATRIX_H
#define MATRIX_H

#include "engine/kernels/half.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values are ggml's type ids, which is what GGUF stores. */
enum dtype {
    DTYPE_F32 = 0,
    DTYPE_F16 = 1,
    DTYPE_Q4_0 = 2, /* blocks of 32: f16 scale, 32 numbers of 4 bits; panels, or rows as below */
    DTYPE_Q8_0 = 8, /* blocks of 32: f16 scale, 32 int8; rows only */
    DTYPE_I8 = 24,
    DTYPE_I32 = 26,
    DTYPE_BF16 = 30,
    /* Other programs' blocks, which are read as they are (ggml_blocks.h); rows only. */
    DTYPE_Q4_1 = 3,
    DTYPE_Q5_0 = 6,
    DTYPE_Q5_1 = 7,
    DTYPE_Q2_K = 10,
    DTYPE_Q3_K = 11,
    DTYPE_Q4_K = 12,
    DTYPE_Q5_K = 13,
    DTYPE_Q6_K = 14,
    DTYPE_IQ4_NL = 20,
    DTYPE_IQ4_XS = 23,
    DTYPE_TQ1_0 = 34,
    DTYPE_TQ2_0 = 35,
    DTYPE_MXFP4 = 39,
    DTYPES, /* of arrays with a place for each */
};

/* ROWS: [n_out][n_in], row-major, no padding, any alignment.
 *
 * PANELS: what the fast kernels read. Outputs are taken 16 at a time; each such panel is a run of
 * tiles of 64 bytes, one tile for each group of inputs; a tile holds, for each of its 16 outputs,
 * 4 bytes of inputs: 4 int8, 2 bf16 or f16, or 1 f32. Missing outputs and inputs are zeros.
 *
 *     byte of w[o][i] = ((o / 16) * n_tiles + i / group) * 64 + (o % 16) * 4 + (i % group) * width
 *
 * This is at once a VNNI operand, an AMX tile row and a panel for float multiply-add.
 *
 * Panels of Q4_0 are steps of 64 inputs instead, 576 bytes each: the scales of two groups of 32
 * inputs, f16 [2][16 outputs], and the groups, each as 4 tiles of pairs: 4 bytes for each output,
 * whose lower halves are the q + 8 of 4 inputs, and the upper halves those of the next 4. One load
 * of a tile gives two tiles of int8. w = q * scale, q in [-8, 7]. Missing outputs and groups are
 * zeros, inputs that the last group lacks are q = 0. */
enum layout { LAYOUT_ROWS, LAYOUT_PANELS };

enum { PANEL_OUTPUTS = 16, TILE_BYTES = 64 };

/* A block of Q8_0: an f16 scale and 32 int8. */
enum { Q8_0_BLOCK = 32, Q8_0_BYTES = 34 };

/* A group of Q4_0 within panels, and two of them, whose scales are a tile's size. */
enum {
    Q4_0_GROUP = 32,
    Q4_0_STEP = 2 * Q4_0_GROUP,
    Q4_0_SCALES = 2 * PANEL_OUTPUTS, /* bytes, of one group */
    Q4_0_TILES = 4,                  /* of one group */
    Q4_0_STEP_BYTES = 2 * (Q4_0_SCALES + Q4_0_TILES * TILE_BYTES),
};

struct matrix {
    bool read_once; /* rows of a mapped file that is too big to keep in memory */
    enum dtype type;
    enum layout layout;
    size_t n_out, n_in;
    const void *data;
    const float *scale;     /* int8: w = q * scale[o]; n_out values (panels: padded to 16) */
    const int32_t *row_sum; /* int8 panels: sum of q over each row; padded to 16 */
    float input_multiplier; /* int8: fixed q = round(x * m); 0: dynamic, 127 / max|x| of the row */
};

/* Bytes of one element; 0 for block types. */
static inline size_t dtype_width(enum dtype type) {
    switch (type) {
    case DTYPE_F32:
    case DTYPE_I32:
        return 4;
    case DTYPE_F16:
    case DTYPE_BF16:
        return 2;
    case DTYPE_I8:
        return 1;
    default:
        return 0;
    }
}

const char *dtype_name(enum dtype type);

/* Tiles along the inputs of one panel; not of Q4_0. */
static inline size_t matrix_tiles(enum dtype type, size_t n_in) {
    size_t group = 4 / dtype_width(type);
    return (n_in + group - 1) / group;
}

static inline size_t matrix_panels(size_t n_out) {
    return (n_out + PANEL_OUTPUTS - 1) / PANEL_OUTPUTS;
}

/* Outputs with those that fill up the last panel. */
static inline size_t matrix_padded(size_t n_out) {
    return matrix_panels(n_out) * PANEL_OUTPUTS;
}

/* Along the inputs of one panel of Q4_0. */
static inline size_t matrix_steps(size_t n_in) {
    return (n_in + Q4_0_STEP - 1) / Q4_0_STEP;
}

static inline size_t matrix_panel_bytes(enum dtype type, size_t n_in) {
    if (type == DTYPE_Q4_0) return matrix_steps(n_in) * Q4_0_STEP_BYTES;
    return matrix_tiles(type, n_in) * TILE_BYTES;
}

/* The same in elements, as the dimension of a stored tensor. */
static inline size_t matrix_panel_elements(enum dtype type, size_t n_in) {
    if (type == DTYPE_Q4_0) return matrix_steps(n_in) * Q4_0_STEP * PANEL_OUTPUTS;
    return matrix_panel_bytes(type, n_in) / dtype_width(type);
}

/* Bytes of the first n inputs of a row (ROWS), in whole blocks where a type has them. */
size_t matrix_row_bytes(enum dtype type, size_t n);

/* Bytes of `data` for n_out outputs of the matrix's type, layout and inputs. */
static inline size_t matrix_data_bytes(const struct matrix *matrix, size_t n_out) {
    if (matrix->layout == LAYOUT_PANELS)
        return matrix_panels(n_out) * matrix_panel_bytes(matrix->type, matrix->n_in);
    return n_out * matrix_row_bytes(matrix->type, matrix->n_in);
}

/* The first byte of output `o`'s panel. */
static inline const uint8_t *matrix_panel(const struct matrix *matrix, size_t o) {
    return (const uint8_t *)matrix->data +
           o / PANEL_OUTPUTS * matrix_panel_bytes(matrix->type, matrix->n_in);
}

/* The first byte of output `o`, not of panels of Q4_0. ROWS: its inputs follow. PANELS: its first 4 bytes,
 * with the next 4 every TILE_BYTES. */
static inline const uint8_t *matrix_output(const struct matrix *matrix, size_t o) {
    if (matrix->layout == LAYOUT_ROWS)
        return (const uint8_t *)matrix->data + o * matrix_row_bytes(matrix->type, matrix->n_in);
    return matrix_panel(matrix, o) + o % PANEL_OUTPUTS * 4;
}

/* In a panel of Q4_0, where the scale of group `group` is, and the 4 bytes of inputs [8 t, 8 t + 8)
 * of it, for output o of 16. */
static inline size_t q4_scale_at(size_t group, size_t o) {
    return group / 2 * Q4_0_STEP_BYTES + group % 2 * Q4_0_SCALES + o * 2;
}
static inline size_t q4_bytes_at(size_t group, size_t t, size_t o) {
    return group / 2 * Q4_0_STEP_BYTES + 2 * Q4_0_SCALES +
           (group % 2 * Q4_0_TILES + t) * TILE_BYTES + o * 4;
}

/* Row `o` (an embedding) as floats: out[n_in]. */
void matrix_read_row(const struct matrix *matrix, size_t o, float *out);
/* Its inputs [first, first + n); `first` is a multiple of 256. */
void matrix_read_part(const struct matrix *matrix, size_t o, size_t first, size_t n, float *out);

#endif
