/* Where sentences and translations end at the latest: tables of positions are never read behind their
 * end, a length that is a multiple of the source's is at least one token, and tokens that had to come
 * cost nothing. */
#include "tests/fixture.h"
#include "tests/suites.h"

#include <stdlib.h>
#include <string.h>

/* Learned positions. */
static const char *const folders[] = {"bart", "mbart25-tiny", "mbart50-tiny"};
enum { N_FOLDERS = sizeof folders / sizeof *folders, MOST = 200 };

struct scene {
    struct fixture fixture;
    size_t most; /* positions that the model has */
    int32_t ids[MOST];
};

static struct scene scene_open(const char *folder) {
    struct scene scene = {.fixture = fixture_open(folder, DTYPE_F32)};
    scene.most = scene.fixture.model->model.config.max_positions;
    ck_assert_msg(scene.most > 0 && scene.most + 1 < MOST, "%s: %zu positions", folder, scene.most);
    for (size_t i = 0; i < MOST; i++) scene.ids[i] = (int32_t)(5 + i % 40);
    return scene;
}

static tolka_input input_of(const struct scene *scene, size_t n_ids, size_t n_target) {
    tolka_input input = TOLKA_INPUT_INIT;
    input.ids = scene->ids;
    input.n_ids = n_ids;
    input.start = scene->fixture.model->model.config.start_token < 0 ? 7 : -1;
    input.target = n_target ? scene->ids : NULL;
    input.n_target = n_target;
    return input;
}

/* A translator that never ends by itself; max_length is its limit. */
static tolka_translator *endless(const struct scene *scene, int beam, int max_length) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_generation generation;
    tolka_model_generation(scene->fixture.model, &generation);
    generation.min_new_tokens = TOLKA_MAX_LENGTH;
    generation.forced_eos_token_id = -1;
    options.generation = &generation;
    options.beam = beam;
    options.max_length = max_length;
    return open_translator(scene->fixture.model, &options);
}

static tolka_result *run_one(tolka_translator *translator, const tolka_input *input, bool scoring) {
    tolka_result **results = run_inputs(translator, input, 1, scoring), *result = *results;
    free(results);
    return result;
}

static void expect_refusal(tolka_translator *translator, const tolka_input *input, bool scoring,
                           size_t most) {
    char says[80];
    const char *why;
    tolka_result *result = run_one(translator, input, scoring);
    snprintf(says, sizeof says, "%zu %s tokens; the model takes at most %zu", most + 1,
             scoring ? "target" : "source", most);
    ck_assert_int_eq(tolka_result_status(result, &why), TOLKA_INPUT);
    ck_assert_str_eq(why, says);
    tolka_result_free(result);
}

START_TEST(sources_and_targets_fill_the_positions) {
    struct scene scene = scene_open(folders[_i]);
    tolka_translator *translator = endless(&scene, 1, 3);
    tolka_input whole = input_of(&scene, scene.most, 0), pair = input_of(&scene, 4, scene.most);
    tolka_result *result = run_one(translator, &whole, false);
    ck_assert_int_eq(tolka_result_status(result, NULL), TOLKA_OK);
    tolka_result_free(result);
    result = run_one(translator, &pair, true);
    ck_assert_int_eq(tolka_result_status(result, NULL), TOLKA_OK);
    tolka_result_free(result);
    whole.n_ids++;
    pair.n_target++;
    expect_refusal(translator, &whole, false, scene.most);
    expect_refusal(translator, &pair, true, scene.most);
    tolka_translator_free(translator);
    fixture_close(&scene.fixture);
}
END_TEST

static size_t length_of(const struct scene *scene, int beam, int max_length) {
    size_t n;
    tolka_translator *translator = endless(scene, beam, max_length);
    tolka_input input = input_of(scene, 6, 0);
    tolka_result *result = run_one(translator, &input, false);
    ck_assert_int_eq(tolka_result_status(result, NULL), TOLKA_OK);
    tolka_result_tokens(result, 0, &n);
    tolka_result_free(result);
    tolka_translator_free(translator);
    return n;
}

START_TEST(translations_end_with_the_positions) {
    struct scene scene = scene_open(folders[_i]);
    for (int beam = 1; beam <= 2; beam++) {
        ck_assert_uint_eq(length_of(&scene, beam, (int)scene.most + 50), scene.most);
        ck_assert_uint_eq(length_of(&scene, beam, (int)scene.most + 1), scene.most);
        ck_assert_uint_eq(length_of(&scene, beam, (int)scene.most), scene.most);
        ck_assert_uint_eq(length_of(&scene, beam, (int)scene.most - 1), scene.most - 1);
    }
    fixture_close(&scene.fixture);
}
END_TEST

/* Of a source of six tokens. */
START_TEST(lengths_are_multiples_of_the_source) {
    static const struct {
        float ratio;
        size_t n;
    } cases[] = {{1e-30f, 1}, {0.1f, 1}, {0.5f, 3}, {0.51f, 4}, {2, 12}, {1000, 20}};
    struct scene scene = scene_open("bart");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tolka_options options = TOLKA_OPTIONS_INIT;
        tolka_generation generation;
        size_t n;
        tolka_model_generation(scene.fixture.model, &generation);
        generation.min_new_tokens = 50;
        generation.forced_eos_token_id = -1;
        generation.max_length_ratio = cases[i].ratio;
        options.generation = &generation;
        options.max_length = 20;
        tolka_translator *translator = open_translator(scene.fixture.model, &options);
        tolka_input input = input_of(&scene, 6, 0);
        tolka_result *result = run_one(translator, &input, false);
        tolka_result_tokens(result, 0, &n);
        ck_assert_msg(n == cases[i].n, "%g times 6: %zu tokens", (double)cases[i].ratio, n);
        tolka_result_free(result);
        tolka_translator_free(translator);
    }
    fixture_close(&scene.fixture);
}
END_TEST

/* A token that had to come has no part in the score. */
START_TEST(forced_tokens_cost_nothing) {
    struct scene scene = scene_open("bart");
    for (int beam = 1; beam <= 2; beam++) {
        size_t n;
        tolka_options options = TOLKA_OPTIONS_INIT;
        options.beam = beam;
        options.want_scores = 1;
        tolka_translator *translator = open_translator(scene.fixture.model, &options);
        tolka_input input = input_of(&scene, 6, 0);
        input.forced_first = 9;
        tolka_result *result = run_one(translator, &input, false);
        const tolka_token *tokens = tolka_result_tokens(result, 0, &n);
        ck_assert_uint_gt(n, 1);
        ck_assert_int_eq(tokens[0].id, 9);
        ck_assert_msg(tokens[0].log_prob == 0, "%g", (double)tokens[0].log_prob);
        ck_assert_msg(tokens[1].log_prob < 0, "%g", (double)tokens[1].log_prob);
        tolka_result_free(result);
        tolka_translator_free(translator);
    }
    fixture_close(&scene.fixture);
}
END_TEST

TCase *limits_case(void) {
    TCase *tcase = tcase_create("limits");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, sources_and_targets_fill_the_positions, 0, N_FOLDERS);
    tcase_add_loop_test(tcase, translations_end_with_the_positions, 0, N_FOLDERS);
    tcase_add_test(tcase, forced_tokens_cost_nothing);
    tcase_add_test(tcase, lengths_are_multiples_of_the_source);
    return tcase;
}
