/* Matrix products: every level against scalar, and scalar against sums in double. */
#include "tests/check_kernels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct kind {
    enum dtype type;
    enum layout layout;
};

static const struct kind kinds[] = {
    {DTYPE_I8, LAYOUT_PANELS},  {DTYPE_Q4_0, LAYOUT_PANELS}, {DTYPE_F32, LAYOUT_PANELS},
    {DTYPE_F16, LAYOUT_PANELS}, {DTYPE_BF16, LAYOUT_PANELS}, {DTYPE_F32, LAYOUT_ROWS},
    {DTYPE_F16, LAYOUT_ROWS},   {DTYPE_BF16, LAYOUT_ROWS},   {DTYPE_I8, LAYOUT_ROWS},
    {DTYPE_Q8_0, LAYOUT_ROWS},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds, KIND_INT8 = 0, KIND_Q4 = 1 };

/* A product with all its memory, and the same inputs prepared for two levels. */
struct problem {
    struct weights weights;
    size_t n_rows, n_in, n_out;
    float *w, *x, *bias, *residual;
    size_t prepared_stride; /* in elements */
};

static void problem_new(struct problem *p, struct kind kind, size_t n_rows, size_t n_in,
                        size_t n_out) {
    *p = (struct problem){.n_rows = n_rows, .n_in = n_in, .n_out = n_out};
    p->w = random_floats(n_out * n_in, 1);
    p->x = random_floats(n_rows * n_in, 2);
    p->bias = random_floats(n_out, 3);
    p->residual = random_floats(n_rows * n_out, 4);
    p->prepared_stride = padded_inputs(n_in);
    weights_make(&p->weights, kind.type, kind.layout, n_out, n_in, p->w,
                 kind.layout == LAYOUT_ROWS ? n_in % 4 : 0);
}

static void problem_free(struct problem *p) {
    weights_free(&p->weights);
    free_floats(p->w, p->n_out * p->n_in);
    free_floats(p->x, p->n_rows * p->n_in);
    free_floats(p->bias, p->n_out);
    free_floats(p->residual, p->n_rows * p->n_out);
}

/* The part of a problem that is computed, and how. */
struct request {
    size_t first_row, n_rows, first_output, n_outputs;
    enum activation activation;
    bool bias, residual;
};

/* Runs it into y[n_rows][n_out], a row-major matrix of the whole problem. */
static void run(const struct kernels *level, const struct problem *p, struct request request,
                float *y) {
    const struct matrix *w = &p->weights.matrix;
    bool int8 = w->layout == LAYOUT_PANELS && w->type == DTYPE_I8;
    bool bf16 = w->layout == LAYOUT_PANELS && w->type == DTYPE_BF16;
    bool q4 = w->type == DTYPE_Q4_0;
    size_t row = request.first_row, stride = p->prepared_stride * (int8 ? level->input_bytes : 1);
    if (q4) stride = grouped_bytes(p->n_in);
    size_t n_bytes = request.n_rows * stride * (int8 || q4 ? 1 : 2);
    const float *x = p->x + row * p->n_in;
    void *prepared = guarded_new(n_bytes);
    float *scale = new_floats(request.n_rows);
    if (int8) level->quantize(x, p->n_in, request.n_rows, p->n_in, 0, prepared, stride, scale);
    if (q4) level->quantize_groups(x, p->n_in, request.n_rows, p->n_in, prepared, stride, scale);
    if (bf16) level->round_bf16(x, p->n_in, request.n_rows, p->n_in, prepared, stride);
    level->matmul(&(struct matmul){
        .w = w,
        .x = int8 || q4 || bf16 ? prepared : x,
        .x_stride = int8 || q4 || bf16 ? stride : p->n_in,
        .x_scale = scale,
        .n_rows = request.n_rows,
        .first_output = request.first_output,
        .n_outputs = request.n_outputs,
        .bias = request.bias ? p->bias : NULL,
        .residual = request.residual ? p->residual + row * p->n_out : NULL,
        .residual_stride = p->n_out,
        .activation = request.activation,
        .y = y + row * p->n_out,
        .y_stride = p->n_out,
    });
    guarded_free(prepared, n_bytes);
    free_floats(scale, request.n_rows);
}

static struct request everything(const struct problem *p) {
    return (struct request){.n_rows = p->n_rows, .n_outputs = p->n_out};
}

/* int8 sums are exact, and those of Q4_0 have an order, so that only the epilogue rounds; sums of
 * floats differ in order. */
static void compare(const struct problem *p, const char *name, const float *y,
                    const float *expected) {
    const struct matrix *w = &p->weights.matrix;
    bool exact = w->layout == LAYOUT_PANELS && (w->type == DTYPE_I8 || w->type == DTYPE_Q4_0);
    char what[100];
    snprintf(what, sizeof what, "%s %s %s rows %zu in %zu out %zu", name, dtype_name(w->type),
             w->layout == LAYOUT_PANELS ? "panels" : "rows", p->n_rows, p->n_in, p->n_out);
    check_close(what, y, expected, p->n_rows * p->n_out,
                exact ? 1e-6f : 1e-5f + 1e-7f * (float)p->n_in, 1e-6f);
}

static void compare_sizes(struct kind kind, size_t n_rows, size_t n_in, size_t n_out) {
    struct problem p;
    problem_new(&p, kind, n_rows, n_in, n_out);
    float *y = new_floats(n_rows * n_out), *expected = new_floats(n_rows * n_out);
    run(kernels_scalar(), &p, everything(&p), expected);
    for (int i = 0; i < tested_levels(); i++) {
        run(tested_level(i), &p, everything(&p), y);
        compare(&p, tested_level(i)->name, y, expected);
        if (kind.type == DTYPE_Q4_0) check_same("groups in order", y, expected, n_rows * n_out);
    }
    free_floats(y, n_rows * n_out);
    free_floats(expected, n_rows * n_out);
    problem_free(&p);
}

START_TEST(sizes_agree_with_scalar) {
    static const size_t rows[] = {1, 2, 3, 4, 5, 7, 16, 17, 33};
    static const size_t inputs[] = {1, 3, 4, 5, 63, 64, 65, 100, 256, 300};
    static const size_t outputs[] = {1, 15, 16, 17, 100, 256};
    /* int8, Q4_0 and f32 panels are what models are made of: all sizes; of the others a fifth */
    size_t step = _i < 3 ? 1 : 5, n = 0;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
            for (size_t o = 0; o < sizeof outputs / sizeof *outputs; o++)
                if (n++ % step == 0) compare_sizes(kinds[_i], rows[r], inputs[i], outputs[o]);
}
END_TEST

/* More inputs than are decoded or widened at a time, and more rows than share that */
START_TEST(long_rows_agree_with_scalar) {
    for (size_t n_rows = 1; n_rows < 40; n_rows += 6) compare_sizes(kinds[_i], n_rows, 1100, 19);
    compare_sizes(kinds[_i], 199, 1100, 19);
}
END_TEST

/* One row more than 95 times 96: however rows are shared out, each is computed, and none behind. */
START_TEST(many_rows_agree_with_scalar) {
    compare_sizes(kinds[_i], 9121, 5, 3);
}
END_TEST

START_TEST(neighbours_change_no_bit) {
    static const size_t pieces[] = {0, 16, 80, 96, 101};
    const struct kernels *level = tested_level(_i / N_KINDS);
    struct problem p;
    problem_new(&p, kinds[_i % N_KINDS], 70, 131, 101);
    size_t n = p.n_rows * p.n_out;
    float *whole = new_floats(n), *part = new_floats(n);
    struct request request = everything(&p);
    request.bias = request.residual = true;
    request.activation = ACTIVATION_SWISH;
    run(level, &p, request, whole);
    for (size_t n_rows = 1; n_rows < p.n_rows; n_rows += n_rows < 10 ? 1 : 9) {
        memset(part, 0, n * sizeof *part);
        for (size_t r = 0; r < p.n_rows; r += n_rows) {
            request.first_row = r;
            request.n_rows = p.n_rows - r < n_rows ? p.n_rows - r : n_rows;
            run(level, &p, request, part);
        }
        check_same("rows apart", part, whole, n);
    }
    request.first_row = 0;
    request.n_rows = p.n_rows;
    memset(part, 0, n * sizeof *part);
    for (size_t i = 0; i + 1 < sizeof pieces / sizeof *pieces; i++) {
        request.first_output = pieces[i];
        request.n_outputs = pieces[i + 1] - pieces[i];
        run(level, &p, request, part);
    }
    check_same("outputs apart", part, whole, n);
    free_floats(whole, n);
    free_floats(part, n);
    problem_free(&p);
}
END_TEST

START_TEST(only_its_range_is_written) {
    const struct kernels *level = tested_level(_i / N_KINDS);
    struct problem p;
    problem_new(&p, kinds[_i % N_KINDS], 37, 65, 165);
    size_t n = p.n_rows * p.n_out;
    float *y = new_floats(n);
    for (size_t i = 0; i < n; i++) y[i] = 1e30f;
    struct request request = {.first_row = 2, .n_rows = 33, .first_output = 16, .n_outputs = 80};
    run(level, &p, request, y);
    for (size_t r = 0; r < p.n_rows; r++)
        for (size_t o = 0; o < p.n_out; o++) {
            bool inside = r >= 2 && r < 35 && o >= 16 && o < 96;
            if ((y[r * p.n_out + o] == 1e30f) == inside)
                ck_abort_msg("%s: row %zu output %zu", level->name, r, o);
        }
    free_floats(y, n);
    problem_free(&p);
}
END_TEST

START_TEST(activations_agree_with_scalar) {
    const struct kernels *level = tested_level(_i / N_KINDS);
    struct problem p;
    problem_new(&p, kinds[_i % N_KINDS], 19, 200, 45);
    size_t n = p.n_rows * p.n_out;
    float *y = new_floats(n), *expected = new_floats(n);
    struct request request = everything(&p);
    for (int a = ACTIVATION_NONE; a <= ACTIVATION_SIGMOID; a++)
        for (int parts = 0; parts < 4; parts++) {
            request.activation = (enum activation)a;
            request.bias = parts & 1;
            request.residual = parts & 2;
            run(level, &p, request, y);
            run(kernels_scalar(), &p, request, expected);
            compare(&p, level->name, y, expected);
        }
    free_floats(y, n);
    free_floats(expected, n);
    problem_free(&p);
}
END_TEST

/* y += x w: what every residual connection does. */
START_TEST(residual_may_be_y) {
    const struct kernels *level = tested_level(_i / N_KINDS);
    struct problem p;
    problem_new(&p, kinds[_i % N_KINDS], 39, 64, 90);
    size_t n = p.n_rows * p.n_out;
    float *y = new_floats(n);
    struct request request = everything(&p);
    request.residual = true;
    run(level, &p, request, y);
    float *residual = p.residual;
    p.residual = new_floats(n);
    memcpy(p.residual, residual, n * sizeof *residual);
    run(level, &p, request, p.residual);
    check_same("in place", p.residual, y, n);
    free_floats(y, n);
    free_floats(residual, n);
    problem_free(&p);
}
END_TEST

/* Weights of -128 and inputs of +-127 everywhere: the greatest sums there are. */
START_TEST(extreme_bytes_do_not_saturate) {
    const struct kernels *level = tested_level(_i);
    struct problem p;
    problem_new(&p, kinds[KIND_INT8], 20, 256, 32);
    memset(p.weights.data, 0x80, p.weights.data_bytes);
    for (size_t o = 0; o < 32; o++) p.weights.row_sum[o] = -128 * 256;
    for (size_t i = 0; i < p.n_rows * p.n_in; i++) p.x[i] = i / p.n_in % 2 ? 1 : -1;
    size_t n = p.n_rows * p.n_out;
    float *y = new_floats(n), *expected = new_floats(n);
    run(level, &p, everything(&p), y);
    run(kernels_scalar(), &p, everything(&p), expected);
    compare(&p, level->name, y, expected);
    free_floats(y, n);
    free_floats(expected, n);
    problem_free(&p);
}
END_TEST

/* Every q 15 or 0 before 8 is taken off, inputs +-127, of one sign or of both in turn */
START_TEST(extreme_halves_do_not_saturate) {
    static const uint8_t bytes[] = {0x00, 0xff, 0x0f, 0xf0};
    const struct kernels *level = tested_level(_i);
    struct problem p;
    problem_new(&p, kinds[KIND_Q4], 20, 256, 32);
    for (size_t i = 0; i < p.n_rows * p.n_in; i++)
        p.x[i] = i / p.n_in % 3 == 0 ? 1 : i / p.n_in % 3 == 1 ? -1 : i % 2 ? 1 : -1;
    size_t n = p.n_rows * p.n_out;
    float *y = new_floats(n), *expected = new_floats(n);
    for (size_t k = 0; k < sizeof bytes; k++) {
        uint8_t *data = p.weights.data;
        for (size_t at = 0; at < p.weights.data_bytes; at++)
            if (at % Q4_0_STEP_BYTES >= 2 * Q4_0_SCALES) data[at] = bytes[k];
        run(level, &p, everything(&p), y);
        run(kernels_scalar(), &p, everything(&p), expected);
        check_same(level->name, y, expected, n);
    }
    free_floats(y, n);
    free_floats(expected, n);
    problem_free(&p);
}
END_TEST

static float decode(const struct problem *p, size_t o, size_t i) {
    float row[512];
    ck_assert(p->n_in <= 512);
    matrix_read_row(&p->weights.matrix, o, row);
    return row[i];
}

START_TEST(scalar_is_right) {
    static const double tolerance[] = {
        [DTYPE_I8] = 0.1,   [DTYPE_Q4_0] = 0.1,  [DTYPE_F32] = 1e-5,
        [DTYPE_F16] = 1e-5, [DTYPE_BF16] = 0.05, [DTYPE_Q8_0] = 1e-5};
    struct problem p;
    problem_new(&p, kinds[_i], 5, 131, 50);
    float *y = new_floats(p.n_rows * p.n_out);
    run(kernels_scalar(), &p, everything(&p), y);
    for (size_t o = 0; o < p.n_out; o++)
        for (size_t i = 0; i < p.n_in; i += 13)
            ck_assert_float_eq_tol(decode(&p, o, i), p.w[o * p.n_in + i],
                                   kinds[_i].type == DTYPE_Q4_0 ? 0.08f : 0.005f);
    for (size_t r = 0; r < p.n_rows; r++)
        for (size_t o = 0; o < p.n_out; o++) {
            double sum = 0;
            for (size_t i = 0; i < p.n_in; i++)
                sum += (double)decode(&p, o, i) * (double)p.x[r * p.n_in + i];
            ck_assert_double_eq_tol((double)y[r * p.n_out + o], sum, tolerance[kinds[_i].type]);
        }
    free_floats(y, p.n_rows * p.n_out);
    problem_free(&p);
}
END_TEST

TCase *matmul_case(void) {
    TCase *tcase = tcase_create("matmul");
    int n = tested_levels() * N_KINDS;
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, scalar_is_right, 0, N_KINDS);
    tcase_add_loop_test(tcase, sizes_agree_with_scalar, 0, N_KINDS);
    tcase_add_loop_test(tcase, long_rows_agree_with_scalar, 0, N_KINDS);
    tcase_add_loop_test(tcase, many_rows_agree_with_scalar, 0, N_KINDS);
    tcase_add_loop_test(tcase, neighbours_change_no_bit, 0, n);
    tcase_add_loop_test(tcase, only_its_range_is_written, 0, n);
    tcase_add_loop_test(tcase, activations_agree_with_scalar, 0, n);
    tcase_add_loop_test(tcase, residual_may_be_y, 0, n);
    tcase_add_loop_test(tcase, extreme_bytes_do_not_saturate, 0, tested_levels());
    tcase_add_loop_test(tcase, extreme_halves_do_not_saturate, 0, tested_levels());
    return tcase;
}
