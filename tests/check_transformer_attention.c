/* The attention examples of docs/transformer.md. */
#include "tests/check_transformer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- pieces ---------------------------------------------------------------------------------- */

/* The kernel on rows of queries and keys: weights and out of `attention`. */
static void attend(struct room *room, const float *keys, size_t key_stride,
                   struct attention attention) {
    const struct kernels *kernels = room->products.kernels;
    attention.n_heads = room->heads.n_heads;
    attention.head_dim = room->heads.head_dim;
    attention.scale = room->heads.scale;
    attention.keys = room->attention.packed;
    attention.scratch = room->attention.scratch;
    kernels->pack_keys(keys, key_stride, attention.n_keys, attention.n_heads, attention.head_dim,
                       room->attention.packed);
    kernels->attend(&attention);
}

/* Q K^T * scale, by the layer whose weights are the keys. */
static void score(struct room *room, const struct numbers *q, const struct linear *keys,
                  float *scores) {
    struct operand queries = operand_begin(&room->products, q->at, q->n_rows, q->n_columns);
    linear(&room->products, &queries, keys, (struct epilogue){0}, scores, keys->w.n_out);
    for (size_t i = 0; i < q->n_rows * keys->w.n_out; i++) scores[i] *= room->heads.scale;
}

static struct attention_weights given_weights(struct example *example) {
    return (struct attention_weights){.q = given_linear(example, "W_Q"),
                                      .k = given_linear(example, "W_K"),
                                      .v = given_linear(example, "W_V"),
                                      .out = given_linear(example, "W_O")};
}

/* ---- scaled dot-product attention ------------------------------------------------------------ */

/* Keys of one dimension that are the scores, and a query of 1. */
static void work_softmax(struct example *example, const struct kernels *kernels) {
    struct room room;
    room_open(&room, kernels, 1, 1);
    const struct numbers *x = given(example, "x");
    float one = 1, out, max, weights[8], logs[8];
    attend(&room, x->at, 1,
           (struct attention){.n_queries = 1,
                              .n_keys = x->n,
                              .q = &one,
                              .values = x->at,
                              .value_stride = 1,
                              .out = &out,
                              .weights = weights});
    expect_floats(example, "softmax", weights, x->n);
    for (size_t i = 0; i < x->n; i++) logs[i] = logf(weights[i]);
    expect_floats(example, "log", logs, x->n);
    kernels->argmax(x->at, x->n, &max);
    expect_number(example, "log sum exp",
                  (double)max + log((double)kernels->sum_exp(x->at, x->n, max)));
    room_close(&room);
}

START_TEST(softmax_example) {
    work_out("softmax", work_softmax);
}
END_TEST

static void work_attention(struct example *example, const struct kernels *kernels) {
    struct room room;
    const struct numbers *q = given(example, "Q"), *v = given(example, "V");
    struct linear k = given_linear(example, "K");
    float scores[16], weights[16], out[16];
    room_open(&room, kernels, q->n_columns, 1);
    expect_number(example, "scale", (double)room.heads.scale);
    score(&room, q, &k, scores);
    expect_floats(example, "scores", scores, q->n_rows * k.w.n_out);
    attend(&room, k.w.data, k.w.n_in,
           (struct attention){.n_queries = q->n_rows,
                              .n_keys = v->n_rows,
                              .q = q->at,
                              .q_stride = q->n_columns,
                              .values = v->at,
                              .value_stride = v->n_columns,
                              .out = out,
                              .out_stride = v->n_columns,
                              .weights = weights});
    expect_floats(example, "weights", weights, q->n_rows * v->n_rows);
    expect_floats(example, "out", out, q->n_rows * v->n_columns);
    room_close(&room);
}

START_TEST(attention_example) {
    work_out("attention", work_attention);
}
END_TEST

/* ---- several heads --------------------------------------------------------------------------- */

/* The weights that self_attention has just used, from what it left in the buffers. */
static void weights_of_heads(struct room *room, size_t n_rows, float *weights) {
    const float *qkv = room->attention.qkv;
    size_t width = room->heads.width, stride = 3 * width;
    attend(room, qkv + width, stride,
           (struct attention){.n_queries = n_rows,
                              .n_keys = n_rows,
                              .q = qkv,
                              .q_stride = stride,
                              .values = qkv + 2 * width,
                              .value_stride = stride,
                              .out = room->attention.context,
                              .out_stride = width,
                              .weights = weights});
}

static void work_multi_head(struct example *example, const struct kernels *kernels) {
    struct room room;
    const struct numbers *x = given(example, "x");
    struct attention_weights weights = given_weights(example);
    struct attention_layer layer = {.weights = &weights};
    struct source_rows sentence = {.n = x->n_rows};
    float of_heads[16];
    room_open(&room, kernels, x->n_columns, 2);
    float *out = room_floats(&room, x->n);
    self_attention(&room.heads, &layer, &sentence, 1, x->at, out);
    expect_floats(example, "concat", room.attention.context, x->n);
    expect_floats(example, "out", out, x->n);
    weights_of_heads(&room, x->n_rows, of_heads);
    expect_floats(example, "weights of head 1", of_heads, x->n_rows * x->n_rows);
    expect_floats(example, "weights of head 2", of_heads + x->n_rows * x->n_rows,
                  x->n_rows * x->n_rows);
    room_close(&room);
}

START_TEST(multi_head_example) {
    work_out("multi-head", work_multi_head);
}
END_TEST

/* ---- causal, with a mask and with a cache ---------------------------------------------------- */

/* The mask is a relative bias: 0 up to the query itself, -inf for keys behind it. */
static void work_masked(struct example *example, struct room *room, const struct numbers *x) {
    enum { LONGEST = 4 };
    size_t n = x->n_rows, d = x->n_columns;
    float mask[2 * LONGEST + 1] = {0}, scores[LONGEST * LONGEST], weights[LONGEST * LONGEST];
    float out[LONGEST * LONGEST];
    struct linear keys = given_linear(example, "x");
    for (size_t i = LONGEST + 1; i <= 2 * LONGEST; i++) mask[i] = -INFINITY;
    score(room, x, &keys, scores);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) scores[i * n + j] += mask[LONGEST + j - i];
    expect_floats(example, "masked scores", scores, n * n);
    attend(room, x->at, d,
           (struct attention){.n_queries = n,
                              .n_keys = n,
                              .q = x->at,
                              .q_stride = d,
                              .values = x->at,
                              .value_stride = d,
                              .bias = mask + LONGEST,
                              .out = out,
                              .out_stride = d,
                              .weights = weights});
    expect_floats(example, "weights", weights, n * n);
    expect_floats(example, "out", out, x->n);
}

/* One row at a time, whose past is a list of nodes. */
static void work_cached(struct example *example, struct room *room, const struct numbers *x) {
    struct linear identity = given_linear(example, "W");
    struct attention_weights weights = {.q = identity, .k = identity, .v = identity};
    weights.out = identity;
    struct attention_layer layer = {.weights = &weights};
    const float *given_nodes = given_floats(example, "nodes", x->n_rows);
    struct decoder_cache cache = {.n_nodes = 0};
    int32_t nodes[8];
    size_t n_slots = (size_t)given_number(example, "slots");
    cache_take(&cache, &room->config, n_slots, x->n_rows, &room->arena);
    for (size_t i = 0; i < x->n_rows; i++) {
        char key[32];
        float *out = room_floats(room, x->n_columns);
        nodes[i] = (int32_t)given_nodes[i];
        struct decoder_row row = {.position = (uint32_t)i, .nodes = nodes};
        row.slot = (uint32_t)nodes[i] - (uint32_t)(i * n_slots);
        causal_self_attention(&room->heads, &layer, (struct decoder_rows){&row, 1}, &cache,
                              x->at + i * x->n_columns, out);
        snprintf(key, sizeof key, "step %zu", i);
        expect_floats(example, key, out, x->n_columns);
    }
}

static void work_causal(struct example *example, const struct kernels *kernels) {
    struct room room;
    const struct numbers *x = given(example, "x");
    room_open(&room, kernels, x->n_columns, 1);
    work_masked(example, &room, x);
    work_cached(example, &room, x);
    room_close(&room);
}

START_TEST(causal_example) {
    work_out("causal", work_causal);
}
END_TEST

/* ---- cross-attention ------------------------------------------------------------------------- */

static void work_cross(struct example *example, const struct kernels *kernels) {
    struct room room;
    const struct numbers *encoded = given(example, "encoded"), *x = given(example, "x");
    struct decoder_layer decoder = {.cross = given_weights(example)};
    struct attention_layer layer = {.weights = &decoder.cross};
    struct source_rows sentence = {.n = encoded->n_rows};
    struct decoder_row at[4] = {{.position = 0}};
    float weights[16];
    room_open(&room, kernels, x->n_columns, 1);
    struct source_memory memory = {.n_places = 1, .n_tokens = encoded->n_rows};
    memory.n_key_floats = memory_key_floats(&room.config, encoded->n_rows);
    memory_take(&memory, &room.config, &room.arena);
    memory_fill(&memory, &room.heads, &decoder, 1, &sentence, 1, encoded->at);
    expect_floats(example, "values", memory.values, encoded->n);
    float *out = room_floats(&room, x->n);
    cross_attention(&room.heads, &layer, (struct decoder_rows){at, x->n_rows}, &memory, x->at, out);
    expect_floats(example, "out", out, x->n);
    attend(&room, encoded->at, encoded->n_columns, /* W_K is the identity */
           (struct attention){.n_queries = x->n_rows,
                              .n_keys = encoded->n_rows,
                              .q = room.attention.qkv,
                              .q_stride = x->n_columns,
                              .values = memory.values,
                              .value_stride = x->n_columns,
                              .out = out,
                              .out_stride = x->n_columns,
                              .weights = weights});
    expect_floats(example, "weights", weights, x->n_rows * encoded->n_rows);
    room_close(&room);
}

START_TEST(cross_example) {
    work_out("cross-attention", work_cross);
}
END_TEST

TCase *transformer_attention_case(void) {
    TCase *attention = tcase_create("attention");
    tcase_add_test(attention, softmax_example);
    tcase_add_test(attention, attention_example);
    tcase_add_test(attention, multi_head_example);
    tcase_add_test(attention, causal_example);
    tcase_add_test(attention, cross_example);
    return attention;
}
