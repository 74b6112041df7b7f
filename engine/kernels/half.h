/* Floats of 16 bits: IEEE 754 halves, and bf16, the upper half of a float. */
#ifndef HALF_H
#define HALF_H

#include <stdint.h>

float half_to_float(uint16_t half);
static inline float bf16_to_float(uint16_t bits) {
    union {
        uint32_t u;
        float f;
    } value = {(uint32_t)bits << 16};
    return value.f;
}
uint16_t float_to_half(float value); /* to nearest, ties to even */
static inline uint16_t float_to_bf16(float value) {
    union {
        float f;
        uint32_t u;
    } bits = {value};
    if ((bits.u & 0x7fffffff) > 0x7f800000) return (uint16_t)((bits.u >> 16) | 0x40); /* NaN */
    return (uint16_t)((bits.u + 0x7fff + ((bits.u >> 16) & 1)) >> 16);
}

#endif
