/* Sums of products with weights of 4 bits: groups of 32 inputs in integers, then times their scales
 * in floats, group after group. */
#ifndef VECTOR_Q4_H
#define VECTOR_Q4_H

#include "engine/kernels/vector_blocks.h"

#include <string.h>

/* The q_x * (q_w + 8) of a group, for each of the rows at x, and LANES outputs, whose first bytes
 * are at w. */
INLINE void dot_group(const uint8_t *w, const int8_t *x, size_t stride, size_t rows,
                      ivec dots[BLOCK_ROWS]) {
    UNROLL
    for (size_t i = 0; i < rows; i++) dots[i] = zero_ints();
    UNROLL
    for (size_t t = 0; t < Q4_0_TILES; t++) {
        ivec weights[2];
        split_halves(load_ints(w + t * TILE_BYTES), weights);
        UNROLL
        for (size_t k = 0; k < 2 * rows; k++) {
            size_t i = k % rows, half = k / rows;
            dots[i] = dot_halves(dots[i], x + i * stride + t * 8 + half * 4, weights[half]);
        }
    }
}

/* sums += the products of group g of the rows at x with the panels at w */
INLINE void add_group(const struct matmul *p, const uint8_t *w, const int8_t *x, size_t g,
                      size_t rows, size_t panels, vec sums[][GROUP_PANELS * PANEL_VECTORS]) {
    size_t n_padded = padded_inputs(p->w->n_in);
    size_t panel_bytes = matrix_panel_bytes(DTYPE_Q4_0, p->w->n_in);
    const int8_t *starts = x + n_padded + g * sizeof(int32_t);
    UNROLL
    for (size_t v = 0; v < panels * PANEL_VECTORS; v++) {
        const uint8_t *panel = w + v / PANEL_VECTORS * panel_bytes;
        size_t o = v % PANEL_VECTORS * LANES;
        vec scale = load_half(panel + q4_scale_at(g, o));
        ivec dots[BLOCK_ROWS];
        dot_group(panel + q4_bytes_at(g, 0, o), x + g * Q4_0_GROUP, p->x_stride, rows, dots);
        UNROLL
        for (size_t i = 0; i < rows; i++) {
            int32_t start;
            memcpy(&start, starts + i * p->x_stride, sizeof start);
            sums[i][v] = madd(to_float(end_halves(dots[i], start)), scale, sums[i][v]);
        }
    }
}

/* The next panels' weights come from far away, and half as many bytes as int8 has do not keep the
 * processor looking far ahead: they are asked for while those at w are used. A hint only: behind the
 * last weights it does nothing. */
INLINE void prefetch_panels(const uint8_t *w, size_t panel_bytes, size_t step, size_t panels) {
    uintptr_t next = (uintptr_t)w + panels * panel_bytes + step * Q4_0_STEP_BYTES;
    UNROLL
    for (size_t i = 0; i < panels; i++, next += panel_bytes) {
        UNROLL
        for (size_t at = 0; at < Q4_0_STEP_BYTES; at += TILE_BYTES)
            __builtin_prefetch((const void *)(next + at), 0, 2);
    }
}

INLINE void sum_groups(const struct matmul *p, size_t rows, size_t panels, size_t r, size_t o,
                       float *out) {
    size_t n_steps = matrix_steps(p->w->n_in);
    size_t panel_bytes = matrix_panel_bytes(DTYPE_Q4_0, p->w->n_in);
    const uint8_t *w = matrix_panel(p->w, o);
    const int8_t *x = (const int8_t *)p->x + r * p->x_stride;
    const size_t n_vectors = panels * PANEL_VECTORS;
    vec sums[BLOCK_ROWS][GROUP_PANELS * PANEL_VECTORS];
    UNROLL
    for (size_t i = 0; i < rows; i++) {
        UNROLL
        for (size_t v = 0; v < n_vectors; v++) sums[i][v] = splat(0);
    }
    for (size_t step = 0; step < n_steps; step++) {
        if (r == 0) prefetch_panels(w, panel_bytes, step, panels);
        add_group(p, w, x, 2 * step, rows, panels, sums);
        add_group(p, w, x, 2 * step + 1, rows, panels, sums);
    }
    UNROLL
    for (size_t i = 0; i < rows; i++) {
        UNROLL
        for (size_t v = 0; v < n_vectors; v++)
            store(out + i * GROUP_OUTPUTS + v * LANES, sums[i][v]);
    }
}

#endif
