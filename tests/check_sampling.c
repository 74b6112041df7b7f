/* Drawn tokens beside the probabilities that transformers computed (decoding.json of the fixtures),
 * and alternatives beside its likeliest first tokens. */
#include "tests/fixture.h"
#include "tests/suites.h"

#include "engine/sampling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const folders[] = {"marian", "m2m100", "t5", "bart"};
enum { N_FOLDERS = sizeof folders / sizeof *folders };

struct scene {
    struct fixture fixture;
    json_t *root, *cases;
};

static struct scene scene_open(const char *folder) {
    char path[256];
    struct scene scene = {.fixture = fixture_open(folder, DTYPE_F32)};
    snprintf(path, sizeof path, FIXTURES "%s/decoding.json", folder);
    scene.root = json_load_file(path, 0, NULL);
    ck_assert_msg(scene.root != NULL, "%s", path);
    scene.cases = json_object_get(scene.root, "cases");
    return scene;
}

static void scene_close(struct scene *scene) {
    json_decref(scene->root);
    fixture_close(&scene->fixture);
}

/* The input of a case; free .ids. */
static tolka_input input_of(const json_t *entry) {
    tolka_input input = TOLKA_INPUT_INIT;
    const json_t *forced = json_object_get(entry, "forced_bos_token_id");
    input.ids = json_id_list(json_object_get(entry, "source_ids"), &input.n_ids);
    if (forced) input.forced_first = (int32_t)json_integer_value(forced);
    return input;
}

/* Tokens before the first one that is free: behind the start token, those that were forced. */
static size_t n_forced(const json_t *entry) {
    return json_array_size(
               json_object_get(json_object_get(entry, "sampling"), "decoder_input_ids")) -
           1;
}

static const json_t *likeliest(const json_t *entry, const char *filter) {
    return json_object_get(json_object_get(json_object_get(entry, "sampling"), filter), "top");
}

/* ---- samples --------------------------------------------------------------------------------- */

enum { N_DRAWS = TOLKA_MAX_BEAM, N_SEEDS = 40, N_TOP = 10 };

static const struct filters {
    const char *name;
    float temperature, top_p;
    int top_k;
} filters[] = {
    {"top_k_10", 1, 1, 10},
    {"temperature_0.7_top_k_20_top_p_0.8", 0.7f, 0.8f, 20},
};
enum { N_FILTERS = sizeof filters / sizeof *filters };

/* N_DRAWS translations that end behind the first free token and the one after it. */
static tolka_result *draw(const struct scene *scene, const json_t *entry,
                          const struct filters *filter, uint64_t seed) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_generation generation;
    tolka_model_generation(scene->fixture.model, &generation);
    generation.do_sample = 1;
    generation.temperature = filter->temperature;
    generation.top_p = filter->top_p;
    generation.top_k = filter->top_k;
    generation.seed = seed;
    options.generation = &generation;
    options.n_best = N_DRAWS;
    options.max_length = (int)n_forced(entry) + 2;
    tolka_translator *translator = open_translator(scene->fixture.model, &options);
    tolka_input input = input_of(entry);
    tolka_result **results = run_inputs(translator, &input, 1, false), *result = results[0];
    free((void *)input.ids);
    free(results);
    tolka_translator_free(translator);
    ck_assert_uint_eq(tolka_result_count(result), N_DRAWS);
    return result;
}

static void count_draws(const json_t *entry, const tolka_result *result, const json_t *top,
                        double counts[N_TOP]) {
    for (size_t k = 0; k < N_DRAWS; k++) {
        size_t n, i = 0;
        const tolka_token *tokens = tolka_result_tokens(result, k, &n);
        ck_assert_uint_gt(n, n_forced(entry));
        int32_t id = tokens[n_forced(entry)].id;
        while (i < json_array_size(top) &&
               json_integer_value(json_array_get(json_array_get(top, i), 0)) != id)
            i++;
        ck_assert_msg(i < json_array_size(top), "%d is not among the candidates", id);
        counts[i]++;
    }
}

/* Above this, chance has less than one part in 30000 (Wilson and Hilferty 1931). */
static double chi_square_limit(double freedom) {
    double ninth = 2 / (9 * freedom);
    return freedom * pow(1 - ninth + 4 * sqrt(ninth), 3);
}

static void check_distribution(const struct scene *scene, const json_t *entry,
                               const struct filters *filter) {
    const json_t *top = likeliest(entry, filter->name);
    size_t n_top = json_array_size(top);
    double counts[N_TOP] = {0}, chi_square = 0;
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        tolka_result *result = draw(scene, entry, filter, seed);
        count_draws(entry, result, top, counts);
        tolka_result_free(result);
    }
    for (size_t i = 0; i < n_top; i++) {
        double expected =
            N_SEEDS * N_DRAWS * json_number_value(json_array_get(json_array_get(top, i), 1));
        chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    ck_assert_msg(chi_square < chi_square_limit((double)n_top - 1),
                  "%s, %s: chi-square is %g over %zu tokens",
                  json_string_value(json_object_get(entry, "name")), filter->name, chi_square,
                  n_top);
}

START_TEST(draws_follow_the_probabilities) {
    struct scene scene = scene_open(folders[_i / N_FILTERS]);
    size_t i;
    json_t *entry;
    json_array_foreach(scene.cases, i, entry)
        check_distribution(&scene, entry, &filters[_i % N_FILTERS]);
    scene_close(&scene);
}
END_TEST

static bool same_tokens(const tolka_result *a, const tolka_result *b) {
    bool same = true;
    for (size_t k = 0; same && k < N_DRAWS; k++) {
        size_t n, m;
        const tolka_token *x = tolka_result_tokens(a, k, &n), *y = tolka_result_tokens(b, k, &m);
        same = n == m;
        for (size_t i = 0; same && i < n; i++) same = x[i].id == y[i].id;
    }
    return same;
}

START_TEST(seeds_decide) {
    static const uint64_t seeds[] = {0, 1, 2, UINT64_C(1) << 40, UINT64_MAX};
    enum { N = sizeof seeds / sizeof *seeds };
    struct scene scene = scene_open("marian");
    const json_t *entry = json_array_get(scene.cases, 0);
    tolka_result *results[N];
    for (size_t i = 0; i < N; i++) results[i] = draw(&scene, entry, &filters[0], seeds[i]);
    for (size_t i = 0; i < N; i++) {
        tolka_result *again = draw(&scene, entry, &filters[0], seeds[i]);
        for (size_t k = 0; k < N; k++) ck_assert_int_eq(same_tokens(again, results[k]), i == k);
        tolka_result_free(again);
    }
    for (size_t i = 0; i < N; i++) tolka_result_free(results[i]);
    scene_close(&scene);
}
END_TEST

/* ---- alternatives ---------------------------------------------------------------------------- */

enum { N_ALTERNATIVES = 7 };

static tolka_translator *translator_with(const struct scene *scene, int n_alternatives,
                                         float repetition_penalty) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_generation generation;
    tolka_model_generation(scene->fixture.model, &generation);
    generation.repetition_penalty = repetition_penalty;
    options.generation = &generation;
    options.max_length = LENGTH_IN_REFERENCES;
    options.want_scores = 1;
    options.beam = 1;
    options.n_best = n_alternatives ? n_alternatives : 1;
    options.alternatives = n_alternatives > 0;
    return open_translator(scene->fixture.model, &options);
}

/* Greedy, with this hypothesis' beginning given. */
static void check_continuation(tolka_translator *greedy, tolka_input input,
                               const tolka_result *alternatives, size_t k, size_t n_given) {
    int32_t given[4];
    size_t n, m;
    const tolka_token *tokens = tolka_result_tokens(alternatives, k, &n);
    for (size_t i = 0; i < n_given; i++) given[i] = tokens[i].id;
    input.target = given;
    input.n_target = n_given;
    tolka_result **results = run_inputs(greedy, &input, 1, false);
    const tolka_token *expected = tolka_result_tokens(results[0], 0, &m);
    ck_assert_uint_eq(n, m);
    for (size_t i = 0; i < n; i++) ck_assert_int_eq(tokens[i].id, expected[i].id);
    /* The same probabilities, those of what was given here aside. */
    for (size_t i = n_given; i < n; i++)
        ck_assert_float_eq_tol(tokens[i].log_prob, expected[i].log_prob, 1e-5f);
    free_results(results, 1);
}

/* A penalty that keeps the order of first tokens, which have nothing to repeat. */
static void check_alternatives(const struct scene *scene, const json_t *entry,
                               float repetition_penalty) {
    tolka_translator *branching = translator_with(scene, N_ALTERNATIVES, repetition_penalty);
    tolka_translator *greedy = translator_with(scene, 0, repetition_penalty);
    const json_t *top = likeliest(entry, "top_k_10");
    size_t first = n_forced(entry);
    tolka_input input = input_of(entry);
    tolka_result **results = run_inputs(branching, &input, 1, false);
    ck_assert_uint_eq(tolka_result_count(results[0]), N_ALTERNATIVES);
    for (size_t k = 0; k < N_ALTERNATIVES; k++) {
        size_t n;
        const tolka_token *tokens = tolka_result_tokens(results[0], k, &n);
        ck_assert_uint_gt(n, first);
        ck_assert_int_eq(tokens[first].id,
                         json_integer_value(json_array_get(json_array_get(top, k), 0)));
        check_continuation(greedy, input, results[0], k, first + 1);
    }
    free_results(results, 1);
    free((void *)input.ids);
    tolka_translator_free(branching);
    tolka_translator_free(greedy);
}

START_TEST(alternatives_begin_with_the_likeliest) {
    struct scene scene = scene_open(folders[_i]);
    size_t i;
    json_t *entry;
    json_array_foreach(scene.cases, i, entry) {
        check_alternatives(&scene, entry, 1);
        check_alternatives(&scene, entry, 1.5f);
    }
    scene_close(&scene);
}
END_TEST

/* Sources that differ anywhere draw by other numbers. */
START_TEST(every_token_of_a_source_counts) {
    int32_t ids[] = {31, 57, 8, 112, 0};
    enum { N_IDS = sizeof ids / sizeof *ids };
    uint64_t whole = sampling_source(ids, N_IDS);
    ck_assert(whole != sampling_source(ids, N_IDS - 1));
    for (size_t i = 0; i < N_IDS; i++) {
        ids[i]++;
        ck_assert_msg(whole != sampling_source(ids, N_IDS), "token %zu does not count", i);
        ids[i]--;
    }
    ck_assert(whole == sampling_source(ids, N_IDS));
}
END_TEST

Suite *sampling_suite(void) {
    Suite *suite = suite_create("sampling");
    TCase *samples = tcase_create("samples"), *alternatives = tcase_create("alternatives");
    tcase_set_timeout(samples, 300);
    tcase_add_loop_test(samples, draws_follow_the_probabilities, 0, N_FOLDERS * N_FILTERS);
    tcase_add_test(samples, seeds_decide);
    tcase_add_test(samples, every_token_of_a_source_counts);
    tcase_set_timeout(alternatives, 120);
    tcase_add_loop_test(alternatives, alternatives_begin_with_the_likeliest, 0, N_FOLDERS);
    suite_add_tcase(suite, samples);
    suite_add_tcase(suite, alternatives);
    return suite;
}
