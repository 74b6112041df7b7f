/* Products of many rows with weights of f16 and bf16, which are decoded to floats once for a slab of
 * rows, a chunk of inputs at a time, so that they stay in the caches nearest to the processor. Every
 * output still takes its inputs in ascending order: its sum waits in memory for the next chunk, and
 * comes out with the bits that few rows have. */
#ifndef VECTOR_SLAB_H
#define VECTOR_SLAB_H

#include "engine/kernels/vector_finish.h"

enum {
    MANY_ROWS = 12,    /* from here on, decoding apart pays */
    SLAB_ROWS = 96,    /* at most, that share what was decoded */
    CHUNK_INPUTS = 128 /* of a panel, decoded at once: 8 KB */
};

/* Panels at once: sums of as many, times 6 rows, stay in registers. */
enum {
    SLAB_PANELS = ACCUMULATORS / (BLOCK_ROWS * PANEL_VECTORS),
    SLAB_OUTPUTS = SLAB_PANELS * PANEL_OUTPUTS,
};

struct slab {
    _Alignas(64) float weights[SLAB_PANELS][CHUNK_INPUTS * PANEL_OUTPUTS];
    _Alignas(64) float sums[SLAB_ROWS][SLAB_OUTPUTS];
    _Alignas(64) float inputs[BLOCK_ROWS][CHUNK_INPUTS]; /* of one block, where they are bf16 */
};

/* Inputs [first, first + n) of a panel; tiles have two of them. */
INLINE void decode_panel(enum dtype type, const uint8_t *panel, size_t first, size_t n,
                         float *out) {
    const uint8_t *w = panel + first / 2 * TILE_BYTES;
    for (size_t i = 0; i < n; i += 2, w += TILE_BYTES, out += 2 * PANEL_OUTPUTS) {
        UNROLL
        for (size_t v = 0; v < PANEL_VECTORS; v++) {
            vec pair[2];
            load_tile(type, w + v * LANES * 4, pair);
            store(out + v * LANES, pair[0]);
            store(out + PANEL_OUTPUTS + v * LANES, pair[1]);
        }
    }
}

/* Inputs [first, first + n) of `rows` rows from r on: as they are, or decoded to slab->inputs. Rows of
 * bf16 have room for whole vectors. */
INLINE const float *floats_of(enum dtype type, const struct matmul *p, size_t r, size_t rows,
                              size_t first, size_t n, struct slab *slab) {
    if (type != DTYPE_BF16) return (const float *)p->x + r * p->x_stride + first;
    const uint16_t *x = (const uint16_t *)p->x + r * p->x_stride + first;
    for (size_t i = 0; i < rows; i++, x += p->x_stride)
        for (size_t k = 0; k < n; k += LANES) store(slab->inputs[i] + k, load_bf16(x + k));
    return slab->inputs[0];
}

/* Adds the products of n inputs of `rows` rows, at x, with `panels` decoded panels to their sums, or
 * begins these. */
INLINE void add_chunk(struct slab *slab, const float *x, size_t stride, size_t n, size_t rows,
                      size_t panels, bool is_first, float sums[][SLAB_OUTPUTS]) {
    const size_t n_vectors = panels * PANEL_VECTORS;
    vec local[BLOCK_ROWS][SLAB_PANELS * PANEL_VECTORS];
    UNROLL
    for (size_t i = 0; i < rows; i++) {
        UNROLL
        for (size_t v = 0; v < n_vectors; v++)
            local[i][v] = is_first ? splat(0) : load(sums[i] + v * LANES);
    }
    for (size_t k = 0; k < n; k++) {
        vec weights[SLAB_PANELS * PANEL_VECTORS];
        UNROLL
        for (size_t v = 0; v < n_vectors; v++)
            weights[v] = load(slab->weights[v / PANEL_VECTORS] + k * PANEL_OUTPUTS +
                              v % PANEL_VECTORS * LANES);
        UNROLL
        for (size_t i = 0; i < rows; i++) {
            vec input = splat(x[i * stride + k]);
            UNROLL
            for (size_t v = 0; v < n_vectors; v++)
                local[i][v] = madd(input, weights[v], local[i][v]);
        }
    }
    UNROLL
    for (size_t i = 0; i < rows; i++) {
        UNROLL
        for (size_t v = 0; v < n_vectors; v++) store(sums[i] + v * LANES, local[i][v]);
    }
}

/* Blocks of 12 rows and more have 4 to 6 rows each. */
INLINE void add_block_of_chunk(struct slab *slab, const float *x, size_t stride, size_t n,
                               size_t rows, size_t panels, bool is_first,
                               float sums[][SLAB_OUTPUTS]) {
    switch (rows) {
    case 4:
        add_chunk(slab, x, stride, n, 4, panels, is_first, sums);
        break;
    case 5:
        add_chunk(slab, x, stride, n, 5, panels, is_first, sums);
        break;
    default:
        add_chunk(slab, x, stride, n, 6, panels, is_first, sums);
        break;
    }
}

/* Rows [first_row, end_row) with `panels` panels from output o on. */
INLINE void slab_of(enum dtype type, const struct matmul *p, size_t first_row, size_t end_row,
                    size_t o, size_t n_outputs, size_t panels, struct slab *slab) {
    size_t n_in = p->w->n_in, n, stride = type == DTYPE_BF16 ? (size_t)CHUNK_INPUTS : p->x_stride;
    for (size_t first = 0; first < n_in; first += n) {
        n = min_size(n_in - first, CHUNK_INPUTS);
        for (size_t i = 0; i < panels; i++)
            decode_panel(type, matrix_panel(p->w, o + i * PANEL_OUTPUTS), first, n,
                         slab->weights[i]);
        for (size_t r = first_row, rows; r < end_row; r += rows) {
            rows = block_rows(end_row - r);
            const float *x = floats_of(type, p, r, rows, first, n, slab);
            add_block_of_chunk(slab, x, stride, n, rows, panels, first == 0,
                               slab->sums + (r - first_row));
        }
    }
    struct block block = {first_row, end_row - first_row, o, n_outputs, slab->sums, SLAB_OUTPUTS};
    finish_floats(p, &block);
}

/* Rows [first_row, end_row) with all outputs */
INLINE void slab_of_rows(enum dtype type, const struct matmul *p, size_t first_row, size_t end_row,
                         struct slab *slab) {
    size_t end = p->first_output + p->n_outputs;
    for (size_t o = p->first_output, n; o < end; o += n) {
        n = min_size(end - o, SLAB_OUTPUTS);
        if (matrix_panels(n) == SLAB_PANELS)
            slab_of(type, p, first_row, end_row, o, n, SLAB_PANELS, slab);
        else
            slab_of(type, p, first_row, end_row, o, n = min_size(n, PANEL_OUTPUTS), 1, slab);
    }
}

/* For MANY_ROWS rows or more: no slab has fewer. */
INLINE void slabs_of(enum dtype type, const struct matmul *p) {
    struct slab slab;
    for (size_t r = 0, rows; r < p->n_rows; r += rows) {
        rows = part_rows(p->n_rows - r, SLAB_ROWS);
        slab_of_rows(type, p, r, r + rows, &slab);
    }
}

#endif
