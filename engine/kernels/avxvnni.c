/* AVX-VNNI: AVX2, and the product of four bytes that AVX-512 has, in lanes of 256 bits. */
#include "engine/kernels/levels.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__) && defined(__AVXVNNI__)
#include "engine/kernels/avx2.h"

/* vpdpbusd multiplies unsigned by signed bytes: inputs are stored with 128 added. */
enum { INPUT_OFFSET = 128, INPUT_BYTES = 1 };

INLINE void store_inputs(int8_t *p, vec v) {
    __m128i offset = _mm_set1_epi8((char)INPUT_OFFSET);
    _mm_storel_epi64((__m128i *)p, _mm_xor_si128(narrow_bytes(v), offset));
}
INLINE ivec splat_inputs(const int8_t *p) {
    return splat_bytes(p);
}
INLINE ivec dot4(ivec sums, ivec inputs, ivec weights) {
    return _mm256_dpbusd_avx_epi32(sums, inputs, weights);
}
INLINE ivec begin_halves(int32_t start) {
    return _mm256_set1_epi32(start);
}
INLINE ivec dot_halves(ivec sums, const int8_t *p, ivec weights) {
    return _mm256_dpbusd_avx_epi32(sums, weights, splat_bytes(p));
}
INLINE ivec end_halves(ivec sums, int32_t start) {
    (void)start;
    return sums;
}

#define LEVEL_NAME "avxvnni"
#define LEVEL_MATMUL matmul_vectors
#include "engine/kernels/vector_body.h"

const struct kernels *const level_avxvnni = &level_table;
#else
const struct kernels *const level_avxvnni = NULL;
#endif
