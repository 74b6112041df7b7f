/* Matrix products over panels and rows, for every level.
 *
 * Register blocking: some rows times some panels, one accumulator per output, which takes its
 * inputs in ascending order whatever the block: a row's bits do not depend on its neighbours. */
#ifndef VECTOR_MATMUL_H
#define VECTOR_MATMUL_H

#include "engine/kernels/vector_ggml.h"
#include "engine/kernels/vector_q4.h"
#include "engine/kernels/vector_slab.h"

#include <string.h>

/* Input rows that share one pass over all weights, in bytes: half of a usual L2 cache */
enum { GROUP_INPUT_BYTES = 512 * 1024 };

/* ---- panels ---------------------------------------------------------------------------------- */

/* The next panels are asked for while those at w are used: the processor itself looks far enough ahead
 * where GROUP_PANELS of them are read at once, but with fewer, and large matrices, waiting for
 * weights took half of the time. A hint only: behind the last weights it does nothing. */
INLINE void prefetch_tiles(const uint8_t *w, size_t panel_bytes, size_t panels) {
    uintptr_t next = (uintptr_t)w + panels * panel_bytes;
    UNROLL
    for (size_t i = 0; i < panels; i++, next += panel_bytes)
        __builtin_prefetch((const void *)next, 0, 2);
}

INLINE void sum_int8(const struct matmul *p, size_t rows, size_t panels, size_t r, size_t o,
                     int32_t *out) {
    size_t n_tiles = matrix_tiles(DTYPE_I8, p->w->n_in), panel_bytes = n_tiles * TILE_BYTES;
    const uint8_t *w = matrix_output(p->w, o);
    const int8_t *x = (const int8_t *)p->x + r * p->x_stride;
    const size_t n_vectors = panels * PANEL_VECTORS;
    ivec sums[BLOCK_ROWS][GROUP_PANELS * PANEL_VECTORS];
    UNROLL
    for (size_t i = 0; i < rows; i++) {
        UNROLL
        for (size_t v = 0; v < n_vectors; v++) sums[i][v] = zero_ints();
    }
    for (size_t t = 0; t < n_tiles; t++, x += 4 * INPUT_BYTES, w += TILE_BYTES) {
        ivec weights[GROUP_PANELS * PANEL_VECTORS];
        if (r == 0 && panels < GROUP_PANELS) prefetch_tiles(w, panel_bytes, panels);
        UNROLL
        for (size_t v = 0; v < n_vectors; v++)
            weights[v] =
                load_ints(w + v / PANEL_VECTORS * panel_bytes + v % PANEL_VECTORS * LANES * 4);
        UNROLL
        for (size_t i = 0; i < rows; i++) {
            ivec inputs = splat_inputs(x + i * p->x_stride);
            UNROLL
            for (size_t v = 0; v < n_vectors; v++)
                sums[i][v] = dot4(sums[i][v], inputs, weights[v]);
        }
    }
    UNROLL
    for (size_t i = 0; i < rows; i++) {
        UNROLL
        for (size_t v = 0; v < n_vectors; v++)
            store_ints(out + i * GROUP_OUTPUTS + v * LANES, sums[i][v]);
    }
}

INLINE vec splat_input(enum dtype type, const void *x, size_t i) {
    return splat(type == DTYPE_BF16 ? bf16_to_float(((const uint16_t *)x)[i])
                                    : ((const float *)x)[i]);
}

/* sums += inputs [i, i + n) of the rows * their tile of weights */
INLINE void add_tile(enum dtype type, const struct matmul *p, const uint8_t *x, const uint8_t *w,
                     size_t rows, size_t panels, size_t n,
                     vec sums[][GROUP_PANELS * PANEL_VECTORS]) {
    size_t width = type == DTYPE_BF16 ? 2 : 4;
    size_t panel_bytes = matrix_panel_bytes(type, p->w->n_in);
    const size_t n_vectors = panels * PANEL_VECTORS;
    vec weights[GROUP_PANELS * PANEL_VECTORS][2];
    UNROLL
    for (size_t v = 0; v < n_vectors; v++)
        load_tile(type, w + v / PANEL_VECTORS * panel_bytes + v % PANEL_VECTORS * LANES * 4,
                  weights[v]);
    UNROLL
    for (size_t k = 0; k < n; k++) {
        UNROLL
        for (size_t i = 0; i < rows; i++) {
            vec input = splat_input(type, x + i * p->x_stride * width, k);
            UNROLL
            for (size_t v = 0; v < n_vectors; v++)
                sums[i][v] = madd(input, weights[v][k], sums[i][v]);
        }
    }
}

INLINE void sum_floats(enum dtype type, const struct matmul *p, size_t rows, size_t panels,
                       size_t r, size_t o, float *out) {
    size_t group = type == DTYPE_F32 ? 1 : 2, width = type == DTYPE_BF16 ? 2 : 4;
    size_t n_in = p->w->n_in;
    const uint8_t *w = matrix_output(p->w, o);
    const uint8_t *x = (const uint8_t *)p->x + r * p->x_stride * width;
    const size_t n_vectors = panels * PANEL_VECTORS;
    vec sums[BLOCK_ROWS][GROUP_PANELS * PANEL_VECTORS];
    UNROLL
    for (size_t i = 0; i < rows; i++) {
        UNROLL
        for (size_t v = 0; v < n_vectors; v++) sums[i][v] = splat(0);
    }
    for (size_t t = 0; t < n_in / group; t++, x += group * width, w += TILE_BYTES)
        add_tile(type, p, x, w, rows, panels, group, sums);
    if (n_in % group) add_tile(type, p, x, w, rows, panels, 1, sums);
    UNROLL
    for (size_t i = 0; i < rows; i++) {
        UNROLL
        for (size_t v = 0; v < n_vectors; v++)
            store(out + i * GROUP_OUTPUTS + v * LANES, sums[i][v]);
    }
}

union sums {
    _Alignas(64) float floats[BLOCK_ROWS * GROUP_OUTPUTS];
    int32_t ints[BLOCK_ROWS * GROUP_OUTPUTS];
};

INLINE void sum_panels(enum dtype type, const struct matmul *p, size_t rows, size_t panels,
                       size_t r, size_t o, size_t at, union sums *sums) {
    if (type == DTYPE_I8)
        sum_int8(p, rows, panels, r, o + at, sums->ints + at);
    else if (type == DTYPE_Q4_0)
        sum_groups(p, rows, panels, r, o + at, sums->floats + at);
    else
        sum_floats(type, p, rows, panels, r, o + at, sums->floats + at);
}

/* Sums of `rows` rows and `n_panels` panels, `panels` at a time. */
INLINE void sum_group(enum dtype type, const struct matmul *p, size_t rows, size_t r, size_t o,
                      size_t n_panels, union sums *sums) {
    const size_t panels = block_panels(type, rows);
    size_t done = 0;
    for (; done + panels <= n_panels; done += panels)
        sum_panels(type, p, rows, panels, r, o, done * PANEL_OUTPUTS, sums);
    for (; panels > 1 && done < n_panels; done++)
        sum_panels(type, p, rows, 1, r, o, done * PANEL_OUTPUTS, sums);
}

INLINE void block_of(enum dtype type, const struct matmul *p, size_t r, size_t rows, size_t o,
                     size_t n_outputs) {
    union sums sums;
    size_t n_panels = matrix_panels(n_outputs);
    switch (rows) {
    case 1:
        sum_group(type, p, 1, r, o, n_panels, &sums);
        break;
    case 2:
        sum_group(type, p, 2, r, o, n_panels, &sums);
        break;
    case 3:
        sum_group(type, p, 3, r, o, n_panels, &sums);
        break;
    case 4:
        sum_group(type, p, 4, r, o, n_panels, &sums);
        break;
    case 5:
        sum_group(type, p, 5, r, o, n_panels, &sums);
        break;
    default:
        sum_group(type, p, 6, r, o, n_panels, &sums);
        break;
    }
    struct block block = {r, rows, o, n_outputs, &sums, GROUP_OUTPUTS};
    if (type == DTYPE_I8)
        finish_ints(p, &block);
    else if (type == DTYPE_Q4_0)
        finish_groups(p, &block);
    else
        finish_floats(p, &block);
}

/* All rows in turn, so that the panels are read from memory once. */
INLINE void rows_of(enum dtype type, const struct matmul *p, size_t first_row, size_t end_row,
                    size_t o, size_t n_outputs) {
    for (size_t r = first_row, rows; r < end_row; r += rows) {
        rows = block_rows(end_row - r);
        block_of(type, p, r, rows, o, n_outputs);
    }
}

INLINE void panels_of(enum dtype type, const struct matmul *p) {
    bool bytes = type == DTYPE_I8 || type == DTYPE_Q4_0;
    size_t row_bytes = p->x_stride * (bytes ? 1 : type == DTYPE_BF16 ? 2 : 4);
    size_t step = GROUP_INPUT_BYTES / (row_bytes + 1) / BLOCK_ROWS * BLOCK_ROWS;
    if (step == 0) step = BLOCK_ROWS;
    size_t end = p->first_output + p->n_outputs;
    for (size_t r = 0; r < p->n_rows; r += step)
        for (size_t o = p->first_output; o < end; o += GROUP_OUTPUTS)
            rows_of(type, p, r, min_size(r + step, p->n_rows), o, min_size(end - o, GROUP_OUTPUTS));
}

static void panels_int8(const struct matmul *p) {
    panels_of(DTYPE_I8, p);
}
static void panels_q4(const struct matmul *p) {
    panels_of(DTYPE_Q4_0, p);
}
static void panels_bf16(const struct matmul *p) {
    if (p->n_rows < MANY_ROWS)
        panels_of(DTYPE_BF16, p);
    else
        slabs_of(DTYPE_BF16, p);
}
static void panels_f16(const struct matmul *p) {
    if (p->n_rows < MANY_ROWS)
        panels_of(DTYPE_F16, p);
    else
        slabs_of(DTYPE_F16, p);
}
static void panels_f32(const struct matmul *p) {
    panels_of(DTYPE_F32, p);
}

/* ---- rows ------------------------------------------------------------------------------------ */

enum {
    ROWS_OUTPUTS = 4,  /* weight rows at once */
    ROWS_INPUTS = 512, /* inputs decoded at once: 8 KB of floats */
    ROWS_BLOCK = 16,   /* input rows that share them */
    FEW_INPUT_ROWS = 4 /* for fewer, decoded weights are not worth storing */
};

INLINE const uint8_t *element_at(enum dtype type, const uint8_t *row, size_t i) {
    if (type == DTYPE_Q8_0) return row + i / Q8_0_BLOCK * Q8_0_BYTES + 2 + i % Q8_0_BLOCK;
    return row + i * dtype_width(type);
}

/* Weights [i, i + LANES) of a row; int8 still without its scale. */
INLINE vec load_weights(enum dtype type, const uint8_t *row, size_t i) {
    const uint8_t *at = element_at(type, row, i);
    switch (type) {
    case DTYPE_F16:
        return load_half(at);
    case DTYPE_BF16:
        return load_bf16(at);
    case DTYPE_I8:
        return load_int8(at);
    case DTYPE_I32:
        return to_float(load_ints(at));
    case DTYPE_Q8_0:
        return mul(splat_half(row + i / Q8_0_BLOCK * Q8_0_BYTES), load_int8(at));
    default:
        return load(at);
    }
}

/* The last n < LANES weights: nothing behind them is read. */
INLINE vec load_last_weights(enum dtype type, const uint8_t *row, size_t i, size_t n) {
    uint8_t copy[2 + LANES * 4] = {0};
    bool blocks = type == DTYPE_Q8_0;
    if (blocks) memcpy(copy, row + i / Q8_0_BLOCK * Q8_0_BYTES, 2);
    memcpy(copy + (blocks ? 2 : 0), element_at(type, row, i), n * (blocks ? 1 : dtype_width(type)));
    return load_weights(type, copy, 0);
}

/* Adds the products of n inputs of `rows` rows with ROWS_OUTPUTS weight rows to their lane sums. */
INLINE void add_rows(enum dtype type, const uint8_t *const w[ROWS_OUTPUTS], const float *x,
                     size_t stride, size_t rows, size_t n, vec sums[][ROWS_OUTPUTS]) {
    vec local[FEW_INPUT_ROWS][ROWS_OUTPUTS];
    UNROLL
    for (size_t a = 0; a < rows; a++) {
        UNROLL
        for (size_t b = 0; b < ROWS_OUTPUTS; b++) local[a][b] = sums[a][b];
    }
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vec inputs[FEW_INPUT_ROWS];
        UNROLL
        for (size_t a = 0; a < rows; a++) inputs[a] = load(x + a * stride + i);
        UNROLL
        for (size_t b = 0; b < ROWS_OUTPUTS; b++) {
            vec weights = load_weights(type, w[b], i);
            UNROLL
            for (size_t a = 0; a < rows; a++) local[a][b] = madd(inputs[a], weights, local[a][b]);
        }
    }
    UNROLL
    for (size_t a = 0; a < rows; a++) {
        UNROLL
        for (size_t b = 0; b < ROWS_OUTPUTS; b++) sums[a][b] = local[a][b];
    }
    for (size_t b = 0; i < n && b < ROWS_OUTPUTS; b++) {
        vec weights = load_last_weights(type, w[b], i, n - i);
        for (size_t a = 0; a < rows; a++)
            sums[a][b] = madd(load_part(x + a * stride + i, n - i), weights, sums[a][b]);
    }
}

static void add_four_rows(const uint8_t *const w[ROWS_OUTPUTS], const float *x, size_t stride,
                          size_t n, vec sums[][ROWS_OUTPUTS]) {
    add_rows(DTYPE_F32, w, x, stride, FEW_INPUT_ROWS, n, sums);
}

static void add_row(enum dtype type, const uint8_t *const w[ROWS_OUTPUTS], const float *x, size_t n,
                    vec sums[][ROWS_OUTPUTS]) {
    switch (type) {
    case DTYPE_F32:
        add_rows(DTYPE_F32, w, x, 0, 1, n, sums);
        break;
    case DTYPE_F16:
        add_rows(DTYPE_F16, w, x, 0, 1, n, sums);
        break;
    case DTYPE_BF16:
        add_rows(DTYPE_BF16, w, x, 0, 1, n, sums);
        break;
    case DTYPE_I8:
        add_rows(DTYPE_I8, w, x, 0, 1, n, sums);
        break;
    case DTYPE_I32:
        add_rows(DTYPE_I32, w, x, 0, 1, n, sums);
        break;
    case DTYPE_Q8_0:
        add_rows(DTYPE_Q8_0, w, x, 0, 1, n, sums);
        break;
    default: /* is decoded before */
        break;
    }
}

INLINE void decode_as(enum dtype type, const uint8_t *row, size_t n, float *out) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) store(out + i, load_weights(type, row, i));
    if (i < n) store(out + i, load_last_weights(type, row, i, n - i));
}

static void decode_weights(enum dtype type, const uint8_t *row, size_t n, float *out) {
    switch (type) {
    case DTYPE_F32:
        decode_as(DTYPE_F32, row, n, out);
        break;
    case DTYPE_F16:
        decode_as(DTYPE_F16, row, n, out);
        break;
    case DTYPE_BF16:
        decode_as(DTYPE_BF16, row, n, out);
        break;
    case DTYPE_I8:
        decode_as(DTYPE_I8, row, n, out);
        break;
    case DTYPE_I32:
        decode_as(DTYPE_I32, row, n, out);
        break;
    case DTYPE_Q8_0:
        decode_as(DTYPE_Q8_0, row, n, out);
        break;
    default:
        decode_blocks(type, row, n, out);
        break;
    }
}

/* Blocks of other programs are always decoded first. */
INLINE bool decodes(enum dtype type, size_t n_rows) {
    if (type == DTYPE_F32) return false;
    return n_rows >= FEW_INPUT_ROWS || (dtype_width(type) == 0 && type != DTYPE_Q8_0);
}

/* Lane sums of ROWS_OUTPUTS weight rows with n_rows <= ROWS_BLOCK input rows. */
static void sum_rows(const struct matmul *p, const uint8_t *const w[ROWS_OUTPUTS], size_t r,
                     size_t n_rows, vec sums[ROWS_BLOCK][ROWS_OUTPUTS]) {
    _Alignas(64) float decoded[ROWS_OUTPUTS][ROWS_INPUTS];
    enum dtype type = p->w->type;
    bool decode = decodes(type, n_rows);
    size_t stride = p->x_stride, n_in = p->w->n_in, step = decode ? ROWS_INPUTS : n_in;
    for (size_t a = 0; a < n_rows; a++)
        for (size_t b = 0; b < ROWS_OUTPUTS; b++) sums[a][b] = splat(0);
    for (size_t first = 0; first < n_in; first += step) {
        size_t n = min_size(n_in - first, step), a = 0;
        const uint8_t *part[ROWS_OUTPUTS];
        for (size_t b = 0; b < ROWS_OUTPUTS; b++) {
            part[b] = decode ? (const uint8_t *)decoded[b] : w[b];
            if (!decode) continue;
            decode_weights(type, w[b] + matrix_row_bytes(type, first), n, decoded[b]);
        }
        const float *x = (const float *)p->x + r * stride + first;
        for (; a + FEW_INPUT_ROWS <= n_rows; a += FEW_INPUT_ROWS)
            add_four_rows(part, x + a * stride, stride, n, sums + a);
        for (; a < n_rows; a++)
            add_row(decode ? DTYPE_F32 : type, part, x + a * stride, n, sums + a);
    }
}

/* n_rows <= ROWS_BLOCK rows with n_outputs <= LANES outputs. */
static void block_of_rows(const struct matmul *p, size_t r, size_t n_rows, size_t o,
                          size_t n_outputs) {
    float totals[ROWS_BLOCK][LANES] = {{0}};
    vec sums[ROWS_BLOCK][ROWS_OUTPUTS];
    for (size_t done = 0; done < n_outputs; done += ROWS_OUTPUTS) {
        const uint8_t *w[ROWS_OUTPUTS];
        for (size_t b = 0; b < ROWS_OUTPUTS; b++) /* where outputs are missing, the last again */
            w[b] = matrix_output(p->w, o + min_size(done + b, n_outputs - 1));
        sum_rows(p, w, r, n_rows, sums);
        for (size_t b = 0; b < ROWS_OUTPUTS && done + b < n_outputs; b++) {
            float scale = p->w->type == DTYPE_I8 ? p->w->scale[o + done + b] : 1;
            for (size_t a = 0; a < n_rows; a++)
                totals[a][done + b] = reduce_sum(sums[a][b]) * scale;
        }
    }
    struct block block = {r, n_rows, o, n_outputs, totals, LANES};
    finish_floats(p, &block);
}

static void matmul_rows(const struct matmul *p) {
    size_t end = p->first_output + p->n_outputs;
    for (size_t o = p->first_output; o < end; o += LANES)
        for (size_t r = 0; r < p->n_rows; r += ROWS_BLOCK)
            block_of_rows(p, r, min_size(p->n_rows - r, ROWS_BLOCK), o, min_size(end - o, LANES));
}

/* Any type and layout; levels with better int8 or bf16 instructions come before it. */
static void matmul_vectors(const struct matmul *p) {
    if (p->w->layout == LAYOUT_ROWS) {
        matmul_rows(p);
        return;
    }
    switch (p->w->type) {
    case DTYPE_I8:
        panels_int8(p);
        break;
    case DTYPE_Q4_0:
        panels_q4(p);
        break;
    case DTYPE_BF16:
        panels_bf16(p);
        break;
    case DTYPE_F16:
        panels_f16(p);
        break;
    default:
        panels_f32(p);
        break;
    }
}

#endif
