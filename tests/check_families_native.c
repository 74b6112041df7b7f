/* Marian's own checkpoints and CTranslate2's, against what those two compute. */
#define _POSIX_C_SOURCE 200809L
#include "../engine/shortlist.h"
#include "fixture.h"
#include "suites.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STUDENT "marian-student"

static struct fixture open_student(const char *file, enum dtype type) {
    struct convert_options options = {.type = type};
    char path[128];
    options.import.quiet = true;
    snprintf(path, sizeof path, STUDENT "/%s", file);
    return fixture_open_with(STUDENT, path, &options);
}

/* entry.a.b; NULL: no such key. */
static const json_t *look_up(const json_t *entry, const char *a, const char *b) {
    const json_t *value = json_object_get(entry, a);
    return b ? json_object_get(value, b) : value;
}

/* Ids as the reference has them: the start token stands first. */
static bool ids_equal(const tolka_result *result, size_t k, const json_t *ids) {
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(result, k, &n);
    bool equal = n + 1 == json_array_size(ids);
    for (size_t i = 0; equal && i < n; i++)
        equal = tokens[i].id == json_integer_value(json_array_get(ids, i + 1));
    return equal;
}

/* How many cases give the ids of entry.a.b. */
static size_t count_equal(const struct fixture *fixture, const tolka_options *options,
                          const char *a, const char *b) {
    size_t n = json_array_size(fixture->cases), n_equal = 0;
    tolka_translator *translator = open_translator(fixture->model, options);
    tolka_input *inputs = calloc(n, sizeof *inputs);
    ck_assert_ptr_nonnull(inputs);
    for (size_t i = 0; i < n; i++)
        inputs[i] = case_input(fixture, json_array_get(fixture->cases, i));
    tolka_result **results = run_inputs(translator, inputs, n, false);
    for (size_t i = 0; i < n; i++) {
        const json_t *ids = look_up(look_up(json_array_get(fixture->cases, i), a, b), "ids", NULL);
        ck_assert_ptr_nonnull(ids);
        n_equal += ids_equal(results[i], 0, ids);
        free((void *)inputs[i].ids);
    }
    free_results(results, n);
    free(inputs);
    tolka_translator_free(translator);
    return n_equal;
}

static tolka_options without_shortlist(void) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.no_shortlist = 1;
    options.want_scores = 1;
    return options;
}

/* ---- the student in f32 ------------------------------------------------------------------------
 */

static const char *const float_files[] = {"model.student.npz", "model.student.bin"};

START_TEST(student_equals_marian) {
    struct fixture fixture = open_student(float_files[_i], DTYPE_F32);
    tolka_options options = without_shortlist();
    size_t n = json_array_size(fixture.cases);
    ck_assert_uint_eq(count_equal(&fixture, &options, "greedy", NULL), n);
    options.beam = 4;
    ck_assert_uint_eq(count_equal(&fixture, &options, "marian", "beam4_normalize1"), n);
    options.beam = 1;
    options.no_shortlist = 0;
    ck_assert_uint_eq(count_equal(&fixture, &options, "shortlist", "greedy"), n);
    fixture_close(&fixture);
}
END_TEST

/* Marian prints a log-probability for every word of its greedy translation. */
START_TEST(student_scores_equal_marians) {
    struct fixture fixture = open_student(float_files[0], DTYPE_F32);
    tolka_options options = without_shortlist();
    tolka_translator *translator = open_translator(fixture.model, &options);
    size_t k, n;
    json_t *entry;
    json_array_foreach(fixture.cases, k, entry) {
        tolka_input input = case_input(&fixture, entry);
        tolka_result **results = run_inputs(translator, &input, 1, false);
        const json_t *scores = look_up(look_up(entry, "marian", "greedy"), "word_scores", NULL);
        const tolka_token *tokens = tolka_result_tokens(results[0], 0, &n);
        ck_assert_uint_eq(n, json_array_size(scores));
        for (size_t i = 0; i < n; i++)
            ck_assert_double_eq_tol((double)tokens[i].log_prob,
                                    json_number_value(json_array_get(scores, i)), 1e-4);
        free_results(results, 1);
        free((void *)input.ids);
    }
    tolka_translator_free(translator);
    fixture_close(&fixture);
}
END_TEST

/* Pairs [ids, normalized score], best first. */
START_TEST(student_lists_equal_marians) {
    struct fixture fixture = open_student(float_files[0], DTYPE_F32);
    tolka_options options = without_shortlist();
    options.beam = options.n_best = 4;
    tolka_translator *translator = open_translator(fixture.model, &options);
    size_t k;
    json_t *entry;
    json_array_foreach(fixture.cases, k, entry) {
        tolka_input input = case_input(&fixture, entry);
        tolka_result **results = run_inputs(translator, &input, 1, false);
        const json_t *list = look_up(look_up(entry, "marian", "beam4_normalize1"), "n_best", NULL);
        ck_assert_uint_eq(tolka_result_count(results[0]), json_array_size(list));
        for (size_t i = 0; i < json_array_size(list); i++) {
            const json_t *pair = json_array_get(list, i);
            ck_assert(ids_equal(results[0], i, json_array_get(pair, 0)));
            ck_assert_double_eq_tol((double)tolka_result_score(results[0], i),
                                    json_number_value(json_array_get(pair, 1)), 1e-4);
        }
        free_results(results, 1);
        free((void *)input.ids);
    }
    tolka_translator_free(translator);
    fixture_close(&fixture);
}
END_TEST

START_TEST(decoder_yml_is_followed) {
    char path[] = "/tmp/tolka-decoder-XXXXXX";
    static const char text[] = "beam-size: 3\nnormalize: 0.5\nmax-length-factor: 0.4\n";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    struct convert_options convert = {.type = DTYPE_F32, .import = {.config = path, .quiet = true}};
    struct fixture fixture = fixture_open_with(STUDENT, STUDENT "/model.student.npz", &convert);
    unlink(path);
    ck_assert_int_eq(tolka_model_default_beam(fixture.model), 3);
    ck_assert_float_eq_tol(tolka_model_default_length_penalty(fixture.model), 0.5F, 1e-7F);
    tolka_options options = without_shortlist();
    options.beam = 1;
    ck_assert_uint_eq(count_equal(&fixture, &options, "marian", "greedy_max_length_factor_0.4"),
                      json_array_size(fixture.cases));
    fixture_close(&fixture);
}
END_TEST

START_TEST(shortlist_has_marians_candidates) {
    struct fixture fixture = open_student(float_files[0], DTYPE_F32);
    size_t vocab = fixture.model->model.config.target_vocab, k, n_ids;
    int32_t *found = calloc(vocab, sizeof *found);
    uint8_t *seen = calloc(vocab, 1);
    ck_assert(found && seen);
    json_t *entry;
    json_array_foreach(fixture.cases, k, entry) {
        int32_t *ids = json_id_list(json_object_get(entry, "source_ids"), &n_ids);
        const json_t *wanted = look_up(entry, "shortlist", "candidates");
        size_t n = shortlist_candidates(&fixture.model->model, ids, n_ids, found, seen);
        ck_assert_uint_eq(n, json_array_size(wanted));
        for (size_t i = 0; i < n; i++)
            ck_assert_int_eq(found[i], json_integer_value(json_array_get(wanted, i)));
        free(ids);
    }
    free(found);
    free(seen);
    fixture_close(&fixture);
}
END_TEST

START_TEST(student_texts) {
    struct fixture fixture = open_student(float_files[1], DTYPE_F32);
    tolka_error err;
    tolka_tokenizer *tokenizer;
    ck_assert(tolka_tokenizer_new(&tokenizer, fixture.model, NULL, NULL, &err) == TOLKA_OK);
    size_t k, n;
    json_t *entry;
    json_array_foreach(fixture.cases, k, entry) {
        const char *text = json_string_value(json_object_get(entry, "text"));
        int32_t *wanted = json_id_list(json_object_get(entry, "source_ids"), &n), ids[512];
        ck_assert_uint_eq(tolka_encode(tokenizer, text, strlen(text), ids, 512), n);
        ck_assert_mem_eq(ids, wanted, n * sizeof *ids);
        free(wanted);
    }
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

/* ---- the student in int8 -----------------------------------------------------------------------
 */

static void check_int8(void *user, const char *isa) {
    const struct fixture *fixture = user;
    size_t n = json_array_size(fixture->cases);
    tolka_options options = without_shortlist();
    options.isa = isa;
    ck_assert_uint_eq(count_equal(fixture, &options, "int8", NULL), n);
    options.no_shortlist = 0;
    ck_assert_uint_eq(count_equal(fixture, &options, "int8", "with_shortlist"), n);
}

/* With stored activation multipliers and exact sums there is one right answer. */
START_TEST(alphas_give_the_reference_on_every_level) {
    struct fixture fixture = open_student("model.student.intgemm.alphas.bin", DTYPE_I8);
    for_each_level(check_int8, &fixture);
    fixture_close(&fixture);
}
END_TEST

static tolka_status compare_weights(void *user, const struct role *role, tolka_error *err) {
    void **pair = user;
    struct import *import = pair[0];
    const struct gguf_tensor *stored = gguf_tensor(pair[1], role->name);
    struct role_source source;
    if (role->kind != ROLE_MATRIX) return TOLKA_OK;
    ck_assert_ptr_nonnull(stored);
    ck_assert_int_eq(import_find(import, role, &source, err), TOLKA_OK);
    ck_assert_int_eq(source.tensor->type, SOURCE_I8);
    char name[80];
    snprintf(name, sizeof name, "%.*s.input_multiplier", (int)strlen(role->name) - 7, role->name);
    const struct gguf_tensor *multiplier = gguf_tensor(pair[1], name);
    ck_assert_msg(multiplier, "%s", name);
    ck_assert_mem_eq(multiplier->data, &source.tensor->input_multiplier, sizeof(float));
    const int8_t *panels = (const int8_t *)stored->data;
    size_t n_tiles = matrix_tiles(DTYPE_I8, role->n_in);
    for (size_t o = 0; o < role->n_out; o++)
        for (size_t i = 0; i < role->n_in; i++) {
            int64_t at = source.transposed ? (int64_t)i * source.tensor->strides[0] +
                                                 (int64_t)o * source.tensor->strides[1]
                                           : (int64_t)o * source.tensor->strides[0] +
                                                 (int64_t)i * source.tensor->strides[1];
            size_t place = (o / 16 * n_tiles + i / 4) * TILE_BYTES + o % 16 * 4 + i % 4;
            ck_assert_int_eq(panels[place], ((const int8_t *)source.tensor->data)[at]);
        }
    return TOLKA_OK;
}

START_TEST(int8_weights_are_kept_to_the_bit) {
    struct fixture fixture = open_student("model.student.intgemm.alphas.bin", DTYPE_I8);
    struct import import;
    struct import_options options = {.quiet = true};
    tolka_error err;
    ck_assert(import_open(&import, FIXTURES STUDENT "/model.student.intgemm.alphas.bin", &options,
                          &err) == TOLKA_OK);
    void *pair[] = {&import, &fixture.model->gguf};
    ck_assert(for_each_role(&import.config, compare_weights, pair, &err) == TOLKA_OK);
    import_close(&import);
    fixture_close(&fixture);
}
END_TEST

/* Without multipliers Marian chooses them a call at a time, tolka a row at a time: near, not equal.
 */
START_TEST(marians_own_int8_is_near) {
    static const enum dtype types[] = {DTYPE_I8, DTYPE_F32};
    struct fixture fixture = open_student("model.student.marian-intgemm8.bin", types[_i]);
    tolka_options options = without_shortlist();
    size_t n_equal = count_equal(&fixture, &options, "marian", "intgemm8_greedy");
    ck_assert_uint_ge(n_equal, json_array_size(fixture.cases) - 4);
    fixture_close(&fixture);
}
END_TEST

/* ---- other architectures of Marian --------------------------------------------------------------
 */

static void check_list(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                       const json_t *entry, const json_t *list) {
    tolka_input input = TOLKA_INPUT_INIT;
    input.ids = json_id_list(json_object_get(entry, "source_ids"), &input.n_ids);
    tolka_result **results = run_inputs(translator, &input, 1, false);
    ck_assert_uint_eq(tolka_result_count(results[0]), json_array_size(list));
    for (size_t k = 0; k < json_array_size(list); k++) {
        const json_t *pair = json_array_get(list, k);
        const char *wanted = json_string_value(json_array_get(pair, 0));
        int32_t ids[512];
        char text[2048];
        size_t n, length;
        const tolka_token *tokens = tolka_result_tokens(results[0], k, &n);
        for (size_t i = 0; i < n; i++) ids[i] = tokens[i].id;
        tolka_decode(tokenizer, ids, n, text, sizeof text);
        for (length = strlen(text); length && text[length - 1] == ' '; length--) {
        }
        text[length] = 0; /* the reference is without blanks at its end */
        ck_assert_str_eq(text, wanted);
        ck_assert_double_eq_tol((double)tolka_result_score(results[0], k),
                                json_number_value(json_array_get(pair, 1)), 1e-4);
    }
    free_results(results, 1);
    free((void *)input.ids);
}

/* untied: three tables, gelu, another width in the decoder, no output bias. prenorm-ssru: norms in
 * front and on top, an SSRU with a projection. tied-layers: decoder layers that share weights, a
 * norm after the embedding. */
START_TEST(marian_architectures) {
    static const char *const names[] = {"untied", "prenorm-ssru", "tied-layers"};
    char path[128];
    snprintf(path, sizeof path, "marian-native/%s.npz", names[_i]);
    struct convert_options convert = {
        .type = DTYPE_F32, .vocab = FIXTURES STUDENT "/vocab.spm", .import = {.quiet = true}};
    struct fixture fixture = fixture_open_with("marian-native", path, &convert);
    const json_t *cases = look_up(fixture.reference, "models", names[_i]);
    tolka_error err;
    tolka_tokenizer *tokenizer;
    ck_assert(tolka_tokenizer_new(&tokenizer, fixture.model, NULL, NULL, &err) == TOLKA_OK);
    for (int beam = 1; beam <= 4; beam += 3) {
        fixture.model->model.config.max_length_ratio = 2;
        tolka_options options = without_shortlist();
        options.beam = options.n_best = beam;
        options.length_penalty = 1;
        tolka_translator *translator = open_translator(fixture.model, &options);
        size_t k;
        json_t *entry;
        json_array_foreach((json_t *)cases, k, entry) check_list(
            translator, tokenizer, entry, json_object_get(entry, beam == 1 ? "beam1" : "beam4"));
        tolka_translator_free(translator);
    }
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

/* ---- what is refused ----------------------------------------------------------------------------
 */

/* A checkpoint of named scalars without weights. */
struct stub {
    struct {
        const char *name;
        float value;
    } scalars[4];
};

static bool stub_tensor(const void *user, const char *name, uint32_t *rank, const uint64_t **dims) {
    const struct stub *stub = user;
    static const uint64_t one = 1;
    for (size_t i = 0; i < 4 && stub->scalars[i].name; i++)
        if (strcmp(stub->scalars[i].name, name) == 0) {
            *rank = 0;
            *dims = &one;
            return true;
        }
    return false;
}

static bool stub_row(const void *user, const char *name, uint64_t row, size_t n, float *out) {
    const struct stub *stub = user;
    (void)row;
    (void)n;
    for (size_t i = 0; i < 4 && stub->scalars[i].name; i++)
        if (strcmp(stub->scalars[i].name, name) == 0) return *out = stub->scalars[i].value, true;
    return false;
}

static bool stub_same(const void *user, const char *a, const char *b) {
    (void)user;
    return strcmp(a, b) == 0;
}

static bool stub_file(const void *user, const char *names) {
    (void)user;
    (void)names;
    return false;
}

static const char *stub_type(const void *user, const char *name) {
    (void)user;
    (void)name;
    return "float32";
}

static int32_t stub_token(const void *user, const char *vocabulary, const char *token) {
    (void)user;
    (void)vocabulary;
    (void)token;
    return -1;
}

static void __attribute__((format(printf, 2, 3)))
stub_warn(const void *user, const char *format, ...) {
    (void)user;
    (void)format;
}

static void expect_refusal(const struct family *family, const struct stub *stub, const char *yaml,
                           const char *expected) {
    struct settings *config, *empty;
    tolka_error err = {0};
    ck_assert(settings_parse_yaml(&config, yaml, strlen(yaml), "model.yml", &err) == TOLKA_OK);
    ck_assert(settings_parse(&empty, "{}", 2, "empty", &err) == TOLKA_OK);
    struct checkpoint checkpoint = {.name = "stub",
                                    .config = config,
                                    .generation = empty,
                                    .tokenizer = empty,
                                    .tensor = stub_tensor,
                                    .same = stub_same,
                                    .row = stub_row,
                                    .type = stub_type,
                                    .file = stub_file,
                                    .token = stub_token,
                                    .warn = stub_warn,
                                    .user = stub};
    struct config filled;
    struct tokenizer_plan plan;
    ck_assert_int_ne(family->configure(&checkpoint, &filled, &plan, &err), TOLKA_OK);
    ck_assert_msg(strstr(err.text, expected), "\"%s\" does not speak of %s", err.text, expected);
    settings_free(config);
    settings_free(empty);
}

START_TEST(marian_refusals_name_the_key) {
    static const struct {
        const char *line, *key;
    } cases[] = {
        {"type: s2s", "type"},
        {"type: transformer\nulr: true", "ulr"},
        {"type: transformer\nlemma-dim-emb: 8", "lemma-dim-emb"},
        {"type: transformer\nright-left: true", "right-left"},
        {"type: transformer\ntransformer-no-projection: true", "transformer-no-projection"},
        {"type: transformer\ntransformer-decoder-autoreg: average-attention",
         "transformer-decoder-autoreg"},
        {"type: transformer\ntransformer-decoder-autoreg: rnn\ndec-cell: gru", "dec-cell"},
        {"type: transformer\ntransformer-ffn-depth: 3", "transformer-ffn-depth"},
        {"type: transformer\ntransformer-ffn-activation: mish", "transformer-ffn-activation"},
        {"type: transformer\ntransformer-postprocess: dhn", "transformer-postprocess"},
        {"type: transformer\ntransformer-preprocess: n", "transformer-postprocess"},
        {"type: transformer\ntransformer-postprocess-top: a", "transformer-postprocess-top"},
        {"type: transformer\ndim-vocabs:\n- 10\n- 10\n- 10", "dim-vocabs"},
        {"type: transformer\ntransformer-tied-layers:\n- 1\n- 1", "transformer-tied-layers"},
        {"type: transformer\ntransformer-heads: many", "transformer-heads"},
    };
    static const struct stub nothing;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml, "dim-emb: 64\n%s\n", cases[i].line);
        expect_refusal(&family_marian_native, &nothing, yaml, cases[i].key);
    }
    expect_refusal(&family_marian_native, &nothing, "dim-emb: 64\n", "special:model.yml");
}
END_TEST

START_TEST(ctranslate2_refusals_name_the_attribute) {
    static const char linear[] = "%s/layer_0/ffn/linear_1/weight";
    char encoder[64], decoder[64];
    snprintf(encoder, sizeof encoder, linear, "encoder");
    snprintf(decoder, sizeof decoder, linear, "decoder");
    static const char *const names[] = {"encoder/alibi",
                                        "decoder/multi_query_attention",
                                        "decoder/final_logit_softcapping",
                                        "encoder/layer_0/self_attention/rotary_dim",
                                        "decoder/layer_0/self_attention/relative_position_keys",
                                        "decoder/layer_0/attention/num_heads_kv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct stub stub = {{{encoder, 0}, {decoder, 0}, {names[i], 2}, {NULL, 0}}};
        expect_refusal(&family_ctranslate2, &stub, "a: b\n", names[i]);
    }
    static const struct stub nothing;
    expect_refusal(&family_ctranslate2, &nothing, "a: b\n", "encoder");
}
END_TEST

/* ---- CTranslate2 --------------------------------------------------------------------------------
 */

static const char *const ct2_folders[] = {"ct2-marian-float32",
                                          "ct2-marian-int8",
                                          "ct2-t5",
                                          "ct2-aren-transliteration",
                                          "ct2-aren-transliteration-i8",
                                          "ct2-aren-transliteration-i16"};
enum { N_CT2 = sizeof ct2_folders / sizeof *ct2_folders };

struct sides {
    struct vocabulary source, target;
};

static void open_words(struct vocabulary *vocabulary, const char *folder, const char *side) {
    static const char *const ends[] = {".json", ".txt"};
    tolka_error err = {0};
    for (size_t i = 0; i < 4; i++) {
        char path[256];
        snprintf(path, sizeof path, FIXTURES "%s/%s_vocabulary%s", folder, i < 2 ? side : "shared",
                 ends[i % 2]);
        if (access(path, R_OK) != 0) continue;
        ck_assert_msg(vocabulary_open(vocabulary, path, &err) == TOLKA_OK, "%s", err.text);
        return;
    }
    ck_abort_msg("%s: no vocabulary", folder);
}

static int32_t word_id(const struct vocabulary *vocabulary, const json_t *token) {
    int32_t id = vocabulary_find(vocabulary, json_string_value(token));
    return id < 0 ? (int32_t)vocabulary->n : id; /* <unk>, behind the others */
}

static tolka_input word_input(const struct vocabulary *vocabulary, const json_t *tokens) {
    tolka_input input = TOLKA_INPUT_INIT;
    int32_t *ids = calloc(json_array_size(tokens) + 1, sizeof *ids);
    ck_assert_ptr_nonnull(ids);
    for (; input.n_ids < json_array_size(tokens); input.n_ids++)
        ids[input.n_ids] = word_id(vocabulary, json_array_get(tokens, input.n_ids));
    input.ids = ids;
    return input;
}

/* CTranslate2's tokens end before the end token. */
static void check_words(const struct fixture *fixture, const struct vocabulary *vocabulary,
                        const char *name, const tolka_result *result, size_t k,
                        const json_t *expected, double tolerance) {
    const json_t *tokens = json_object_get(expected, "tokens");
    const json_t *score = json_object_get(expected, "score");
    size_t n;
    const tolka_token *found = tolka_result_tokens(result, k, &n);
    if (n && found[n - 1].id == fixture->model->model.config.end_token) n--;
    ck_assert_msg(n == json_array_size(tokens), "%s: %zu tokens, not %zu", name, n,
                  json_array_size(tokens));
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(found[i].id == word_id(vocabulary, json_array_get(tokens, i)),
                      "%s: token %zu is %d", name, i, found[i].id);
    if (json_is_number(score))
        ck_assert_msg(fabs((double)tolka_result_score(result, k) - json_number_value(score)) <=
                          tolerance,
                      "%s: score", name);
}

static tolka_options ct2_options(int beam, int n_best) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = beam;
    options.n_best = n_best;
    options.max_length = 39;
    options.length_penalty = 1;
    options.want_scores = 1;
    return options;
}

/* The library answers an empty source, and one of the end token alone, without its model. */
static bool is_empty_source(const json_t *tokens) {
    return json_array_size(tokens) == 0 ||
           (json_array_size(tokens) == 1 &&
            strcmp(json_string_value(json_array_get(tokens, 0)), "</s>") == 0);
}

static void check_section(const struct fixture *fixture, const struct sides *sides,
                          const json_t *section, double tolerance) {
    static const char *const searches[] = {"greedy", "beam4"};
    for (int s = 0; s < 2; s++) {
        tolka_options options = ct2_options(s ? 4 : 1, 1);
        tolka_translator *translator = open_translator(fixture->model, &options);
        size_t k;
        json_t *entry;
        json_array_foreach(json_object_get(section, "cases"), k, entry) {
            const json_t *tokens = json_object_get(entry, "source_tokens");
            if (is_empty_source(tokens) || json_is_false(json_object_get(entry, "stable")))
                continue;
            tolka_input input = word_input(&sides->source, tokens);
            tolka_result **results = run_inputs(translator, &input, 1, false);
            check_words(fixture, &sides->target, json_string_value(json_object_get(entry, "name")),
                        results[0], 0, json_object_get(entry, searches[s]), tolerance);
            free_results(results, 1);
            free((void *)input.ids);
        }
        tolka_translator_free(translator);
    }
}

static void check_n_best(const struct fixture *fixture, const struct sides *sides,
                         const json_t *section) {
    const json_t *list = look_up(section, "nbest", "hypotheses"), *wanted = NULL;
    const char *name = json_string_value(look_up(section, "nbest", "case"));
    size_t k;
    json_t *entry;
    if (!name) return;
    json_array_foreach(json_object_get(section, "cases"), k,
                       entry) if (strcmp(json_string_value(json_object_get(entry, "name")), name) ==
                                  0) wanted = json_object_get(entry, "source_tokens");
    tolka_options options = ct2_options(4, (int)json_array_size(list));
    tolka_translator *translator = open_translator(fixture->model, &options);
    tolka_input input = word_input(&sides->source, wanted);
    tolka_result **results = run_inputs(translator, &input, 1, false);
    for (size_t i = 0; i < json_array_size(list); i++)
        check_words(fixture, &sides->target, name, results[0], i, json_array_get(list, i), 1e-4);
    free_results(results, 1);
    free((void *)input.ids);
    tolka_translator_free(translator);
}

static void check_scored(const struct fixture *fixture, const struct sides *sides,
                         const json_t *section) {
    tolka_options options = ct2_options(1, 1);
    tolka_translator *translator = open_translator(fixture->model, &options);
    size_t k, n;
    json_t *entry;
    json_array_foreach(json_object_get(section, "cases"), k, entry) {
        const json_t *scored = json_object_get(entry, "scored_target");
        if (!scored || is_empty_source(json_object_get(entry, "source_tokens"))) continue;
        const json_t *log_probs = json_object_get(scored, "log_probs");
        tolka_input input = word_input(&sides->source, json_object_get(entry, "source_tokens"));
        tolka_input target = word_input(&sides->target, json_object_get(scored, "tokens"));
        int32_t ids[256];
        memcpy(ids, target.ids, target.n_ids * sizeof *ids);
        ids[target.n_ids] = fixture->model->model.config.end_token;
        input.target = ids;
        input.n_target = json_array_size(log_probs);
        tolka_result **results = run_inputs(translator, &input, 1, true);
        const tolka_token *tokens = tolka_result_tokens(results[0], 0, &n);
        for (size_t i = 0; i < n; i++)
            ck_assert_double_eq_tol((double)tokens[i].log_prob,
                                    json_number_value(json_array_get(log_probs, i)), 1e-4);
        free_results(results, 1);
        free((void *)input.ids);
        free((void *)target.ids);
    }
    tolka_translator_free(translator);
}

START_TEST(ctranslate2_in_float32) {
    struct fixture fixture = fixture_open(ct2_folders[_i], DTYPE_F32);
    const json_t *section = look_up(fixture.reference, "computed_with", "float32");
    struct sides sides = {0};
    open_words(&sides.source, ct2_folders[_i], "source");
    open_words(&sides.target, ct2_folders[_i], "target");
    check_section(&fixture, &sides, section, 1e-4);
    check_n_best(&fixture, &sides, section);
    check_scored(&fixture, &sides, section);
    vocabulary_free(&sides.source);
    vocabulary_free(&sides.target);
    fixture_close(&fixture);
}
END_TEST

/* Int8 weights keep their scales, activations are rounded a row at a time: CTranslate2's rule. */
START_TEST(ctranslate2_in_int8) {
    static const char *const folders[] = {"ct2-marian-int8", "ct2-aren-transliteration-i8"};
    struct fixture fixture = fixture_open(folders[_i], DTYPE_I8);
    const json_t *section = look_up(fixture.reference, "computed_with", "int8_float32");
    const json_t *tolerance = look_up(section, "tolerance", "score");
    struct sides sides = {0};
    open_words(&sides.source, folders[_i], "source");
    open_words(&sides.target, folders[_i], "target");
    check_section(&fixture, &sides, section, json_number_value(tolerance));
    vocabulary_free(&sides.source);
    vocabulary_free(&sides.target);
    fixture_close(&fixture);
}
END_TEST

/* ---- texts that are tokens ----------------------------------------------------------------------
 */

static void transliterate(const struct fixture *fixture, const char *source, const char *expected) {
    tolka_error err = {0};
    tolka_tokenizer *tokenizer;
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_translator *translator = open_translator(fixture->model, &options);
    ck_assert_msg(tolka_tokenizer_new(&tokenizer, fixture->model, NULL, NULL, &err) == TOLKA_OK,
                  "%s", err.text);
    int32_t ids[64];
    char text[256];
    tolka_input input = TOLKA_INPUT_INIT;
    input.ids = ids;
    input.n_ids = tolka_encode(tokenizer, source, strlen(source), ids, 64);
    ck_assert_uint_gt(input.n_ids, 0);
    tolka_result **results = run_inputs(translator, &input, 1, false);
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(results[0], 0, &n);
    for (size_t i = 0; i < n; i++) ids[i] = tokens[i].id;
    tolka_decode(tokenizer, ids, n, text, sizeof text);
    ck_assert_str_eq(text, expected);
    free_results(results, 1);
    tolka_tokenizer_free(tokenizer);
    tolka_translator_free(translator);
}

/* tests.tsv: source, prefix of the target, translation, ... Prefixes are not tolka's. */
static void run_table(const struct fixture *fixture) {
    char path[256], line[512];
    snprintf(path, sizeof path, FIXTURES "%s/tests.tsv", fixture->folder);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    int n = 0;
    while (fgets(line, sizeof line, file)) {
        char *prefix = strchr(line, '\t');
        if (line[0] == '#' || line[0] == '\t' || !prefix || prefix[1] != '\t') continue;
        *prefix = 0;
        char *target = prefix + 2;
        target[strcspn(target, "\t")] = 0;
        transliterate(fixture, line, target);
        n++;
    }
    fclose(file);
    ck_assert_int_ge(n, 2);
}

START_TEST(transliteration) {
    static const enum dtype types[] = {DTYPE_F32, DTYPE_I8, DTYPE_BF16};
    struct fixture fixture = fixture_open(ct2_folders[3 + _i % 3], types[_i / 3]);
    run_table(&fixture);
    fixture_close(&fixture);
}
END_TEST

/* Each side has its own id of <unk>, and a text may have any blanks. */
START_TEST(words_on_both_sides) {
    struct fixture fixture = fixture_open("ct2-aren-transliteration", DTYPE_F32);
    tolka_error err;
    tolka_tokenizer *tokenizer;
    ck_assert(tolka_tokenizer_new(&tokenizer, fixture.model, NULL, NULL, &err) == TOLKA_OK);
    static const char text[] = "  m  Q\ta ";
    int32_t ids[8];
    char shown[64];
    ck_assert_uint_eq(tolka_encode_target(tokenizer, text, strlen(text), ids, 8), 4);
    ck_assert_int_eq(ids[1], 42);
    ck_assert_int_eq(ids[3], 2);
    tolka_decode(tokenizer, ids, 4, shown, sizeof shown);
    ck_assert_str_eq(shown, "m <unk> a");
    ck_assert_uint_eq(tolka_encode(tokenizer, text, strlen(text), ids, 8), 3);
    ck_assert_int_eq(ids[0], 50);
    ck_assert_uint_eq(tolka_encode(tokenizer, " ", 1, ids, 8), 0);
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

/* The original SentencePiece models make a CTranslate2 directory take text. */
START_TEST(ctranslate2_with_sentencepiece) {
    struct convert_options convert = {.type = DTYPE_F32,
                                      .vocab = FIXTURES "marian/source.spm," FIXTURES
                                                        "marian/target.spm",
                                      .import = {.quiet = true}};
    struct fixture fixture =
        fixture_open_with("ct2-marian-float32", "ct2-marian-float32", &convert);
    struct vocabulary words = {0};
    tolka_error err;
    tolka_tokenizer *tokenizer;
    open_words(&words, "ct2-marian-float32", "source");
    ck_assert(tolka_tokenizer_new(&tokenizer, fixture.model, NULL, NULL, &err) == TOLKA_OK);
    json_t *marian = json_load_file(FIXTURES "marian/reference.json", 0, NULL), *entry;
    size_t k, n;
    json_array_foreach(json_object_get(marian, "cases"), k, entry) {
        const char *text = json_string_value(json_object_get(entry, "text"));
        const json_t *said = json_object_get(entry, "source_ids_by_sentencepiece");
        if (!json_is_string(said)) continue;
        int32_t *wanted = json_id_list(json_object_get(entry, "source_ids"), &n), ids[512];
        ck_assert_uint_eq(tolka_encode(tokenizer, text, strlen(text), ids, 512), n);
        ck_assert_mem_eq(ids, wanted, n * sizeof *ids);
        free(wanted);
    }
    json_decref(marian);
    vocabulary_free(&words);
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

/* ---- suite --------------------------------------------------------------------------------------
 */

Suite *native_families_suite(void) {
    Suite *suite = suite_create("native_families");
    TCase *marian = tcase_create("marian"), *ct2 = tcase_create("ctranslate2");
    tcase_set_timeout(marian, 120);
    tcase_add_loop_test(marian, student_equals_marian, 0, 2);
    tcase_add_test(marian, student_scores_equal_marians);
    tcase_add_test(marian, student_lists_equal_marians);
    tcase_add_test(marian, decoder_yml_is_followed);
    tcase_add_test(marian, shortlist_has_marians_candidates);
    tcase_add_test(marian, student_texts);
    tcase_add_test(marian, alphas_give_the_reference_on_every_level);
    tcase_add_test(marian, int8_weights_are_kept_to_the_bit);
    tcase_add_loop_test(marian, marians_own_int8_is_near, 0, 2);
    tcase_add_loop_test(marian, marian_architectures, 0, 3);
    tcase_add_test(marian, marian_refusals_name_the_key);
    suite_add_tcase(suite, marian);
    tcase_set_timeout(ct2, 120);
    tcase_add_loop_test(ct2, ctranslate2_in_float32, 0, N_CT2);
    tcase_add_loop_test(ct2, ctranslate2_in_int8, 0, 2);
    tcase_add_loop_test(ct2, transliteration, 0, 9);
    tcase_add_test(ct2, words_on_both_sides);
    tcase_add_test(ct2, ctranslate2_with_sentencepiece);
    tcase_add_test(ct2, ctranslate2_refusals_name_the_attribute);
    suite_add_tcase(suite, ct2);
    return suite;
}
