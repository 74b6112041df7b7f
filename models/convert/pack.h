/* Weights into the file: rows of floats into panels of tiles (engine/kernels/matrix.h). */
#ifndef PACK_H
#define PACK_H

#include "engine/kernels/matrix.h"

/* The greatest magnitude that the f16 scales of Q4_0 are good for. */
#define Q4_0_MAX (8 * 65504.0f)

/* What a packed matrix takes; int8 has scale and sum tensors besides. */
size_t packed_bytes(enum dtype type, size_t n_out, size_t n_in);

/* Packs up to 16 rows [n_rows][n_in] into one panel of `out` (packed_bytes(type, 16, n_in) bytes).
 * int8: scale[r] is what was used (fixed_scale[r], or max|w| / 127 where that is 0 or the pointer
 * is NULL) and sum[r] the sum of the row's q. Q4_0: each group of 32 inputs gets the scale, of many,
 * that leaves the least squared error. */
void pack_panel(enum dtype type, const float *rows, size_t n_rows, size_t n_in,
                const float *fixed_scale, uint8_t *out, float *scale, int32_t *sum);

#endif
