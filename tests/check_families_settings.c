/* Settings that few checkpoints have: each is followed, refused by its name, or warned of. */
#include "engine/bytes.h"
#include "models/families.h"
#include "tests/check_families_native.h"
#include "tests/import_files.h"
#include "tests/tokens.h"
#include "tests/variant.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Hugging Face ---------------------------------------------------------------------------- */

/* A key of a JSON file, its value, and what is said of it. */
struct setting {
    const char *folder, *file, *key, *value;
    const char *says;
};

static struct variant variant_with(const struct setting *setting) {
    struct variant variant = variant_of(setting->folder);
    json_t *value = json_loads(setting->value, JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(value);
    set_key(&variant, setting->file, setting->key, value);
    return variant;
}

static const struct setting warned[] = {
    {"bart", "config.json", "hidden_size", "12", "d_model is 64, but hidden_size is 12"},
    {"bart", "tokenizer_config.json", "tokenizer_class", "\"LedTokenizer\"",
     "tokenizer_class is \"LedTokenizer\", which tolka does not know; it takes the tokenizer for a "
     "BartTokenizer"},
    {"bart", "generation_config.json", "max_length", "100000",
     "up to 99999 tokens are asked for; the default will be 1024"},
    {"bart", "generation_config.json", "eos_token_id", "[2,3]",
     "key eos_token_id lists 2 tokens; tolka heeds the first only"},
    {"bart", "generation_config.json", "guidance_scale", "1.5",
     "key guidance_scale is set; tolka does not follow it"},
    {"bart", "generation_config.json", "constraints", "[[1]]",
     "key constraints is set; tolka does not follow it"},
    {"bart", "generation_config.json", "do_sample", "true",
     "do_sample and num_beams are set; tolka samples without beams"},
    {"bart", "generation_config.json", "guidance_scale", "1", NULL},
    {"bart", "tokenizer_config.json", "tokenizer_class", "\"BartTokenizerFast\"", NULL},
    {"bart", "tokenizer_config.json", "tokenizer_class", "\"PreTrainedTokenizerFast\"", NULL},
};
enum { N_WARNED = sizeof warned / sizeof *warned };

START_TEST(settings_are_warned_of) {
    struct variant variant = variant_with(&warned[_i]);
    expect_warning(&variant, warned[_i].says);
}
END_TEST

static const struct setting refused[] = {
    {"bart", "config.json", "activation_function", "\"mish\"",
     "key activation_function: no activation is called \"mish\""},
    {"bart", "config.json", "d_model", "-64", "key d_model is -64; expected a size"},
    {"bart", "config.json", "d_model", "\"wide\"", "d_model is \"wide\"; expected an integer"},
    {"bart", "config.json", "scale_embedding", "3", "scale_embedding is 3; expected true or false"},
    {"bart", "config.json", "bos_token_id", "0.5", "bos_token_id is 0.5; expected an integer"},
    {"bart", "generation_config.json", "early_stopping", "\"always\"",
     "early_stopping is \"always\""},
    {"bart", "generation_config.json", "length_penalty", "\"long\"",
     "length_penalty is \"long\"; expected a number"},
    {"bart", "generation_config.json", "renormalize_logits", "1", "renormalize_logits is 1"},
    {"bart", "generation_config.json", "do_sample", "1", "do_sample is 1"},
    {"bart", "generation_config.json", "max_length", "\"40\"", "max_length is \"40\""},
    {"bart", "generation_config.json", "max_new_tokens", "\"40\"", "max_new_tokens is \"40\""},
    {"bart", "generation_config.json", "eos_token_id", "\"</s>\"", "eos_token_id is \"</s>\""},
    {"bart", "generation_config.json", "bad_words_ids", "[[]]", "lists no tokens"},
    {"bart", "generation_config.json", "bad_words_ids", "[[99999]]",
     "has token 99999; the vocabulary has"},
    {"bart", "generation_config.json", "bad_words_ids", "[[-1]]", "has token -1"},
    {"bart", "generation_config.json", "suppress_tokens", "[\"a\"]", "expected integers"},
    {"bart", "generation_config.json", "sequence_bias", "[[[5], \"much\"]]", "expected a number"},
    {"bart", "generation_config.json", "force_words_ids", "7", "is no list of words"},
    {"bart", "generation_config.json", "force_words_ids", "[[]]", "lists no tokens"},
    {"marian", "config.json", "scale_embedding", "\"yes\"", "expected true or false"},
    {"marian", "tokenizer_config.json", "separate_vocabs", "1", "separate_vocabs is 1"},
    {"m2m100", "config.json", "num_experts", "\"8\"", "num_experts is \"8\""},
    {"m2m100", "config.json", "scale_embedding", "1", "scale_embedding is 1"},
    {"m2m100", "tokenizer_config.json", "language_codes", "5", "language_codes is 5"},
    {"m2m100", "tokenizer_config.json", "tokenizer_class", "5", "tokenizer_class is 5"},
    {"mbart50-tiny", "config.json", "max_position_embeddings", "\"64\"", "is \"64\""},
    {"mbart50-tiny", "tokenizer_config.json", "tokenizer_class", "5", "tokenizer_class is 5"},
    {"nllb-tiny", "tokenizer_config.json", "legacy_behaviour", "1", "legacy_behaviour is 1"},
    {"t5", "config.json", "feed_forward_proj", "\"gated-mish\"", "called \"mish\""},
    {"t5", "tokenizer_config.json", "extra_ids", "\"100\"", "extra_ids is \"100\""},
    {"vaswani", "config.json", "position_embedding_type", "\"rotary\"",
     "is \"rotary\"; expected interleaved, halves, learned or none"},
    {"vaswani", "config.json", "activation_function", "\"mish\"", "called \"mish\""},
    {"vaswani", "config.json", "model_type", "7", "model_type is 7"},
};
enum { N_REFUSED = sizeof refused / sizeof *refused };

START_TEST(settings_are_refused) {
    struct variant variant = variant_with(&refused[_i]);
    tolka_error err = {0};
    tolka_model *model = NULL;
    tolka_status status = convert_variant(&variant, &model, NULL, &err);
    variant_free(&variant);
    ck_assert_msg(status == TOLKA_FORMAT || status == TOLKA_UNSUPPORTED, "%s: %s: %d",
                  refused[_i].key, refused[_i].value, status);
    ck_assert_msg(strstr(err.text, refused[_i].says), "\"%s\", not \"%s\"", err.text,
                  refused[_i].says);
}
END_TEST

/* An export without generation_config.json: null is None there, which takes the family's own token
 * back (transformers 5.23: BartConfig.from_dict({"forced_eos_token_id": None})). */
START_TEST(null_takes_a_forced_token_back) {
    struct variant variant = variant_of("bart");
    leave_out(&variant, "generation_config.json");
    set_key(&variant, "config.json", "forced_eos_token_id", json_null());
    tolka_model *model = open_variant(&variant);
    ck_assert_int_eq(model->model.config.forced_last, -1);
    tolka_model_free(model);
}
END_TEST

START_TEST(early_stopping_has_three_values) {
    static const struct {
        const char *value;
        enum early_stopping expected;
    } cases[] = {
        {"true", STOP_WHEN_FULL}, {"false", STOP_HEURISTIC}, {"\"never\"", STOP_NEVER_EARLY}};
    for (size_t i = 0; i < 3; i++) {
        struct variant variant = variant_with(&(struct setting){
            "bart", "generation_config.json", "early_stopping", cases[i].value, NULL});
        tolka_model *model = open_variant(&variant);
        ck_assert_int_eq(model->model.config.early_stopping, cases[i].expected);
        tolka_model_free(model);
    }
}
END_TEST

/* ---- tensors --------------------------------------------------------------------------------- */

/* A fixture's model.safetensors, with a matrix more. */
static void add_matrices(const struct variant *variant, const char *const *names, size_t n_names,
                         const float *values, size_t rows, size_t columns) {
    char path[128];
    snprintf(path, sizeof path, "%s/model.safetensors", variant->path);
    struct map map;
    ck_assert_int_eq(map_open(&map, path, NULL), TOLKA_OK);
    size_t length = (size_t)load_u64(map.bytes), n_data = map.n_bytes - 8 - length;
    json_t *header = json_loadb((const char *)map.bytes + 8, length, 0, NULL);
    ck_assert_ptr_nonnull(header);
    size_t n_bytes = rows * columns * sizeof *values;
    for (size_t i = 0; i < n_names; i++)
        json_object_set_new(header, names[i],
                            json_pack("{s:s, s:[I,I], s:[I,I]}", "dtype", "F32", "shape",
                                      (json_int_t)rows, (json_int_t)columns, "data_offsets",
                                      (json_int_t)(n_data + i * n_bytes),
                                      (json_int_t)(n_data + (i + 1) * n_bytes)));
    char *text = json_dumps(header, 0);
    struct built built = {0};
    put_integer(&built, strlen(text), 8);
    put_text(&built, text);
    put(&built, map.bytes + 8 + length, n_data);
    for (size_t i = 0; i < n_names; i++) put_floats(&built, values, rows * columns);
    map_close(&map);
    leave_out(variant, "model.safetensors");
    write_file(path, built.bytes, built.n);
    built_free(&built);
    free(text);
    json_decref(header);
}

static float rounded(float value, float step) {
    return step > 0 ? roundf(value / step) * step : value;
}

/* Old exports of Marian have its sinusoids in the file. They are what is computed anyway, unless they
 * are something else: then they are a table like any other. Rounded a little, that table gives the
 * reference's translations, too. */
START_TEST(marian_may_store_its_positions) {
    enum { ROWS = 512, WIDTH = 64 };
    static const char *const names[] = {"model.encoder.embed_positions.weight",
                                        "model.decoder.embed_positions.weight"};
    float *table = malloc(ROWS * WIDTH * sizeof *table);
    ck_assert_ptr_nonnull(table);
    for (size_t p = 0; p < ROWS; p++)
        for (size_t i = 0; i < WIDTH; i++) {
            /* The paper's formula, all sines before all cosines, as MarianSinusoidal... has it. */
            double angle = (double)p / pow(10000, 2.0 * (double)(i % (WIDTH / 2)) / WIDTH);
            table[p * WIDTH + i] =
                rounded((float)(i < WIDTH / 2 ? sin(angle) : cos(angle)), _i ? 0.001f : 0);
        }
    struct variant variant = variant_of("marian");
    add_matrices(&variant, names, 2, table, ROWS, WIDTH);
    set_key(&variant, "config.json", "max_position_embeddings", json_integer(ROWS));
    free(table);
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    tolka_model_free(fixture.model);
    fixture.model = open_variant(&variant);
    const struct config *config = &fixture.model->model.config;
    ck_assert_int_eq(config->position_kind, _i ? POSITION_LEARNED : POSITION_SINUSOIDAL);
    if (_i) ck_assert_uint_eq(config->max_positions, ROWS);
    check_search(&fixture, NULL, "greedy", 1e-3);
    fixture_close(&fixture);
}
END_TEST

/* ---- the paper's transformer, and fairseq's --------------------------------------------------- */

START_TEST(positions_may_be_left_out) {
    struct variant variant = variant_with(
        &(struct setting){"vaswani", "config.json", "position_embedding_type", "\"none\"", NULL});
    tolka_model *model = open_variant(&variant);
    ck_assert_int_eq(model->model.config.position_kind, POSITION_NONE);
    tolka_model_free(model);
}
END_TEST

/* A table with as many rows more as positions begin later. */
START_TEST(positions_may_be_learned) {
    enum { ROWS = 34, OFFSET = 2 };
    static const char *const names[] = {"encoder.embed_positions.weight",
                                        "decoder.embed_positions.weight"};
    struct variant variant = variant_with(&(struct setting){
        "vaswani", "config.json", "position_embedding_type", "\"learned\"", NULL});
    struct fixture fixture = fixture_open("vaswani", DTYPE_F32);
    size_t width = fixture.model->model.config.d_model;
    fixture_close(&fixture);
    float *table = calloc(ROWS * width, sizeof *table);
    ck_assert_ptr_nonnull(table);
    add_matrices(&variant, names, 2, table, ROWS, width);
    free(table);
    set_key(&variant, "config.json", "position_offset", json_integer(OFFSET));
    tolka_model *model = open_variant(&variant);
    ck_assert_int_eq(model->model.config.position_kind, POSITION_LEARNED);
    ck_assert_uint_eq(model->model.config.max_positions, ROWS - OFFSET);
    tolka_model_free(model);
}
END_TEST

/* A generation_config.json beside a checkpoint of fairseq is somebody's wish. */
START_TEST(fairseq_follows_a_generation_config) {
    struct variant variant = variant_of("fairseq/args");
    put_json(&variant, "generation_config.json",
             json_pack("{s:i, s:i}", "num_beams", 3, "max_length", 31));
    tolka_model *model = open_variant(&variant);
    ck_assert_uint_eq(model->model.config.beam, 3);
    ck_assert_uint_eq(model->model.config.max_length, 30);
    ck_assert_int_eq(model->model.config.beam_rules, BEAM_HUGGINGFACE);
    tolka_model_free(model);
}
END_TEST

/* ---- CTranslate2's variables ------------------------------------------------------------------ */

/* A model of binary version 2, which tells of an item only how many bytes it has, with one more
 * variable: a vector of n items. */
static tolka_status convert_with_variable(const char *name, const void *items, uint8_t width,
                                          uint32_t n, tolka_error *err) {
    enum { COUNT = 4 + 2 + 16 + 4 }; /* behind version, name of the specification, revision */
    struct variant variant = variant_of("ct2-aren-transliteration");
    char path[128];
    snprintf(path, sizeof path, "%s/model.bin", variant.path);
    struct map map;
    ck_assert_int_eq(map_open(&map, path, NULL), TOLKA_OK);
    struct built built = {0};
    put(&built, map.bytes, COUNT);
    put_integer(&built, load_u32(map.bytes + COUNT) + 1, 4);
    put_integer(&built, strlen(name) + 1, 2);
    put(&built, name, strlen(name) + 1);
    put_integer(&built, 1, 1);
    put_integer(&built, n, 4);
    put_integer(&built, width, 1);
    put_integer(&built, n, 4);
    put(&built, items, (size_t)n * width);
    put(&built, map.bytes + COUNT + 4, map.n_bytes - COUNT - 4);
    map_close(&map);
    leave_out(&variant, "model.bin");
    write_file(path, built.bytes, built.n);
    built_free(&built);
    tolka_model *model = NULL;
    *err = (tolka_error){0};
    tolka_status status = convert_variant(&variant, &model, NULL, err);
    if (status == TOLKA_OK) tolka_model_free(model);
    variant_free(&variant);
    return status;
}

/* Before version 6 a file may name its special tokens itself. */
START_TEST(variables_may_name_tokens) {
    const float no_letters[] = {NAN, 1e30f, INFINITY, 60};
    tolka_error err;
    ck_assert_msg(convert_with_variable("eos_token", "</s>", 1, 4, &err) == TOLKA_OK, "%s",
                  err.text);
    ck_assert_int_eq(convert_with_variable("eos_token", "<end>", 1, 5, &err), TOLKA_FORMAT);
    ck_assert_msg(strstr(err.text, "no vocabulary beside it that has the end token <end>"), "%s",
                  err.text);
    ck_assert_msg(convert_with_variable("eos_token", no_letters, 4, 4, &err) == TOLKA_OK, "%s",
                  err.text);
}
END_TEST

/* ---- a family that the user names ------------------------------------------------------------ */

START_TEST(a_family_for_another_container) {
    static const char *const names[] = {"tolka", "t5-gguf"};
    for (size_t i = 0; i < 2; i++) {
        struct convert_options options = {.type = DTYPE_F32, .import.family = names[i]};
        tolka_error err = {0};
        ck_assert_int_eq(convert(FIXTURES "marian", temporary("never.gguf"), &options, &err),
                         TOLKA_ARGUMENT);
        ck_assert_msg(strstr(err.text, "not a GGUF file, as family ") && strstr(err.text, names[i]),
                      "%s", err.text);
    }
}
END_TEST

/* ---- Marian's decoder.yml -------------------------------------------------------------------- */

#define STUDENT FIXTURES "marian-student/"

static tolka_status convert_student(const char *yml, struct warnings *said, tolka_error *err) {
    char config[256], output[256];
    snprintf(config, sizeof config, "%s", temporary("decoder.yml"));
    snprintf(output, sizeof output, "%s", temporary("student.gguf"));
    write_text(config, yml);
    struct convert_options options = {.type = DTYPE_F32, .vocab = STUDENT "vocab.spm"};
    options.import = (struct import_options){.config = config, .say = keep_warning, .user = said};
    *said = (struct warnings){""};
    *err = (tolka_error){0};
    tolka_status status = convert(STUDENT "model.student.npz", output, &options, err);
    unlink(config);
    unlink(output);
    return status;
}

START_TEST(decoder_yml_is_followed_or_told_of) {
    static const struct {
        const char *yml, *says;
    } warned_of[] = {
        {"beam-size: 2\nword-penalty: 0.5\n", "key word-penalty is set; tolka does not follow it"},
        {"beam-size: 2\nmodels:\n  - a.npz\n  - b.npz\n", "names 2 models; tolka takes one"},
        {"beam-size: 2\noutput-sampling: true\n", "key output-sampling is set"},
        {"beam-size: 2\nforce-decode: true\n", "key force-decode is set"},
        {"beam-size: 2\nweights:\n  - 0.5\n  - 0.5\n", "key weights is set"},
        {"beam-size: 2\nword-penalty: 0\nforce-decode: false\n", NULL},
    };
    struct warnings said;
    tolka_error err;
    for (size_t i = 0; i < sizeof warned_of / sizeof *warned_of; i++) {
        ck_assert_msg(convert_student(warned_of[i].yml, &said, &err) == TOLKA_OK, "%s", err.text);
        ck_assert_msg(warned_of[i].says ? strstr(said.text, warned_of[i].says) != NULL
                                        : !strstr(said.text, "follow"),
                      "%s: \"%s\"", warned_of[i].yml, said.text);
    }
    static const struct {
        const char *yml, *says;
    } wrong[] = {
        {"beam-size: 0\n", "key beam-size is 0; expected 1 to 64"},
        {"beam-size: 65\n", "key beam-size is 65; expected 1 to 64"},
        {"beam-size: many\n", "beam-size is \"many\"; expected an integer"},
        {"vocabs:\n  - a.fsv\n  - b.fsv\n", "a.fsv is a factored vocabulary"},
        {"vocabs:\n  - 3\n", "vocabs.0 is 3; expected a string"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_int_ne(convert_student(wrong[i].yml, &said, &err), TOLKA_OK);
        ck_assert_msg(strstr(err.text, wrong[i].says), "%s: \"%s\"", wrong[i].yml, err.text);
    }
}
END_TEST

/* ---- all of it ------------------------------------------------------------------------------- */

void add_settings_tests(Suite *suite) {
    TCase *tcase = tcase_create("rare settings");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, settings_are_warned_of, 0, N_WARNED);
    tcase_add_loop_test(tcase, settings_are_refused, 0, N_REFUSED);
    tcase_add_test(tcase, null_takes_a_forced_token_back);
    tcase_add_test(tcase, early_stopping_has_three_values);
    tcase_add_loop_test(tcase, marian_may_store_its_positions, 0, 2);
    tcase_add_test(tcase, positions_may_be_left_out);
    tcase_add_test(tcase, positions_may_be_learned);
    tcase_add_test(tcase, fairseq_follows_a_generation_config);
    tcase_add_test(tcase, variables_may_name_tokens);
    tcase_add_test(tcase, a_family_for_another_container);
    tcase_add_test(tcase, decoder_yml_is_followed_or_told_of);
    suite_add_tcase(suite, tcase);
}
