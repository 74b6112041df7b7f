/* The examples of docs/transformer.md for embeddings, positions, norms, feed-forward networks,
 * layers, the SSRU and int8 products. */
#include "tests/check_transformer.h"

#include "engine/embedding.h"
#include "engine/layer.h"
#include "engine/norm.h"
#include "tests/panels.h"

#include <math.h>
#include <string.h>

/* ---- embeddings and positions ---------------------------------------------------------------- */

static void work_embedding(struct example *example, const struct kernels *kernels) {
    struct room room;
    const struct numbers *table = given(example, "E");
    struct linear rows = given_linear(example, "E");
    size_t d = table->n_columns;
    room_open(&room, kernels, d, 1);
    room.config.embedding_scale = sqrtf((float)d);
    room.config.position_kind = POSITION_SINUSOIDAL;
    struct model model = {.config = room.config, .source_table = rows.w};
    struct embedding embedding = source_embedding(&model);
    struct positions positions = {.capacity = 0};
    ck_assert(positions_reserve(&positions, &model, 8));
    float *x = room_floats(&room, d);
    embed(&embedding, &positions, (int32_t)given_number(example, "token"),
          (uint32_t)given_number(example, "position"), x);
    expect_number(example, "scale", (double)model.config.embedding_scale);
    expect_floats(example, "x", x, d);
    positions_free(&positions);
    room_close(&room);
}

START_TEST(embedding_example) {
    work_out("embedding", work_embedding);
}
END_TEST

static void expect_table(struct example *example, const char *key, enum sinusoid_order order,
                         enum sinusoid_angle angle) {
    const struct numbers *positions = given(example, "positions");
    size_t d = (size_t)given_number(example, "d_model");
    float table[MAX_NUMBERS];
    for (size_t i = 0; i < positions->n; i++)
        sinusoid((uint32_t)positions->at[i], d, order, angle, table + i * d);
    expect_floats(example, key, table, positions->n * d);
}

START_TEST(positions_example) {
    struct example *example = example_open("positions");
    expect_table(example, "interleaved", SINUSOID_INTERLEAVED, ANGLE_PAPER);
    expect_table(example, "halves", SINUSOID_HALVES, ANGLE_PAPER);
    expect_table(example, "halves, tensor2tensor", SINUSOID_HALVES, ANGLE_TENSOR2TENSOR);
    example_close(example);
}
END_TEST

static void expect_buckets(struct example *example, const char *key, bool bidirectional) {
    const struct numbers *distances = given(example, "distances");
    uint32_t n_buckets = (uint32_t)given_number(example, "buckets");
    uint32_t max_distance = (uint32_t)given_number(example, "max distance");
    int32_t buckets[MAX_NUMBERS];
    for (size_t i = 0; i < distances->n; i++)
        buckets[i] = (int32_t)relative_bucket((int64_t)distances->at[i], bidirectional, n_buckets,
                                              max_distance);
    expect_ids(example, key, buckets, distances->n);
}

START_TEST(buckets_example) {
    struct example *example = example_open("buckets");
    expect_buckets(example, "encoder", true);
    expect_buckets(example, "decoder", false);
    example_close(example);
}
END_TEST

/* ---- norms ----------------------------------------------------------------------------------- */

static void expect_norm(struct example *example, const struct kernels *kernels, const char *key,
                        enum norm_kind kind) {
    const struct numbers *x = given(example, "x");
    struct config config;
    config_init(&config);
    config.d_model = (uint32_t)x->n;
    config.norm_kind = kind;
    struct norm norm = {given_floats(example, "gain", x->n), given_floats(example, "shift", x->n)};
    float y[8];
    normalize(kernels, &config, &norm, x->at, 1, y);
    expect_floats(example, key, y, x->n);
}

static void work_norm(struct example *example, const struct kernels *kernels) {
    const struct numbers *x = given(example, "x");
    double mean = 0, variance = 0, squares = 0;
    for (size_t i = 0; i < x->n; i++) mean += (double)x->at[i] / (double)x->n;
    for (size_t i = 0; i < x->n; i++) variance += pow((double)x->at[i] - mean, 2) / (double)x->n;
    for (size_t i = 0; i < x->n; i++) squares += pow((double)x->at[i], 2) / (double)x->n;
    expect_number(example, "mean", mean);
    expect_number(example, "variance", variance);
    expect_number(example, "mean of squares", squares);
    expect_norm(example, kernels, "LayerNorm", NORM_LAYER);
    expect_norm(example, kernels, "RMSNorm", NORM_RMS);
}

START_TEST(norm_example) {
    work_out("norm", work_norm);
}
END_TEST

/* ---- feed-forward networks ------------------------------------------------------------------- */

static struct ffn_weights given_ffn(struct example *example) {
    struct ffn_weights weights = {.in = given_linear(example, "W_1"),
                                  .out = given_linear(example, "W_2")};
    weights.in.bias = given_floats(example, "b_1", weights.in.w.n_out);
    weights.out.bias = given_floats(example, "b_2", weights.out.w.n_out);
    return weights;
}

static void run_ffn(struct example *example, const struct kernels *kernels,
                    const struct ffn_weights *weights, enum activation activation) {
    struct room room;
    const struct numbers *x = given(example, "x");
    room_open(&room, kernels, x->n_columns, 1);
    room.config.gated_ffn = true; /* room for both */
    struct ffn_buffers buffers;
    ffn_take(&buffers, &room.config, x->n_rows, &room.arena);
    float *out = room_floats(&room, x->n);
    feed_forward(&room.products, &buffers, weights, activation, x->at, x->n_rows, out);
    if (weights->gate.w.data)
        expect_floats(example, "gate", buffers.gate, x->n_rows * weights->in.w.n_out);
    expect_floats(example, "hidden", buffers.hidden, x->n_rows * weights->in.w.n_out);
    expect_floats(example, "out", out, x->n);
    room_close(&room);
}

static void work_ffn(struct example *example, const struct kernels *kernels) {
    struct ffn_weights weights = given_ffn(example);
    run_ffn(example, kernels, &weights, ACTIVATION_RELU);
}

START_TEST(feed_forward_example) {
    work_out("feed-forward", work_ffn);
}
END_TEST

static void work_gated(struct example *example, const struct kernels *kernels) {
    struct ffn_weights weights = {.in = given_linear(example, "W_1"),
                                  .gate = given_linear(example, "W_g"),
                                  .out = given_linear(example, "W_2")};
    run_ffn(example, kernels, &weights, ACTIVATION_GELU_TANH);
}

START_TEST(gated_example) {
    work_out("gated feed-forward", work_gated);
}
END_TEST

/* ---- a layer --------------------------------------------------------------------------------- */

static float ones[8] = {1, 1, 1, 1, 1, 1, 1, 1}, zeros[8];

/* The weights of two other examples, with norms that have nothing to say of their own. */
static struct encoder_layer layer_of(struct example *attention, struct example *ffn) {
    struct encoder_layer layer = {.self = {.q = given_linear(attention, "W_Q"),
                                           .k = given_linear(attention, "W_K"),
                                           .v = given_linear(attention, "W_V"),
                                           .out = given_linear(attention, "W_O")},
                                  .ffn = given_ffn(ffn)};
    layer.self.norm = layer.ffn.norm = (struct norm){ones, zeros};
    return layer;
}

static void take_activations(struct room *room, struct activations *activations,
                             const struct numbers *x) {
    *activations = (struct activations){.x = room_floats(room, x->n),
                                        .normed = room_floats(room, x->n),
                                        .attention = room->attention};
    ffn_take(&activations->ffn, &room->config, x->n_rows, &room->arena);
    memcpy(activations->x, x->at, x->n * sizeof *x->at);
}

/* x after the first sublayer, put together by hand. */
static void after_attention(const struct encoder_pass *pass, float *x, float *normed) {
    const struct config *config = &pass->model->config;
    const struct attention_weights *weights = &pass->model->encoder[0].self;
    const struct kernels *kernels = pass->products->kernels;
    struct attention_layer layer = {.weights = weights};
    bool pre = config->norm_place == NORM_PRE;
    if (pre) normalize(kernels, config, &weights->norm, x, pass->n_rows, normed);
    self_attention(&pass->heads, &layer, pass->sentences, 1, pre ? normed : x, x);
    if (!pre) normalize(kernels, config, &weights->norm, x, pass->n_rows, x);
}

static void expect_layer(struct example *example, const char *first, const char *second,
                         struct room *room, struct encoder_layer *layer, const struct numbers *x) {
    struct model model = {.config = room->config, .encoder = layer};
    struct source_rows sentence = {.n = x->n_rows};
    struct activations activations;
    struct encoder_pass pass = {.model = &model,
                                .products = &room->products,
                                .activations = &activations,
                                .heads = room->heads,
                                .sentences = &sentence,
                                .n_sentences = 1,
                                .n_rows = x->n_rows};
    take_activations(room, &activations, x);
    after_attention(&pass, activations.x, activations.normed);
    expect_floats(example, first, activations.x, x->n);
    take_activations(room, &activations, x);
    encoder_layer(&pass, 0);
    expect_floats(example, second, activations.x, x->n);
}

static void work_layer(struct example *example, const struct kernels *kernels) {
    struct example *attention = example_open("multi-head"), *ffn = example_open("feed-forward");
    struct encoder_layer layer = layer_of(attention, ffn);
    struct room room;
    const struct numbers *x = given(attention, "x");
    room_open(&room, kernels, x->n_columns, 2);
    room.config.activation = ACTIVATION_RELU;
    room.config.norm_place = NORM_POST;
    expect_layer(example, "post-norm, after attention", "post-norm, after feed-forward", &room,
                 &layer, x);
    room.config.norm_place = NORM_PRE;
    expect_layer(example, "pre-norm, after attention", "pre-norm, after feed-forward", &room,
                 &layer, x);
    room_close(&room);
    example_discard(attention);
    example_discard(ffn);
}

START_TEST(layer_example) {
    work_out("layer", work_layer);
}
END_TEST

/* ---- the SSRU -------------------------------------------------------------------------------- */

static void work_ssru(struct example *example, const struct kernels *kernels) {
    struct room room;
    const struct numbers *x = given(example, "x");
    size_t d = x->n_columns;
    struct ssru_weights weights = {.w = given_linear(example, "W"),
                                   .forget = given_linear(example, "W_f")};
    weights.forget.bias = given_floats(example, "b_f", d);
    float gates[16], cells[16], *out;
    room_open(&room, kernels, d, 1);
    room.config.decoder_kind = DECODER_SSRU;
    out = room_floats(&room, x->n);
    struct ssru_cells all;
    struct ssru_buffers buffers;
    ssru_take(&all, &buffers, &room.config, 1, &room.arena);
    for (size_t i = 0; i < x->n_rows; i++) {
        struct decoder_row row = {.position = (uint32_t)i};
        ssru(&room.products, &buffers, &weights, (struct decoder_rows){&row, 1}, 0, &all,
             x->at + i * d, out + i * d);
        for (size_t j = 0; j < d; j++) gates[i * d + j] = 1 / (1 + expf(-buffers.forget[j]));
        memcpy(cells + i * d, all.cells + i % 2 * d, d * sizeof *cells);
    }
    expect_floats(example, "f", gates, x->n);
    expect_floats(example, "c", cells, x->n);
    expect_floats(example, "out", out, x->n);
    room_close(&room);
}

START_TEST(ssru_example) {
    work_out("ssru", work_ssru);
}
END_TEST

/* ---- int8 ------------------------------------------------------------------------------------ */

static void expect_bytes(struct example *example, const char *key, const int8_t *bytes, size_t n) {
    int32_t values[8];
    for (size_t i = 0; i < n; i++) values[i] = bytes[i];
    expect_ids(example, key, values, n);
}

/* The bytes of one weight row: 4 stand together, the next 4 a tile further. */
static void weight_bytes(const struct matrix *w, int8_t *bytes) {
    const int8_t *row = (const int8_t *)matrix_output(w, 0);
    for (size_t i = 0; i < w->n_in; i++) bytes[i] = row[i / 4 * TILE_BYTES + i % 4];
}

static float product_of(struct room *room, const struct numbers *x, const struct matrix *w) {
    struct operand operand = operand_begin(&room->products, x->at, 1, x->n);
    struct linear layer = {.w = *w};
    float y;
    linear(&room->products, &operand, &layer, (struct epilogue){0}, &y, 1);
    return y;
}

static void work_int8(struct example *example, const struct kernels *kernels) {
    struct room room;
    const struct numbers *x = given(example, "x"), *w = given(example, "w");
    struct weights weights;
    int8_t q_w[8], *q_x;
    int32_t sum = 0;
    room_open(&room, kernels, x->n, 1);
    weights_make(&weights, DTYPE_I8, LAYOUT_PANELS, 1, w->n, w->at, 0);
    expect_number(example, "product", (double)product_of(&room, x, &weights.matrix));
    expect_number(example, "scale of x", (double)room.products.forms.scale[0]);
    expect_number(example, "scale of w", (double)weights.scale[0]);
    weight_bytes(&weights.matrix, q_w);
    expect_bytes(example, "int8 of w", q_w, w->n);
    if (strcmp(kernels->name, "scalar") == 0) { /* bytes of other levels are their own affair */
        q_x = room.products.forms.quantized;
        expect_bytes(example, "int8 of x", q_x, x->n);
        for (size_t i = 0; i < x->n; i++) sum += q_x[i] * q_w[i];
        expect_number(example, "sum", sum);
    }
    struct linear exact = given_linear(example, "w");
    expect_number(example, "product in floats", (double)product_of(&room, x, &exact.w));
    weights_free(&weights);
    room_close(&room);
}

START_TEST(int8_example) {
    work_out("int8", work_int8);
}
END_TEST

TCase *transformer_parts_case(void) {
    TCase *parts = tcase_create("parts");
    tcase_add_test(parts, embedding_example);
    tcase_add_test(parts, positions_example);
    tcase_add_test(parts, buckets_example);
    tcase_add_test(parts, norm_example);
    tcase_add_test(parts, feed_forward_example);
    tcase_add_test(parts, gated_example);
    tcase_add_test(parts, layer_example);
    tcase_add_test(parts, ssru_example);
    tcase_add_test(parts, int8_example);
    return parts;
}
