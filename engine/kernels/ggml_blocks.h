/* ggml's block formats besides Q8_0, as llama.cpp writes them: rows of weights that share scales. */
#ifndef GGML_BLOCKS_H
#define GGML_BLOCKS_H

#include "engine/kernels/matrix.h"

enum {
    GGML_LONGEST_BLOCK = 256,
    /* bytes of the blocks that kernels know, too */
    Q4_0_BYTES = 18,
    Q4_1_BYTES = 20,
    Q4_K_BYTES = 144,
    Q5_K_BYTES = 176,
    Q6_K_BYTES = 210,
};

/* By ggml's number: Q4_0 to Q5_1, Q2_K to Q6_K, IQ4_NL, IQ4_XS, TQ1_0, TQ2_0 and MXFP4. The other IQ
 * types number rows of large tables, which tolka does not have. */
bool ggml_can_decode(uint32_t type);
const char *ggml_block_name(uint32_t type); /* "q4_k" */
/* Of n weights, in whole blocks; 0 for a type that cannot be decoded. */
size_t ggml_blocks_bytes(uint32_t type, size_t n);
/* n weights, whole blocks of them that stand at any address. */
void ggml_decode(uint32_t type, const uint8_t *blocks, size_t n, float *out);

/* Of Q4_K and Q5_K: twelve bytes hold a scale and a minimum of 6 bits for each of eight runs: the
 * first four in the low bits, the upper two bits of the last four above them. */
static inline void ggml_run_scale(const uint8_t *packed, int run, int *scale, int *minimum) {
    if (run < 4) {
        *scale = packed[run] & 63;
        *minimum = packed[run + 4] & 63;
    } else {
        *scale = (packed[run + 4] & 15) | (packed[run - 4] >> 6) << 4;
        *minimum = (packed[run + 4] >> 4) | (packed[run] >> 6) << 4;
    }
}

#endif
