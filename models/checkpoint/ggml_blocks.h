/* ggml's block formats besides Q8_0: weights that can be converted, though not computed with. */
#ifndef GGML_BLOCKS_H
#define GGML_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

enum { GGML_LONGEST_BLOCK = 256 };

/* By ggml's number: Q4_0 to Q5_1, Q2_K to Q6_K, IQ4_NL, IQ4_XS, TQ1_0, TQ2_0 and MXFP4. The other IQ
 * types number rows of large tables, which tolka does not have. Block sizes are gguf_block's. */
bool ggml_can_decode(uint32_t type);
/* One block at any address; `out` has room for GGML_LONGEST_BLOCK. */
void ggml_decode_block(uint32_t type, const uint8_t *block, float *out);

#endif
