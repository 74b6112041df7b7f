/* Searches in which few tokens may come, or none but the end: fewer candidates than a beam is wide.
 * Whatever the rules, no other token comes, and scores are those of the tokens. */
#include "tests/fixture.h"
#include "tests/suites.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of transformers' rules of beam search, and CTranslate2's. */
static const char *const folders[] = {"marian", "ct2-marian-float32"};
enum { N_FOLDERS = sizeof folders / sizeof *folders, MOST_TOKENS = 2000, MOST = 6 };

struct scene {
    struct fixture fixture;
    int32_t suppressed[MOST_TOKENS];
    size_t n_suppressed;
    bool may_come[MOST_TOKENS];
};

/* Leaves the end token and the n after the 20th. */
static struct scene scene_open(const char *folder, size_t n) {
    struct scene scene = {.fixture = fixture_open(folder, DTYPE_F32)};
    const struct config *config = &scene.fixture.model->model.config;
    ck_assert_uint_lt(config->target_vocab, MOST_TOKENS);
    for (size_t i = 0; i < config->target_vocab; i++) {
        scene.may_come[i] = (int32_t)i == config->end_token || (i >= 20 && i < 20 + n);
        if (!scene.may_come[i]) scene.suppressed[scene.n_suppressed++] = (int32_t)i;
    }
    return scene;
}

struct search_kind {
    int beam, groups;
    bool samples;
};

static const struct search_kind kinds[] = {
    {2, 1, false}, {5, 1, false}, {16, 1, false}, {64, 1, false},
    {4, 2, false}, {6, 3, false}, {24, 2, false}, {1, 1, true},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

static tolka_result *run_search(const struct scene *scene, const struct search_kind *kind) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_generation generation;
    tolka_model_generation(scene->fixture.model, &generation);
    generation.suppress_tokens = scene->suppressed;
    generation.n_suppress_tokens = scene->n_suppressed;
    generation.forced_eos_token_id = -1;
    generation.num_beam_groups = kind->groups;
    generation.diversity_penalty = 0;
    generation.do_sample = kind->samples;
    options.generation = &generation;
    options.beam = kind->beam;
    options.n_best = kind->samples ? 4 : kind->beam;
    options.max_length = MOST;
    options.length_penalty = 1;
    options.want_scores = 1;
    static const int32_t ids[] = {31, 57, 8, 112, 0};
    tolka_input input = TOLKA_INPUT_INIT;
    input.ids = ids;
    input.n_ids = sizeof ids / sizeof *ids;
    tolka_translator *translator = open_translator(scene->fixture.model, &options);
    tolka_result **results = run_inputs(translator, &input, 1, false), *result = *results;
    free(results);
    tolka_translator_free(translator);
    return result;
}

static void check_hypothesis(const struct scene *scene, const struct search_kind *kind,
                             const tolka_result *result, size_t k) {
    size_t n;
    double sum = 0;
    const tolka_token *tokens = tolka_result_tokens(result, k, &n);
    ck_assert_msg(n > 0 && n <= MOST, "beam %d, %d groups: %zu tokens", kind->beam, kind->groups,
                  n);
    for (size_t i = 0; i < n; i++) {
        ck_assert_msg(scene->may_come[tokens[i].id], "beam %d, %d groups: token %d", kind->beam,
                      kind->groups, tokens[i].id);
        ck_assert_msg(tokens[i].log_prob <= 0, "beam %d, %d groups: %g", kind->beam, kind->groups,
                      (double)tokens[i].log_prob);
        sum += (double)tokens[i].log_prob;
    }
    ck_assert_double_eq_tol((double)tolka_result_score(result, k), sum / (double)n, 1e-4);
}

static void check_searches(const char *folder, size_t n_tokens) {
    struct scene scene = scene_open(folder, n_tokens);
    for (size_t i = 0; i < N_KINDS; i++) {
        const char *why;
        tolka_result *result = run_search(&scene, &kinds[i]);
        ck_assert_msg(tolka_result_status(result, &why) == TOLKA_OK, "%s", why);
        ck_assert_uint_gt(tolka_result_count(result), 0);
        for (size_t k = 0; k < tolka_result_count(result); k++)
            check_hypothesis(&scene, &kinds[i], result, k);
        tolka_result_free(result);
    }
    fixture_close(&scene.fixture);
}

START_TEST(two_tokens_and_the_end) {
    check_searches(folders[_i], 2);
}
END_TEST

START_TEST(one_token_and_the_end) {
    check_searches(folders[_i], 1);
}
END_TEST

TCase *few_tokens_case(void) {
    TCase *tcase = tcase_create("few tokens");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, two_tokens_and_the_end, 0, N_FOLDERS);
    tcase_add_loop_test(tcase, one_token_and_the_end, 0, N_FOLDERS);
    return tcase;
}
