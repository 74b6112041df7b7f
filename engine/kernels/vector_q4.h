/* Sums of products with weights of 4 bits: groups of 32 inputs in integers, then times their scales
 * in floats, group after group. */
#ifndef VECTOR_Q4_H
#define VECTOR_Q4_H

#include "engine/kernels/vector_blocks.h"

#include <string.h>

/* Vectors of outputs that share one pass over a group's inputs: their sums take 12 registers. */
INLINE size_t dot_vectors(size_t rows, size_t n_vectors) {
    size_t most = rows > 3 ? 2 : 4;
    return n_vectors < most ? n_vectors : most;
}

/* The q_x * (q_w + 8) of a group, less what the 8 make of them, for each of the rows at x and
 * `vectors` vectors of outputs; their first bytes are at w. */
INLINE void dot_group(const uint8_t *const w[4], const int8_t *x, const int8_t *starts,
                      size_t stride, size_t rows, size_t vectors, ivec dots[][4]) {
    int32_t start[BLOCK_ROWS];
    UNROLL
    for (size_t i = 0; i < rows; i++) {
        memcpy(&start[i], starts + i * stride, sizeof *start);
        UNROLL
        for (size_t v = 0; v < vectors; v++) dots[i][v] = begin_halves(start[i]);
    }
    UNROLL
    for (size_t t = 0; t < 2 * Q4_0_TILES; t++) {
        ivec halves[4][2];
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            split_halves(load_ints(w[v] + t / 2 * TILE_BYTES), halves[v]);
        UNROLL
        for (size_t i = 0; i < rows; i++) {
            UNROLL
            for (size_t v = 0; v < vectors; v++)
                dots[i][v] = dot_halves(dots[i][v], x + i * stride + t * 4, halves[v][t % 2]);
        }
    }
    UNROLL
    for (size_t i = 0; i < rows; i++) {
        UNROLL
        for (size_t v = 0; v < vectors; v++) dots[i][v] = end_halves(dots[i][v], start[i]);
    }
}

/* sums += the products of group g of the rows at x with the panels at w */
INLINE void add_group(const struct matmul *p, const uint8_t *w, const int8_t *x, size_t g,
                      size_t rows, size_t panels, vec sums[][GROUP_PANELS * PANEL_VECTORS]) {
    size_t panel_bytes = matrix_panel_bytes(DTYPE_Q4_0, p->w->n_in);
    const int8_t *starts = x + padded_inputs(p->w->n_in) + g * sizeof(int32_t);
    const size_t n_vectors = panels * PANEL_VECTORS, together = dot_vectors(rows, n_vectors);
    UNROLL
    for (size_t first = 0; first < n_vectors; first += together) {
        const uint8_t *bytes[4];
        vec scale[4];
        ivec dots[BLOCK_ROWS][4];
        UNROLL
        for (size_t v = 0; v < together; v++) {
            const uint8_t *panel = w + (first + v) / PANEL_VECTORS * panel_bytes;
            size_t o = (first + v) % PANEL_VECTORS * LANES;
            bytes[v] = panel + q4_bytes_at(g, 0, o);
            scale[v] = load_half(panel + q4_scale_at(g, o));
        }
        dot_group(bytes, x + g * Q4_0_GROUP, starts, p->x_stride, rows, together, dots);
        UNROLL
        for (size_t i = 0; i < rows; i++) {
            UNROLL
            for (size_t v = 0; v < together; v++)
                sums[i][first + v] = madd(to_float(dots[i][v]), scale[v], sums[i][first + v]);
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
