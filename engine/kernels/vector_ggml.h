/* The blocks that llama.cpp's files mostly have, decoded by vectors: bit for bit what ggml_blocks.c
 * makes of them, which has all others. */
#ifndef VECTOR_GGML_H
#define VECTOR_GGML_H

#include "engine/kernels/ggml_blocks.h"
#include "engine/kernels/vector_math.h"

/* n bytes with two weights each, the high halves `distance` places behind the low ones:
 * q * scale + offset. */
INLINE void decode_halves(const uint8_t *p, size_t n, size_t distance, const vec scale[2],
                          const vec offset[2], float *out) {
    for (size_t i = 0; i < n; i += LANES) {
        ivec both = load_small(p + i);
        store(out + i, add(mul(to_float(low_bits(both, 4)), scale[0]), offset[0]));
        store(out + distance + i, add(mul(to_float(shift_right(both, 4)), scale[1]), offset[1]));
    }
}

/* (q - 8) * scale; the product with 8 is exact. */
INLINE void decode_q4_0(const uint8_t *block, float *out) {
    vec scale = splat_half(block), zero = splat(8);
    for (size_t i = 0; i < 16; i += LANES) {
        ivec both = load_small(block + 2 + i);
        store(out + i, mul(sub(to_float(low_bits(both, 4)), zero), scale));
        store(out + 16 + i, mul(sub(to_float(shift_right(both, 4)), zero), scale));
    }
}

INLINE void decode_q4_1(const uint8_t *block, float *out) {
    vec scale = splat_half(block), minimum = splat_half(block + 2);
    decode_halves(block + 4, 16, 16, (const vec[]){scale, scale}, (const vec[]){minimum, minimum},
                  out);
}

/* What the weights of a run are multiplied with, and what is added. */
struct run_scale {
    vec scale, offset;
};

INLINE struct run_scale run_scale(const uint8_t *block, int run) {
    int units, minimum_units;
    ggml_run_scale(block + 4, run, &units, &minimum_units);
    return (struct run_scale){mul(splat_half(block), splat((float)units)),
                              mul(splat_half(block + 2), splat(-(float)minimum_units))};
}

INLINE void decode_q4_k(const uint8_t *block, float *out) {
    for (int run = 0; run < 8; run += 2) {
        struct run_scale a = run_scale(block, run), b = run_scale(block, run + 1);
        decode_halves(block + 16 + run * 16, 32, 32, (const vec[]){a.scale, b.scale},
                      (const vec[]){a.offset, b.offset}, out + run * 32);
    }
}

/* Bit `run` of 32 bytes is the fifth of a run's weights. */
INLINE void decode_q5_k(const uint8_t *block, float *out) {
    for (int run = 0; run < 8; run++) {
        const uint8_t *nibbles = block + 48 + run / 2 * 32;
        struct run_scale by = run_scale(block, run);
        for (size_t i = 0; i < 32; i += LANES) {
            ivec low = low_bits(shift_right(load_small(nibbles + i), run % 2 * 4), 4);
            ivec fifth = low_bits(shift_right(load_small(block + 16 + i), run), 1);
            vec value = madd(to_float(fifth), splat(16), to_float(low)); /* whole numbers: exact */
            store(out + run * 32 + i, add(mul(value, by.scale), by.offset));
        }
    }
}

/* Of 128 weights, in quarters of 32: 4 bits in the halves of 64 bytes, 2 in the quarters of 32. */
INLINE void decode_q6_half(const uint8_t *low, const uint8_t *high, const int8_t *scales, vec unit,
                           float *out) {
    for (size_t i = 0; i < 32; i += LANES) {
        ivec lows[2] = {load_small(low + i), load_small(low + 32 + i)};
        ivec highs = load_small(high + i);
        UNROLL
        for (int quarter = 0; quarter < 4; quarter++) {
            vec four = to_float(low_bits(shift_right(lows[quarter % 2], quarter / 2 * 4), 4));
            vec two = to_float(low_bits(shift_right(highs, 2 * quarter), 2));
            vec value = sub(madd(two, splat(16), four), splat(32));
            vec scale = mul(unit, splat((float)scales[quarter * 2 + (int)(i / 16)]));
            store(out + quarter * 32 + i, mul(scale, value));
        }
    }
}

INLINE void decode_q6_k(const uint8_t *block, float *out) {
    const int8_t *scales = (const int8_t *)block + 192;
    vec unit = splat_half(block + 208);
    decode_q6_half(block, block + 128, scales, unit, out);
    decode_q6_half(block + 64, block + 160, scales + 8, unit, out + 128);
}

static void decode_blocks(enum dtype type, const uint8_t *blocks, size_t n, float *out) {
    switch (type) {
    case DTYPE_Q4_0:
        for (size_t i = 0; i < n; i += 32, blocks += Q4_0_BYTES) decode_q4_0(blocks, out + i);
        break;
    case DTYPE_Q4_1:
        for (size_t i = 0; i < n; i += 32, blocks += Q4_1_BYTES) decode_q4_1(blocks, out + i);
        break;
    case DTYPE_Q4_K:
        for (size_t i = 0; i < n; i += 256, blocks += Q4_K_BYTES) decode_q4_k(blocks, out + i);
        break;
    case DTYPE_Q5_K:
        for (size_t i = 0; i < n; i += 256, blocks += Q5_K_BYTES) decode_q5_k(blocks, out + i);
        break;
    case DTYPE_Q6_K:
        for (size_t i = 0; i < n; i += 256, blocks += Q6_K_BYTES) decode_q6_k(blocks, out + i);
        break;
    default:
        ggml_decode(type, blocks, n, out);
        break;
    }
}

#endif
