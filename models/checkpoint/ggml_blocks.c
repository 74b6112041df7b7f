#include "models/checkpoint/ggml_blocks.h"

#include "engine/bytes.h"
#include "engine/kernels/matrix.h"

#include <math.h>

enum ggml_type {
    Q4_0 = 2,
    Q4_1 = 3,
    Q5_0 = 6,
    Q5_1 = 7,
    Q2_K = 10,
    Q3_K = 11,
    Q4_K = 12,
    Q5_K = 13,
    Q6_K = 14,
    IQ4_NL = 20,
    IQ4_XS = 23,
    TQ1_0 = 34,
    TQ2_0 = 35,
    MXFP4 = 39,
};

static float load_half(const uint8_t *bytes) {
    return half_to_float(load_u16(bytes));
}

/* ---- 32 values: a scale, perhaps a minimum, perhaps fifth bits, 4 bits of each --------------- */

struct small_block {
    float scale, minimum;
    uint32_t fifth_bits;
    const uint8_t *nibbles; /* low ones: values 0 to 15; high ones: 16 to 31 */
};

static void decode_small(const struct small_block *block, int zero, float *out) {
    for (int i = 0; i < 32; i++) {
        int nibble = i < 16 ? block->nibbles[i] & 15 : block->nibbles[i - 16] >> 4;
        int value = nibble | (int)(block->fifth_bits >> i & 1) << 4;
        out[i] = (float)(value - zero) * block->scale + block->minimum;
    }
}

/* ---- 256 values in eight runs, each with a scale and a minimum of 6 bits --------------------- */

/* Twelve bytes hold eight of either: the first four in the low bits, the upper two bits of the last
 * four above them. */
static void load_scale(const uint8_t *packed, int run, int *scale, int *minimum) {
    if (run < 4) {
        *scale = packed[run] & 63;
        *minimum = packed[run + 4] & 63;
    } else {
        *scale = (packed[run + 4] & 15) | (packed[run - 4] >> 6) << 4;
        *minimum = (packed[run + 4] >> 4) | (packed[run] >> 6) << 4;
    }
}

/* Two runs share 32 bytes: low and high nibbles. `fifth` (or NULL): bit `run` of each byte. */
static void decode_runs(const uint8_t *block, const uint8_t *fifth, const uint8_t *nibbles,
                        float *out) {
    float scale_unit = load_half(block), minimum_unit = load_half(block + 2);
    for (int run = 0; run < 8; run++) {
        int scale, minimum;
        load_scale(block + 4, run, &scale, &minimum);
        float step = scale_unit * (float)scale, offset = minimum_unit * (float)minimum;
        for (int i = 0; i < 32; i++) {
            uint8_t both = nibbles[run / 2 * 32 + i];
            int value = run % 2 ? both >> 4 : both & 15;
            if (fifth) value |= (fifth[i] >> run & 1) << 4;
            out[run * 32 + i] = step * (float)value - offset;
        }
    }
}

/* ---- 256 values of 6 bits, in 16 runs with a signed scale each ------------------------------- */

static void decode_q6_k(const uint8_t *block, float *out) {
    const uint8_t *low = block, *high = block + 128;
    const int8_t *scales = (const int8_t *)block + 192;
    float unit = load_half(block + 208);
    for (int i = 0; i < 256; i++) {
        int half = i / 128, quarter = i % 128 / 32, column = i % 32;
        uint8_t nibbles = low[half * 64 + quarter % 2 * 32 + column];
        int bits = high[half * 32 + column] >> (2 * quarter) & 3;
        int value = ((quarter < 2 ? nibbles & 15 : nibbles >> 4) | bits << 4) - 32;
        out[i] = unit * (float)scales[i / 16] * (float)value;
    }
}

/* ---- 256 values of 2 or 3 bits, in 16 runs with a scale each --------------------------------- */

/* Four values share a byte: 32 bytes hold 128 values. */
static int two_bits(const uint8_t *packed, int i) {
    return packed[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
}

static void decode_q2_k(const uint8_t *block, float *out) {
    const uint8_t *scales = block, *values = block + 16;
    float scale_unit = load_half(block + 80), minimum_unit = load_half(block + 82);
    for (int i = 0; i < 256; i++) {
        uint8_t both = scales[i / 16];
        float step = scale_unit * (float)(both & 15), offset = minimum_unit * (float)(both >> 4);
        out[i] = step * (float)two_bits(values, i) - offset;
    }
}

/* Sixteen scales of 6 bits in 12 bytes: low nibbles, high nibbles, and then the upper bits. */
static int load_scale_of_16(const uint8_t *packed, int run) {
    int low = run < 8 ? packed[run] & 15 : packed[run - 8] >> 4;
    return low | (packed[8 + run % 4] >> (2 * (run / 4)) & 3) << 4;
}

/* The third bit stands apart, and says that nothing is taken away. */
static void decode_q3_k(const uint8_t *block, float *out) {
    const uint8_t *third = block, *values = block + 32, *scales = block + 96;
    float unit = load_half(block + 108);
    for (int i = 0; i < 256; i++) {
        int scale = load_scale_of_16(scales, i / 16) - 32;
        int value = two_bits(values, i) - (third[i % 32] >> (i / 32) & 1 ? 0 : 4);
        out[i] = unit * (float)scale * (float)value;
    }
}

/* ---- nibbles that number the values of a table ----------------------------------------------- */

static const int8_t uneven_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                         1,    13,   25,  38,  53,  69,  89,  113};
/* Floats of 4 bits, doubled. */
static const int8_t float_values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

static void decode_table(const int8_t *table, float scale, const uint8_t *nibbles, float *out) {
    for (int i = 0; i < 16; i++) {
        out[i] = scale * (float)table[nibbles[i] & 15];
        out[i + 16] = scale * (float)table[nibbles[i] >> 4];
    }
}

/* Eight runs of 32, with scales of 6 bits. */
static void decode_iq4_xs(const uint8_t *block, float *out) {
    const uint8_t *low = block + 4, *nibbles = block + 8;
    float unit = load_half(block);
    for (int run = 0; run < 8; run++) {
        int scale = (low[run / 2] >> (4 * (run % 2)) & 15) | (load_u16(block + 2) >> (2 * run) & 3)
                                                                 << 4;
        decode_table(uneven_values, unit * (float)(scale - 32), nibbles + 16 * run, out + 32 * run);
    }
}

/* ---- 256 values of -1, 0 and 1 --------------------------------------------------------------- */

static void decode_tq2_0(const uint8_t *block, float *out) {
    float unit = load_half(block + 64);
    for (int i = 0; i < 256; i++) out[i] = (float)(two_bits(block, i) - 1) * unit;
}

/* A byte is a fraction of 256 whose first five digits to the base of three are values: digit d of
 * `n` bytes, then the next digit. */
static float *decode_thirds(const uint8_t *bytes, int n, int digits, float unit, float *out) {
    static const uint8_t powers[] = {1, 3, 9, 27, 81};
    for (int d = 0; d < digits; d++)
        for (int i = 0; i < n; i++) {
            uint8_t rest = (uint8_t)(bytes[i] * powers[d]);
            *out++ = (float)((rest * 3 >> 8) - 1) * unit;
        }
    return out;
}

static void decode_tq1_0(const uint8_t *block, float *out) {
    float unit = load_half(block + 52);
    out = decode_thirds(block, 32, 5, unit, out);
    out = decode_thirds(block + 32, 16, 5, unit, out);
    decode_thirds(block + 48, 4, 4, unit, out);
}

/* ---- all ------------------------------------------------------------------------------------- */

bool ggml_can_decode(uint32_t type) {
    static const uint8_t types[] = {Q4_0, Q4_1, Q5_0,   Q5_1,   Q2_K,  Q3_K,  Q4_K,
                                    Q5_K, Q6_K, IQ4_NL, IQ4_XS, TQ1_0, TQ2_0, MXFP4};
    for (size_t i = 0; i < sizeof types; i++)
        if (types[i] == type) return true;
    return false;
}

void ggml_decode_block(uint32_t type, const uint8_t *block, float *out) {
    switch (type) {
    case Q4_0:
        decode_small(&(struct small_block){load_half(block), 0, 0, block + 2}, 8, out);
        break;
    case Q4_1:
        decode_small(&(struct small_block){load_half(block), load_half(block + 2), 0, block + 4}, 0,
                     out);
        break;
    case Q5_0:
        decode_small(&(struct small_block){load_half(block), 0, load_u32(block + 2), block + 6}, 16,
                     out);
        break;
    case Q5_1:
        decode_small(&(struct small_block){load_half(block), load_half(block + 2),
                                           load_u32(block + 4), block + 8},
                     0, out);
        break;
    case Q4_K:
        decode_runs(block, NULL, block + 16, out);
        break;
    case Q5_K:
        decode_runs(block, block + 16, block + 48, out);
        break;
    case Q2_K:
        decode_q2_k(block, out);
        break;
    case Q3_K:
        decode_q3_k(block, out);
        break;
    case Q6_K:
        decode_q6_k(block, out);
        break;
    case IQ4_NL:
        decode_table(uneven_values, load_half(block), block + 2, out);
        break;
    case IQ4_XS:
        decode_iq4_xs(block, out);
        break;
    case TQ1_0:
        decode_tq1_0(block, out);
        break;
    case TQ2_0:
        decode_tq2_0(block, out);
        break;
    case MXFP4:
        decode_table(float_values, ldexpf(1, block[0] - 128), block + 1, out);
        break;
    default:
        break;
    }
}
