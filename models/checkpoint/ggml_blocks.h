/* ggml's block formats besides Q8_0: weights that can be converted, though not computed with. */
#ifndef GGML_BLOCKS_H
#define GGML_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

enum { GGML_LONGEST_BLOCK = 256 };

/* Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K and Q6_K, by ggml's number. Block sizes are gguf_block's. */
bool ggml_can_decode(uint32_t type);
/* One block at any address; `out` has room for GGML_LONGEST_BLOCK. */
void ggml_decode_block(uint32_t type, const uint8_t *block, float *out);

#endif
