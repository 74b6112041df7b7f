/* Search: what its options and limits promise, on a model whose answers are long and varied. */
#include "tests/fixture.h"
#include "tests/suites.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_SENTENCES = 12, END = 0, PAD = 762 };

/* A fixture and some inputs for it, made anew for each test. */
struct scene {
    struct fixture fixture;
    tolka_input inputs[N_SENTENCES];
};

static struct scene scene_open(void) {
    struct scene scene = {.fixture = fixture_open("marian", DTYPE_F32)};
    ck_assert_int_eq(scene.fixture.model->model.config.pad_token, PAD);
    ck_assert_int_eq(scene.fixture.model->model.config.end_token, END);
    for (size_t i = 0; i < N_SENTENCES; i++)
        scene.inputs[i] = case_input(&scene.fixture, json_array_get(scene.fixture.cases, i));
    return scene;
}

static void scene_close(struct scene *scene) {
    for (size_t i = 0; i < N_SENTENCES; i++) free((void *)scene->inputs[i].ids);
    fixture_close(&scene->fixture);
}

static tolka_result **scene_run(const struct scene *scene, const tolka_options *options) {
    tolka_translator *translator = open_translator(scene->fixture.model, options);
    tolka_result **results = run_inputs(translator, scene->inputs, N_SENTENCES, false);
    tolka_translator_free(translator);
    return results;
}

static tolka_options options_of(int beam, int n_best, int max_length) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = beam;
    options.n_best = n_best;
    options.max_length = max_length;
    options.length_penalty = 1;
    options.want_scores = 1;
    return options;
}

static double sum_of(const tolka_token *tokens, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)tokens[i].log_prob;
    return sum;
}

/* ---- what hypotheses look like --------------------------------------------------------------- */

START_TEST(hypotheses_are_ordered_and_distinct) {
    struct scene scene = scene_open();
    tolka_options options = options_of(6, 6, 20);
    tolka_result **results = scene_run(&scene, &options);
    options.n_best = 1;
    tolka_result **best = scene_run(&scene, &options);
    for (size_t s = 0; s < N_SENTENCES; s++) {
        ck_assert_uint_eq(tolka_result_count(results[s]), 6);
        ck_assert_uint_eq(tolka_result_count(best[s]), 1);
        ck_assert_float_eq(tolka_result_score(best[s], 0), tolka_result_score(results[s], 0));
        for (size_t k = 1; k < 6; k++) {
            size_t n, m;
            const tolka_token *a = tolka_result_tokens(results[s], k - 1, &n);
            const tolka_token *b = tolka_result_tokens(results[s], k, &m);
            ck_assert_float_ge(tolka_result_score(results[s], k - 1),
                               tolka_result_score(results[s], k));
            bool same = n == m;
            for (size_t i = 0; same && i < n; i++) same = a[i].id == b[i].id;
            ck_assert(!same);
        }
    }
    free_results(results, N_SENTENCES);
    free_results(best, N_SENTENCES);
    scene_close(&scene);
}
END_TEST

START_TEST(scores_are_normalized_sums) {
    static const float penalties[] = {0, 0.6f, 1, 2};
    struct scene scene = scene_open();
    for (int beam = 1; beam <= 4; beam += 3)
        for (size_t p = 0; p < sizeof penalties / sizeof *penalties; p++) {
            tolka_options options = options_of(beam, beam, 20);
            options.length_penalty = penalties[p];
            tolka_result **results = scene_run(&scene, &options);
            for (size_t s = 0; s < N_SENTENCES; s++)
                for (size_t k = 0; k < tolka_result_count(results[s]); k++) {
                    size_t n;
                    const tolka_token *tokens = tolka_result_tokens(results[s], k, &n);
                    double want = sum_of(tokens, n) / pow((double)n, (double)penalties[p]);
                    ck_assert_double_eq_tol(tolka_result_score(results[s], k), want, 1e-5);
                }
            free_results(results, N_SENTENCES);
        }
    scene_close(&scene);
}
END_TEST

START_TEST(greedy_scores_only_if_wanted) {
    struct scene scene = scene_open();
    tolka_options options = options_of(1, 1, 20);
    options.want_scores = 0;
    tolka_result **without = scene_run(&scene, &options);
    options.want_scores = 1;
    tolka_result **with = scene_run(&scene, &options);
    for (size_t s = 0; s < N_SENTENCES; s++) {
        size_t n, m;
        const tolka_token *a = tolka_result_tokens(without[s], 0, &n);
        const tolka_token *b = tolka_result_tokens(with[s], 0, &m);
        ck_assert_uint_eq(n, m);
        ck_assert(isnan(tolka_result_score(without[s], 0)) || n == 0);
        ck_assert(isfinite(tolka_result_score(with[s], 0)));
        for (size_t i = 0; i < n; i++) ck_assert_int_eq(a[i].id, b[i].id);
    }
    free_results(without, N_SENTENCES);
    free_results(with, N_SENTENCES);
    scene_close(&scene);
}
END_TEST

/* ---- what must and must not come ------------------------------------------------------------- */

START_TEST(lengths_are_limited) {
    struct scene scene = scene_open();
    for (int beam = 1; beam <= 4; beam += 3)
        for (int most = 1; most <= 6; most++) {
            tolka_options options = options_of(beam, 1, most);
            tolka_result **results = scene_run(&scene, &options);
            for (size_t s = 0; s < N_SENTENCES; s++) {
                size_t n;
                const tolka_token *tokens = tolka_result_tokens(results[s], 0, &n);
                ck_assert_uint_ge(n, 1);
                ck_assert_uint_le(n, (size_t)most);
                /* This model forces an end token at the limit. */
                ck_assert_int_eq(tokens[n - 1].id, END);
                if (n == (size_t)most) ck_assert_float_eq(tokens[n - 1].log_prob, 0);
            }
            free_results(results, N_SENTENCES);
        }
    scene_close(&scene);
}
END_TEST

START_TEST(suppressed_tokens_never_come) {
    struct scene scene = scene_open();
    for (int beam = 1; beam <= 8; beam += 7) {
        tolka_options options = options_of(beam, beam, 39);
        tolka_result **results = scene_run(&scene, &options);
        for (size_t s = 0; s < N_SENTENCES; s++)
            for (size_t k = 0; k < tolka_result_count(results[s]); k++) {
                size_t n;
                const tolka_token *tokens = tolka_result_tokens(results[s], k, &n);
                for (size_t i = 0; i < n; i++) {
                    ck_assert_int_ne(tokens[i].id, PAD);
                    if (i + 1 < n) ck_assert_int_ne(tokens[i].id, END);
                }
            }
        free_results(results, N_SENTENCES);
    }
    scene_close(&scene);
}
END_TEST

START_TEST(forced_first_token_is_first) {
    enum { FORCED = 345 };
    struct scene scene = scene_open();
    for (size_t s = 0; s < N_SENTENCES; s++)
        scene.inputs[s].forced_first = s % 2 ? FORCED + (int32_t)s : -1;
    for (int beam = 1; beam <= 4; beam += 3) {
        tolka_options options = options_of(beam, beam, 12);
        tolka_result **results = scene_run(&scene, &options);
        for (size_t s = 1; s < N_SENTENCES; s += 2)
            for (size_t k = 0; k < tolka_result_count(results[s]); k++) {
                size_t n;
                const tolka_token *tokens = tolka_result_tokens(results[s], k, &n);
                ck_assert_int_eq(tokens[0].id, FORCED + (int32_t)s);
                ck_assert_float_eq(tokens[0].log_prob, 0);
                /* It counts in the length. */
                ck_assert_double_eq_tol(tolka_result_score(results[s], k),
                                        sum_of(tokens, n) / (double)n, 1e-5);
            }
        free_results(results, N_SENTENCES);
    }
    scene_close(&scene);
}
END_TEST

START_TEST(start_token_is_an_input) {
    struct scene scene = scene_open();
    tolka_options options = options_of(1, 1, 12);
    tolka_result **usual = scene_run(&scene, &options);
    for (size_t s = 0; s < N_SENTENCES; s++) scene.inputs[s].start = PAD;
    tolka_result **same = scene_run(&scene, &options);
    for (size_t s = 0; s < N_SENTENCES; s++) scene.inputs[s].start = 77;
    tolka_result **other = scene_run(&scene, &options);
    size_t n_differ = 0;
    for (size_t s = 0; s < N_SENTENCES; s++) {
        ck_assert_float_eq(tolka_result_score(usual[s], 0), tolka_result_score(same[s], 0));
        n_differ += tolka_result_score(usual[s], 0) != tolka_result_score(other[s], 0);
    }
    ck_assert_uint_gt(n_differ, N_SENTENCES / 2);
    free_results(usual, N_SENTENCES);
    free_results(same, N_SENTENCES);
    free_results(other, N_SENTENCES);
    scene_close(&scene);
}
END_TEST

/* ---- scores against the decoder itself ------------------------------------------------------- */

static double log_sum(const float *logits, size_t n, size_t without) {
    double sum = 0, max = -INFINITY;
    for (size_t i = 0; i < n; i++)
        if (i != without) max = fmax(max, (double)logits[i]);
    for (size_t i = 0; i < n; i++)
        if (i != without) sum += exp((double)logits[i] - max);
    return max + log(sum);
}

/* Logits of each step of a translation. */
static float *logits_of(const struct scene *scene, size_t s, const tolka_token *tokens, size_t n) {
    const struct model *model = &scene->fixture.model->model;
    int32_t *inputs = calloc(n, sizeof *inputs);
    ck_assert_ptr_nonnull(inputs);
    inputs[0] = model->config.start_token;
    for (size_t i = 1; i < n; i++) inputs[i] = tokens[i - 1].id;
    struct worker worker;
    encode_one(&worker, model, NULL, scene->inputs[s].ids, scene->inputs[s].n_ids, n);
    float *logits = decode_all(&worker, inputs, n);
    worker_free(&worker);
    free(inputs);
    return logits;
}

/* Probabilities of this model leave the suppressed token out: of beams as of greedy search, whose
 * histories of nodes must lead to the very same logits. */
START_TEST(token_scores_are_those_of_the_decoder) {
    struct scene scene = scene_open();
    size_t vocab = scene.fixture.model->model.config.target_vocab;
    for (int beam = 1; beam <= 4; beam += 3) {
        tolka_options options = options_of(beam, beam, 16);
        tolka_result **results = scene_run(&scene, &options);
        for (size_t s = 0; s < N_SENTENCES; s++)
            for (size_t k = 0; k < tolka_result_count(results[s]); k++) {
                size_t n;
                const tolka_token *tokens = tolka_result_tokens(results[s], k, &n);
                float *logits = logits_of(&scene, s, tokens, n);
                for (size_t i = 0; i < n && i + 1 < 16; i++) {
                    const float *row = logits + i * vocab;
                    double want = row[tokens[i].id] - log_sum(row, vocab, PAD);
                    ck_assert_double_eq_tol(tokens[i].log_prob, want, 1e-4);
                }
                free(logits);
            }
        free_results(results, N_SENTENCES);
    }
    scene_close(&scene);
}
END_TEST

/* Greedy takes the greatest of all tokens that may come, at every step. */
START_TEST(greedy_takes_the_greatest) {
    struct scene scene = scene_open();
    size_t vocab = scene.fixture.model->model.config.target_vocab;
    tolka_options options = options_of(1, 1, 16);
    tolka_result **results = scene_run(&scene, &options);
    for (size_t s = 0; s < N_SENTENCES; s++) {
        size_t n;
        const tolka_token *tokens = tolka_result_tokens(results[s], 0, &n);
        float *logits = logits_of(&scene, s, tokens, n);
        for (size_t i = 0; i < n && i + 1 < 16; i++)
            for (size_t id = 0; id < vocab; id++)
                if (id != PAD && logits[i * vocab + id] > logits[i * vocab + (size_t)tokens[i].id])
                    ck_abort_msg("sentence %zu, step %zu: %zu is greater than %d", s, i, id,
                                 tokens[i].id);
        free(logits);
    }
    free_results(results, N_SENTENCES);
    scene_close(&scene);
}
END_TEST

START_TEST(given_translations_are_scored) {
    struct scene scene = scene_open();
    size_t vocab = scene.fixture.model->model.config.target_vocab;
    tolka_options options = options_of(1, 1, 16);
    tolka_result **results = scene_run(&scene, &options);
    int32_t targets[N_SENTENCES][16];
    for (size_t s = 0; s < N_SENTENCES; s++) {
        size_t n;
        const tolka_token *tokens = tolka_result_tokens(results[s], 0, &n);
        for (size_t i = 0; i < n; i++) targets[s][i] = tokens[i].id;
        scene.inputs[s].target = targets[s];
        scene.inputs[s].n_target = n;
    }
    tolka_translator *translator = open_translator(scene.fixture.model, &options);
    tolka_result **scored = run_inputs(translator, scene.inputs, N_SENTENCES, true);
    for (size_t s = 0; s < N_SENTENCES; s++) {
        size_t n;
        const tolka_token *tokens = tolka_result_tokens(scored[s], 0, &n);
        float *logits = logits_of(&scene, s, tokens, n);
        for (size_t i = 0; i < n; i++) {
            const float *row = logits + i * vocab;
            double want = row[tokens[i].id] - log_sum(row, vocab, vocab);
            ck_assert_int_eq(tokens[i].id, targets[s][i]);
            ck_assert_double_eq_tol(tokens[i].log_prob, want, 1e-4);
        }
        ck_assert_double_eq_tol(tolka_result_score(scored[s], 0), sum_of(tokens, n) / (double)n,
                                1e-5);
        free(logits);
    }
    free_results(scored, N_SENTENCES);
    free_results(results, N_SENTENCES);
    tolka_translator_free(translator);
    scene_close(&scene);
}
END_TEST

/* ---- bad inputs among good ones -------------------------------------------------------------- */

START_TEST(bad_inputs_do_not_stop_others) {
    struct scene scene = scene_open();
    tolka_options options = options_of(1, 1, 8);
    tolka_result **usual = scene_run(&scene, &options);
    static const int32_t negative[] = {5, -1, 0}, beyond[] = {5, 100000, 0};
    const int32_t *ids[N_SENTENCES];
    for (size_t s = 0; s < N_SENTENCES; s++) ids[s] = scene.inputs[s].ids;
    scene.inputs[1].ids = negative, scene.inputs[1].n_ids = 3;
    scene.inputs[3].ids = beyond, scene.inputs[3].n_ids = 3;
    scene.inputs[5].n_ids = 0;
    scene.inputs[7].forced_first = 100000;
    scene.inputs[9].start = 100000;
    static const char *const says[] = {"source token 2 is -1", "source token 2 is 100000",
                                       "no source tokens", "forced", "start"};
    tolka_result **results = scene_run(&scene, &options);
    for (size_t s = 0; s < N_SENTENCES; s++) {
        const char *text;
        tolka_status status = tolka_result_status(results[s], &text);
        bool bad = s % 2 && s <= 9;
        ck_assert_int_eq(status, bad ? TOLKA_INPUT : TOLKA_OK);
        if (bad) ck_assert_msg(strstr(text, says[s / 2]), "\"%s\"", text);
        if (bad) ck_assert_uint_eq(tolka_result_count(results[s]), 0);
        if (!bad)
            ck_assert_float_eq(tolka_result_score(results[s], 0), tolka_result_score(usual[s], 0));
    }
    free_results(results, N_SENTENCES);
    free_results(usual, N_SENTENCES);
    for (size_t s = 0; s < N_SENTENCES; s++) scene.inputs[s].ids = ids[s];
    scene_close(&scene);
}
END_TEST

Suite *search_suite(void) {
    Suite *suite = suite_create("search");
    TCase *search = tcase_create("search");
    tcase_set_timeout(search, 120);
    tcase_add_test(search, hypotheses_are_ordered_and_distinct);
    tcase_add_test(search, scores_are_normalized_sums);
    tcase_add_test(search, greedy_scores_only_if_wanted);
    tcase_add_test(search, lengths_are_limited);
    tcase_add_test(search, suppressed_tokens_never_come);
    tcase_add_test(search, forced_first_token_is_first);
    tcase_add_test(search, start_token_is_an_input);
    tcase_add_test(search, token_scores_are_those_of_the_decoder);
    tcase_add_test(search, greedy_takes_the_greatest);
    tcase_add_test(search, given_translations_are_scored);
    tcase_add_test(search, bad_inputs_do_not_stop_others);
    suite_add_tcase(suite, search);
    suite_add_tcase(suite, limits_case());
    suite_add_tcase(suite, few_tokens_case());
    return suite;
}
