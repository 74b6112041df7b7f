/* Lanes of 128 bits for the vector kernels: 64-bit ARM, with the dot product instructions where
 * the file is built for them. */
#ifndef NEON_H
#define NEON_H

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

typedef float32x4_t vec;
typedef int32x4_t ivec;
enum {
    LANES = 4,
    ACCUMULATORS = 24, /* of 32 registers */
    BLOCK_ROWS = 6,
    QUERY_BLOCK = 2,
    SCORE_GROUPS = 1,
    MIX_VECTORS = 4,
    INPUT_OFFSET = 0,
    INPUT_BYTES = 1,
};

INLINE vec load(const void *p) {
    return vreinterpretq_f32_u8(vld1q_u8(p));
}
INLINE vec load_part(const float *p, size_t n) {
    float lanes[LANES] = {0};
    memcpy(lanes, p, n * sizeof *p);
    return vld1q_f32(lanes);
}
INLINE void store(float *p, vec v) {
    vst1q_f32(p, v);
}
INLINE void store_part(float *p, vec v, size_t n) {
    float lanes[LANES];
    vst1q_f32(lanes, v);
    memcpy(p, lanes, n * sizeof *p);
}
INLINE vec splat(float x) {
    return vdupq_n_f32(x);
}
INLINE vec add(vec a, vec b) {
    return vaddq_f32(a, b);
}
INLINE vec sub(vec a, vec b) {
    return vsubq_f32(a, b);
}
INLINE vec mul(vec a, vec b) {
    return vmulq_f32(a, b);
}
INLINE vec madd(vec a, vec b, vec c) {
    return vfmaq_f32(c, a, b);
}
INLINE vec nmadd(vec a, vec b, vec c) {
    return vfmsq_f32(c, a, b);
}
/* Not fmax and fmin: those have rules of their own for NaN. */
INLINE vec max(vec a, vec b) {
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}
INLINE vec min(vec a, vec b) {
    return vbslq_f32(vcltq_f32(a, b), a, b);
}
INLINE vec absolute(vec v) {
    return vabsq_f32(v);
}
INLINE vec greatest(vec a, vec b) {
    return vreinterpretq_f32_s32(vmaxq_s32(vreinterpretq_s32_f32(a), vreinterpretq_s32_f32(b)));
}
INLINE vec round_even(vec v) {
    return vrndnq_f32(v);
}
INLINE vec inverse(vec v) {
    return vdivq_f32(splat(1), v);
}
/* In two steps, since 2^n may be too small or too great for a float where the product is not. */
INLINE vec scale_exponent(vec v, vec n) {
    ivec whole = vcvtq_s32_f32(n), half = vshrq_n_s32(whole, 1), bias = vdupq_n_s32(127);
    ivec a = vshlq_n_s32(vaddq_s32(half, bias), 23);
    ivec b = vshlq_n_s32(vaddq_s32(vsubq_s32(whole, half), bias), 23);
    return mul(mul(v, vreinterpretq_f32_s32(a)), vreinterpretq_f32_s32(b));
}
INLINE vec where_less(vec a, vec b, vec v, vec w) {
    return vbslq_f32(vcltq_f32(a, b), v, w);
}
INLINE vec keep_first(vec v, size_t n, vec w) {
    static const uint32_t lane[LANES] = {0, 1, 2, 3};
    return vbslq_f32(vcltq_u32(vld1q_u32(lane), vdupq_n_u32((uint32_t)n)), v, w);
}
INLINE unsigned mask_bits(uint32x4_t mask) {
    static const uint32_t bit[LANES] = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(mask, vld1q_u32(bit)));
}
INLINE unsigned greater_bits(vec a, vec b) {
    return mask_bits(vcgtq_f32(a, b));
}
INLINE unsigned equal_bits(vec a, vec b) {
    return mask_bits(vceqq_f32(a, b));
}
INLINE float reduce_sum(vec v) {
    return vaddvq_f32(v);
}
INLINE float reduce_greatest(vec v) {
    return vgetq_lane_f32(vreinterpretq_f32_s32(vdupq_n_s32(vmaxvq_s32(vreinterpretq_s32_f32(v)))),
                          0);
}
INLINE float reduce_max(vec v) {
    return vmaxvq_f32(v);
}

INLINE ivec load_ints(const void *p) {
    return vreinterpretq_s32_u8(vld1q_u8(p));
}
INLINE void store_ints(void *p, ivec v) {
    vst1q_s32(p, v);
}
INLINE ivec zero_ints(void) {
    return vdupq_n_s32(0);
}
INLINE ivec sub_ints(ivec a, ivec b) {
    return vsubq_s32(a, b);
}
INLINE ivec times_128(ivec v) {
    return vshlq_n_s32(v, 7);
}
/* LANES bytes, from 0 to 255 */
INLINE ivec load_small(const uint8_t *p) {
    uint32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    uint16x8_t wide = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(bytes)));
    return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(wide)));
}
INLINE ivec low_bits(ivec v, int n) {
    return vandq_s32(v, vdupq_n_s32((1 << n) - 1));
}
/* Of lanes that are not negative */
INLINE ivec shift_right(ivec v, int n) {
    return vshlq_s32(v, vdupq_n_s32(-n));
}
INLINE vec to_float(ivec v) {
    return vcvtq_f32_s32(v);
}
INLINE ivec splat_inputs(const int8_t *p) {
    int32_t group;
    memcpy(&group, p, 4);
    return vdupq_n_s32(group);
}
INLINE ivec dot4(ivec sums, ivec inputs, ivec weights) {
    int8x16_t x = vreinterpretq_s8_s32(inputs), w = vreinterpretq_s8_s32(weights);
#if defined(__ARM_FEATURE_DOTPROD)
    return vdotq_s32(sums, w, x);
#else
    /* |x| <= 127, so the sum of two products is at most 2 * 127 * 128: it fits 16 bits. */
    int16x8_t low = vmull_s8(vget_low_s8(w), vget_low_s8(x)), high = vmull_high_s8(w, x);
    return vpadalq_s16(sums, vpaddq_s16(low, high));
#endif
}

INLINE void split_halves(ivec v, ivec halves[2]) {
    uint8x16_t bytes = vreinterpretq_u8_s32(v);
    halves[0] = vreinterpretq_s32_u8(vandq_u8(bytes, vdupq_n_u8(15)));
    halves[1] = vreinterpretq_s32_u8(vshrq_n_u8(bytes, 4));
}
INLINE ivec begin_halves(int32_t start) {
    return vdupq_n_s32(start);
}
INLINE ivec dot_halves(ivec sums, const int8_t *p, ivec weights) {
    return dot4(sums, splat_inputs(p), weights);
}
INLINE ivec end_halves(ivec sums, int32_t start) {
    (void)start;
    return sums;
}

INLINE vec load_half(const void *p) {
    return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p)));
}
INLINE vec bf16_vector(uint16x4_t bits) {
    return vreinterpretq_f32_u32(vshll_n_u16(bits, 16));
}
INLINE vec load_bf16(const void *p) {
    return bf16_vector(vreinterpret_u16_u8(vld1_u8(p)));
}
INLINE vec load_int8(const void *p) {
    uint32_t bytes;
    memcpy(&bytes, p, 4);
    int16x8_t words = vmovl_s8(vreinterpret_s8_u32(vdup_n_u32(bytes)));
    return to_float(vmovl_s16(vget_low_s16(words)));
}
INLINE vec splat_half(const void *p) {
    uint16_t bits;
    memcpy(&bits, p, 2);
    return vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(bits)));
}
INLINE void load_half_pairs(const void *p, vec pair[2]) {
    uint32x4_t bits = vreinterpretq_u32_u8(vld1q_u8(p));
    pair[0] = vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32(bits)));
    pair[1] = vcvt_f32_f16(vreinterpret_f16_u16(vshrn_n_u32(bits, 16)));
}
INLINE void load_bf16_pairs(const void *p, vec pair[2]) {
    uint32x4_t bits = vreinterpretq_u32_u8(vld1q_u8(p));
    pair[0] = vreinterpretq_f32_u32(vshlq_n_u32(bits, 16));
    pair[1] = vreinterpretq_f32_u32(vandq_u32(bits, vdupq_n_u32(0xffff0000)));
}
INLINE void store_inputs(int8_t *p, vec v) {
    int16x4_t words = vmovn_s32(vcvtq_s32_f32(v));
    int8x8_t bytes = vmovn_s16(vcombine_s16(words, words));
    uint32_t four = vget_lane_u32(vreinterpret_u32_s8(bytes), 0);
    memcpy(p, &four, 4);
}
INLINE void store_bytes(int8_t *p, vec v) {
    store_inputs(p, v);
}
INLINE void store_bf16(uint16_t *p, vec v) {
    uint32x4_t bits = vreinterpretq_u32_f32(v);
    uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    uint32x4_t rounded = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
    uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x400000));
    vst1_u16(p, vshrn_n_u32(vbslq_u32(vceqq_f32(v, v), rounded, quiet), 16));
}

INLINE vec load_fours(const float *const *rows, size_t offset) {
    return vld1q_f32(rows[0] + offset);
}
INLINE void transpose_fours(vec v[4]) {
    float64x2_t a = vreinterpretq_f64_f32(vtrn1q_f32(v[0], v[1]));
    float64x2_t b = vreinterpretq_f64_f32(vtrn2q_f32(v[0], v[1]));
    float64x2_t c = vreinterpretq_f64_f32(vtrn1q_f32(v[2], v[3]));
    float64x2_t d = vreinterpretq_f64_f32(vtrn2q_f32(v[2], v[3]));
    v[0] = vreinterpretq_f32_f64(vzip1q_f64(a, c));
    v[1] = vreinterpretq_f32_f64(vzip1q_f64(b, d));
    v[2] = vreinterpretq_f32_f64(vzip2q_f64(a, c));
    v[3] = vreinterpretq_f32_f64(vzip2q_f64(b, d));
}
INLINE vec sum_lanes(const vec v[LANES]) {
    return vpaddq_f32(vpaddq_f32(v[0], v[1]), vpaddq_f32(v[2], v[3]));
}

#endif
