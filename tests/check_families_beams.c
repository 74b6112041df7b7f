/* CTranslate2's rules of beam search, where hypotheses end early and many at once, and where a
 * vocabulary has fewer tokens than a step has candidates: against what CTranslate2 finds
 * (tests/fixtures/make_ct2_beams.py). */
#include "tests/check_families_native.h"

#include <stdlib.h>
#include <string.h>

struct beams {
    struct fixture fixture;
    json_t *root;
    double tolerance; /* of scores */
};

static struct beams beams_open(const char *folder, double tolerance) {
    struct beams beams = {.fixture = fixture_open(folder, DTYPE_F32), .tolerance = tolerance};
    char path[256];
    snprintf(path, sizeof path, FIXTURES "%s/beams.json", folder);
    beams.root = json_load_file(path, 0, NULL);
    ck_assert_msg(beams.root, "%s cannot be read", path);
    return beams;
}

static void beams_close(struct beams *beams) {
    json_decref(beams->root);
    fixture_close(&beams->fixture);
}

static int number_of(const json_t *run, const char *key) {
    return (int)json_integer_value(json_object_get(run, key));
}

/* Those of the run, and the unknown token, which the vocabulary does not list. The caller frees them. */
static int32_t *suppressed_tokens(const struct beams *beams, const json_t *run,
                                  tolka_generation *generation) {
    const json_t *list = json_object_get(run, "suppress");
    if (!list) return NULL;
    size_t n;
    int32_t *ids = json_id_list(list, &n);
    ids = realloc(ids, (n + 1) * sizeof *ids);
    ck_assert_ptr_nonnull(ids);
    ids[n] = (int32_t)beams->fixture.model->model.config.target_vocab - 1;
    generation->suppress_tokens = ids;
    generation->n_suppress_tokens = n + 1;
    return ids;
}

static tolka_translator *translator_of(const struct beams *beams, const json_t *run) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_generation generation;
    tolka_model_generation(beams->fixture.model, &generation);
    int32_t *suppressed = suppressed_tokens(beams, run, &generation);
    options.generation = &generation;
    options.beam = number_of(run, "beam");
    options.n_best = number_of(run, "n_best");
    options.max_length = number_of(run, "most");
    options.length_penalty = (float)number_of(run, "length_penalty");
    options.want_scores = 1;
    tolka_translator *translator = open_translator(beams->fixture.model, &options);
    free(suppressed);
    return translator;
}

static void check_hypothesis(const struct beams *beams, size_t number, const tolka_result *result,
                             size_t k, const json_t *wanted) {
    size_t n, n_wanted;
    const tolka_token *tokens = tolka_result_tokens(result, k, &n);
    int32_t *ids = json_id_list(json_object_get(wanted, "ids"), &n_wanted);
    if (n && tokens[n - 1].id == beams->fixture.model->model.config.end_token) n--;
    ck_assert_msg(n == n_wanted, "run %zu: hypothesis %zu has %zu tokens, not %zu", number, k, n,
                  n_wanted);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(tokens[i].id == ids[i], "run %zu: token %zu of hypothesis %zu is %d, not %d",
                      number, i, k, tokens[i].id, ids[i]);
    ck_assert_double_eq_tol(tolka_result_score(result, k),
                            json_number_value(json_object_get(wanted, "score")), beams->tolerance);
    free(ids);
}

static void check_run(const struct beams *beams, size_t number, const json_t *run) {
    const json_t *hypotheses = json_object_get(run, "hypotheses");
    tolka_translator *translator = translator_of(beams, run);
    tolka_input input = TOLKA_INPUT_INIT;
    int32_t *ids = json_id_list(json_object_get(run, "source"), &input.n_ids);
    input.ids = ids;
    tolka_result **results = run_inputs(translator, &input, 1, false);
    ck_assert_uint_eq(tolka_result_count(results[0]), json_array_size(hypotheses));
    for (size_t k = 0; k < json_array_size(hypotheses); k++)
        check_hypothesis(beams, number, results[0], k, json_array_get(hypotheses, k));
    free_results(results, 1);
    tolka_translator_free(translator);
    free(ids);
}

static void check_runs(const char *folder, double tolerance) {
    struct beams beams = beams_open(folder, tolerance);
    const json_t *runs = json_object_get(beams.root, "runs");
    ck_assert_uint_gt(json_array_size(runs), 0);
    for (size_t i = 0; i < json_array_size(runs); i++)
        check_run(&beams, i, json_array_get(runs, i));
    beams_close(&beams);
}

START_TEST(many_end_at_once) {
    check_runs("ct2-marian-float32", 1e-4);
}
END_TEST

START_TEST(beams_are_wider_than_the_vocabulary) {
    check_runs("ct2-aren-transliteration", 3e-4);
}
END_TEST

void add_beams_tests(Suite *suite) {
    TCase *beams = tcase_create("CTranslate2's beams");
    tcase_set_timeout(beams, 60);
    tcase_add_test(beams, many_end_at_once);
    tcase_add_test(beams, beams_are_wider_than_the_vocabulary);
    suite_add_tcase(suite, beams);
}
