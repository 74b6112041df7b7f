/* 64-bit ARM with int8 matrix products (I8MM: in most processors from ARMv8.6 on). smmla multiplies
 * 8 inputs of two rows by 8 weights of two outputs: 32 multiply-adds, twice what a dot product does.
 * Two tiles, zipped, are such pairs of outputs. */
#include "engine/kernels/levels.h"

#if defined(__aarch64__) && defined(__ARM_FEATURE_MATMUL_INT8) && defined(__ARM_FEATURE_DOTPROD)
#include "engine/kernels/neon.h"

static void matmul_pairs(const struct matmul *p);

#define LEVEL_NAME "neon_i8mm"
#define LEVEL_MATMUL matmul_pairs
#include "engine/kernels/vector_body.h"

enum {
    ROW_PAIRS = BLOCK_ROWS / 2,
    OUTPUT_PAIRS = PANEL_OUTPUTS / 2, /* times 3 pairs of rows: sums in 24 of 32 registers */
};

/* 8 inputs of two rows, `next` bytes apart */
INLINE int8x16_t load_rows(const int8_t *x, size_t next) {
    return vcombine_s8(vld1_s8(x), vld1_s8(x + next));
}

/* Adds the products of 8 inputs with two tiles, or of 4 with one: what then stands behind them is
 * multiplied by zeros. The last row of all is `next_of_last` before that which it is paired with. */
INLINE void add_tiles(const uint8_t *w, size_t n_tiles, const int8_t *x, size_t stride,
                      size_t next_of_last, size_t pairs, ivec sums[ROW_PAIRS][OUTPUT_PAIRS]) {
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
            *sum = vmmlaq_s32(*sum, inputs[k / 2], outputs[k % 2]);
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

/* Sums of n_rows rows, which are `pairs` pairs, from r on, with the panel at o. */
INLINE void sum_pairs(const struct matmul *p, size_t pairs, size_t r, size_t n_rows, size_t o,
                      int32_t *out) {
    size_t n_tiles = matrix_tiles(DTYPE_I8, p->w->n_in);
    const uint8_t *w = matrix_output(p->w, o);
    const int8_t *x = (const int8_t *)p->x + r * p->x_stride;
    size_t next_of_last = n_rows % 2 ? 0 : p->x_stride; /* an odd one goes with itself */
    ivec sums[ROW_PAIRS][OUTPUT_PAIRS];
    UNROLL
    for (size_t i = 0; i < pairs; i++) {
        UNROLL
        for (size_t v = 0; v < OUTPUT_PAIRS; v++) sums[i][v] = zero_ints();
    }
    for (size_t t = 0; t < n_tiles / 2; t++, w += 2 * TILE_BYTES, x += 8)
        add_tiles(w, 2, x, p->x_stride, next_of_last, pairs, sums);
    if (n_tiles % 2) add_tiles(w, 1, x, p->x_stride, next_of_last, pairs, sums);
    UNROLL
    for (size_t i = 0; i < pairs; i++) {
        UNROLL
        for (size_t v = 0; v < PANEL_VECTORS; v++)
            store_rows(out + 2 * i * PANEL_OUTPUTS + v * LANES, sums[i][2 * v], sums[i][2 * v + 1]);
    }
}

static void block_of_pairs(const struct matmul *p, size_t r, size_t n_rows, size_t o,
                           size_t n_outputs) {
    _Alignas(64) int32_t sums[BLOCK_ROWS * PANEL_OUTPUTS];
    switch ((n_rows + 1) / 2) {
    case 1:
        sum_pairs(p, 1, r, n_rows, o, sums);
        break;
    case 2:
        sum_pairs(p, 2, r, n_rows, o, sums);
        break;
    default:
        sum_pairs(p, 3, r, n_rows, o, sums);
        break;
    }
    struct block block = {r, n_rows, o, n_outputs, sums, PANEL_OUTPUTS};
    finish_ints(p, &block);
}

static void matmul_pairs(const struct matmul *p) {
    if (p->w->layout != LAYOUT_PANELS || p->w->type != DTYPE_I8 || p->n_rows < 2) {
        matmul_vectors(p);
        return;
    }
    size_t step = GROUP_INPUT_BYTES / (p->x_stride + 1) / BLOCK_ROWS * BLOCK_ROWS + BLOCK_ROWS;
    size_t end = p->first_output + p->n_outputs;
    for (size_t first = 0; first < p->n_rows; first += step) {
        size_t end_row = min_size(first + step, p->n_rows);
        for (size_t o = p->first_output; o < end; o += PANEL_OUTPUTS)
            for (size_t r = first; r < end_row; r += BLOCK_ROWS)
                block_of_pairs(p, r, min_size(end_row - r, BLOCK_ROWS), o,
                               min_size(end - o, PANEL_OUTPUTS));
    }
}

const struct kernels *const level_neon_i8mm = &level_table;
#else
const struct kernels *const level_neon_i8mm = NULL;
#endif
