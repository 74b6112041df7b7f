/* What attention looked at, beside transformers' weights (decoding.json of the fixtures). */
#include "tests/fixture.h"
#include "tests/suites.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const folders[] = {"marian", "m2m100", "t5", "bart"};
enum { N_FOLDERS = sizeof folders / sizeof *folders };

static json_t *load_decoding(const char *folder) {
    char path[256];
    json_error_t error;
    snprintf(path, sizeof path, FIXTURES "%s/decoding.json", folder);
    json_t *root = json_load_file(path, 0, &error);
    ck_assert_msg(root != NULL, "%s: %s", path, error.text);
    return root;
}

struct looking {
    const struct fixture *fixture;
    const json_t *cases;
};

/* [query][key] of one layer and head. */
static void check_head(const json_t *expected, const float *found, size_t n_queries,
                       size_t n_keys) {
    ck_assert_uint_eq(json_array_size(expected), n_queries);
    for (size_t i = 0; i < n_queries; i++) {
        const json_t *row = json_array_get(expected, i);
        double sum = 0;
        ck_assert_uint_eq(json_array_size(row), n_keys);
        for (size_t j = 0; j < n_keys; j++) {
            double want = json_number_value(json_array_get(row, j));
            ck_assert_double_eq_tol((double)found[i * n_keys + j], want, 1e-5);
            sum += (double)found[i * n_keys + j];
        }
        ck_assert_double_eq_tol(sum, 1, 1e-5);
    }
}

static void check_kind(const tolka_attention *attention, tolka_attention_kind kind,
                       const json_t *expected) {
    ck_assert_uint_eq(tolka_attention_layers(attention, kind), json_array_size(expected));
    for (size_t layer = 0; layer < json_array_size(expected); layer++) {
        const json_t *heads = json_array_get(expected, layer);
        ck_assert_uint_eq(tolka_attention_heads(attention, kind), json_array_size(heads));
        for (size_t head = 0; head < json_array_size(heads); head++) {
            size_t n_queries, n_keys;
            const float *weights =
                tolka_attention_weights(attention, kind, layer, head, &n_queries, &n_keys);
            check_head(json_array_get(heads, head), weights, n_queries, n_keys);
        }
    }
}

static void check_case(tolka_translator *translator, const json_t *entry) {
    const json_t *expected = json_object_get(entry, "attention");
    if (!expected) return;
    size_t n_source, n_inputs;
    int32_t *ids = json_id_list(json_object_get(entry, "source_ids"), &n_source);
    int32_t *inputs = json_id_list(json_object_get(expected, "decoder_input_ids"), &n_inputs);
    tolka_input input = {ids, n_source, inputs[0], -1, inputs + 1, n_inputs - 1};
    tolka_attention *attention;
    tolka_error err;
    ck_assert_msg(tolka_attention_new(&attention, translator, &input, &err) == TOLKA_OK, "%s",
                  err.text);
    check_kind(attention, TOLKA_ENCODER_ATTENTION, json_object_get(expected, "encoder"));
    check_kind(attention, TOLKA_DECODER_ATTENTION, json_object_get(expected, "decoder"));
    check_kind(attention, TOLKA_CROSS_ATTENTION, json_object_get(expected, "cross"));
    ck_assert_ptr_null(
        tolka_attention_weights(attention, TOLKA_CROSS_ATTENTION, 99, 0, NULL, NULL));
    tolka_attention_free(attention);
    free(ids);
    free(inputs);
}

static void check_level(void *user, const char *isa) {
    const struct looking *looking = user;
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.isa = isa;
    tolka_translator *translator = open_translator(looking->fixture->model, &options);
    for (size_t i = 0; i < json_array_size(looking->cases); i++)
        check_case(translator, json_array_get(looking->cases, i));
    tolka_translator_free(translator);
}

START_TEST(weights_equal_the_reference) {
    struct fixture fixture = fixture_open(folders[_i], DTYPE_F32);
    json_t *root = load_decoding(folders[_i]);
    struct looking looking = {&fixture, json_object_get(root, "cases")};
    for_each_level(check_level, &looking);
    json_decref(root);
    fixture_close(&fixture);
}
END_TEST

/* A translator that has shown what it looked at translates as before. */
START_TEST(looking_changes_nothing) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.want_scores = 1;
    tolka_translator *translator = open_translator(fixture.model, &options);
    tolka_input input = case_input(&fixture, json_array_get(fixture.cases, 1));
    tolka_result **before = run_inputs(translator, &input, 1, false);
    tolka_attention *attention;
    tolka_input pair = input;
    pair.target = input.ids;
    pair.n_target = input.n_ids;
    ck_assert_int_eq(tolka_attention_new(&attention, translator, &pair, NULL), TOLKA_OK);
    tolka_result **after = run_inputs(translator, &input, 1, false);
    ck_assert(tolka_result_score(before[0], 0) == tolka_result_score(after[0], 0));
    pair.n_target = 0;
    tolka_attention *none;
    ck_assert_int_eq(tolka_attention_new(&none, translator, &pair, NULL), TOLKA_INPUT);
    ck_assert_ptr_null(none);
    tolka_attention_free(attention);
    free_results(before, 1);
    free_results(after, 1);
    free((void *)input.ids);
    tolka_translator_free(translator);
    fixture_close(&fixture);
}
END_TEST

Suite *attention_map_suite(void) {
    Suite *suite = suite_create("attention_map");
    TCase *tcase = tcase_create("weights");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, weights_equal_the_reference, 0, N_FOLDERS);
    tcase_add_test(tcase, looking_changes_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}
