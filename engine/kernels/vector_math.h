/* exp and the activations, a vector at a time. */
#ifndef VECTOR_MATH_H
#define VECTOR_MATH_H

#include "kernels.h"

/* exp, within 2 units in the last place: 2^n * exp(r) with |r| <= ln(2) / 2. The coefficients are
 * those of the polynomial with the least greatest relative error on that interval. */
INLINE vec exponential(vec x) {
    x = min(splat(90), max(splat(-104), x)); /* beyond: infinity and 0. NaN stays NaN */
    vec n = round_even(mul(x, splat(1.44269504f)));
    vec r = fnma(n, splat(0x1.62e4p-1f), x); /* ln 2 in two parts: n times the first is exact */
    r = fnma(n, splat(0x1.7f7d1cp-20f), r);
    vec p = splat(EXP_C6);
    p = fma(p, r, splat(EXP_C5));
    p = fma(p, r, splat(EXP_C4));
    p = fma(p, r, splat(EXP_C3));
    p = fma(p, r, splat(EXP_C2));
    p = fma(p, r, splat(1));
    p = fma(p, r, splat(1));
    return scale_exponent(p, n);
}
