#include "engine/kernels/half.h"

#include <string.h>

float half_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = (half >> 10) & 31, mantissa = half & 0x3ff;
    uint32_t bits;
    if (exponent == 31) {
        bits = sign | 0x7f800000 | mantissa << 13 | (mantissa ? 0x400000 : 0); /* NaNs are quiet */
    } else if (exponent != 0) {
        bits = sign | (exponent + 112) << 23 | mantissa << 13;
    } else {
        float magnitude = (float)mantissa * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint16_t float_to_half(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    bits &= 0x7fffffff;
    if (bits > 0x7f800000) return (uint16_t)(sign | 0x7e00 | (bits >> 13 & 0x3ff));
    if (bits >= 0x477ff000) return (uint16_t)(sign | 0x7c00); /* rounds past 65504 */
    uint32_t kept, dropped, halfway;
    if (bits >= 0x38800000) {
        kept = (bits - 0x38000000) >> 13;
        dropped = bits & 0x1fff;
        halfway = 0x1000;
    } else { /* subnormal: a multiple of 2^-24 */
        uint32_t shift = 126 - (bits >> 23);
        if (shift > 24) return sign;
        uint32_t mantissa = (bits & 0x7fffff) | 0x800000;
        kept = mantissa >> shift;
        dropped = mantissa & ((1u << shift) - 1);
        halfway = 1u << (shift - 1);
    }
    kept += dropped > halfway || (dropped == halfway && (kept & 1));
    return (uint16_t)(sign | kept);
}
