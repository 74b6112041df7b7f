/* 64-bit ARM. */
#include "levels.h"

#if defined(__aarch64__)
#include "neon.h"

#define LEVEL_NAME "neon"
#define LEVEL_MATMUL matmul_vectors
#include "vector_body.h"

const struct kernels *const level_neon = &level_table;
#else
const struct kernels *const level_neon = NULL;
#endif
