/* Settings of generation_config.json and what they do, beside transformers 5.23 (decoding.json of
 * the fixtures): ids and scores of searches, and what sampling's filters leave. Beside 4.46:
 * lengths that follow from the source's (lengths.json), and n-best lists of groups (diverse.json),
 * which transformers 5 leaves to others. */
#include "engine/sampling.h"
#include "tests/fixture.h"
#include "tests/suites.h"
#include "tests/variant.h"
#include "tools/generation_set.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const folders[] = {"marian", "m2m100", "t5", "bart"};
enum { N_FOLDERS = sizeof folders / sizeof *folders };

struct decoding {
    struct fixture fixture;
    json_t *root, *cases;
};

static struct decoding decoding_open(const char *folder, const char *file) {
    char path[256];
    json_error_t error;
    struct decoding decoding = {.fixture = fixture_open(folder, DTYPE_F32)};
    snprintf(path, sizeof path, FIXTURES "%s/%s", folder, file);
    decoding.root = json_load_file(path, 0, &error);
    ck_assert_msg(decoding.root != NULL, "%s: %s", path, error.text);
    decoding.cases = json_object_get(decoding.root, "cases");
    return decoding;
}

static void decoding_close(struct decoding *decoding) {
    json_decref(decoding->root);
    fixture_close(&decoding->fixture);
}

/* ---- searches -------------------------------------------------------------------------------- */

/* The reference's defaults, and what the run sets besides. */
static tolka_translator *translator_for(const tolka_model *model, const json_t *settings,
                                        const char *isa, int batch) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    struct generation_set set;
    const char *key;
    json_t *value;
    char why[SET_WHY];
    options.max_length = LENGTH_IN_REFERENCES;
    options.length_penalty = 1;
    options.stop = TOLKA_STOP_HEURISTIC;
    options.isa = isa;
    options.batch = batch;
    generation_set_init(&set, model, &options);
    json_object_foreach((json_t *)settings, key, value) {
        if (strcmp(key, "decoder_prefix") == 0) continue;
        ck_assert_msg(generation_set_json(&set, key, value, why), "%s", why);
    }
    options.generation = &set.generation;
    tolka_translator *translator = open_translator(model, &options);
    generation_set_free(&set); /* a translator has copies */
    return translator;
}

struct run {
    const struct decoding *decoding;
    const char *isa;
    int batch;
};

/* Hypothesis k beside `expected`, which has its ids and, of beams, its score. */
static void check_hypothesis(const json_t *expected, const tolka_result *result, size_t k,
                             const char *where) {
    const json_t *ids = json_object_get(expected, "ids");
    const json_t *score = json_object_get(expected, "score");
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(result, k, &n);
    ck_assert_msg(n + 1 == json_array_size(ids), "%s, %zu: %zu tokens, not %zu", where, k, n,
                  json_array_size(ids) - 1);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(tokens[i].id == json_integer_value(json_array_get(ids, i + 1)),
                      "%s, %zu: token %zu is %d", where, k, i, tokens[i].id);
    double got = (double)tolka_result_score(result, k), wanted = json_number_value(score);
    ck_assert_msg(!score || fabs(got - wanted) < 1e-4, "%s, %zu: score %.7g, not %.7g", where, k,
                  got, wanted);
}

static void check_result(const json_t *entry, const json_t *run, const tolka_result *result,
                         const char *isa) {
    const json_t *list = json_object_get(run, "hypotheses");
    char where[256];
    const char *reason;
    char *settings = json_dumps(json_object_get(run, "settings"), JSON_COMPACT);
    snprintf(where, sizeof where, "%s, %s, %s", isa,
             json_string_value(json_object_get(entry, "name")), settings ? settings : "?");
    free(settings);
    ck_assert_msg(tolka_result_status(result, &reason) == TOLKA_OK, "%s: %s", where, reason);
    for (size_t k = 0; k < tolka_result_count(result); k++)
        check_hypothesis(list ? json_array_get(list, k) : run, result, k, where);
}

static void check_run(const struct run *run, const json_t *entry, const json_t *expected) {
    const json_t *settings = json_object_get(expected, "settings");
    const json_t *prefix = json_object_get(settings, "decoder_prefix");
    const json_t *forced = json_object_get(entry, "forced_bos_token_id");
    tolka_translator *translator =
        translator_for(run->decoding->fixture.model, settings, run->isa, run->batch);
    size_t n_prefix = 0;
    tolka_input input = TOLKA_INPUT_INIT;
    int32_t *ids = json_id_list(json_object_get(entry, "source_ids"), &input.n_ids);
    int32_t *target = prefix ? json_id_list(prefix, &n_prefix) : NULL;
    input.ids = ids;
    if (forced) input.forced_first = (int32_t)json_integer_value(forced);
    input.target = target;
    input.n_target = n_prefix;
    tolka_result **results = run_inputs(translator, &input, 1, false);
    check_result(entry, expected, results[0], run->isa);
    if (json_object_get(expected, "hypotheses"))
        ck_assert_uint_eq(tolka_result_count(results[0]),
                          json_array_size(json_object_get(expected, "hypotheses")));
    free_results(results, 1);
    free(ids);
    free(target);
    tolka_translator_free(translator);
}

static void check_level(void *user, const char *isa) {
    struct run run = {user, isa, 32};
    for (size_t i = 0; i < json_array_size(run.decoding->cases); i++) {
        const json_t *entry = json_array_get(run.decoding->cases, i);
        const json_t *runs = json_object_get(entry, "runs");
        for (size_t k = 0; k < json_array_size(runs); k++)
            check_run(&run, entry, json_array_get(runs, k));
    }
}

START_TEST(settings_do_what_they_do_in_transformers) {
    struct decoding decoding = decoding_open(folders[_i], "decoding.json");
    for_each_level(check_level, &decoding);
    decoding_close(&decoding);
}
END_TEST

START_TEST(lengths_follow_from_the_source) {
    struct decoding decoding = decoding_open(folders[_i], "lengths.json");
    for_each_level(check_level, &decoding);
    decoding_close(&decoding);
}
END_TEST

START_TEST(groups_find_what_they_find_in_transformers) {
    struct decoding decoding = decoding_open(folders[_i], "diverse.json");
    for_each_level(check_level, &decoding);
    decoding_close(&decoding);
}
END_TEST

START_TEST(words_come_as_they_do_in_transformers) {
    struct decoding decoding = decoding_open(folders[_i], "required.json");
    for_each_level(check_level, &decoding);
    decoding_close(&decoding);
}
END_TEST

START_TEST(groups_divide_a_beam) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_generation generation;
    tolka_translator *translator;
    tolka_error err;
    tolka_model_generation(fixture.model, &generation);
    generation.num_beam_groups = 3;
    options.generation = &generation;
    options.beam = 4;
    ck_assert_int_eq(tolka_translator_new(&translator, fixture.model, &options, &err),
                     TOLKA_ARGUMENT);
    ck_assert_str_eq(err.text, "a beam of 4 cannot be split into 3 groups");
    options.beam = 1; /* is no beam, and has no groups */
    ck_assert_int_eq(tolka_translator_new(&translator, fixture.model, &options, &err), TOLKA_OK);
    tolka_translator_free(translator);
    fixture_close(&fixture);
}
END_TEST

/* ---- neighbours ------------------------------------------------------------------------------ */

static tolka_result **translate_all(const struct decoding *decoding, const tolka_input *inputs,
                                    size_t n, int batch) {
    json_t *settings = json_loads("{\"num_beams\":4,\"num_return_sequences\":4,"
                                  "\"num_beam_groups\":2,\"diversity_penalty\":0.5,"
                                  "\"coverage_penalty\":0.2,\"min_length_ratio\":0.5}",
                                  0, NULL);
    tolka_translator *translator = translator_for(decoding->fixture.model, settings, NULL, batch);
    tolka_result **results = run_inputs(translator, inputs, n, false);
    tolka_translator_free(translator);
    json_decref(settings);
    return results;
}

static void check_same(const tolka_result *a, const tolka_result *b) {
    ck_assert_uint_eq(tolka_result_count(a), 4);
    ck_assert_uint_eq(tolka_result_count(b), 4);
    for (size_t k = 0; k < 4; k++) {
        size_t n, m;
        const tolka_token *x = tolka_result_tokens(a, k, &n), *y = tolka_result_tokens(b, k, &m);
        float score_a = tolka_result_score(a, k), score_b = tolka_result_score(b, k);
        ck_assert_uint_eq(n, m);
        ck_assert_mem_eq(&score_a, &score_b, sizeof score_a);
        for (size_t i = 0; i < n; i++) ck_assert_int_eq(x[i].id, y[i].id);
    }
}

START_TEST(groups_and_coverage_do_not_depend_on_neighbours) {
    struct decoding decoding = decoding_open(folders[_i], "diverse.json");
    tolka_input inputs[16];
    size_t n = json_array_size(decoding.cases);
    ck_assert_uint_le(n, 16);
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(decoding.cases, i);
        inputs[i] = (tolka_input)TOLKA_INPUT_INIT;
        inputs[i].ids = json_id_list(json_object_get(entry, "source_ids"), &inputs[i].n_ids);
    }
    tolka_result **alone = translate_all(&decoding, inputs, n, 1);
    for (int batch = 2; batch <= 32; batch *= 4) {
        tolka_result **together = translate_all(&decoding, inputs, n, batch);
        for (size_t i = 0; i < n; i++) check_same(alone[i], together[i]);
        free_results(together, n);
    }
    free_results(alone, n);
    for (size_t i = 0; i < n; i++) free((void *)inputs[i].ids);
    decoding_close(&decoding);
}
END_TEST

/* ---- settings that a checkpoint comes with --------------------------------------------------- */

/* A fixture with what a run sets on top of the reference's defaults. */
static struct variant variant_with(const char *fixture, json_t *settings) {
    struct variant variant = variant_of(fixture);
    json_t *generation = get_json(&variant, "generation_config.json");
    json_object_set_new(generation, "max_length", json_integer(LENGTH_IN_REFERENCES + 1));
    json_object_set_new(generation, "early_stopping", json_false());
    json_object_update(generation, settings);
    put_json(&variant, "generation_config.json", generation);
    return variant;
}

static tolka_model *convert_silently(const struct variant *variant) {
    struct warnings said = {""};
    tolka_error err = {0};
    tolka_model *model = NULL;
    tolka_status status = convert_variant(variant, &model, &said, &err);
    ck_assert_msg(status == TOLKA_OK, "%s", err.text);
    ck_assert_msg(strstr(said.text, "follow") == NULL, "%s", said.text);
    return model;
}

/* By a translator that is asked for nothing but how many hypotheses to return, on which it depends
 * what the length limit leaves of those without their words. */
static void check_followed(const tolka_model *model, const json_t *entry, const json_t *run) {
    const json_t *settings = json_object_get(run, "settings");
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.n_best = (int)json_integer_value(json_object_get(settings, "num_return_sequences"));
    tolka_translator *translator = open_translator(model, &options);
    const json_t *forced = json_object_get(entry, "forced_bos_token_id");
    tolka_input input = TOLKA_INPUT_INIT;
    int32_t *ids = json_id_list(json_object_get(entry, "source_ids"), &input.n_ids);
    input.ids = ids;
    if (forced) input.forced_first = (int32_t)json_integer_value(forced);
    tolka_result **results = run_inputs(translator, &input, 1, false);
    check_result(entry, run, results[0], tolka_translator_isa(translator));
    free_results(results, 1);
    free(ids);
    tolka_translator_free(translator);
}

static void check_converted(const char *fixture, const json_t *entry, const json_t *run) {
    json_t *settings = json_object_get(run, "settings");
    if (json_object_get(settings, "decoder_prefix")) return; /* is of a call */
    struct variant variant = variant_with(fixture, settings);
    tolka_model *model = convert_silently(&variant);
    check_followed(model, entry, run);
    tolka_model_free(model);
    variant_free(&variant);
}

static void check_all_converted(const char *fixture, const char *file) {
    struct decoding decoding = decoding_open(fixture, file);
    size_t i, k;
    json_t *entry, *run;
    json_array_foreach(decoding.cases, i, entry)
        json_array_foreach(json_object_get(entry, "runs"), k, run)
            check_converted(fixture, entry, run);
    decoding_close(&decoding);
}

START_TEST(settings_of_a_checkpoint_are_followed) {
    check_all_converted(folders[_i], "decoding.json");
    check_all_converted(folders[_i], "diverse.json");
    check_all_converted(folders[_i], "required.json");
}
END_TEST

/* ---- sampling -------------------------------------------------------------------------------- */

/* The number behind `filter_` in a name such as "temperature_0.7_top_k_20"; `off` if it is not
 * there. */
static float value_in(const char *name, const char *filter, float off) {
    const char *at = strstr(name, filter);
    return at ? strtof(at + strlen(filter) + 1, NULL) : off;
}

/* The filters of a name with their values, all others off. */
static tolka_generation filters_of(const tolka_model *model, const char *name) {
    tolka_generation g;
    tolka_model_generation(model, &g);
    g.temperature = value_in(name, "temperature", 1);
    g.top_k = (int)value_in(name, "top_k", 0);
    g.top_p = value_in(name, "top_p", 1);
    g.min_p = value_in(name, "min_p", 0);
    g.typical_p = value_in(name, "typical_p", 1);
    g.epsilon_cutoff = value_in(name, "epsilon_cutoff", 0);
    g.eta_cutoff = value_in(name, "eta_cutoff", 0);
    return g;
}

static void check_filter(const tolka_model *model, const char *name, const json_t *expected,
                         const float *logits) {
    size_t vocab = model->model.config.target_vocab, k;
    tolka_generation g = filters_of(model, name);
    struct candidate *found = calloc(vocab, sizeof *found);
    double *room = calloc(2 * vocab, sizeof *room);
    json_t *pair;
    ck_assert(found && room);
    size_t n = sampling_candidates(&g, logits, vocab, found, room);
    ck_assert_msg((json_int_t)n == json_integer_value(json_object_get(expected, "candidates")),
                  "%s leaves %zu candidates", name, n);
    json_array_foreach(json_object_get(expected, "top"), k, pair) {
        ck_assert_int_eq(found[k].id, json_integer_value(json_array_get(pair, 0)));
        ck_assert_double_eq_tol((double)found[k].value, json_number_value(json_array_get(pair, 1)),
                                1e-5);
    }
    free(found);
    free(room);
}

START_TEST(filters_leave_what_they_leave_in_transformers) {
    struct decoding decoding = decoding_open(folders[_i], "decoding.json");
    const tolka_model *model = decoding.fixture.model;
    size_t i, n, n_inputs, n_filters = 0;
    json_t *entry, *expected;
    const char *name;
    json_array_foreach(decoding.cases, i, entry) {
        json_t *sampling = json_object_get(entry, "sampling");
        if (!sampling) continue;
        struct worker worker;
        int32_t *ids = json_id_list(json_object_get(entry, "source_ids"), &n);
        int32_t *inputs = json_id_list(json_object_get(sampling, "decoder_input_ids"), &n_inputs);
        encode_one(&worker, &model->model, "scalar", ids, n, n_inputs + 1);
        float *logits = decode_all(&worker, inputs, n_inputs);
        json_object_foreach(sampling, name, expected) {
            if (!json_is_object(expected)) continue;
            check_filter(model, name, expected,
                         logits + (n_inputs - 1) * model->model.config.target_vocab);
            n_filters++;
        }
        free(logits), free(ids), free(inputs);
        worker_free(&worker);
    }
    ck_assert_uint_gt(n_filters, 0);
    decoding_close(&decoding);
}
END_TEST

Suite *decoding_suite(void) {
    Suite *suite = suite_create("decoding");
    TCase *tcase = tcase_create("transformers");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, settings_do_what_they_do_in_transformers, 0, N_FOLDERS);
    tcase_add_loop_test(tcase, lengths_follow_from_the_source, 0, N_FOLDERS);
    tcase_add_loop_test(tcase, groups_find_what_they_find_in_transformers, 0, N_FOLDERS);
    tcase_add_loop_test(tcase, words_come_as_they_do_in_transformers, 0, N_FOLDERS);
    tcase_add_test(tcase, groups_divide_a_beam);
    tcase_add_loop_test(tcase, groups_and_coverage_do_not_depend_on_neighbours, 0, N_FOLDERS);
    tcase_add_loop_test(tcase, settings_of_a_checkpoint_are_followed, 0, N_FOLDERS);
    tcase_add_loop_test(tcase, filters_leave_what_they_leave_in_transformers, 0, N_FOLDERS);
    suite_add_tcase(suite, tcase);
    return suite;
}
