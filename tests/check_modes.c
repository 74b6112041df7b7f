/* Every way of choosing tokens keeps two promises: what stands beside a sentence, the size of a
 * batch and the number of threads change no bit of its result; and no token costs an allocation. */
#include "tests/allocations.h"
#include "tests/fixture.h"
#include "tests/suites.h"

#include <stdlib.h>
#include <string.h>

enum { N_INPUTS = 35 };

static const int32_t prefix[] = {87, 294, 61};
static const int32_t pair[] = {224, 552};
static const int32_t single[] = {9};
static const tolka_sequence bad_words[] = {{pair, 2, 0}, {single, 1, 0}};
static const tolka_sequence biases[] = {{pair, 2, -2.5f}, {prefix, 1, 1.5f}};

static const tolka_sequence alternatives[] = {{pair, 2, 0}, {single, 1, 0}};
static const tolka_sequence phrase[] = {{prefix, 3, 0}};
static const tolka_alternatives words[] = {{phrase, 1}, {alternatives, 2}};

static const struct mode {
    const char *name;
    int beam, n_best;
    bool samples, alternatives, constrained, prefixed, requires, groups, scores;
} modes[] = {
    {.name = "greedy", .beam = 1, .n_best = 1},
    {.name = "beam", .beam = 4, .n_best = 4},
    {.name = "samples", .n_best = 3, .samples = true},
    {.name = "alternatives", .n_best = 3, .alternatives = true},
    {.name = "greedy behind a prefix", .beam = 1, .n_best = 1, .prefixed = true},
    {.name = "beam behind a prefix", .beam = 4, .n_best = 2, .prefixed = true},
    {.name = "samples behind a prefix", .n_best = 2, .samples = true, .prefixed = true},
    {.name = "constrained greedy", .beam = 1, .n_best = 1, .constrained = true},
    {.name = "constrained beam", .beam = 3, .n_best = 3, .constrained = true},
    {.name = "constrained samples", .n_best = 2, .samples = true, .constrained = true},
    {.name = "constrained alternatives", .n_best = 2, .alternatives = true, .constrained = true},
    {.name = "groups", .beam = 4, .n_best = 4, .groups = true},
    {.name = "required words", .beam = 4, .n_best = 3, .requires = true},
    {.name = "required words behind a prefix",
     .beam = 2,
     .n_best = 2,
     .requires = true,
     .prefixed = true},
    {.name = "scoring", .beam = 1, .n_best = 1, .scores = true},
};
enum { N_MODES = sizeof modes / sizeof *modes };

static void constrain_a_little(tolka_generation *generation) {
    generation->no_repeat_ngram_size = 3;
    generation->repetition_penalty = 1.2f;
    generation->encoder_repetition_penalty = 1.1f;
    generation->bad_words = bad_words;
    generation->n_bad_words = sizeof bad_words / sizeof *bad_words;
    generation->sequence_bias = biases;
    generation->n_sequence_bias = sizeof biases / sizeof *biases;
}

static tolka_translator *translator_of(const tolka_model *model, const struct mode *mode,
                                       int max_length, int batch, int threads) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_generation generation;
    tolka_model_generation(model, &generation);
    generation.do_sample = mode->samples;
    generation.temperature = 1.5f;
    generation.seed = 5;
    if (mode->constrained) constrain_a_little(&generation);
    if (mode->groups) generation.num_beam_groups = 2, generation.diversity_penalty = 0.5f;
    if (mode->requires) generation.force_words = words, generation.n_force_words = 2;
    options.generation = &generation;
    options.beam = mode->beam;
    options.n_best = mode->n_best;
    options.alternatives = mode->alternatives;
    options.max_length = max_length;
    options.want_scores = 1;
    options.batch = batch;
    options.threads = threads;
    return open_translator(model, &options);
}

/* A few more than fit a batch of 32: the cases of the reference, some of them several times. */
struct scene {
    struct fixture fixture;
    tolka_input inputs[N_INPUTS];
};

static struct scene scene_open(const struct mode *mode) {
    struct scene scene = {.fixture = fixture_open("marian", DTYPE_F32)};
    size_t n_cases = json_array_size(scene.fixture.cases);
    for (size_t i = 0; i < N_INPUTS; i++) {
        tolka_input *input = &scene.inputs[i];
        *input = case_input(&scene.fixture, json_array_get(scene.fixture.cases, i % n_cases));
        if (!mode->prefixed && !mode->scores) continue;
        input->target = prefix;
        input->n_target = 1 + i % 3;
    }
    return scene;
}

static void scene_close(struct scene *scene) {
    for (size_t i = 0; i < N_INPUTS; i++) free((void *)scene->inputs[i].ids);
    fixture_close(&scene->fixture);
}

/* ---- neighbours ------------------------------------------------------------------------------ */

static bool same_hypothesis(const tolka_result *a, const tolka_result *b, size_t k) {
    size_t n, m;
    const tolka_token *x = tolka_result_tokens(a, k, &n), *y = tolka_result_tokens(b, k, &m);
    float p = tolka_result_score(a, k), q = tolka_result_score(b, k);
    return n == m && memcmp(x, y, n * sizeof *x) == 0 && memcmp(&p, &q, sizeof p) == 0;
}

static void check_same(const tolka_result *alone, const tolka_result *other, const char *what,
                       size_t i) {
    size_t n = tolka_result_count(alone);
    bool same = n > 0 && tolka_result_count(other) == n;
    for (size_t k = 0; same && k < n; k++) same = same_hypothesis(alone, other, k);
    ck_assert_msg(same, "%s: sentence %zu is not what it is alone", what, i);
}

/* Each in a call of its own. */
static tolka_result **run_alone(const struct scene *scene, const struct mode *mode) {
    tolka_translator *translator = translator_of(scene->fixture.model, mode, 24, 1, 1);
    tolka_result **results = calloc(N_INPUTS, sizeof *results);
    ck_assert_ptr_nonnull(results);
    for (size_t i = 0; i < N_INPUTS; i++) {
        tolka_result **one = run_inputs(translator, &scene->inputs[i], 1, mode->scores);
        results[i] = one[0];
        free(one);
    }
    tolka_translator_free(translator);
    return results;
}

/* All in one call, then the second half of them. */
static void check_together(const struct scene *scene, const struct mode *mode, int batch,
                           int threads, tolka_result *const *alone) {
    char what[96];
    snprintf(what, sizeof what, "%s, batch %d, %d threads", mode->name, batch, threads);
    tolka_translator *translator = translator_of(scene->fixture.model, mode, 24, batch, threads);
    tolka_result **together = run_inputs(translator, scene->inputs, N_INPUTS, mode->scores);
    for (size_t i = 0; i < N_INPUTS; i++) check_same(alone[i], together[i], what, i);
    free_results(together, N_INPUTS);
    together =
        run_inputs(translator, scene->inputs + N_INPUTS / 2, N_INPUTS - N_INPUTS / 2, mode->scores);
    for (size_t i = N_INPUTS / 2; i < N_INPUTS; i++)
        check_same(alone[i], together[i - N_INPUTS / 2], what, i);
    free_results(together, N_INPUTS - N_INPUTS / 2);
    tolka_translator_free(translator);
}

START_TEST(neighbours_change_nothing) {
    static const int batches[] = {1, 2, 7, 32};
    const struct mode *mode = &modes[_i];
    struct scene scene = scene_open(mode);
    tolka_result **alone = run_alone(&scene, mode);
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++)
        for (int threads = 1; threads <= 3; threads++)
            check_together(&scene, mode, batches[b], threads, alone);
    free_results(alone, N_INPUTS);
    scene_close(&scene);
}
END_TEST

/* ---- memory ---------------------------------------------------------------------------------- */

static size_t run_once(tolka_translator *translator, const struct scene *scene, long *made) {
    long before = allocations_made();
    size_t n_tokens = 0, n;
    tolka_result **results = run_inputs(translator, scene->inputs, N_INPUTS, false);
    *made = allocations_made() - before;
    for (size_t i = 0; i < N_INPUTS; i++) {
        tolka_result_tokens(results[i], 0, &n);
        n_tokens += n;
    }
    free_results(results, N_INPUTS);
    return n_tokens;
}

/* Results are as large as they are, but as many blocks for few tokens as for many. */
START_TEST(tokens_allocate_nothing) {
    const struct mode *mode = &modes[_i];
    struct scene scene = scene_open(mode);
    long made[2];
    size_t n_tokens[2];
    for (int k = 0; k < 2; k++) {
        tolka_translator *translator = translator_of(scene.fixture.model, mode, k ? 5 : 100, 7, 1);
        run_once(translator, &scene, &made[k]);
        n_tokens[k] = run_once(translator, &scene, &made[k]);
        tolka_translator_free(translator);
    }
    ck_assert_msg(n_tokens[0] > 4 * n_tokens[1], "%s: %zu tokens, %zu", mode->name, n_tokens[0],
                  n_tokens[1]);
    ck_assert_msg(made[0] == made[1], "%s: %ld allocations for %zu tokens, %ld for %zu", mode->name,
                  made[0], n_tokens[0], made[1], n_tokens[1]);
    ck_assert_int_ge(made[0], N_INPUTS); /* the counter works */
    scene_close(&scene);
}
END_TEST

Suite *modes_suite(void) {
    Suite *suite = suite_create("modes");
    TCase *neighbours = tcase_create("neighbours"), *memory = tcase_create("memory");
    tcase_set_timeout(neighbours, 300);
    tcase_add_loop_test(neighbours, neighbours_change_nothing, 0, N_MODES);
    tcase_set_timeout(memory, 120);
    /* The last mode is scoring, whose targets are as long as they are. */
    tcase_add_loop_test(memory, tokens_allocate_nothing, 0, N_MODES - 1);
    suite_add_tcase(suite, neighbours);
    suite_add_tcase(suite, memory);
    return suite;
}
