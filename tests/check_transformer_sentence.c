/* The sentence that docs/transformer.md follows through the model that ships. */
#include "tests/check_transformer.h"

#include "engine/embedding.h"
#include "tests/fixture.h"
#include "tests/tokens.h"
#include "tokenizer/tokenizer.h"

#include <stdio.h>
#include <string.h>

enum { MAX_IDS = 16, MAX_TEXT = 256 };

/* An example, and the sentence that all of them are about. */
struct scene {
    struct example *example;
    tolka_model *model;
    tolka_tokenizer *tokenizer;
    const char *text;
    int32_t source[MAX_IDS], target[MAX_IDS];
    size_t n_source, n_target;
    struct example *sentence; /* which the text is borrowed from */
};

static void keep(void *user, size_t index, tolka_result *result) {
    (void)index;
    *(tolka_result **)user = result;
}

static tolka_result *translate(const struct scene *scene, const char *isa) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.isa = isa;
    tolka_translator *translator = open_translator(scene->model, &options);
    tolka_text text = {.source = scene->text, .source_length = strlen(scene->text)};
    tolka_result *result = NULL;
    tolka_error err = {0};
    ck_assert_msg(tolka_translate_texts(translator, scene->tokenizer, &text, 1, keep, &result,
                                        &err) == TOLKA_OK,
                  "%s", err.text);
    tolka_translator_free(translator);
    return result;
}

static void set_target(struct scene *scene) {
    tolka_result *result = translate(scene, NULL);
    const tolka_token *tokens = tolka_result_tokens(result, 0, &scene->n_target);
    ck_assert_uint_le(scene->n_target, MAX_IDS);
    for (size_t i = 0; i < scene->n_target; i++) scene->target[i] = tokens[i].id;
    tolka_result_free(result);
}

static struct scene scene_open(const char *name) {
    struct scene scene = {.example = example_open(name), .sentence = example_open("sentence")};
    tolka_error err = {0};
    const char *to = given_text(scene.sentence, "to");
    scene.text = given_text(scene.sentence, "text");
    ck_assert_msg(tolka_model_open(&scene.model, SHIPPED_MODEL, &err) == TOLKA_OK, "%s", err.text);
    ck_assert_msg(tolka_tokenizer_new(&scene.tokenizer, scene.model, NULL, to, &err) == TOLKA_OK,
                  "%s", err.text);
    scene.n_source =
        tokens_of(scene.tokenizer, scene.text, strlen(scene.text), scene.source, MAX_IDS);
    set_target(&scene);
    return scene;
}

static void scene_close(struct scene *scene) {
    example_close(scene->example);
    example_discard(scene->sentence);
    tolka_tokenizer_free(scene->tokenizer);
    tolka_model_free(scene->model);
}

/* ---- text, ids, text ------------------------------------------------------------------------- */

/* What an id is called: its piece, as SentencePiece has it (a blank at its start is U+2581), or its
 * language. */
static struct spm_text name_of(const tolka_tokenizer *tokenizer, int32_t id) {
    const struct side *side = &tokenizer->source;
    const struct languages *languages = &tokenizer->languages;
    for (size_t i = 0; i < languages->n; i++)
        if (languages->ids[i] == id)
            return (struct spm_text){languages->tokens[i].bytes, languages->tokens[i].length};
    for (size_t piece = 0; piece < side->n_pieces; piece++)
        if ((side->ids ? side->ids[piece] : (int32_t)piece) == id)
            return spm_piece(side->spm, (int32_t)piece);
    ck_abort_msg("id %d has no piece", id);
    return (struct spm_text){NULL, 0};
}

/* Their names with blanks between them. */
static void names_of(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n, char *out) {
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        struct spm_text text = name_of(tokenizer, ids[i]);
        ck_assert_uint_lt(length + text.length + 2, MAX_TEXT);
        if (i > 0) out[length++] = ' ';
        memcpy(out + length, text.bytes, text.length);
        length += text.length;
    }
    out[length] = 0;
}

static void expect_pieces(struct scene *scene, const char *key, const int32_t *ids, size_t n) {
    char text[MAX_TEXT];
    names_of(scene->tokenizer, ids, n, text);
    expect_text(scene->example, key, text);
}

static void translate_at(void *user, const char *isa) {
    struct scene *scene = user;
    tolka_result *result = translate(scene, isa);
    size_t n;
    int32_t ids[MAX_IDS];
    float logs[MAX_IDS];
    const int32_t *source = tolka_result_source(result, &n);
    expect_ids(scene->example, "source ids", source, n);
    const tolka_token *tokens = tolka_result_tokens(result, 0, &n);
    for (size_t i = 0; i < n && i < MAX_IDS; i++) {
        ids[i] = tokens[i].id;
        logs[i] = tokens[i].log_prob;
    }
    expect_ids(scene->example, "target ids", ids, n);
    expect_floats(scene->example, "log-probabilities", logs, n);
    expect_number(scene->example, "score", (double)tolka_result_score(result, 0));
    expect_text(scene->example, "translation", tolka_result_text(result, 0, NULL));
    tolka_result_free(result);
}

START_TEST(sentence_is_translated) {
    struct scene scene = scene_open("sentence");
    given_text(scene.example, "text"), given_text(scene.example, "to");
    expect_pieces(&scene, "source pieces", scene.source, scene.n_source);
    expect_pieces(&scene, "target pieces", scene.target, scene.n_target);
    for_each_level(translate_at, &scene);
    scene_close(&scene);
}
END_TEST

/* ---- sizes ----------------------------------------------------------------------------------- */

START_TEST(sizes_are_the_models) {
    struct example *example = example_open("model");
    tolka_model *model;
    ck_assert_int_eq(tolka_model_open(&model, SHIPPED_MODEL, NULL), TOLKA_OK);
    const struct config *config = &model->model.config;
    const struct {
        const char *key;
        double value;
    } sizes[] = {
        {"d_model", config->d_model},
        {"vocabulary", config->target_vocab},
        {"encoder layers", config->encoder_layers},
        {"decoder layers", config->decoder_layers},
        {"heads", config->encoder_heads},
        {"head_dim", config_encoder_head_dim(config)},
        {"feed-forward", config->encoder_ffn},
        {"embedding scale", (double)config->embedding_scale},
        {"start token", config->start_token},
        {"end token", config->end_token},
        {"beam", config->beam},
        {"length penalty", (double)config->length_penalty},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        expect_number(example, sizes[i].key, sizes[i].value);
    ck_assert_int_eq(config->norm_place, NORM_POST);
    ck_assert_int_eq(config->position_kind, POSITION_SINUSOIDAL);
    ck_assert_int_eq(config->sinusoid_order, SINUSOID_HALVES);
    ck_assert_int_eq(config->activation, ACTIVATION_SWISH);
    tolka_model_free(model);
    example_close(example);
}
END_TEST

/* ---- the encoder ----------------------------------------------------------------------------- */

enum { N_SHOWN = 2 };

/* The first values of a row. */
static void expect_beginnings(struct scene *scene, const char *key, const float *x) {
    float shown[MAX_IDS * N_SHOWN];
    for (size_t i = 0; i < scene->n_source; i++)
        memcpy(shown + i * N_SHOWN, x + i * scene->model->model.config.d_model,
               N_SHOWN * sizeof *x);
    expect_floats(scene->example, key, shown, scene->n_source * N_SHOWN);
}

static void encode_at(void *user, const char *isa) {
    struct scene *scene = user;
    const struct model *model = &scene->model->model;
    struct embedding embedding = source_embedding(model);
    struct worker worker;
    float x[MAX_IDS * 256];
    ck_assert_uint_eq(model->config.d_model, 256);
    encode_one(&worker, model, isa, scene->source, scene->n_source, 1);
    for (size_t i = 0; i < scene->n_source; i++)
        embed(&embedding, &worker.transformer.positions, scene->source[i], (uint32_t)i,
              x + i * model->config.d_model);
    expect_beginnings(scene, "embedded", x);
    expect_beginnings(scene, "encoded", worker.transformer.activations.x);
    worker_free(&worker);
}

START_TEST(source_is_encoded) {
    struct scene scene = scene_open("encoder");
    for_each_level(encode_at, &scene);
    scene_close(&scene);
}
END_TEST

/* ---- the decoder ----------------------------------------------------------------------------- */

/* Mean over heads of the weights that the last layer's cross-attention has just used: its queries
 * still stand in the buffers. */
static void look_at_source(struct transformer *transformer, size_t n_keys, float *mean) {
    const struct config *config = &transformer->model->config;
    const struct source_memory *memory = &transformer->memory;
    struct multi_head heads =
        decoder_heads(config, &transformer->products, &transformer->activations.attention);
    size_t layer = config->decoder_layers - 1;
    float weights[MAX_IDS * 32], out[1024];
    ck_assert(heads.n_heads <= 32 && heads.width <= 1024);
    transformer->products.kernels->attend(
        &(struct attention){.n_heads = heads.n_heads,
                            .head_dim = heads.head_dim,
                            .n_queries = 1,
                            .n_keys = n_keys,
                            .scale = heads.scale,
                            .q = heads.buffers->qkv,
                            .keys = memory->keys + layer * memory->n_key_floats,
                            .values = memory->values + layer * memory->n_tokens * heads.width,
                            .value_stride = heads.width,
                            .out = out,
                            .weights = weights,
                            .scratch = heads.buffers->scratch});
    for (size_t j = 0; j < n_keys; j++) {
        mean[j] = 0;
        for (size_t h = 0; h < heads.n_heads; h++)
            mean[j] += weights[h * n_keys + j] / (float)heads.n_heads;
    }
}

enum { N_TOP = 3 };

static void expect_step(struct scene *scene, struct worker *worker, struct decoder_rows rows) {
    struct candidate top[N_TOP];
    struct choice choice = {.top = top};
    struct generation unrestrained = {.n_suppressed = 0};
    struct wanted wanted = {.n_top = N_TOP, .sum = true, .generation = &unrestrained};
    char key[64];
    int32_t ids[N_TOP];
    float logits[N_TOP], logs[N_TOP], mean[MAX_IDS];
    uint32_t step = rows.at->position;
    decode_step(&worker->transformer, rows);
    look_at_source(&worker->transformer, scene->n_source, mean);
    output_choices(&worker->output, worker->transformer.activations.x, rows, &wanted, &choice);
    for (size_t i = 0; i < N_TOP; i++) {
        ids[i] = top[i].id;
        logits[i] = top[i].value;
        logs[i] = choice_log_prob(&choice, top[i].value);
    }
    snprintf(key, sizeof key, "step %u, input", step);
    expect_number(scene->example, key, rows.at->token);
    snprintf(key, sizeof key, "step %u, looks at", step);
    expect_floats(scene->example, key, mean, scene->n_source);
    snprintf(key, sizeof key, "step %u, best ids", step);
    expect_ids(scene->example, key, ids, N_TOP);
    snprintf(key, sizeof key, "step %u, pieces", step);
    expect_pieces(scene, key, ids, N_TOP);
    snprintf(key, sizeof key, "step %u, logits", step);
    expect_floats(scene->example, key, logits, N_TOP);
    snprintf(key, sizeof key, "step %u, logs", step);
    expect_floats(scene->example, key, logs, N_TOP);
}

static void decode_at(void *user, const char *isa) {
    struct scene *scene = user;
    const struct model *model = &scene->model->model;
    struct worker worker;
    int32_t nodes[MAX_IDS];
    encode_one(&worker, model, isa, scene->source, scene->n_source, scene->n_target);
    for (size_t i = 0; i < scene->n_target; i++) {
        nodes[i] = (int32_t)i; /* one slot: a node a position */
        struct decoder_row row = {.token = i ? scene->target[i - 1] : model->config.start_token,
                                  .position = (uint32_t)i,
                                  .nodes = nodes};
        expect_step(scene, &worker, (struct decoder_rows){&row, 1});
    }
    worker_free(&worker);
}

START_TEST(target_is_decoded) {
    struct scene scene = scene_open("decoder");
    for_each_level(decode_at, &scene);
    scene_close(&scene);
}
END_TEST

TCase *transformer_sentence_case(void) {
    TCase *sentence = tcase_create("sentence");
    tcase_set_timeout(sentence, 60);
    tcase_add_test(sentence, sentence_is_translated);
    tcase_add_test(sentence, sizes_are_the_models);
    tcase_add_test(sentence, source_is_encoded);
    tcase_add_test(sentence, target_is_decoded);
    return sentence;
}
