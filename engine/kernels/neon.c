/* 64-bit ARM. */
#include "engine/kernels/levels.h"

#if defined(__aarch64__)
#include "engine/kernels/neon.h"

#define LEVEL_NAME "neon"
#define LEVEL_MATMUL matmul_vectors
#include "engine/kernels/vector_body.h"

const struct kernels *const level_neon = &level_table;
#else
const struct kernels *const level_neon = NULL;
#endif
