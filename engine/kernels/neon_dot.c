/* 64-bit ARM with the dot product instructions (from ARMv8.2 on). */
#include "engine/kernels/levels.h"

#if defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD)
#include "engine/kernels/neon.h"

#define LEVEL_NAME "neon"
#define LEVEL_MATMUL matmul_vectors
#include "engine/kernels/vector_body.h"

const struct kernels *const level_neon_dot = &level_table;
#else
const struct kernels *const level_neon_dot = NULL;
#endif
