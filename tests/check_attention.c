/* Attention: every level against scalar. */
#include "tests/check_kernels.h"

static const size_t head_dims[] = {1, 3, 8, 32, 37, 64};
static const size_t key_counts[] = {1, 5, 15, 16, 17, 33, 70, 128, 300};
static const size_t query_counts[] = {1, 2, 4, 5, 9, 16, 23, 39};
enum { N_HEADS = 3 };

struct case_sizes {
    size_t head_dim, n_keys, n_queries;
    bool bias;
};

/* out[n_queries][N_HEADS * head_dim], then the weights. */
static float *attend(const struct kernels *level, struct case_sizes s) {
    size_t width = N_HEADS * s.head_dim, bias_stride = s.n_queries + s.n_keys;
    size_t packed_size = packed_keys_size(N_HEADS, s.head_dim, s.n_keys);
    float *q = random_floats(s.n_queries * width, 1), *keys = random_floats(s.n_keys * width, 2);
    float *values = random_floats(s.n_keys * width, 3);
    size_t n_bias = N_HEADS * bias_stride - 1; /* what a table of all distances has */
    float *bias = random_floats(n_bias, 4), *packed = new_floats(packed_size);
    float *scratch = new_floats(attention_scratch(s.n_keys, s.head_dim));
    float *out = new_floats(s.n_queries * (width + N_HEADS * s.n_keys));
    level->pack_keys(keys, width, s.n_keys, N_HEADS, s.head_dim, packed);
    level->attend(&(struct attention){
        .n_heads = N_HEADS,
        .head_dim = s.head_dim,
        .n_queries = s.n_queries,
        .n_keys = s.n_keys,
        .scale = 2.5f,
        .q = q,
        .q_stride = width,
        .keys = packed,
        .values = values,
        .value_stride = width,
        .bias = s.bias ? bias + s.n_queries - 1 : NULL,
        .bias_stride = bias_stride,
        .out = out,
        .out_stride = width,
        .weights = s.bias ? out + s.n_queries * width : NULL,
        .scratch = scratch,
    });
    free_floats(q, s.n_queries * width);
    free_floats(keys, s.n_keys * width);
    free_floats(values, s.n_keys * width);
    free_floats(bias, n_bias);
    free_floats(packed, packed_size);
    free_floats(scratch, attention_scratch(s.n_keys, s.head_dim));
    return out;
}

START_TEST(attend_agrees_with_scalar) {
    const struct kernels *level = tested_level(_i);
    for (size_t d = 0; d < sizeof head_dims / sizeof *head_dims; d++)
        for (size_t k = 0; k < sizeof key_counts / sizeof *key_counts; k++)
            for (size_t i = 0; i < sizeof query_counts / sizeof *query_counts; i++) {
                struct case_sizes s = {head_dims[d], key_counts[k], query_counts[i],
                                       (d + k + i) % 2};
                size_t n = s.n_queries * N_HEADS * (s.head_dim + s.n_keys);
                float *out = attend(level, s), *expected = attend(kernels_scalar(), s);
                check_close("attend", out, expected, n, 1e-5f, 1e-5f);
                free_floats(out, n);
                free_floats(expected, n);
            }
}
END_TEST

START_TEST(queries_alone_are_the_same) {
    const struct kernels *level = tested_level(_i);
    struct case_sizes all = {37, 29, 7, false}, one = {37, 29, 1, false};
    size_t width = N_HEADS * all.head_dim, weights = N_HEADS * all.n_keys;
    float *together = attend(level, all), *alone = attend(level, one);
    check_same("first query", alone, together, width); /* the seeds make their queries the same */
    free_floats(together, all.n_queries * (width + weights));
    free_floats(alone, width + weights);
}
END_TEST

START_TEST(keys_are_packed_as_by_scalar) {
    const struct kernels *level = tested_level(_i);
    for (size_t d = 0; d < sizeof head_dims / sizeof *head_dims; d++)
        for (size_t k = 0; k < sizeof key_counts / sizeof *key_counts; k++) {
            size_t head_dim = head_dims[d], n_keys = key_counts[k], width = N_HEADS * head_dim;
            size_t n = packed_keys_size(N_HEADS, head_dim, n_keys);
            float *keys = random_floats(n_keys * width, 5);
            float *packed = random_floats(n, 6), *expected = new_floats(n);
            level->pack_keys(keys, width, n_keys, N_HEADS, head_dim, packed);
            kernels_scalar()->pack_keys(keys, width, n_keys, N_HEADS, head_dim, expected);
            check_same("packed keys", packed, expected, n);
            free_floats(keys, n_keys * width);
            free_floats(packed, n);
            free_floats(expected, n);
        }
}
END_TEST

static float *attend_cached(const struct kernels *level, struct case_sizes s) {
    size_t width = N_HEADS * s.head_dim, n_nodes = 2 * s.n_keys + 1, n_scratch;
    n_scratch = N_HEADS * ((s.n_keys + 15) / 16 * 16);
    float *q = random_floats(width, 1), *keys = random_floats(n_nodes * width, 2);
    float *values = random_floats(n_nodes * width, 3);
    float *bias = random_floats(N_HEADS * s.n_keys, 4), *scratch = new_floats(n_scratch);
    float *out = new_floats(width);
    int32_t *nodes = guarded_new(s.n_keys * sizeof *nodes);
    for (size_t j = 0; j < s.n_keys; j++) nodes[j] = (int32_t)((j * 7 + 3) % n_nodes);
    nodes[s.n_keys - 1] = (int32_t)n_nodes - 1;
    level->attend_cached(&(struct cached_attention){
        .n_heads = N_HEADS,
        .head_dim = s.head_dim,
        .n_keys = s.n_keys,
        .scale = 2.5f,
        .q = q,
        .keys = keys,
        .values = values,
        .cache_stride = width,
        .nodes = nodes,
        .bias = s.bias ? bias : NULL,
        .bias_stride = s.n_keys,
        .out = out,
        .scratch = scratch,
    });
    free_floats(q, width);
    free_floats(keys, n_nodes * width);
    free_floats(values, n_nodes * width);
    free_floats(bias, N_HEADS * s.n_keys);
    free_floats(scratch, n_scratch);
    guarded_free(nodes, s.n_keys * sizeof *nodes);
    return out;
}

START_TEST(attend_cached_agrees_with_scalar) {
    const struct kernels *level = tested_level(_i);
    for (size_t d = 0; d < sizeof head_dims / sizeof *head_dims; d++)
        for (size_t k = 0; k < sizeof key_counts / sizeof *key_counts; k++) {
            struct case_sizes s = {head_dims[d], key_counts[k], 1, (d + k) % 2};
            float *out = attend_cached(level, s), *expected = attend_cached(kernels_scalar(), s);
            check_close("attend_cached", out, expected, N_HEADS * s.head_dim, 1e-5f, 1e-5f);
            free_floats(out, N_HEADS * s.head_dim);
            free_floats(expected, N_HEADS * s.head_dim);
        }
}
END_TEST

TCase *attention_case(void) {
    TCase *tcase = tcase_create("attention");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, attend_agrees_with_scalar, 0, tested_levels());
    tcase_add_loop_test(tcase, queries_alone_are_the_same, 0, tested_levels());
    tcase_add_loop_test(tcase, keys_are_packed_as_by_scalar, 0, tested_levels());
    tcase_add_loop_test(tcase, attend_cached_agrees_with_scalar, 0, tested_levels());
    return tcase;
}
