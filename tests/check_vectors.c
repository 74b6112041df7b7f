/* The parts of the transformer against vectors in float64 (tests/fixtures/attention): attention
 * with and without its projections, positions, activations, norms; on every instruction set. */
#include "engine/norm.h"
#include "engine/position.h"
#include "tests/fixture.h"
#include "tests/panels.h"
#include "tests/suites.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double TOLERANCE = 1e-5;

/* ---- vectors --------------------------------------------------------------------------------- */

static json_t *load(const char *name) {
    char path[256];
    json_error_t error;
    snprintf(path, sizeof path, FIXTURES "attention/%s.json", name);
    json_t *root = json_load_file(path, 0, &error);
    ck_assert_msg(root, "%s: %s", path, error.text);
    return root;
}

static size_t count_numbers(const json_t *value) {
    if (!json_is_array(value)) return 1;
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(value); i++)
        n += count_numbers(json_array_get(value, i));
    return n;
}

static float *flatten(const json_t *value, float *at) {
    if (!json_is_array(value)) {
        ck_assert(json_is_number(value));
        *at = (float)json_number_value(value);
        return at + 1;
    }
    for (size_t i = 0; i < json_array_size(value); i++) at = flatten(json_array_get(value, i), at);
    return at;
}

/* All numbers of entry[key], at any depth; NULL if there is no such key. Free them. */
static float *floats_of(const json_t *entry, const char *key) {
    const json_t *value = json_object_get(entry, key);
    if (!value) return NULL;
    float *floats = calloc(count_numbers(value) + 1, sizeof *floats);
    ck_assert_ptr_nonnull(floats);
    flatten(value, floats);
    return floats;
}

static size_t rows_of(const json_t *entry, const char *key) {
    return json_array_size(json_object_get(entry, key));
}

static size_t columns_of(const json_t *entry, const char *key) {
    return json_array_size(json_array_get(json_object_get(entry, key), 0));
}

static double real_of(const json_t *entry, const char *key) {
    return json_number_value(json_object_get(entry, key));
}

static void expect(const json_t *entry, const char *what, const float *found, const float *expected,
                   size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)found[i] - (double)expected[i]) <= TOLERANCE))
            ck_abort_msg("%s: %s: value %zu is %.9g, not %.9g",
                         json_string_value(json_object_get(entry, "name")), what, i,
                         (double)found[i], (double)expected[i]);
}

static void *zeros(size_t n, size_t width) {
    void *bytes = calloc(n + 64, width);
    ck_assert_ptr_nonnull(bytes);
    return bytes;
}

/* Runs `check` for each case of a file on each level. */
struct every {
    const json_t *cases;
    void (*check)(const struct kernels *kernels, const json_t *entry);
};

static void run_level(void *user, const char *isa) {
    const struct every *every = user;
    for (size_t i = 0; i < json_array_size(every->cases); i++)
        every->check(kernels_select(isa), json_array_get(every->cases, i));
}

static void for_each_case(const char *name,
                          void (*check)(const struct kernels *kernels, const json_t *entry)) {
    json_t *root = load(name);
    struct every every = {json_object_get(root, "cases"), check};
    ck_assert_uint_gt(json_array_size(every.cases), 0);
    for_each_level(run_level, &every);
    json_decref(root);
}

/* ---- attention ------------------------------------------------------------------------------- */

/* One multi-head attention. The engine has no masks: what a query must not see is not among its
 * keys. So besides all queries at once (where they see the same keys) each is computed alone, from
 * keys that stand together and from keys that stand anywhere. */
struct attending {
    const struct kernels *kernels;
    const json_t *entry;
    size_t n_heads, head_dim, n_queries, n_keys;
    float scale;
    const float *q, *k, *v; /* rows of n_heads * head_dim */
    const float *mask;      /* [n_queries][n_keys] or NULL */
    const float *bias;      /* [n_heads][n_queries][n_keys] or NULL */
    float *out;             /* [n_queries][n_heads * head_dim] */
    float *weights;         /* [n_heads][n_queries][n_keys] */
};

static size_t width_of(const struct attending *a) {
    return a->n_heads * a->head_dim;
}

static size_t visible_keys(const struct attending *a, size_t query, int32_t *nodes) {
    size_t n = 0;
    for (size_t j = 0; j < a->n_keys; j++)
        if (!a->mask || a->mask[query * a->n_keys + j] != 0) nodes[n++] = (int32_t)j;
    return n;
}

static void attend_together(const struct attending *a) {
    size_t width = width_of(a);
    float *packed = zeros(packed_keys_size(a->n_heads, a->head_dim, a->n_keys), sizeof *packed);
    float *scratch = zeros(attention_scratch(a->n_keys, a->head_dim), sizeof *scratch);
    a->kernels->pack_keys(a->k, width, a->n_keys, a->n_heads, a->head_dim, packed);
    struct attention attention = {.n_heads = a->n_heads,
                                  .head_dim = a->head_dim,
                                  .n_queries = a->n_queries,
                                  .n_keys = a->n_keys,
                                  .scale = a->scale,
                                  .q = a->q,
                                  .q_stride = width,
                                  .keys = packed,
                                  .values = a->v,
                                  .value_stride = width,
                                  .out = a->out,
                                  .out_stride = width,
                                  .weights = a->weights,
                                  .scratch = scratch};
    a->kernels->attend(&attention);
    free(packed);
    free(scratch);
}

static void scatter_weights(const struct attending *a, size_t query, const int32_t *nodes, size_t n,
                            const float *weights) {
    for (size_t h = 0; h < a->n_heads; h++) {
        float *row = a->weights + (h * a->n_queries + query) * a->n_keys;
        memset(row, 0, a->n_keys * sizeof *row);
        for (size_t j = 0; j < n; j++) row[nodes[j]] = weights[h * n + j];
    }
}

/* Rows `nodes` of a matrix. */
static float *gather(const float *x, size_t width, const int32_t *nodes, size_t n) {
    float *rows = zeros(n * width, sizeof *rows);
    for (size_t j = 0; j < n; j++)
        memcpy(rows + j * width, x + (size_t)nodes[j] * width, width * sizeof *rows);
    return rows;
}

/* Bias of the visible keys, [n_heads][n]. */
static float *gather_bias(const struct attending *a, size_t query, const int32_t *nodes, size_t n) {
    float *bias = zeros(a->n_heads * n, sizeof *bias);
    for (size_t h = 0; a->bias && h < a->n_heads; h++)
        for (size_t j = 0; j < n; j++)
            bias[h * n + j] = a->bias[(h * a->n_queries + query) * a->n_keys + (size_t)nodes[j]];
    return bias;
}

static void attend_alone(const struct attending *a, size_t query) {
    int32_t nodes[64];
    size_t n = visible_keys(a, query, nodes), width = width_of(a);
    float *keys = gather(a->k, width, nodes, n), *values = gather(a->v, width, nodes, n);
    float *bias = gather_bias(a, query, nodes, n),
          *weights = zeros(a->n_heads * n, sizeof *weights);
    float *packed = zeros(packed_keys_size(a->n_heads, a->head_dim, n), sizeof *packed);
    float *scratch = zeros(attention_scratch(n, a->head_dim), sizeof *scratch);
    a->kernels->pack_keys(keys, width, n, a->n_heads, a->head_dim, packed);
    a->kernels->attend(&(struct attention){.n_heads = a->n_heads,
                                           .head_dim = a->head_dim,
                                           .n_queries = 1,
                                           .n_keys = n,
                                           .scale = a->scale,
                                           .q = a->q + query * width,
                                           .q_stride = width,
                                           .keys = packed,
                                           .values = values,
                                           .value_stride = width,
                                           .bias = a->bias ? bias : NULL,
                                           .bias_stride = n,
                                           .out = a->out + query * width,
                                           .out_stride = width,
                                           .weights = weights,
                                           .scratch = scratch});
    scatter_weights(a, query, nodes, n, weights);
    free(keys), free(values), free(bias), free(weights), free(packed), free(scratch);
}

static void attend_in_cache(const struct attending *a, size_t query) {
    int32_t nodes[64];
    size_t n = visible_keys(a, query, nodes), width = width_of(a);
    float *bias = gather_bias(a, query, nodes, n);
    float *scratch = zeros(a->n_heads * (n + 16), sizeof *scratch);
    a->kernels->attend_cached(&(struct cached_attention){.n_heads = a->n_heads,
                                                         .head_dim = a->head_dim,
                                                         .n_keys = n,
                                                         .scale = a->scale,
                                                         .q = a->q + query * width,
                                                         .keys = a->k,
                                                         .values = a->v,
                                                         .cache_stride = width,
                                                         .nodes = nodes,
                                                         .bias = a->bias ? bias : NULL,
                                                         .bias_stride = n,
                                                         .out = a->out + query * width,
                                                         .scratch = scratch});
    free(bias), free(scratch);
}

/* `finish` compares what stands in out and weights. */
static void attend_all_ways(const struct attending *a,
                            void (*finish)(const struct attending *a, bool has_weights)) {
    if (!a->mask && !a->bias) {
        attend_together(a);
        finish(a, true);
    }
    memset(a->out, 0xff, a->n_queries * width_of(a) * sizeof *a->out);
    for (size_t i = 0; i < a->n_queries; i++) attend_alone(a, i);
    finish(a, true);
    memset(a->out, 0xff, a->n_queries * width_of(a) * sizeof *a->out);
    for (size_t i = 0; i < a->n_queries; i++) attend_in_cache(a, i);
    finish(a, false);
}

/* Rows made `width` wide with zeros, which change neither products nor sums: the engine wants
 * values as wide as keys. */
static float *widened(const json_t *entry, const char *key, size_t width) {
    size_t n = rows_of(entry, key), narrow = columns_of(entry, key);
    float *x = floats_of(entry, key), *wide = zeros(n * width, sizeof *wide);
    for (size_t i = 0; i < n; i++) memcpy(wide + i * width, x + i * narrow, narrow * sizeof *wide);
    free(x);
    return wide;
}

static void check_output(const struct attending *a, bool has_weights) {
    float *output = widened(a->entry, "output", a->head_dim);
    expect(a->entry, "output", a->out, output, a->n_queries * a->head_dim);
    free(output);
    if (!has_weights) return;
    float *weights = floats_of(a->entry, "weights");
    expect(a->entry, "weights", a->weights, weights, a->n_queries * a->n_keys);
    free(weights);
}

static void check_dot_product(const struct kernels *kernels, const json_t *entry) {
    size_t d_key = columns_of(entry, "k"), d_value = columns_of(entry, "v");
    size_t width = d_key > d_value ? d_key : d_value;
    float *q = widened(entry, "q", width), *k = widened(entry, "k", width);
    float *v = widened(entry, "v", width);
    float *mask = floats_of(entry, "mask"), *bias = floats_of(entry, "bias");
    struct attending a = {.kernels = kernels,
                          .entry = entry,
                          .n_heads = 1,
                          .head_dim = width,
                          .n_queries = rows_of(entry, "q"),
                          .n_keys = rows_of(entry, "k"),
                          .scale = (float)real_of(entry, "scale"),
                          .q = q,
                          .k = k,
                          .v = v,
                          .mask = mask,
                          .bias = bias};
    a.out = zeros(a.n_queries * width, sizeof *a.out);
    a.weights = zeros(a.n_queries * a.n_keys, sizeof *a.weights);
    attend_all_ways(&a, check_output);
    free(q), free(k), free(v), free(mask), free(bias), free(a.out), free(a.weights);
}

START_TEST(scaled_dot_product) {
    for_each_case("scaled_dot_product", check_dot_product);
}
END_TEST

START_TEST(causal) {
    for_each_case("causal", check_dot_product);
}
END_TEST

/* ---- with projections ------------------------------------------------------------------------ */

/* y[n_rows] = x w^T + b by the engine's linear layer, w as packed in model files or as rows. */
static float *project_rows(const struct kernels *kernels, const json_t *entry, const char *w_key,
                           const char *b_key, const float *x, size_t n_rows, enum layout layout) {
    size_t n_out = rows_of(entry, w_key), n_in = columns_of(entry, w_key);
    float *w = floats_of(entry, w_key), *b = floats_of(entry, b_key);
    float *y = zeros(n_rows * n_out, sizeof *y);
    struct weights weights;
    weights_make(&weights, DTYPE_F32, layout, n_out, n_in, w, 0);
    struct products products = {.kernels = kernels};
    struct operand operand = operand_begin(&products, x, n_rows, n_in);
    struct linear layer = {weights.matrix, b};
    linear(&products, &operand, &layer, (struct epilogue){0}, y, n_out);
    weights_free(&weights);
    free(w), free(b);
    return y;
}

static void check_projected(const struct attending *a, bool has_weights) {
    size_t inner = width_of(a);
    float *context = floats_of(a->entry, "context"), *output = floats_of(a->entry, "output");
    expect(a->entry, "context", a->out, context, a->n_queries * inner);
    float *y = project_rows(a->kernels, a->entry, "wo", "bo", a->out, a->n_queries,
                            has_weights ? LAYOUT_PANELS : LAYOUT_ROWS);
    expect(a->entry, "output", y, output, a->n_queries * rows_of(a->entry, "wo"));
    free(context), free(output), free(y);
    if (!has_weights) return;
    float *weights = floats_of(a->entry, "weights");
    expect(a->entry, "weights", a->weights, weights, a->n_heads * a->n_queries * a->n_keys);
    free(weights);
}

static void check_layout(const struct kernels *kernels, const json_t *entry, enum layout layout) {
    const char *memory_key = json_object_get(entry, "memory") ? "memory" : "x";
    float *x = floats_of(entry, "x"), *memory = floats_of(entry, memory_key);
    float *mask = floats_of(entry, "mask"), *bias = floats_of(entry, "position_bias");
    struct attending a = {.kernels = kernels,
                          .entry = entry,
                          .n_heads = (size_t)real_of(entry, "heads"),
                          .head_dim = (size_t)real_of(entry, "head_size"),
                          .n_queries = rows_of(entry, "x"),
                          .n_keys = rows_of(entry, memory_key),
                          .scale = (float)real_of(entry, "scale"),
                          .mask = mask,
                          .bias = bias};
    float *q = project_rows(kernels, entry, "wq", "bq", x, a.n_queries, layout);
    float *k = project_rows(kernels, entry, "wk", "bk", memory, a.n_keys, layout);
    float *v = project_rows(kernels, entry, "wv", "bv", memory, a.n_keys, layout);
    a.q = q, a.k = k, a.v = v;
    a.out = zeros(a.n_queries * width_of(&a), sizeof *a.out);
    a.weights = zeros(a.n_heads * a.n_queries * a.n_keys, sizeof *a.weights);
    attend_all_ways(&a, check_projected);
    free(x), free(memory), free(mask), free(bias), free(q), free(k), free(v);
    free(a.out), free(a.weights);
}

static void check_multi_head(const struct kernels *kernels, const json_t *entry) {
    check_layout(kernels, entry, LAYOUT_PANELS);
    check_layout(kernels, entry, LAYOUT_ROWS);
}

START_TEST(self_attention_of_the_reference) {
    for_each_case("self_attention", check_multi_head);
}
END_TEST

START_TEST(cross_attention_of_the_reference) {
    for_each_case("cross_attention", check_multi_head);
}
END_TEST

/* ---- positions ------------------------------------------------------------------------------- */

static void check_table(const json_t *entry) {
    const char *convention = json_string_value(json_object_get(entry, "convention"));
    size_t d = (size_t)real_of(entry, "size"), n = rows_of(entry, "table");
    float *table = floats_of(entry, "table"), *found = zeros(d, sizeof *found);
    bool paper = strcmp(convention, "timescales") != 0;
    bool interleaved = strcmp(convention, "interleaved") == 0;
    for (size_t r = 0; r < n; r++) {
        json_t *row = json_array_get(json_object_get(entry, "table_rows"), r);
        sinusoid((uint32_t)json_integer_value(row), d,
                 interleaved ? SINUSOID_INTERLEAVED : SINUSOID_HALVES,
                 paper ? ANGLE_PAPER : ANGLE_TENSOR2TENSOR, found);
        expect(entry, "sinusoid", found, table + r * d, d);
    }
    free(table), free(found);
}

START_TEST(position_tables) {
    json_t *root = load("positions"), *entry;
    size_t i;
    json_array_foreach(json_object_get(root, "cases"), i, entry) {
        check_table(entry);
    }
    json_decref(root);
}
END_TEST

/* The same tables by way of a configuration, as encoder and decoder ask for them. */
START_TEST(position_tables_with_offset) {
    json_t *root = load("positions"), *entry;
    size_t i;
    json_array_foreach(json_object_get(root, "cases"), i, entry) {
        const char *convention = json_string_value(json_object_get(entry, "convention"));
        size_t d = (size_t)real_of(entry, "size"), n = rows_of(entry, "table");
        struct config config;
        config_init(&config);
        config.d_model = (uint32_t)d;
        config.position_kind = POSITION_SINUSOIDAL;
        config.position_offset = (uint32_t)real_of(entry, "offset");
        config.sinusoid_order =
            strcmp(convention, "interleaved") == 0 ? SINUSOID_INTERLEAVED : SINUSOID_HALVES;
        config.sinusoid_angle =
            strcmp(convention, "timescales") == 0 ? ANGLE_TENSOR2TENSOR : ANGLE_PAPER;
        struct model model = {.config = config};
        struct positions table = {.capacity = 0};
        ck_assert(positions_reserve(&table, &model, 300));
        float *expected = floats_of(entry, "table");
        for (size_t r = 0; r < n; r++) {
            json_t *position = json_array_get(json_object_get(entry, "positions"), r);
            float *found = zeros(d, sizeof *found);
            add_position(&table, &config, NULL, (uint32_t)json_integer_value(position), found);
            expect(entry, "position", found, expected + r * d, d);
            free(found);
        }
        positions_free(&table);
        free(expected);
    }
    json_decref(root);
}
END_TEST

/* Row r of this table holds r: what is added says which row was read. */
static void check_row_numbers(const json_t *entry) {
    enum { N_ROWS = 16 };
    float rows[N_ROWS];
    for (size_t r = 0; r < N_ROWS; r++) rows[r] = (float)r;
    struct matrix learned = {.type = DTYPE_F32, .n_out = N_ROWS, .n_in = 1, .data = rows};
    const json_t *pad = json_object_get(entry, "pad"), *sequences = json_object_get(entry, "ids");
    struct config config;
    config_init(&config);
    config.d_model = 1;
    config.position_kind = POSITION_LEARNED;
    config.position_offset = (uint32_t)(pad ? json_integer_value(pad) + 1
                                            : json_integer_value(json_object_get(entry, "offset")));
    for (size_t s = 0; s < json_array_size(sequences); s++) {
        const json_t *ids = json_array_get(sequences, s);
        const json_t *expected = json_array_get(json_object_get(entry, "rows"), s);
        uint32_t position = (uint32_t)real_of(entry, "past");
        for (size_t i = 0; i < json_array_size(ids); i++) {
            /* A ragged batch has no padding: it takes no position. */
            if (pad && json_equal(json_array_get(ids, i), pad)) continue;
            float row = 0, want = (float)json_number_value(json_array_get(expected, i));
            add_position(NULL, &config, &learned, position++, &row);
            expect(entry, "row", &row, &want, 1);
        }
    }
}

START_TEST(position_ids) {
    json_t *root = load("position_ids"), *entry;
    size_t i;
    json_array_foreach(json_object_get(root, "cases"), i, entry) {
        check_row_numbers(entry);
    }
    json_decref(root);
}
END_TEST

/* A bias table whose rows hold their numbers gives the buckets back. */
static void check_bias_table(const json_t *entry, bool bidirectional) {
    enum { N_HEADS = 3, BEFORE = 200, AFTER = 200, WIDTH = BEFORE + AFTER + 1 };
    struct config config;
    config_init(&config);
    config.relative_buckets = (uint32_t)real_of(entry, "buckets");
    config.relative_max_distance = (uint32_t)real_of(entry, "max_distance");
    float *rows = zeros(config.relative_buckets * N_HEADS, sizeof *rows);
    for (size_t r = 0; r < config.relative_buckets; r++)
        for (size_t h = 0; h < N_HEADS; h++) rows[r * N_HEADS + h] = (float)(100 * h + r);
    struct matrix table = {
        .type = DTYPE_F32, .n_out = config.relative_buckets, .n_in = N_HEADS, .data = rows};
    float *found = zeros(N_HEADS * WIDTH, sizeof *found), *buckets = floats_of(entry, "bucket");
    relative_bias(&table, &config, bidirectional, BEFORE, AFTER, found);
    for (size_t h = 0; h < N_HEADS; h++) {
        expect(entry, "bias", found + h * WIDTH, buckets, WIDTH);
        for (size_t i = 0; i < WIDTH; i++) buckets[i] += 100;
    }
    free(rows), free(found), free(buckets);
}

START_TEST(relative_buckets) {
    json_t *root = load("relative_buckets"), *entry;
    size_t i;
    json_array_foreach(json_object_get(root, "cases"), i, entry) {
        bool bidirectional = json_is_true(json_object_get(entry, "bidirectional"));
        int64_t first = json_integer_value(json_object_get(entry, "first_relative_position"));
        const json_t *buckets = json_object_get(entry, "bucket");
        for (size_t j = 0; j < json_array_size(buckets); j++) {
            uint32_t bucket = relative_bucket(first + (int64_t)j, bidirectional,
                                              (uint32_t)real_of(entry, "buckets"),
                                              (uint32_t)real_of(entry, "max_distance"));
            ck_assert_int_eq(bucket, json_integer_value(json_array_get(buckets, j)));
        }
        check_bias_table(entry, bidirectional);
    }
    json_decref(root);
}
END_TEST

/* ---- activations, norms, softmax ------------------------------------------------------------- */

/* Through a linear layer of one input and weight 1, as wide as any vector. */
static void check_activation(const struct kernels *kernels, const json_t *entry,
                             enum activation activation) {
    enum { WIDTH = 37 };
    size_t n = rows_of(entry, "x");
    float ones[WIDTH], *x = floats_of(entry, "x"), *expected = floats_of(entry, "y");
    float *y = zeros(n * WIDTH, sizeof *y);
    for (size_t i = 0; i < WIDTH; i++) ones[i] = 1;
    struct weights weights;
    weights_make(&weights, DTYPE_F32, LAYOUT_PANELS, WIDTH, 1, ones, 0);
    struct products products = {.kernels = kernels};
    struct operand operand = operand_begin(&products, x, n, 1);
    struct linear layer = {weights.matrix, NULL};
    linear(&products, &operand, &layer, (struct epilogue){.activation = activation}, y, WIDTH);
    for (size_t o = 0; o < WIDTH; o++)
        for (size_t i = 0; i < n; i++) expect(entry, "y", y + i * WIDTH + o, expected + i, 1);
    weights_free(&weights);
    free(x), free(expected), free(y);
}

static void check_norm(const struct kernels *kernels, const json_t *entry, enum norm_kind kind) {
    struct config config;
    config_init(&config);
    size_t n_rows = rows_of(entry, "x"), d = columns_of(entry, "x");
    config.d_model = (uint32_t)d;
    config.norm_kind = kind;
    config.norm_epsilon = (float)real_of(entry, "eps");
    float *x = floats_of(entry, "x"), *expected = floats_of(entry, "y");
    float *gain = floats_of(entry, "weight"), *shift = floats_of(entry, "bias");
    float *y = zeros(n_rows * d, sizeof *y);
    struct norm norm = {gain, shift};
    normalize(kernels, &config, &norm, x, n_rows, y);
    expect(entry, "y", y, expected, n_rows * d);
    normalize(kernels, &config, &norm, x, n_rows, x); /* in place */
    expect(entry, "x", x, expected, n_rows * d);
    free(x), free(expected), free(gain), free(shift), free(y);
}

/* Keys that are the scores themselves, and a query of 1. */
static void check_softmax(const struct kernels *kernels, const json_t *entry) {
    size_t n_rows = rows_of(entry, "x"), n = columns_of(entry, "x");
    float *x = floats_of(entry, "x"), *expected = floats_of(entry, "y"), one = 1, out;
    float *packed = zeros(packed_keys_size(1, 1, n), sizeof *packed);
    float *scratch = zeros(attention_scratch(n, 1), sizeof *scratch);
    float *weights = zeros(n, sizeof *weights);
    for (size_t r = 0; r < n_rows; r++) {
        kernels->pack_keys(x + r * n, 1, n, 1, 1, packed);
        kernels->attend(&(struct attention){.n_heads = 1,
                                            .head_dim = 1,
                                            .n_queries = 1,
                                            .n_keys = n,
                                            .scale = 1,
                                            .q = &one,
                                            .q_stride = 1,
                                            .keys = packed,
                                            .values = x + r * n,
                                            .value_stride = 1,
                                            .out = &out,
                                            .out_stride = 1,
                                            .weights = weights,
                                            .scratch = scratch});
        expect(entry, "y", weights, expected + r * n, n);
    }
    free(x), free(expected), free(packed), free(scratch), free(weights);
}

static void check_log_softmax(const struct kernels *kernels, const json_t *entry) {
    size_t n_rows = rows_of(entry, "x"), n = columns_of(entry, "x");
    float *x = floats_of(entry, "x"), *expected = floats_of(entry, "y");
    float *sums = floats_of(entry, "logsumexp");
    for (size_t r = 0; r < n_rows; r++, x += n) {
        float max;
        size_t at = kernels->argmax(x, n, &max);
        ck_assert_float_eq(x[at], max);
        struct choice choice = {.max = max, .sum_exp = kernels->sum_exp(x, n, max)};
        for (size_t i = 0; i < n; i++) {
            float found = choice_log_prob(&choice, x[i]);
            /* Relative: a float of 500 has no five digits behind the point. */
            if (fabsf(found - expected[r * n + i]) > 1e-5f * (1 + fabsf(sums[r])))
                ck_abort_msg("log softmax: %.9g, not %.9g", (double)found,
                             (double)expected[r * n + i]);
        }
    }
    free(x - n_rows * n), free(expected), free(sums);
}

static void check_operator(const struct kernels *kernels, const json_t *entry) {
    static const struct {
        const char *name;
        enum activation activation;
    } activations[] = {{"relu", ACTIVATION_RELU},
                       {"swish (silu)", ACTIVATION_SWISH},
                       {"gelu", ACTIVATION_GELU_ERF},
                       {"gelu_new (tanh)", ACTIVATION_GELU_TANH}};
    const char *name = json_string_value(json_object_get(entry, "name"));
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
        if (strcmp(name, activations[i].name) == 0) {
            check_activation(kernels, entry, activations[i].activation);
            return;
        }
    if (strncmp(name, "layer norm", 10) == 0)
        check_norm(kernels, entry, NORM_LAYER);
    else if (strncmp(name, "rms norm", 8) == 0)
        check_norm(kernels, entry, NORM_RMS);
    else if (strcmp(name, "softmax") == 0)
        check_softmax(kernels, entry);
    else if (strcmp(name, "log softmax") == 0)
        check_log_softmax(kernels, entry);
    else
        ck_abort_msg("no test for %s", name);
}

START_TEST(operators) {
    for_each_case("operators", check_operator);
}
END_TEST

Suite *attention_suite(void) {
    Suite *suite = suite_create("attention");
    TCase *attention = tcase_create("attention"), *positions = tcase_create("positions");
    tcase_add_test(attention, scaled_dot_product);
    tcase_add_test(attention, causal);
    tcase_add_test(attention, self_attention_of_the_reference);
    tcase_add_test(attention, cross_attention_of_the_reference);
    tcase_add_test(attention, operators);
    tcase_add_test(positions, position_tables);
    tcase_add_test(positions, position_tables_with_offset);
    tcase_add_test(positions, position_ids);
    tcase_add_test(positions, relative_buckets);
    suite_add_tcase(suite, attention);
    suite_add_tcase(suite, positions);
    return suite;
}
