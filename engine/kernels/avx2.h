/* Lanes of 256 bits for the vector kernels: AVX2 with FMA and F16C. Each level that includes this
 * has inputs of int8 products of its own: store_inputs, splat_inputs and dot4, and products of 4
 * bits: begin_halves, dot_halves and end_halves. */
#ifndef AVX2_H
#define AVX2_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

typedef __m256 vec;
typedef __m256i ivec;
enum {
    LANES = 8,
    ACCUMULATORS = 12, /* of 16 registers */
    BLOCK_ROWS = 6,
    QUERY_BLOCK = 2,
    SCORE_GROUPS = 1,
    MIX_VECTORS = 4,
};

INLINE __m256i first(size_t n) {
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
}

INLINE vec load(const void *p) {
    return _mm256_loadu_ps(p);
}
INLINE vec load_part(const float *p, size_t n) {
    return _mm256_maskload_ps(p, first(n));
}
INLINE void store(float *p, vec v) {
    _mm256_storeu_ps(p, v);
}
INLINE void store_part(float *p, vec v, size_t n) {
    _mm256_maskstore_ps(p, first(n), v);
}
INLINE vec splat(float x) {
    return _mm256_set1_ps(x);
}
INLINE vec add(vec a, vec b) {
    return _mm256_add_ps(a, b);
}
INLINE vec sub(vec a, vec b) {
    return _mm256_sub_ps(a, b);
}
INLINE vec mul(vec a, vec b) {
    return _mm256_mul_ps(a, b);
}
INLINE vec madd(vec a, vec b, vec c) {
    return _mm256_fmadd_ps(a, b, c);
}
INLINE vec nmadd(vec a, vec b, vec c) {
    return _mm256_fnmadd_ps(a, b, c);
}
INLINE vec max(vec a, vec b) {
    return _mm256_max_ps(a, b);
}
INLINE vec min(vec a, vec b) {
    return _mm256_min_ps(a, b);
}
INLINE vec absolute(vec v) {
    return _mm256_andnot_ps(splat(-0.0f), v);
}
INLINE vec greatest(vec a, vec b) {
    return _mm256_castsi256_ps(_mm256_max_epi32(_mm256_castps_si256(a), _mm256_castps_si256(b)));
}
INLINE vec round_even(vec v) {
    return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
INLINE vec inverse(vec v) {
    return _mm256_div_ps(splat(1), v);
}
/* In two steps, since 2^n may be too small or too great for a float where the product is not. */
INLINE vec scale_exponent(vec v, vec n) {
    __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
    __m256i rest = _mm256_sub_epi32(whole, half), bias = _mm256_set1_epi32(127);
    __m256i a = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
    __m256i b = _mm256_slli_epi32(_mm256_add_epi32(rest, bias), 23);
    return mul(mul(v, _mm256_castsi256_ps(a)), _mm256_castsi256_ps(b));
}
INLINE vec where_less(vec a, vec b, vec v, vec w) {
    return _mm256_blendv_ps(w, v, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}
INLINE vec keep_first(vec v, size_t n, vec w) {
    return _mm256_blendv_ps(w, v, _mm256_castsi256_ps(first(n)));
}
INLINE unsigned greater_bits(vec a, vec b) {
    return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ));
}
INLINE unsigned equal_bits(vec a, vec b) {
    return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_EQ_OQ));
}
INLINE float reduce_sum(vec v) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
INLINE float reduce_greatest(vec v) {
    __m256i bits = _mm256_castps_si256(v);
    __m128i m = _mm_max_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
    m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0x4e));
    return _mm_cvtss_f32(_mm_castsi128_ps(_mm_max_epi32(m, _mm_shuffle_epi32(m, 0xb1))));
}
INLINE float reduce_max(vec v) {
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

INLINE ivec load_ints(const void *p) {
    return _mm256_loadu_si256(p);
}
INLINE void store_ints(void *p, ivec v) {
    _mm256_storeu_si256(p, v);
}
INLINE ivec zero_ints(void) {
    return _mm256_setzero_si256();
}
INLINE ivec sub_ints(ivec a, ivec b) {
    return _mm256_sub_epi32(a, b);
}
INLINE ivec times_128(ivec v) {
    return _mm256_slli_epi32(v, 7);
}
/* LANES bytes, from 0 to 255 */
INLINE ivec load_small(const uint8_t *p) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
}
INLINE ivec low_bits(ivec v, int n) {
    return _mm256_and_si256(v, _mm256_set1_epi32((1 << n) - 1));
}
/* Of lanes that are not negative */
INLINE ivec shift_right(ivec v, int n) {
    return _mm256_srl_epi32(v, _mm_cvtsi32_si128(n));
}
INLINE vec to_float(ivec v) {
    return _mm256_cvtepi32_ps(v);
}
/* The lower and the upper halves of bytes */
INLINE void split_halves(ivec v, ivec halves[2]) {
    ivec mask = _mm256_set1_epi8(15);
    halves[0] = _mm256_and_si256(v, mask);
    halves[1] = _mm256_and_si256(_mm256_srli_epi32(v, 4), mask);
}
/* The same 4 bytes in every lane */
INLINE ivec splat_bytes(const int8_t *p) {
    int32_t group;
    memcpy(&group, p, 4);
    return _mm256_set1_epi32(group);
}
/* Whole numbers in [-127, 127] as signed bytes, twice */
INLINE __m128i narrow_bytes(vec v) {
    __m256i ints = _mm256_cvtps_epi32(v);
    __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(ints), _mm256_extracti128_si256(ints, 1));
    return _mm_packs_epi16(words, words);
}
INLINE void store_bytes(int8_t *p, vec v) {
    _mm_storel_epi64((__m128i *)p, narrow_bytes(v));
}
INLINE vec load_half(const void *p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(p));
}
INLINE vec load_bf16(const void *p) {
    __m256i bits = _mm256_cvtepu16_epi32(_mm_loadu_si128(p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(bits, 16));
}
INLINE vec load_int8(const void *p) {
    return to_float(_mm256_cvtepi8_epi32(_mm_loadl_epi64(p)));
}
INLINE vec splat_half(const void *p) {
    uint16_t bits;
    memcpy(&bits, p, 2);
    return _mm256_cvtph_ps(_mm_set1_epi16((int16_t)bits));
}
/* 8 numbers below 2^16 as 16 bits */
INLINE __m128i narrow(__m256i v) {
    return _mm_packus_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
}
INLINE void load_half_pairs(const void *p, vec pair[2]) {
    __m256i bits = load_ints(p);
    pair[0] = _mm256_cvtph_ps(narrow(_mm256_and_si256(bits, _mm256_set1_epi32(0xffff))));
    pair[1] = _mm256_cvtph_ps(narrow(_mm256_srli_epi32(bits, 16)));
}
INLINE void load_bf16_pairs(const void *p, vec pair[2]) {
    __m256i bits = load_ints(p);
    pair[0] = _mm256_castsi256_ps(_mm256_slli_epi32(bits, 16));
    pair[1] = _mm256_castsi256_ps(_mm256_and_si256(bits, _mm256_set1_epi32(-65536)));
}
INLINE void store_bf16(uint16_t *p, vec v) {
    __m256i bits = _mm256_castps_si256(v);
    __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    rounded = _mm256_blendv_epi8(rounded, quiet, nan);
    _mm_storeu_si128((__m128i *)p, narrow(_mm256_srli_epi32(rounded, 16)));
}

INLINE vec load_fours(const float *const *rows, size_t offset) {
    vec v = _mm256_castps128_ps256(_mm_loadu_ps(rows[0] + offset));
    return _mm256_insertf128_ps(v, _mm_loadu_ps(rows[4] + offset), 1);
}
INLINE void transpose_fours(vec v[4]) {
    vec a = _mm256_unpacklo_ps(v[0], v[1]), b = _mm256_unpackhi_ps(v[0], v[1]);
    vec c = _mm256_unpacklo_ps(v[2], v[3]), d = _mm256_unpackhi_ps(v[2], v[3]);
    v[0] = _mm256_shuffle_ps(a, c, 0x44);
    v[1] = _mm256_shuffle_ps(a, c, 0xee);
    v[2] = _mm256_shuffle_ps(b, d, 0x44);
    v[3] = _mm256_shuffle_ps(b, d, 0xee);
}
INLINE vec sum_fours(const vec v[4]) {
    return _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
}
INLINE vec sum_lanes(const vec v[LANES]) {
    vec a = sum_fours(v), b = sum_fours(v + 4);
    return add(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}

#endif
