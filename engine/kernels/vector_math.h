/* exp and the activations, a vector at a time. */
#ifndef VECTOR_MATH_H
#define VECTOR_MATH_H

#include "engine/kernels/kernels.h"

/* Before a loop whose length is known once all is inlined: arrays that it indexes can then live in
 * registers. clang takes gcc's pragma for a wish, and leaves them in memory, at half the speed. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

static inline size_t min_size(size_t a, size_t b) {
    return a < b ? a : b;
}

/* LANES floats at p, or the `n` that exist. */
INLINE vec load_up_to(const float *p, size_t n) {
    return n < LANES ? load_part(p, n) : load(p);
}

INLINE void store_up_to(float *p, vec v, size_t n) {
    if (n < LANES)
        store_part(p, v, n);
    else
        store(p, v);
}

/* exp of x in [-87.33, 90], within 2 units in the last place: 2^n * exp(r) with |r| <= ln(2) / 2,
 * where the polynomial's relative error is below 2^-28 (fitted for the least greatest error, 1 + r
 * held fixed). */
INLINE vec exponential_inside(vec x) {
    vec n = round_even(mul(x, splat(1.44269504f)));
    /* ln 2 in two parts, so that n times the greater is exact */
    vec r = nmadd(n, splat(0x1.62e4p-1f), x);
    r = nmadd(n, splat(0x1.7f7d1cp-20f), r);
    vec p = splat(0x1.6a23d0p-10f);
    p = madd(p, r, splat(0x1.123a20p-7f));
    p = madd(p, r, splat(0x1.5558f2p-5f));
    p = madd(p, r, splat(0x1.555492p-3f));
    p = madd(p, r, splat(0x1.fffffcp-2f));
    p = madd(p, r, splat(1));
    p = madd(p, r, splat(1));
    return scale_exponent(p, n);
}

/* exp of any x: 0 instead of denormals, which processors are slow to make; NaN stays NaN. */
INLINE vec exponential(vec x) {
    vec e = exponential_inside(min(splat(90), max(splat(-87.33f), x)));
    return where_less(x, splat(-87.33f), splat(0), e);
}

/* Where exp and its inverse are normal, and no sum with 1 is changed. */
INLINE vec clamp_80(vec x) {
    return min(splat(80), max(splat(-80), x));
}

INLINE vec sigmoid(vec x) {
    vec e = exponential_inside(clamp_80(sub(splat(0), x)));
    return inverse(add(splat(1), e));
}

/* 1 - 2 / (1 + exp(2x)) loses relative, but not absolute precision near 0. */
INLINE vec tanh_of(vec x) {
    return nmadd(splat(2), sigmoid(mul(splat(-2), x)), splat(1));
}

/* erfc(|x|) by the formula 7.1.26 of Abramowitz and Stegun: within 1.5e-7. */
INLINE vec erfc_absolute(vec x) {
    vec z = absolute(x);
    vec t = inverse(madd(splat(0.3275911f), z, splat(1)));
    vec p = splat(1.061405429f);
    p = madd(p, t, splat(-1.453152027f));
    p = madd(p, t, splat(1.421413741f));
    p = madd(p, t, splat(-0.284496736f));
    p = madd(p, t, splat(0.254829592f));
    return mul(mul(p, t), exponential_inside(clamp_80(mul(sub(splat(0), z), z))));
}

INLINE vec gelu_erf(vec x) {
    /* x/2 * erfc(-x / sqrt 2), where erfc(-z) = 2 - erfc(z) */
    vec tail = mul(mul(splat(0.5f), x), erfc_absolute(mul(x, splat(0.70710678f))));
    return where_less(x, splat(0), tail, sub(x, tail));
}

INLINE vec gelu_tanh(vec x) {
    /* (1 + tanh(u)) / 2 = sigmoid(2u) */
    vec cube = mul(mul(x, x), x);
    vec u = mul(splat(2 * 0.79788456f), madd(splat(0.044715f), cube, x));
    return mul(x, sigmoid(u));
}

INLINE vec activate(enum activation activation, vec x) {
    switch (activation) {
    case ACTIVATION_NONE:
        break;
    case ACTIVATION_RELU:
        return max(x, splat(0));
    case ACTIVATION_SWISH:
        return mul(x, sigmoid(x));
    case ACTIVATION_GELU_ERF:
        return gelu_erf(x);
    case ACTIVATION_GELU_TANH:
        return gelu_tanh(x);
    case ACTIVATION_GELU_QUICK:
        return mul(x, sigmoid(mul(splat(1.702f), x)));
    case ACTIVATION_TANH:
        return tanh_of(x);
    case ACTIVATION_SIGMOID:
        return sigmoid(x);
    }
    return x;
}

#endif
