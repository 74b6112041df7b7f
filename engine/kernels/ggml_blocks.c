#include "engine/kernels/ggml_blocks.h"

#include <math.h>
#include <string.h>

static uint16_t load_u16(const uint8_t *bytes) {
    uint16_t bits;
    memcpy(&bits, bytes, sizeof bits);
    return bits;
}

static uint32_t load_u32(const uint8_t *bytes) {
    uint32_t bits;
    memcpy(&bits, bytes, sizeof bits);
    return bits;
}

static float load_half(const uint8_t *bytes) {
    return half_to_float(load_u16(bytes));
}

/* ---- 32 values: a scale, perhaps a minimum, perhaps fifth bits, 4 bits of each --------------- */

struct small_block {
    float scale, minimum;
    uint32_t fifth_bits;
    const uint8_t *nibbles; /* low ones: values 0 to 15; high ones: 16 to 31 */
};

static void decode_small(struct small_block small, int zero, float *out) {
    for (int i = 0; i < 32; i++) {
        int nibble = i < 16 ? small.nibbles[i] & 15 : small.nibbles[i - 16] >> 4;
        int value = nibble | (int)(small.fifth_bits >> i & 1) << 4;
        out[i] = (float)(value - zero) * small.scale + small.minimum;
    }
}

static void decode_q4_0(const uint8_t *block, float *out) {
    decode_small((struct small_block){load_half(block), 0, 0, block + 2}, 8, out);
}
static void decode_q4_1(const uint8_t *block, float *out) {
    decode_small((struct small_block){load_half(block), load_half(block + 2), 0, block + 4}, 0,
                 out);
}
static void decode_q5_0(const uint8_t *block, float *out) {
    decode_small((struct small_block){load_half(block), 0, load_u32(block + 2), block + 6}, 16,
                 out);
}
static void decode_q5_1(const uint8_t *block, float *out) {
    struct small_block small = {load_half(block), load_half(block + 2), load_u32(block + 4),
                                block + 8};
    decode_small(small, 0, out);
}

/* ---- 256 values in eight runs, each with a scale and a minimum of 6 bits --------------------- */

/* Two runs share 32 bytes: low and high nibbles. `fifth` (or NULL): bit `run` of each byte. */
static void decode_runs(const uint8_t *block, const uint8_t *fifth, const uint8_t *nibbles,
                        float *out) {
    float scale_unit = load_half(block), minimum_unit = load_half(block + 2);
    for (int run = 0; run < 8; run++) {
        int scale, minimum;
        ggml_run_scale(block + 4, run, &scale, &minimum);
        float step = scale_unit * (float)scale, offset = minimum_unit * (float)minimum;
        for (int i = 0; i < 32; i++) {
            uint8_t both = nibbles[run / 2 * 32 + i];
            int value = run % 2 ? both >> 4 : both & 15;
            if (fifth) value |= (fifth[i] >> run & 1) << 4;
            out[run * 32 + i] = step * (float)value - offset;
        }
    }
}

static void decode_q4_k(const uint8_t *block, float *out) {
    decode_runs(block, NULL, block + 16, out);
}
static void decode_q5_k(const uint8_t *block, float *out) {
    decode_runs(block, block + 16, block + 48, out);
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

static void decode_iq4_nl(const uint8_t *block, float *out) {
    decode_table(uneven_values, load_half(block), block + 2, out);
}

static void decode_mxfp4(const uint8_t *block, float *out) {
    decode_table(float_values, ldexpf(1, block[0] - 128), block + 1, out);
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

static const struct block_type {
    enum dtype type;
    const char *name;
    size_t inputs, bytes;
    void (*decode)(const uint8_t *block, float *out);
} block_types[] = {
    {DTYPE_Q4_0, "q4_0", 32, Q4_0_BYTES, decode_q4_0},
    {DTYPE_Q4_1, "q4_1", 32, Q4_1_BYTES, decode_q4_1},
    {DTYPE_Q5_0, "q5_0", 32, 22, decode_q5_0},
    {DTYPE_Q5_1, "q5_1", 32, 24, decode_q5_1},
    {DTYPE_Q2_K, "q2_k", 256, 84, decode_q2_k},
    {DTYPE_Q3_K, "q3_k", 256, 110, decode_q3_k},
    {DTYPE_Q4_K, "q4_k", 256, Q4_K_BYTES, decode_q4_k},
    {DTYPE_Q5_K, "q5_k", 256, Q5_K_BYTES, decode_q5_k},
    {DTYPE_Q6_K, "q6_k", 256, Q6_K_BYTES, decode_q6_k},
    {DTYPE_IQ4_NL, "iq4_nl", 32, 18, decode_iq4_nl},
    {DTYPE_IQ4_XS, "iq4_xs", 256, 136, decode_iq4_xs},
    {DTYPE_TQ1_0, "tq1_0", 256, 54, decode_tq1_0},
    {DTYPE_TQ2_0, "tq2_0", 256, 66, decode_tq2_0},
    {DTYPE_MXFP4, "mxfp4", 32, 17, decode_mxfp4},
};

static const struct block_type *find_type(uint32_t type) {
    for (size_t i = 0; i < sizeof block_types / sizeof *block_types; i++)
        if (block_types[i].type == type) return &block_types[i];
    return NULL;
}

bool ggml_can_decode(uint32_t type) {
    return find_type(type) != NULL;
}

const char *ggml_block_name(uint32_t type) {
    const struct block_type *found = find_type(type);
    return found ? found->name : "unknown";
}

size_t ggml_blocks_bytes(uint32_t type, size_t n) {
    const struct block_type *found = find_type(type);
    return found ? (n + found->inputs - 1) / found->inputs * found->bytes : 0;
}

void ggml_decode(uint32_t type, const uint8_t *blocks, size_t n, float *out) {
    const struct block_type *found = find_type(type);
    for (size_t i = 0; found && i < n; i += found->inputs, blocks += found->bytes)
        found->decode(blocks, out + i);
}
