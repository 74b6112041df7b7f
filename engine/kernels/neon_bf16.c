/* 64-bit ARM with matrix products of int8 and of bf16 (BF16: in most processors from ARMv8.6 on).
 * bfmmla multiplies 4 inputs of two rows by 4 weights of two outputs: 16 multiply-adds, four times
 * what one of floats does. It rounds as no other instruction does, so that bf16 takes it at any number
 * of rows: a single one is paired with itself. */
#include "engine/kernels/levels.h"

#if defined(__aarch64__) && defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC) &&                       \
    defined(__ARM_FEATURE_MATMUL_INT8) && defined(__ARM_FEATURE_DOTPROD)
#include "engine/kernels/neon_pairs.h"

static void pairs_int8(const struct matmul *p) {
    pairs_of(DTYPE_I8, p);
}
static void pairs_bf16(const struct matmul *p) {
    pairs_of(DTYPE_BF16, p);
}

static void matmul_pairs(const struct matmul *p) {
    if (takes_pairs_of_int8(p))
        pairs_int8(p);
    else if (p->w->layout == LAYOUT_PANELS && p->w->type == DTYPE_BF16)
        pairs_bf16(p);
    else
        matmul_vectors(p);
}

#define LEVEL_NAME "neon_bf16"
#define LEVEL_MATMUL matmul_pairs
#include "engine/kernels/vector_body.h"

const struct kernels *const level_neon_bf16 = &level_table;
#else
const struct kernels *const level_neon_bf16 = NULL;
#endif
