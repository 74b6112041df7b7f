#include "models/checkpoint/ggml_blocks.h"

#include "engine/bytes.h"
#include "engine/kernels/matrix.h"

enum ggml_type { Q4_0 = 2, Q4_1 = 3, Q5_0 = 6, Q5_1 = 7, Q4_K = 12, Q5_K = 13, Q6_K = 14 };

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

/* ---- all ------------------------------------------------------------------------------------- */

bool ggml_can_decode(uint32_t type) {
    return type == Q4_0 || type == Q4_1 || type == Q5_0 || type == Q5_1 || type == Q4_K ||
           type == Q5_K || type == Q6_K;
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
    case Q6_K:
        decode_q6_k(block, out);
        break;
    default:
        break;
    }
}
