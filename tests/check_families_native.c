/* Marian's own checkpoints, against what Marian computes. */
#define _POSIX_C_SOURCE 200809L
#include "tests/check_families_native.h"
#include "engine/shortlist.h"
#include "models/convert/import_roles.h"
#include "tests/import_files.h"
#include "tests/suites.h"
#include "tests/tokens.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STUDENT "marian-student"

static struct fixture open_student(const char *file, enum dtype type) {
    struct convert_options options = {.type = type};
    char path[128];
    snprintf(path, sizeof path, STUDENT "/%s", file);
    return fixture_open_with(STUDENT, path, &options);
}

const json_t *look_up(const json_t *entry, const char *a, const char *b) {
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

size_t count_equal(const struct fixture *fixture, const tolka_options *options, const char *a,
                   const char *b) {
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

/* ---- the student in f32 ---------------------------------------------------------------------- */

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
    struct convert_options convert = {.type = DTYPE_F32, .import = {.config = path}};
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
        size_t n = shortlist_candidates(&fixture.model->model, ids, n_ids, NULL, found, seen);
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
        ck_assert_uint_eq(tokens_of(tokenizer, text, strlen(text), ids, 512), n);
        ck_assert_mem_eq(ids, wanted, n * sizeof *ids);
        free(wanted);
    }
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

/* ---- the student in int8 --------------------------------------------------------------------- */

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
    struct import_options options = {0};
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

/* ---- alignments ------------------------------------------------------------------------------ */

/* The student's file with another value for the layer of guided alignment. */
static struct config guided_by(const char *value) {
    static const char key[] = "transformer-guided-alignment-layer: ";
    char *bytes = malloc(1 << 20), *at = NULL;
    FILE *file = fopen(FIXTURES STUDENT "/model.student.bin", "rb");
    ck_assert(bytes && file);
    size_t n = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    for (size_t i = 0; !at && i + sizeof key < n; i++)
        if (memcmp(bytes + i, key, sizeof key - 1) == 0) at = bytes + i + sizeof key - 1;
    ck_assert_ptr_nonnull(at);
    ck_assert_uint_eq(strcspn(at, "\n"), strlen(value));
    memcpy(at, value, strlen(value));
    char path[256];
    snprintf(path, sizeof path, "%s", temporary("guided.bin"));
    write_file(path, bytes, n);
    struct import import;
    struct import_options options = {0};
    tolka_error err;
    ck_assert_msg(import_open(&import, path, &options, &err) == TOLKA_OK, "%s", err.text);
    struct config config = import.config;
    import_close(&import);
    unlink(path);
    free(bytes);
    return config;
}

/* As Marian's --alignment reads them: the first head of the layer that model.yml names. */
START_TEST(alignments_are_marians) {
    struct config last = guided_by("last"), first = guided_by("1   ");
    ck_assert_int_eq(last.alignment_layer, -1);
    ck_assert_int_eq(last.alignment_head, 0);
    ck_assert_int_eq(first.alignment_layer, 0);
    ck_assert_int_eq(first.alignment_head, 0);
    struct fixture exported = fixture_open("marian", DTYPE_F32);
    ck_assert_int_eq(exported.model->model.config.alignment_head, -1);
    fixture_close(&exported);
}
END_TEST

/* ---- other architectures of Marian ----------------------------------------------------------- */

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
        detokenized(tokenizer, ids, n, text, sizeof text);
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
    struct convert_options convert = {.type = DTYPE_F32, .vocab = FIXTURES STUDENT "/vocab.spm"};
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

/* ---- suite ----------------------------------------------------------------------------------- */

Suite *native_families_suite(void) {
    Suite *suite = suite_create("native_families");
    TCase *marian = tcase_create("marian");
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
    tcase_add_test(marian, alignments_are_marians);
    tcase_add_loop_test(marian, marian_architectures, 0, 3);
    suite_add_tcase(suite, marian);
    add_ctranslate2_tests(suite);
    add_beams_tests(suite);
    add_vaswani_tests(suite);
    add_refusal_tests(suite);
    add_settings_tests(suite);
    return suite;
}
