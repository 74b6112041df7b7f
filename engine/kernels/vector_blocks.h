/* Blocks of rows and panels whose sums stay in registers. */
#ifndef VECTOR_BLOCKS_H
#define VECTOR_BLOCKS_H

#include "engine/kernels/vector_math.h"

enum {
    PANEL_VECTORS = PANEL_OUTPUTS / LANES,
    GROUP_PANELS = 4, /* passed over by all rows before the next: they stay in the cache */
    GROUP_OUTPUTS = GROUP_PANELS * PANEL_OUTPUTS,
};

/* Rows of the next part where so many are left, in parts alike of `most` at most: of 8 rows in parts
 * of 6, 4 and 4, not 6 and 2. */
static inline size_t part_rows(size_t left, size_t most) {
    size_t n_parts = (left + most - 1) / most;
    return (left + n_parts - 1) / n_parts;
}

static inline size_t block_rows(size_t left) {
    return part_rows(left, BLOCK_ROWS);
}

/* Panels that a block of so many rows takes at once: a power of two. Q4_0 has sums of groups besides
 * those of rows. */
INLINE size_t block_panels(enum dtype type, size_t rows) {
    size_t most = ACCUMULATORS / (type == DTYPE_Q4_0 ? 2U : 1U) / (rows * PANEL_VECTORS);
    return most >= 4 ? 4 : most >= 2 ? 2 : 1;
}

/* The weights of one tile: for each of its inputs a vector. */
INLINE void load_tile(enum dtype type, const uint8_t *w, vec weights[2]) {
    if (type == DTYPE_F32)
        weights[0] = load(w);
    else if (type == DTYPE_F16)
        load_half_pairs(w, weights);
    else
        load_bf16_pairs(w, weights);
}

#endif
