/* AVX-512 with VNNI. */
#include "engine/kernels/levels.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) &&                      \
    defined(__AVX512VL__) && defined(__AVX512VNNI__)
#include "engine/kernels/avx512.h"

#define LEVEL_NAME "avx512"
#define LEVEL_MATMUL matmul_vectors
#include "engine/kernels/vector_body.h"

const struct kernels *const level_avx512 = &level_table;
#else
const struct kernels *const level_avx512 = NULL;
#endif
