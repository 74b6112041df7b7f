/* What the kernel tests share. */
#ifndef CHECK_KERNELS_H
#define CHECK_KERNELS_H

#include "engine/kernels/kernels.h"
#include "tests/panels.h"

#include <check.h>

/* Level `i` of those that are compared with scalar. */
const struct kernels *tested_level(int i);
int tested_levels(void);

/* n floats in [-1, 1) that follow from the seed; guarded, freed by free_floats. */
float *random_floats(size_t n, uint32_t seed);
float *new_floats(size_t n);
void free_floats(float *floats, size_t n);

/* Fails unless |a - b| <= absolute + relative * |b| everywhere (or both are NaN). */
void check_close(const char *what, const float *a, const float *b, size_t n, float absolute,
                 float relative);
void check_same(const char *what, const float *a, const float *b, size_t n);

TCase *matmul_case(void);
TCase *attention_case(void);
TCase *ggml_blocks_case(void);
Suite *kernels_suite(void);

#endif
