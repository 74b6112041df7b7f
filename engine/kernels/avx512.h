/* Lanes of 512 bits for the vector kernels: AVX-512 F, BW, DQ, VL and VNNI. */
#ifndef AVX512_H
#define AVX512_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

typedef __m512 vec;
typedef __m512i ivec;
enum {
    LANES = 16,
    ACCUMULATORS = 24, /* of 32 registers: weights and inputs need the others */
    BLOCK_ROWS = 6,
    QUERY_BLOCK = 4,
    SCORE_GROUPS = 2,
    MIX_VECTORS = 2,
    /* vpdpbusd multiplies unsigned by signed bytes: inputs are stored with 128 added. */
    INPUT_OFFSET = 128,
    INPUT_BYTES = 1,
};

INLINE __mmask16 first(size_t n) {
    return (__mmask16)((1u << n) - 1);
}

INLINE vec load(const void *p) {
    return _mm512_loadu_ps(p);
}
INLINE vec load_part(const float *p, size_t n) {
    return _mm512_maskz_loadu_ps(first(n), p);
}
INLINE void store(float *p, vec v) {
    _mm512_storeu_ps(p, v);
}
INLINE void store_part(float *p, vec v, size_t n) {
    _mm512_mask_storeu_ps(p, first(n), v);
}
INLINE vec splat(float x) {
    return _mm512_set1_ps(x);
}
INLINE vec add(vec a, vec b) {
    return _mm512_add_ps(a, b);
}
INLINE vec sub(vec a, vec b) {
    return _mm512_sub_ps(a, b);
}
INLINE vec mul(vec a, vec b) {
    return _mm512_mul_ps(a, b);
}
/* a * b + c */
INLINE vec madd(vec a, vec b, vec c) {
    return _mm512_fmadd_ps(a, b, c);
}
/* c - a * b */
INLINE vec nmadd(vec a, vec b, vec c) {
    return _mm512_fnmadd_ps(a, b, c);
}
/* a > b ? a : b, and a < b ? a : b: b if either is NaN */
INLINE vec max(vec a, vec b) {
    return _mm512_max_ps(a, b);
}
INLINE vec min(vec a, vec b) {
    return _mm512_min_ps(a, b);
}
INLINE vec absolute(vec v) {
    return _mm512_abs_ps(v);
}
/* The greater of a and b, which are not negative; NaN is above all. */
INLINE vec greatest(vec a, vec b) {
    return _mm512_castsi512_ps(_mm512_max_epi32(_mm512_castps_si512(a), _mm512_castps_si512(b)));
}
INLINE vec round_even(vec v) {
    return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/* 1 / v for normal v whose inverse is normal: one Newton step over a 14 bit estimate takes half
 * the time of a division. */
INLINE vec inverse(vec v) {
    vec estimate = _mm512_rcp14_ps(v);
    return madd(estimate, nmadd(v, estimate, splat(1)), estimate);
}
/* v * 2^n for whole n in [-126, 130] */
INLINE vec scale_exponent(vec v, vec n) {
    return _mm512_scalef_ps(v, n);
}
/* v where a < b, else w */
INLINE vec where_less(vec a, vec b, vec v, vec w) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), w, v);
}
/* The first n lanes of v, then those of w. */
INLINE vec keep_first(vec v, size_t n, vec w) {
    return _mm512_mask_blend_ps(first(n), w, v);
}
/* Bit i is set where a > b, or where a == b, in lane i. */
INLINE unsigned greater_bits(vec a, vec b) {
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}
INLINE unsigned equal_bits(vec a, vec b) {
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}
INLINE float reduce_sum(vec v) {
    return _mm512_reduce_add_ps(v);
}
/* Of lanes that are not negative, as `greatest` leaves them. */
INLINE float reduce_greatest(vec v) {
    return _mm_cvtss_f32(
        _mm_castsi128_ps(_mm_cvtsi32_si128(_mm512_reduce_max_epi32(_mm512_castps_si512(v)))));
}
INLINE float reduce_max(vec v) {
    return _mm512_reduce_max_ps(v);
}

INLINE ivec load_ints(const void *p) {
    return _mm512_loadu_si512(p);
}
INLINE void store_ints(void *p, ivec v) {
    _mm512_storeu_si512(p, v);
}
INLINE ivec zero_ints(void) {
    return _mm512_setzero_si512();
}
INLINE ivec sub_ints(ivec a, ivec b) {
    return _mm512_sub_epi32(a, b);
}
INLINE ivec times_128(ivec v) {
    return _mm512_slli_epi32(v, 7);
}
/* LANES bytes, from 0 to 255 */
INLINE ivec load_small(const uint8_t *p) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
}
INLINE ivec low_bits(ivec v, int n) {
    return _mm512_and_si512(v, _mm512_set1_epi32((1 << n) - 1));
}
/* Of lanes that are not negative */
INLINE ivec shift_right(ivec v, int n) {
    return _mm512_srl_epi32(v, _mm_cvtsi32_si128(n));
}
INLINE vec to_float(ivec v) {
    return _mm512_cvtepi32_ps(v);
}
/* 4 bytes of inputs for every lane */
INLINE ivec splat_inputs(const int8_t *p) {
    int32_t group;
    memcpy(&group, p, 4);
    return _mm512_set1_epi32(group);
}
/* sums + the products of 4 inputs with 4 weights in each lane */
INLINE ivec dot4(ivec sums, ivec inputs, ivec weights) {
    return _mm512_dpbusd_epi32(sums, inputs, weights);
}

/* The lower and the upper halves of bytes */
INLINE void split_halves(ivec v, ivec halves[2]) {
    ivec mask = _mm512_set1_epi8(15);
    halves[0] = _mm512_and_si512(v, mask);
    halves[1] = _mm512_and_si512(_mm512_srli_epi32(v, 4), mask);
}
/* `start` + products, an int32 a lane: begun, 8 times added to, and ended. A level may take `start`
 * where it likes. */
INLINE ivec begin_halves(int32_t start) {
    return _mm512_set1_epi32(start);
}
/* sums + the products of the 4 signed bytes at p with 4 numbers from 0 to 15 in each lane */
INLINE ivec dot_halves(ivec sums, const int8_t *p, ivec weights) {
    return _mm512_dpbusd_epi32(sums, weights, splat_inputs(p));
}
INLINE ivec end_halves(ivec sums, int32_t start) {
    (void)start;
    return sums;
}

/* LANES elements of other types */
INLINE vec load_half(const void *p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(p));
}
INLINE vec load_bf16(const void *p) {
    ivec bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256(p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(bits, 16));
}
INLINE vec load_int8(const void *p) {
    return to_float(_mm512_cvtepi8_epi32(_mm_loadu_si128(p)));
}
INLINE vec splat_half(const void *p) {
    uint16_t bits;
    memcpy(&bits, p, 2);
    return _mm512_cvtph_ps(_mm256_set1_epi16((int16_t)bits));
}
/* The first and the second element of each of LANES pairs */
INLINE void load_half_pairs(const void *p, vec pair[2]) {
    ivec bits = load_ints(p);
    pair[0] = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(bits));
    pair[1] = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(bits, 16)));
}
INLINE void load_bf16_pairs(const void *p, vec pair[2]) {
    ivec bits = load_ints(p);
    pair[0] = _mm512_castsi512_ps(_mm512_slli_epi32(bits, 16));
    pair[1] = _mm512_castsi512_ps(_mm512_and_si512(bits, _mm512_set1_epi32(-65536)));
}
INLINE __m128i narrow_bytes(vec v) {
    return _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v));
}
/* Whole numbers in [-127, 127] as this level's inputs */
INLINE void store_inputs(int8_t *p, vec v) {
    __m128i offset = _mm_set1_epi8((char)INPUT_OFFSET);
    _mm_storeu_si128((__m128i *)p, _mm_xor_si128(narrow_bytes(v), offset));
}
/* The same as signed bytes */
INLINE void store_bytes(int8_t *p, vec v) {
    _mm_storeu_si128((__m128i *)p, narrow_bytes(v));
}
INLINE void store_bf16(uint16_t *p, vec v) {
    ivec bits = _mm512_castps_si512(v);
    ivec odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    ivec rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    rounded = _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x400000));
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
}

/* In each group of 4 lanes, m: the 4 floats at rows[4 * m] + offset */
INLINE vec load_fours(const float *const *rows, size_t offset) {
    vec v = _mm512_castps128_ps512(_mm_loadu_ps(rows[0] + offset));
    v = _mm512_insertf32x4(v, _mm_loadu_ps(rows[4] + offset), 1);
    v = _mm512_insertf32x4(v, _mm_loadu_ps(rows[8] + offset), 2);
    return _mm512_insertf32x4(v, _mm_loadu_ps(rows[12] + offset), 3);
}
/* Transposes the 4 x 4 floats that groups of 4 lanes are. */
INLINE void transpose_fours(vec v[4]) {
    vec a = _mm512_unpacklo_ps(v[0], v[1]), b = _mm512_unpackhi_ps(v[0], v[1]);
    vec c = _mm512_unpacklo_ps(v[2], v[3]), d = _mm512_unpackhi_ps(v[2], v[3]);
    v[0] = _mm512_shuffle_ps(a, c, 0x44);
    v[1] = _mm512_shuffle_ps(a, c, 0xee);
    v[2] = _mm512_shuffle_ps(b, d, 0x44);
    v[3] = _mm512_shuffle_ps(b, d, 0xee);
}
/* Sums of the lanes of 4 vectors within groups of 4 lanes: [v0 v1 v2 v3] in each group */
INLINE vec sum_fours(const vec v[4]) {
    vec t[4] = {v[0], v[1], v[2], v[3]};
    transpose_fours(t);
    return add(add(t[0], t[1]), add(t[2], t[3]));
}
/* Lane i: the sum of the lanes of v[i] */
INLINE vec sum_lanes(const vec v[LANES]) {
    vec a = sum_fours(v), b = sum_fours(v + 4), c = sum_fours(v + 8), d = sum_fours(v + 12);
    vec ab = add(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
    vec cd = add(_mm512_shuffle_f32x4(c, d, 0x44), _mm512_shuffle_f32x4(c, d, 0xee));
    return add(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
}

#endif
