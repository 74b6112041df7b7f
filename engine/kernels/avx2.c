/* AVX2 with FMA and F16C: 8 lanes, and no instruction for products of four bytes.
 *
 * Inputs of int8 products are stored as 16 bits, in each group of four first the even ones: x0 x2
 * x1 x3. A product of many rows widens the weights too, once for all of them: two instructions, a
 * multiplication of pairs and an addition, then do 16 multiply-adds. Few rows would not pay for
 * that: dot4 takes the weights as they are. */
#include "engine/kernels/levels.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include "engine/kernels/avx2.h"

enum { INPUT_OFFSET = 0, INPUT_BYTES = 2 };

INLINE void store_inputs(int8_t *p, vec v) {
    __m256i ints = _mm256_cvtps_epi32(v);
    __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(ints), _mm256_extracti128_si256(ints, 1));
    words = _mm_shufflelo_epi16(words, _MM_SHUFFLE(3, 1, 2, 0));
    _mm_storeu_si128((__m128i *)p, _mm_shufflehi_epi16(words, _MM_SHUFFLE(3, 1, 2, 0)));
}
/* As bytes, in their order */
INLINE ivec splat_inputs(const int8_t *p) {
    int64_t group;
    memcpy(&group, p, 8);
    return _mm256_shuffle_epi8(_mm256_set1_epi64x(group), _mm256_set1_epi32(0x06020400));
}
/* |w| * (x with the sign of w): unsigned by signed. Inputs are in [-127, 127], so a pair's sum is
 * at most 2 * 128 * 127 and never saturates, even where a weight is -128. */
INLINE ivec dot4(ivec sums, ivec inputs, ivec weights) {
    ivec pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(inputs, weights));
    return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

INLINE ivec begin_halves(int32_t start) {
    (void)start;
    return zero_ints();
}
/* Sums of pairs, as 16 bits: 8 of them are at most 8 * 2 * 15 * 127 = 30480. */
INLINE ivec dot_halves(ivec sums, const int8_t *p, ivec weights) {
    return _mm256_add_epi16(sums, _mm256_maddubs_epi16(weights, splat_bytes(p)));
}
INLINE ivec end_halves(ivec sums, int32_t start) {
    ivec pairs = _mm256_madd_epi16(sums, _mm256_set1_epi16(1));
    return _mm256_add_epi32(pairs, _mm256_set1_epi32(start));
}

static void matmul_words(const struct matmul *p);

#define LEVEL_NAME "avx2"
#define LEVEL_MATMUL matmul_words
#include "engine/kernels/vector_body.h"

enum { CHUNK_TILES = 128 }; /* of a panel, widened at once: 16 KB, half of a usual first cache */

/* Half a tile as words, two for each output: those of even inputs, or of odd ones. */
struct half_tile {
    ivec words[PANEL_VECTORS];
};

struct word_slab {
    struct half_tile halves[2 * CHUNK_TILES];
    _Alignas(64) int32_t sums[SLAB_ROWS * PANEL_OUTPUTS];
};

static void widen(const uint8_t *w, size_t n_tiles, struct half_tile *halves) {
    for (size_t t = 0; t < n_tiles; t++, w += TILE_BYTES, halves += 2)
        for (size_t v = 0; v < PANEL_VECTORS; v++) {
            ivec bytes = load_ints(w + v * LANES * 4);
            halves[0].words[v] = _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8);
            halves[1].words[v] = _mm256_srai_epi16(bytes, 8);
        }
}

INLINE ivec splat_pair(const int8_t *p) {
    int32_t pair;
    memcpy(&pair, p, 4);
    return _mm256_set1_epi32(pair);
}

/* Here and now: gcc likes to make all products first, and has no registers to keep them in. */
INLINE ivec in_register(ivec v) {
    __asm__("" : "+x"(v));
    return v;
}

INLINE ivec dot2(ivec sums, ivec inputs, ivec weights) {
    return in_register(_mm256_add_epi32(sums, _mm256_madd_epi16(inputs, weights)));
}

/* Sums of `rows` rows, at x, with a chunk of a panel; later chunks add to those of the first. The
 * sums of 6 rows, a row's inputs, two vectors of weights and a product are all 16 registers. */
INLINE void add_words(const struct half_tile *halves, size_t n_tiles, const int8_t *x,
                      size_t stride, size_t rows, bool is_first, int32_t *out) {
    ivec sums[BLOCK_ROWS][PANEL_VECTORS];
    UNROLL
    for (size_t i = 0; i < rows; i++) {
        UNROLL
        for (size_t v = 0; v < PANEL_VECTORS; v++)
            sums[i][v] = is_first ? zero_ints() : load_ints(out + i * PANEL_OUTPUTS + v * LANES);
    }
    for (size_t t = 0; t < n_tiles; t++, x += 4 * INPUT_BYTES, halves += 2) {
        UNROLL
        for (size_t k = 0; k < 2 * rows; k++) { /* all rows with even inputs, then with odd ones */
            size_t odd = k / rows, i = k % rows;
            ivec inputs = splat_pair(x + i * stride + odd * 2 * INPUT_BYTES);
            UNROLL
            for (size_t v = 0; v < PANEL_VECTORS; v++)
                sums[i][v] = dot2(sums[i][v], inputs, halves[odd].words[v]);
        }
    }
    UNROLL
    for (size_t i = 0; i < rows; i++) {
        UNROLL
        for (size_t v = 0; v < PANEL_VECTORS; v++)
            store_ints(out + i * PANEL_OUTPUTS + v * LANES, sums[i][v]);
    }
}

static void add_block(const struct half_tile *halves, size_t n_tiles, const int8_t *x,
                      size_t stride, size_t rows, bool is_first, int32_t *out) {
    switch (rows) {
    case 1:
        add_words(halves, n_tiles, x, stride, 1, is_first, out);
        break;
    case 2:
        add_words(halves, n_tiles, x, stride, 2, is_first, out);
        break;
    case 3:
        add_words(halves, n_tiles, x, stride, 3, is_first, out);
        break;
    case 4:
        add_words(halves, n_tiles, x, stride, 4, is_first, out);
        break;
    case 5:
        add_words(halves, n_tiles, x, stride, 5, is_first, out);
        break;
    default:
        add_words(halves, n_tiles, x, stride, 6, is_first, out);
        break;
    }
}

/* Rows [first, end) with one panel, or what is left of the last one. */
static void word_slab_of(const struct matmul *p, size_t first, size_t end, size_t o,
                         size_t n_outputs, struct word_slab *slab) {
    size_t n_tiles = matrix_tiles(DTYPE_I8, p->w->n_in), n;
    const uint8_t *w = matrix_output(p->w, o);
    for (size_t t = 0; t < n_tiles; t += n) {
        n = min_size(n_tiles - t, CHUNK_TILES);
        widen(w + t * TILE_BYTES, n, slab->halves);
        for (size_t r = first, rows; r < end; r += rows) {
            rows = block_rows(end - r);
            const int8_t *x = (const int8_t *)p->x + r * p->x_stride + t * 4 * INPUT_BYTES;
            int32_t *sums = slab->sums + (r - first) * PANEL_OUTPUTS;
            add_block(slab->halves, n, x, p->x_stride, rows, t == 0, sums);
            struct block block = {r, rows, o, n_outputs, sums, PANEL_OUTPUTS};
            if (t + n == n_tiles) finish_ints(p, &block);
        }
    }
}

static void matmul_words(const struct matmul *p) {
    if (p->w->layout != LAYOUT_PANELS || p->w->type != DTYPE_I8 || p->n_rows < MANY_ROWS) {
        matmul_vectors(p);
        return;
    }
    struct word_slab slab;
    size_t end = p->first_output + p->n_outputs;
    for (size_t r = 0; r < p->n_rows; r += SLAB_ROWS)
        for (size_t o = p->first_output; o < end; o += PANEL_OUTPUTS)
            word_slab_of(p, r, min_size(r + SLAB_ROWS, p->n_rows), o,
                         min_size(end - o, PANEL_OUTPUTS), &slab);
}

const struct kernels *const level_avx2 = &level_table;
#else
const struct kernels *const level_avx2 = NULL;
#endif
