/* 64-bit ARM with int8 matrix products (I8MM: in most processors from ARMv8.6 on). smmla multiplies
 * 8 inputs of two rows by 8 weights of two outputs: 32 multiply-adds, twice what a dot product does. */
#include "engine/kernels/levels.h"

#if defined(__aarch64__) && defined(__ARM_FEATURE_MATMUL_INT8) && defined(__ARM_FEATURE_DOTPROD)
#include "engine/kernels/neon_pairs.h"

static void matmul_pairs(const struct matmul *p) {
    if (takes_pairs_of_int8(p))
        pairs_of(DTYPE_I8, p);
    else
        matmul_vectors(p);
}

#define LEVEL_NAME "neon_i8mm"
#define LEVEL_MATMUL matmul_pairs
#include "engine/kernels/vector_body.h"

const struct kernels *const level_neon_i8mm = &level_table;
#else
const struct kernels *const level_neon_i8mm = NULL;
#endif
