/* The kernels: every level that this machine has against scalar. All buffers end at a page that
 * cannot be read, so that reading past one of them is a crash. */
#include "tests/check_kernels.h"

#include <math.h>
#include <string.h>

const struct kernels *tested_level(int i) {
    const struct kernels *levels[MAX_LEVELS + 1];
    kernels_available(levels);
    return levels[i];
}

int tested_levels(void) {
    const struct kernels *levels[MAX_LEVELS + 1];
    return (int)kernels_available(levels) - 1; /* the last is scalar itself */
}

float *new_floats(size_t n) {
    return guarded_new(n * sizeof(float));
}

void free_floats(float *floats, size_t n) {
    guarded_free(floats, n * sizeof(float));
}

float *random_floats(size_t n, uint32_t seed) {
    float *floats = new_floats(n);
    uint32_t state = seed * 2654435761u + 1;
    for (size_t i = 0; i < n; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        floats[i] = (float)(int32_t)state * 0x1p-31f;
    }
    return floats;
}

/* Check writes every assertion to a file: inner loops tell it of failures only. */
void check_close(const char *what, const float *a, const float *b, size_t n, float absolute,
                 float relative) {
    for (size_t i = 0; i < n; i++) {
        bool same = a[i] == b[i] || (isnan(a[i]) && isnan(b[i]));
        if (!same && !(fabsf(a[i] - b[i]) <= absolute + relative * fabsf(b[i])))
            ck_abort_msg("%s: element %zu is %.9g, expected %.9g", what, i, (double)a[i],
                         (double)b[i]);
    }
}

void check_same(const char *what, const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (memcmp(a + i, b + i, sizeof *a) != 0)
            ck_abort_msg("%s: element %zu is %.9g, expected the very bits of %.9g", what, i,
                         (double)a[i], (double)b[i]);
}

static const size_t lengths[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 100, 256, 1000};
enum { N_LENGTHS = sizeof lengths / sizeof *lengths, N_ROWS = 3 };

START_TEST(norms_agree_with_scalar) {
    const struct kernels *level = tested_level(_i), *scalar = kernels_scalar();
    for (size_t k = 0; k < N_LENGTHS; k++) {
        size_t n = lengths[k], all = N_ROWS * n;
        float *x = random_floats(all, 1), *gain = random_floats(n, 2), *shift = random_floats(n, 3);
        float *y = new_floats(all), *expected = new_floats(all);
        for (size_t i = 0; i < all; i++) x[i] += 3;
        level->layer_norm(x, N_ROWS, n, gain, shift, 1e-3f, y);
        scalar->layer_norm(x, N_ROWS, n, gain, shift, 1e-3f, expected);
        check_close("layer_norm", y, expected, all, 2e-5f, 0);
        level->rms_norm(x, N_ROWS, n, gain, 1e-6f, y);
        scalar->rms_norm(x, N_ROWS, n, gain, 1e-6f, expected);
        check_close("rms_norm", y, expected, all, 1e-6f, 1e-6f);
        level->rms_norm(x, N_ROWS, n, gain, 1e-6f, x);
        check_same("rms_norm in place", x, y, all);
        free_floats(x, all);
        free_floats(gain, n);
        free_floats(shift, n);
        free_floats(y, all);
        free_floats(expected, all);
    }
}
END_TEST

/* Each of n inputs by itself: 1 where the output is the input. */
static void make_identity(struct weights *weights, size_t n) {
    float *zeros = new_floats(n * n);
    memset(zeros, 0, n * n * sizeof *zeros);
    weights_make(weights, DTYPE_I8, LAYOUT_PANELS, n, n, zeros, 0);
    uint8_t *data = weights->data;
    for (size_t o = 0; o < n; o++) {
        data[matrix_output(&weights->matrix, o) - data + o / 4 * TILE_BYTES + o % 4] = 1;
        weights->row_sum[o] = 1;
    }
    free_floats(zeros, n * n);
}

/* What the bytes mean is the level's own: its product with the identity tells. */
static void read_quantized(const struct kernels *level, const int8_t *q, size_t q_stride, size_t n,
                           float *out) {
    static const float ones[N_ROWS] = {1, 1, 1};
    struct weights identity;
    make_identity(&identity, n);
    level->matmul(&(struct matmul){
        .w = &identity.matrix,
        .x = q,
        .x_stride = q_stride,
        .x_scale = ones,
        .n_rows = N_ROWS,
        .n_outputs = n,
        .y = out,
        .y_stride = n,
    });
    weights_free(&identity);
}

/* In rows with room for more than the n inputs: those behind them are zeros. */
static void check_quantized(const struct kernels *level, const float *x, size_t n,
                            float multiplier) {
    size_t n_padded = n / 64 * 64 + 128, stride = n_padded * level->input_bytes;
    size_t n_bytes = N_ROWS * stride, n_expected = N_ROWS * n_padded;
    int8_t *q = guarded_new(n_bytes), *expected = guarded_new(n_expected);
    float *scale = new_floats(N_ROWS), *expected_scale = new_floats(N_ROWS);
    float *values = new_floats(n_expected);
    memset(q, 77, n_bytes);
    level->quantize(x, n, N_ROWS, n, multiplier, q, stride, scale);
    kernels_scalar()->quantize(x, n, N_ROWS, n, multiplier, expected, n_padded, expected_scale);
    check_same("scales", scale, expected_scale, N_ROWS);
    read_quantized(level, q, stride, n_padded, values);
    for (size_t i = 0; i < n_expected; i++)
        if (values[i] != expected[i])
            ck_abort_msg("%s: quantize: element %zu of rows of %zu is %g, expected %d", level->name,
                         i, n, (double)values[i], expected[i]);
    guarded_free(q, n_bytes);
    guarded_free(expected, n_expected);
    free_floats(scale, N_ROWS);
    free_floats(expected_scale, N_ROWS);
    free_floats(values, n_expected);
}

/* All levels write the same bytes, sums of groups and all. */
static void check_grouped(const struct kernels *level, const float *x, size_t n) {
    size_t stride = grouped_bytes(n), n_bytes = N_ROWS * stride;
    int8_t *q = guarded_new(n_bytes), *expected = guarded_new(n_bytes);
    float *scale = new_floats(N_ROWS), *expected_scale = new_floats(N_ROWS);
    memset(q, 77, n_bytes);
    memset(expected, 88, n_bytes);
    level->quantize_groups(x, n, N_ROWS, n, q, stride, scale);
    kernels_scalar()->quantize_groups(x, n, N_ROWS, n, expected, stride, expected_scale);
    check_same("scales", scale, expected_scale, N_ROWS);
    ck_assert_msg(memcmp(q, expected, n_bytes) == 0, "%s: groups in rows of %zu", level->name, n);
    for (size_t g = 0; g < padded_inputs(n) / Q4_0_GROUP; g++) {
        int32_t sum = 0, stored;
        for (size_t i = 0; i < Q4_0_GROUP; i++) sum += expected[g * Q4_0_GROUP + i];
        memcpy(&stored, expected + padded_inputs(n) + g * sizeof stored, sizeof stored);
        ck_assert_int_eq(stored, -8 * sum);
    }
    guarded_free(q, n_bytes);
    guarded_free(expected, n_bytes);
    free_floats(scale, N_ROWS);
    free_floats(expected_scale, N_ROWS);
}

START_TEST(groups_agree_with_scalar) {
    for (size_t k = 0; k < N_LENGTHS; k++) {
        size_t n = lengths[k];
        float *x = random_floats(N_ROWS * n, 1);
        check_grouped(tested_level(_i), x, n);
        memset(x, 0, n * sizeof *x);
        check_grouped(tested_level(_i), x, n);
        free_floats(x, N_ROWS * n);
    }
}
END_TEST

START_TEST(quantize_agrees_with_scalar) {
    for (size_t k = 0; k < N_LENGTHS; k++) {
        size_t n = lengths[k];
        float *x = random_floats(N_ROWS * n, 1);
        check_quantized(tested_level(_i), x, n, 0);
        check_quantized(tested_level(_i), x, n, 200);
        for (size_t i = 0; i < N_ROWS * n; i++) x[i] = ((float)(i % 9) - 4) / 2; /* ties */
        check_quantized(tested_level(_i), x, n, 1);
        memset(x, 0, N_ROWS * n * sizeof *x);
        check_quantized(tested_level(_i), x, n, 0);
        x[n / 2] = NAN;
        check_quantized(tested_level(_i), x, n, 0);
        x[0] = INFINITY;
        check_quantized(tested_level(_i), x, n, 50);
        free_floats(x, N_ROWS * n);
    }
}
END_TEST

START_TEST(round_bf16_agrees_with_scalar) {
    const struct kernels *level = tested_level(_i);
    for (size_t k = 0; k < N_LENGTHS; k++) {
        size_t n = lengths[k], stride = n / 64 * 64 + 64, n_bytes = N_ROWS * stride * 2;
        float *x = random_floats(N_ROWS * n, 1);
        uint16_t *out = guarded_new(n_bytes), *expected = guarded_new(n_bytes);
        x[n / 2] = NAN;
        x[n - 1] = INFINITY;
        memset(out, 77, n_bytes);
        level->round_bf16(x, n, N_ROWS, n, out, stride);
        kernels_scalar()->round_bf16(x, n, N_ROWS, n, expected, stride);
        ck_assert_mem_eq(out, expected, n_bytes);
        guarded_free(out, n_bytes);
        guarded_free(expected, n_bytes);
        free_floats(x, N_ROWS * n);
    }
}
END_TEST

START_TEST(exponentials_are_accurate) {
    const struct kernels *level = tested_level(_i);
    for (float x = -87; x < 88; x += 0.0137f) {
        float e = level->sum_exp(&x, 1, 0), expected = expf(x);
        if (!(fabsf(e - expected) <= 2.5e-7f * expected + 3e-45f))
            ck_abort_msg("exp(%g) is %g, not %g", (double)x, (double)e, (double)expected);
    }
    static const float special[] = {-INFINITY, -1000, 89, 1000, INFINITY, NAN, 0, -0.0f};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
        float e = level->sum_exp(special + i, 1, 0), expected = expf(special[i]);
        check_same("exp of a special value", &e, &expected, isnan(expected) ? 0 : 1);
        ck_assert(isnan(e) == isnan(expected));
    }
    for (size_t k = 0; k < N_LENGTHS; k++) {
        float *x = random_floats(lengths[k], 1);
        float e = level->sum_exp(x, lengths[k], 1);
        float expected = kernels_scalar()->sum_exp(x, lengths[k], 1);
        check_close("sum_exp", &e, &expected, 1, 0, 1e-6f);
        free_floats(x, lengths[k]);
    }
}
END_TEST

START_TEST(elementwise_agree_with_scalar) {
    const struct kernels *level = tested_level(_i), *scalar = kernels_scalar();
    for (size_t k = 0; k < N_LENGTHS; k++) {
        size_t n = lengths[k];
        float *f = random_floats(n, 1), *w = random_floats(n, 2), *c = random_floats(n, 3);
        float *expected_c = random_floats(n, 3), *y = new_floats(n), *expected = new_floats(n);
        for (size_t i = 0; i < n; i++) f[i] *= 120;
        level->ssru(f, w, c, y, n);
        scalar->ssru(f, w, expected_c, expected, n);
        check_close("ssru state", c, expected_c, n, 1e-6f, 0);
        check_close("ssru output", y, expected, n, 1e-6f, 0);
        memcpy(expected, y, n * sizeof *y);
        level->multiply(y, w, n);
        scalar->multiply(expected, w, n);
        check_same("multiply", y, expected, n);
        free_floats(f, n);
        free_floats(w, n);
        free_floats(c, n);
        free_floats(expected_c, n);
        free_floats(y, n);
        free_floats(expected, n);
    }
}
END_TEST

static void check_search(const struct kernels *level, const float *x, size_t n) {
    struct candidate out[1000], expected[1000];
    float value, expected_value;
    size_t best = level->argmax(x, n, &value);
    ck_assert_uint_eq(best, kernels_scalar()->argmax(x, n, &expected_value));
    check_same("argmax value", &value, &expected_value, isnan(expected_value) ? 0 : 1);
    for (float threshold = -1; threshold < 1; threshold += 0.5f) {
        size_t count = level->above(x, n, threshold, 40, out);
        ck_assert_uint_eq(count, kernels_scalar()->above(x, n, threshold, 40, expected));
        ck_assert_mem_eq(out, expected, count * sizeof *out);
    }
}

START_TEST(search_agrees_with_scalar) {
    const struct kernels *level = tested_level(_i);
    for (size_t k = 0; k < N_LENGTHS; k++)
        for (uint32_t seed = 0; seed < 20; seed++) {
            size_t n = lengths[k];
            float *x = random_floats(n, seed);
            check_search(level, x, n);
            for (size_t i = 0; i < n; i++) x[i] = floorf(x[i] * 4) / 4; /* many ties */
            check_search(level, x, n);
            for (size_t i = seed; i < n; i += 2) x[i] = NAN;
            check_search(level, x, n);
            for (size_t i = 0; i < n; i++) x[i] = i == n - 1 && seed % 2 ? -INFINITY : NAN;
            check_search(level, x, n);
            for (size_t i = 0; i < n; i++) x[i] = i % 2 ? 0.0f : -0.0f;
            check_search(level, x, n);
            free_floats(x, n);
        }
}
END_TEST

static bool half_is_exact(uint32_t bits) {
    float value = half_to_float((uint16_t)bits);
    if (isnan(value)) return (float_to_half(value) & 0x7e00) == 0x7e00;
    if (float_to_half(value) != bits) return false;
    if ((bits & 0x7fff) >= 0x7bff) return true;
    /* midway to the next half: to the even one; a little more: to the next */
    float next = half_to_float((uint16_t)(bits + 1)), middle = (value + next) / 2;
    return float_to_half(middle) == bits + (bits & 1) &&
           float_to_half(nextafterf(middle, next)) == bits + 1 &&
           float_to_half(nextafterf(middle, value)) == bits;
}

START_TEST(halves_convert_exactly) {
    for (uint32_t bits = 0; bits < 0x10000; bits++)
        if (!half_is_exact(bits)) ck_abort_msg("half %04x", bits);
    ck_assert_uint_eq(float_to_half(65519), 0x7bff);
    ck_assert_uint_eq(float_to_half(65520), 0x7c00);
    ck_assert_uint_eq(float_to_half(1e30f), 0x7c00);
    ck_assert_uint_eq(float_to_bf16(1.00390625f), 0x3f80); /* a tie, to even */
    ck_assert(isnan(bf16_to_float(float_to_bf16(NAN))));
}
END_TEST

START_TEST(levels_are_selected_by_name) {
    const struct kernels *levels[MAX_LEVELS + 1];
    size_t n = kernels_available(levels);
    ck_assert_ptr_null(levels[n]);
    ck_assert_ptr_eq(kernels_select(NULL), levels[0]);
    for (size_t i = 0; i < n; i++) ck_assert_ptr_eq(kernels_select(levels[i]->name), levels[i]);
    ck_assert_ptr_null(kernels_select("abacus"));
    ck_assert_ptr_eq(levels[n - 1], kernels_scalar());
}
END_TEST

Suite *kernels_suite(void) {
    Suite *suite = suite_create("kernels");
    TCase *tcase = tcase_create("vectors");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, halves_convert_exactly);
    tcase_add_test(tcase, levels_are_selected_by_name);
    tcase_add_loop_test(tcase, norms_agree_with_scalar, 0, tested_levels());
    tcase_add_loop_test(tcase, quantize_agrees_with_scalar, 0, tested_levels());
    tcase_add_loop_test(tcase, groups_agree_with_scalar, 0, tested_levels());
    tcase_add_loop_test(tcase, round_bf16_agrees_with_scalar, 0, tested_levels());
    tcase_add_loop_test(tcase, exponentials_are_accurate, 0, tested_levels());
    tcase_add_loop_test(tcase, elementwise_agree_with_scalar, 0, tested_levels());
    tcase_add_loop_test(tcase, search_agrees_with_scalar, 0, tested_levels());
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, attention_case());
    suite_add_tcase(suite, matmul_case());
    suite_add_tcase(suite, ggml_blocks_case());
    return suite;
}
