/* Products with llama.cpp's blocks: every level decodes them to the same bits as matrix_read_row, whose
 * values suite t5_families compares with gguf-py's; and a row's bits do not depend on others. */
#include "engine/kernels/ggml_blocks.h"
#include "tests/check_kernels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N_IN = 768, N_OUT = 37, MOST_ROWS = 21 };

static const enum dtype types[] = {DTYPE_Q4_0,  DTYPE_Q4_1,  DTYPE_Q5_0,   DTYPE_Q5_1,
                                   DTYPE_Q8_0,  DTYPE_Q2_K,  DTYPE_Q3_K,   DTYPE_Q4_K,
                                   DTYPE_Q5_K,  DTYPE_Q6_K,  DTYPE_IQ4_NL, DTYPE_IQ4_XS,
                                   DTYPE_TQ1_0, DTYPE_TQ2_0, DTYPE_MXFP4};
enum { N_TYPES = sizeof types / sizeof *types };

/* Bytes that no half of which is infinite, or no number. */
static struct matrix make_matrix(enum dtype type, uint8_t **data, size_t *n_bytes) {
    uint32_t state = 5 + (uint32_t)type;
    *n_bytes = N_OUT * matrix_row_bytes(type, N_IN);
    *data = guarded_new(*n_bytes);
    for (size_t i = 0; i < *n_bytes; i++) {
        state = state * 1664525 + 1013904223;
        (*data)[i] = (state >> 24) & 0xbb;
    }
    return (struct matrix){
        .type = type, .layout = LAYOUT_ROWS, .n_in = N_IN, .n_out = N_OUT, .data = *data};
}

static void multiply(const struct kernels *level, const struct matrix *w, const float *x,
                     size_t n_rows, size_t first, size_t n, float *y) {
    level->matmul(&(struct matmul){.w = w,
                                   .x = x,
                                   .x_stride = N_IN,
                                   .n_rows = n_rows,
                                   .first_output = first,
                                   .n_outputs = n,
                                   .y = y,
                                   .y_stride = N_OUT});
}

static const struct kernels *level_of(int i) {
    return i / N_TYPES < tested_levels() ? tested_level(i / N_TYPES) : kernels_scalar();
}

/* One input of 1 among zeros picks a weight. */
START_TEST(weights_are_those_that_are_read) {
    const struct kernels *level = level_of(_i);
    uint8_t *data;
    size_t n_bytes;
    struct matrix w = make_matrix(types[_i % N_TYPES], &data, &n_bytes);
    float *x = new_floats(N_IN), *y = new_floats(N_OUT);
    bool varies = false;
    for (size_t o = 0; o < N_OUT; o++)
        for (size_t i = o % 3; i < N_IN; i += 3) {
            float row[N_IN];
            memset(x, 0, N_IN * sizeof *x);
            x[i] = 1;
            matrix_read_row(&w, o, row);
            multiply(level, &w, x, 1, o, 1, y);
            ck_assert_msg(y[o] == row[i] && isfinite(row[i]),
                          "%s %s: output %zu input %zu: %g, not %g", level->name,
                          dtype_name(w.type), o, i, (double)y[o], (double)row[i]);
            varies = varies || row[i] != row[0];
        }
    ck_assert(varies);
    free_floats(x, N_IN);
    free_floats(y, N_OUT);
    guarded_free(data, n_bytes);
}
END_TEST

START_TEST(products_agree_with_doubles) {
    const struct kernels *level = level_of(_i);
    uint8_t *data;
    size_t n_bytes;
    struct matrix w = make_matrix(types[_i % N_TYPES], &data, &n_bytes);
    float *x = random_floats(MOST_ROWS * N_IN, 3), *y = new_floats(MOST_ROWS * N_OUT);
    float row[N_IN], alone[N_OUT];
    for (size_t n_rows = 1; n_rows <= MOST_ROWS; n_rows += 4) {
        multiply(level, &w, x, n_rows, 0, N_OUT, y);
        for (size_t o = 0; o < N_OUT; o++) {
            matrix_read_row(&w, o, row);
            for (size_t r = 0; r < n_rows; r++) {
                double sum = 0, size = 0;
                for (size_t i = 0; i < N_IN; i++) {
                    double product = (double)row[i] * (double)x[r * N_IN + i];
                    sum += product;
                    size += fabs(product);
                }
                ck_assert_double_eq_tol((double)y[r * N_OUT + o], sum, 1e-6 * size + 1e-30);
            }
        }
        multiply(level, &w, x + (n_rows - 1) * N_IN, 1, 0, N_OUT, alone);
        check_same(level->name, y + (n_rows - 1) * N_OUT, alone, N_OUT);
    }
    free_floats(x, MOST_ROWS * N_IN);
    free_floats(y, MOST_ROWS * N_OUT);
    guarded_free(data, n_bytes);
}
END_TEST

TCase *ggml_blocks_case(void) {
    TCase *tcase = tcase_create("ggml_blocks");
    int n = (tested_levels() + 1) * N_TYPES;
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, weights_are_those_that_are_read, 0, n);
    tcase_add_loop_test(tcase, products_agree_with_doubles, 0, n);
    return tcase;
}
