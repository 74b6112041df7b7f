/* Products by pairs of rows and pairs of outputs, for levels of 64-bit ARM with instructions that
 * multiply 8 bytes of two rows (8 int8, or 4 bf16) by those of two outputs. Two tiles, zipped, are
 * such pairs of outputs. */
#ifndef NEON_PAIRS_H
#define NEON_PAIRS_H

#include "engine/kernels/neon.h"
#include "engine/kernels/vector_matmul.h"

enum {
    ROW_PAIRS = BLOCK_ROWS / 2,
    OUTPUT_PAIRS = PANEL_OUTPUTS / 2, /* times 3 pairs of rows: sums in 24 of 32 registers */
    PAIR_BYTES = 8,                   /* of a row, multiplied at once */
};

/* 8 bytes of two rows, `next` bytes apart */
INLINE int8x16_t load_rows(const int8_t *x, size_t next) {
    return vcombine_s8(vld1_s8(x), vld1_s8(x + next));
}

/* sums, int32 or float, of two rows with two outputs, + the products of their 8 bytes. Those of bf16
 * are added as the processor does it: two by two, rounded to odd. */
INLINE ivec multiply_pairs(enum dtype type, ivec sums, int8x16_t inputs, int8x16_t outputs) {
#if defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
    if (type == DTYPE_BF16)
        return vreinterpretq_s32_f32(vbfmmlaq_f32(vreinterpretq_f32_s32(sums),
                                                  vreinterpretq_bf16_s8(inputs),
                                                  vreinterpretq_bf16_s8(outputs)));
#endif
    (void)type;
    return vmmlaq_s32(sums, inputs, outputs);
}

/* Adds the products of 8 bytes of each row with two tiles, or of 4 with one: what then stands behind
 * them is multiplied by zeros. The last row of all is `next_of_last` before that which it is paired
 * with. */
INLINE void add_tiles(enum dtype type, const uint8_t *w, size_t n_tiles, const int8_t *x,
                      size_t stride, size_t next_of_last, size_t pairs,
                      ivec sums[ROW_PAIRS][OUTPUT_PAIRS]) {
    int8x16_t inputs[ROW_PAIRS];
    UNROLL
    for (size_t i = 0; i < pairs; i++)
        inputs[i] = load_rows(x + 2 * i * stride, i + 1 < pairs ? stride : next_of_last);
    UNROLL
    for (size_t v = 0; v < PANEL_VECTORS; v++) {
        ivec a = load_ints(w + v * LANES * 4);
        ivec b = n_tiles < 2 ? zero_ints() : load_ints(w + TILE_BYTES + v * LANES * 4);
        int8x16_t outputs[] = {vreinterpretq_s8_s32(vzip1q_s32(a, b)),
                               vreinterpretq_s8_s32(vzip2q_s32(a, b))};
        UNROLL
        for (size_t k = 0; k < 2 * pairs; k++) {
            ivec *sum = &sums[k / 2][2 * v + k % 2];
            *sum = multiply_pairs(type, *sum, inputs[k / 2], outputs[k % 2]);
        }
        /* The next weights only now: gcc likes to load all of them first, and has no registers to
         * keep them in. */
        __asm__("" : "+r"(w), "+w"(sums[pairs - 1][2 * v + 1]));
    }
}

/* Sums of two rows with 4 outputs, from [row][output] of outputs 0 and 1, and of 2 and 3 */
INLINE void store_rows(int32_t *out, ivec low, ivec high) {
    int64x2_t a = vreinterpretq_s64_s32(low), b = vreinterpretq_s64_s32(high);
    store_ints(out, vreinterpretq_s32_s64(vtrn1q_s64(a, b)));
    store_ints(out + PANEL_OUTPUTS, vreinterpretq_s32_s64(vtrn2q_s64(a, b)));
}

INLINE size_t input_row_bytes(enum dtype type, const struct matmul *p) {
    return p->x_stride * dtype_width(type);
}

/* Sums of n_rows rows, which are `pairs` pairs, from r on, with the panel at o. */
INLINE void sum_pairs(enum dtype type, const struct matmul *p, size_t pairs, size_t r,
                      size_t n_rows, size_t o, int32_t *out) {
    size_t n_tiles = matrix_tiles(type, p->w->n_in), stride = input_row_bytes(type, p);
    const uint8_t *w = matrix_output(p->w, o);
    const int8_t *x = (const int8_t *)p->x + r * stride;
    size_t next_of_last = n_rows % 2 ? 0 : stride; /* an odd one goes with itself */
    ivec sums[ROW_PAIRS][OUTPUT_PAIRS];
    UNROLL
    for (size_t i = 0; i < pairs; i++) {
        UNROLL
        for (size_t v = 0; v < OUTPUT_PAIRS; v++) sums[i][v] = zero_ints();
    }
    for (size_t t = 0; t < n_tiles / 2; t++, w += 2 * TILE_BYTES, x += PAIR_BYTES)
        add_tiles(type, w, 2, x, stride, next_of_last, pairs, sums);
    if (n_tiles % 2) add_tiles(type, w, 1, x, stride, next_of_last, pairs, sums);
    UNROLL
    for (size_t i = 0; i < pairs; i++) {
        UNROLL
        for (size_t v = 0; v < PANEL_VECTORS; v++)
            store_rows(out + 2 * i * PANEL_OUTPUTS + v * LANES, sums[i][2 * v], sums[i][2 * v + 1]);
    }
}

INLINE void block_of_pairs(enum dtype type, const struct matmul *p, size_t r, size_t n_rows,
                           size_t o, size_t n_outputs) {
    _Alignas(64) int32_t sums[BLOCK_ROWS * PANEL_OUTPUTS];
    switch ((n_rows + 1) / 2) {
    case 1:
        sum_pairs(type, p, 1, r, n_rows, o, sums);
        break;
    case 2:
        sum_pairs(type, p, 2, r, n_rows, o, sums);
        break;
    default:
        sum_pairs(type, p, 3, r, n_rows, o, sums);
        break;
    }
    struct block block = {r, n_rows, o, n_outputs, sums, PANEL_OUTPUTS};
    if (type == DTYPE_I8)
        finish_ints(p, &block);
    else
        finish_floats(p, &block);
}

INLINE void pairs_of(enum dtype type, const struct matmul *p) {
    size_t step = GROUP_INPUT_BYTES / (input_row_bytes(type, p) + 1) / BLOCK_ROWS * BLOCK_ROWS;
    size_t end = p->first_output + p->n_outputs;
    step += BLOCK_ROWS;
    for (size_t first = 0; first < p->n_rows; first += step) {
        size_t end_row = min_size(first + step, p->n_rows);
        for (size_t o = p->first_output; o < end; o += PANEL_OUTPUTS)
            for (size_t r = first; r < end_row; r += BLOCK_ROWS)
                block_of_pairs(type, p, r, min_size(end_row - r, BLOCK_ROWS), o,
                               min_size(end - o, PANEL_OUTPUTS));
    }
}

/* A single row is left to dot products, which add up to the same. */
INLINE bool takes_pairs_of_int8(const struct matmul *p) {
    return p->w->layout == LAYOUT_PANELS && p->w->type == DTYPE_I8 && p->n_rows > 1;
}

#endif
