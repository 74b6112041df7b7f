/* Numbers out of unaligned, untrusted bytes, and products that may not fit. */
#ifndef BYTES_H
#define BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint16_t load_u16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}
static inline uint32_t load_u32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t load_u64(const uint8_t *p) {
    return (uint64_t)load_u32(p) | (uint64_t)load_u32(p + 4) << 32;
}
static inline float load_f32(const uint8_t *p) {
    union {
        uint32_t bits;
        float value;
    } u = {load_u32(p)};
    return u.value;
}

/* False if the product does not fit. */
static inline bool multiply(uint64_t a, uint64_t b, uint64_t *product) {
    return !__builtin_mul_overflow(a, b, product);
}
static inline bool product_of(const uint64_t *factors, size_t n, uint64_t *product) {
    *product = 1;
    /* A zero later on does not excuse an overflow before it: order must not matter. */
    for (size_t i = 0; i < n; i++)
        if (factors[i] != 0 && !multiply(*product, factors[i], product)) return false;
    for (size_t i = 0; i < n; i++)
        if (factors[i] == 0) *product = 0;
    return true;
}

#endif
