/* Whole models: equal to the reference implementation in f32, near to it in smaller types, and the
 * same to the last bit whatever the batch, the threads and the neighbours. */
#define _XOPEN_SOURCE 700
#include "tests/fixture.h"
#include "tests/suites.h"

#include "models/convert/conversion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the reference --------------------------------------------------------------------------- */

static const char *const folders[] = {"marian", "marian-bin"};
enum { N_FOLDERS = sizeof folders / sizeof *folders };

START_TEST(f32_equals_the_reference) {
    struct fixture fixture = fixture_open(folders[_i], DTYPE_F32);
    check_fixture(&fixture, 1e-4);
    fixture_close(&fixture);
}
END_TEST

/* ---- smaller types --------------------------------------------------------------------------- */

/* Log-probabilities of all tokens of all greedy translations of the reference. */
static double *score_references(const struct fixture *fixture, const char *isa, size_t *n_scores) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.isa = isa;
    tolka_translator *translator = open_translator(fixture->model, &options);
    size_t n = json_array_size(fixture->cases), n_ids;
    tolka_input *inputs = calloc(n, sizeof *inputs);
    double *scores = calloc(n * 64, sizeof *scores);
    ck_assert(inputs && scores);
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(fixture->cases, i);
        inputs[i] = case_input(fixture, entry);
        const json_t *greedy = json_object_get(entry, "greedy");
        int32_t *ids = json_id_list(json_object_get(greedy, "ids"), &n_ids);
        inputs[i].n_target = n_ids - 1;
        memmove(ids, ids + 1, inputs[i].n_target * sizeof *ids);
        inputs[i].target = ids;
    }
    tolka_result **results = run_inputs(translator, inputs, n, true);
    *n_scores = 0;
    for (size_t i = 0; i < n; i++) {
        size_t n_tokens;
        const tolka_token *tokens = tolka_result_tokens(results[i], 0, &n_tokens);
        for (size_t t = 0; t < n_tokens; t++) scores[(*n_scores)++] = (double)tokens[t].log_prob;
        free((void *)inputs[i].ids);
        free((void *)inputs[i].target);
    }
    free_results(results, n);
    free(inputs);
    tolka_translator_free(translator);
    return scores;
}

/* Bounds are some three times what was measured: random weights suffer more than trained ones, but
 * a wrong scale or sum is far outside. Levels differ among themselves only where a sum's last bit
 * decides how an activation is rounded. */
static const struct {
    enum dtype type;
    const char *name;
    double mean, max, levels;
} bounds[] = {
    {DTYPE_F16, "f16", 0.005, 0.025, 1e-4},
    {DTYPE_BF16, "bf16", 0.05, 0.3, 0.05},
    {DTYPE_I8, "int8", 0.2, 1.2, 0.4},
    {DTYPE_Q4_0, "q4", 2, 10, 2},
};
enum { N_BOUNDS = sizeof bounds / sizeof *bounds };

struct nearness {
    int row;
    const struct fixture *fixture;
    const double *expected, *scalar;
};

static void check_nearness(void *user, const char *isa) {
    const struct nearness *near = user;
    size_t n;
    double *scores = score_references(near->fixture, isa, &n), sum = 0, max = 0, levels = 0;
    for (size_t i = 0; i < n; i++) {
        double difference = fabs(scores[i] - near->expected[i]);
        ck_assert(isfinite(difference));
        sum += difference;
        if (difference > max) max = difference;
        levels = fmax(levels, fabs(scores[i] - near->scalar[i]));
    }
    free(scores);
    const char *type = bounds[near->row].name;
    ck_assert_msg(sum / (double)n <= bounds[near->row].mean, "%s, %s: mean difference to f32 is %g",
                  isa, type, sum / (double)n);
    ck_assert_msg(max <= bounds[near->row].max, "%s, %s: greatest difference to f32 is %g", isa,
                  type, max);
    ck_assert_msg(levels <= bounds[near->row].levels, "%s, %s: greatest difference to scalar is %g",
                  isa, type, levels);
}

START_TEST(smaller_types_are_near) {
    struct fixture exact = fixture_open("marian", DTYPE_F32);
    size_t n;
    double *expected = score_references(&exact, NULL, &n);
    struct fixture small = fixture_open("marian", bounds[_i].type);
    double *scalar = score_references(&small, "scalar", &n);
    struct nearness near = {_i, &small, expected, scalar};
    for_each_level(check_nearness, &near);
    free(scalar);
    free(expected);
    fixture_close(&small);
    fixture_close(&exact);
}
END_TEST

/* ---- neighbours ------------------------------------------------------------------------------ */

/* Sentences of many lengths: the reference's, and random ones. */
struct sentences {
    size_t n;
    tolka_input *inputs;
};

enum { N_RANDOM = 16, LONGEST_RANDOM = 70 };

static struct sentences make_sentences(const struct fixture *fixture) {
    size_t n_cases = json_array_size(fixture->cases);
    struct sentences sentences = {n_cases + N_RANDOM, NULL};
    sentences.inputs = calloc(sentences.n, sizeof *sentences.inputs);
    ck_assert_ptr_nonnull(sentences.inputs);
    uint32_t state = 2463534242u;
    for (size_t i = 0; i < sentences.n; i++) {
        if (i < n_cases) {
            sentences.inputs[i] = case_input(fixture, json_array_get(fixture->cases, i));
            continue;
        }
        size_t n = 1 + (i * 37) % LONGEST_RANDOM;
        int32_t *ids = calloc(n, sizeof *ids);
        ck_assert_ptr_nonnull(ids);
        for (size_t j = 0; j + 1 < n; j++) {
            state = state * 1664525u + 1013904223u;
            ids[j] = (int32_t)(3 + (state >> 8) % 700);
        }
        sentences.inputs[i] = (tolka_input)TOLKA_INPUT_INIT;
        sentences.inputs[i].ids = ids;
        sentences.inputs[i].n_ids = n;
    }
    return sentences;
}

static void free_sentences(struct sentences *sentences) {
    for (size_t i = 0; i < sentences->n; i++) free((void *)sentences->inputs[i].ids);
    free(sentences->inputs);
}

/* Everything that a result says, bit by bit. */
static void check_same_result(const tolka_result *a, const tolka_result *b, const char *what,
                              size_t sentence) {
    size_t count = tolka_result_count(a);
    bool same = tolka_result_status(a, NULL) == tolka_result_status(b, NULL) &&
                count == tolka_result_count(b);
    for (size_t k = 0; same && k < count; k++) {
        size_t n, m;
        const tolka_token *x = tolka_result_tokens(a, k, &n), *y = tolka_result_tokens(b, k, &m);
        float p = tolka_result_score(a, k), q = tolka_result_score(b, k);
        same = n == m && memcmp(x, y, n * sizeof *x) == 0 && memcmp(&p, &q, sizeof p) == 0;
    }
    if (!same) ck_abort_msg("%s: sentence %zu is not what it is alone", what, sentence);
}

struct neighbours {
    const struct fixture *fixture;
    const struct sentences *sentences;
    const char *type;
    int beam, max_length;
};

static void check_neighbours(void *user, const char *isa) {
    static const struct {
        int batch, threads;
        bool slow_too; /* also at the scalar level, which takes its time */
    } ways[] = {{1, 1, true},  {1, 2, false}, {2, 1, false},  {2, 2, false},
                {3, 1, false}, {3, 2, true},  {32, 1, false}, {32, 2, true}};
    const struct neighbours *shared = user;
    tolka_result **alone = NULL;
    size_t n = shared->sentences->n;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(isa, "scalar") == 0 && !ways[i].slow_too) continue;
        tolka_options options = TOLKA_OPTIONS_INIT;
        options.isa = isa;
        options.beam = options.n_best = shared->beam;
        options.want_scores = 1;
        options.max_length = shared->max_length;
        options.batch = ways[i].batch;
        options.threads = ways[i].threads;
        tolka_translator *translator = open_translator(shared->fixture->model, &options);
        tolka_result **results = run_inputs(translator, shared->sentences->inputs, n, false);
        tolka_translator_free(translator);
        char what[128];
        snprintf(what, sizeof what, "%s %s, beam %d, batch %d, %d threads", isa, shared->type,
                 options.beam, options.batch, options.threads);
        if (!alone) {
            alone = results;
            continue;
        }
        for (size_t s = 0; s < n; s++) check_same_result(alone[s], results[s], what, s);
        free_results(results, n);
    }
    free_results(alone, n);
}

static const struct {
    enum dtype type;
    const char *name;
} types[] = {{DTYPE_F32, "f32"},
             {DTYPE_F16, "f16"},
             {DTYPE_BF16, "bf16"},
             {DTYPE_I8, "int8"},
             {DTYPE_Q4_0, "q4"}};
enum { N_TYPES = sizeof types / sizeof *types };

START_TEST(neighbours_change_nothing) {
    struct fixture fixture = fixture_open("marian", types[_i].type);
    struct sentences sentences = make_sentences(&fixture);
    struct neighbours shared = {&fixture, &sentences, types[_i].name, 1, LENGTH_IN_REFERENCES};
    for_each_level(check_neighbours, &shared);
    shared.beam = 4;
    shared.max_length = 12;
    for_each_level(check_neighbours, &shared);
    free_sentences(&sentences);
    fixture_close(&fixture);
}
END_TEST

/* Scores of given targets, too. */
START_TEST(neighbours_change_no_score) {
    struct fixture fixture = fixture_open("marian", types[_i].type);
    struct sentences sentences = make_sentences(&fixture);
    for (size_t i = 0; i < sentences.n; i++) {
        const tolka_input *other = &sentences.inputs[(i + 5) % sentences.n];
        sentences.inputs[i].target = other->ids;
        sentences.inputs[i].n_target = other->n_ids;
    }
    tolka_result **alone = NULL;
    for (int batch = 1; batch <= 32; batch += 31) {
        tolka_options options = TOLKA_OPTIONS_INIT;
        options.batch = batch;
        options.threads = batch == 1 ? 1 : 2;
        tolka_translator *translator = open_translator(fixture.model, &options);
        tolka_result **results = run_inputs(translator, sentences.inputs, sentences.n, true);
        tolka_translator_free(translator);
        if (!alone) {
            alone = results;
            continue;
        }
        for (size_t s = 0; s < sentences.n; s++)
            check_same_result(alone[s], results[s], "scores", s);
        free_results(results, sentences.n);
    }
    free_results(alone, sentences.n);
    free_sentences(&sentences);
    fixture_close(&fixture);
}
END_TEST

/* ---- long inputs ----------------------------------------------------------------------------- */

/* Longer than any tile, cache block or first allocation, between short ones. */
static void check_long(void *user, const char *isa) {
    const struct fixture *fixture = user;
    enum { LONG = 500, LONGER = 1100, SHORT = 3 };
    static const size_t lengths[] = {SHORT, LONG, 1, LONGER, SHORT};
    enum { N = sizeof lengths / sizeof *lengths };
    int32_t ids[LONGER];
    for (size_t i = 0; i < LONGER; i++) ids[i] = (int32_t)(1 + i * 7919 % 760);
    tolka_input inputs[N];
    tolka_result *alone[N];
    for (int batch = 1; batch <= N; batch += N - 1) {
        tolka_options options = TOLKA_OPTIONS_INIT;
        options.isa = isa;
        options.beam = options.n_best = 2;
        options.max_length = 30;
        options.batch = batch;
        tolka_translator *translator = open_translator(fixture->model, &options);
        for (size_t i = 0; i < N; i++) {
            inputs[i] = (tolka_input)TOLKA_INPUT_INIT;
            inputs[i].ids = ids;
            inputs[i].n_ids = lengths[i];
        }
        tolka_result **results = run_inputs(translator, inputs, N, false);
        for (size_t i = 0; i < N; i++) {
            const char *why;
            ck_assert_msg(tolka_result_status(results[i], &why) == TOLKA_OK, "%s", why);
            if (batch > 1) check_same_result(alone[i], results[i], isa, i);
        }
        if (batch == 1) {
            memcpy(alone, results, sizeof alone);
            free(results);
        } else {
            free_results(results, N);
        }
        tolka_translator_free(translator);
    }
    for (size_t i = 0; i < N; i++) tolka_result_free(alone[i]);
}

START_TEST(long_inputs) {
    struct fixture fixture = fixture_open("marian", _i ? DTYPE_I8 : DTYPE_F32);
    for_each_level(check_long, &fixture);
    fixture_close(&fixture);
}
END_TEST

/* Output far longer than the reference's, through a cache of many positions. */
START_TEST(long_outputs) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    struct sentences sentences = make_sentences(&fixture);
    enum { LONG = 700 };
    int32_t target[LONG];
    for (size_t i = 0; i < LONG; i++) target[i] = (int32_t)(1 + i * 6007 % 760);
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_translator *translator = open_translator(fixture.model, &options);
    tolka_input input = sentences.inputs[0];
    input.target = target;
    input.n_target = LONG;
    tolka_result **results = run_inputs(translator, &input, 1, true);
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(results[0], 0, &n);
    ck_assert_uint_eq(n, LONG);
    for (size_t i = 0; i < n; i++)
        if (!(tokens[i].log_prob <= 0 && tokens[i].log_prob > -100))
            ck_abort_msg("token %zu scores %g", i, (double)tokens[i].log_prob);
    free_results(results, 1);
    tolka_translator_free(translator);
    free_sentences(&sentences);
    fixture_close(&fixture);
}
END_TEST

/* ---- one sentence, several threads ----------------------------------------------------------- */

static void keep_one(void *user, size_t index, tolka_result *result) {
    (void)index;
    *(tolka_result **)user = result;
}

static tolka_result *translate_one(const tolka_model *model, int threads, int beam) {
    static const int32_t ids[] = {8001, 13, 170, 23, 45, 900, 2, 0};
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.threads = threads;
    options.beam = beam;
    options.max_length = 40;
    options.want_scores = 1;
    tolka_translator *translator = open_translator(model, &options);
    tolka_input input = TOLKA_INPUT_INIT;
    input.ids = ids;
    input.n_ids = sizeof ids / sizeof *ids;
    tolka_result *result = NULL;
    ck_assert_int_eq(tolka_translate(translator, &input, 1, keep_one, &result, NULL), TOLKA_OK);
    tolka_translator_free(translator);
    return result;
}

/* In f32 the shipped model's feed-forward and output products are big enough to be shared out. */
START_TEST(shared_products_change_nothing) {
    char path[] = "/tmp/tolka-shared-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    struct convert_options options = {.type = DTYPE_F32};
    tolka_error err = {0};
    ck_assert_msg(convert("models/pretrained/tolka-en-de-fr.gguf", path, &options, &err) ==
                      TOLKA_OK,
                  "%s", err.text);
    tolka_model *model;
    ck_assert_int_eq(tolka_model_open(&model, path, &err), TOLKA_OK);
    for (int beam = 1; beam <= 4; beam += 3) {
        tolka_result *alone = translate_one(model, 1, beam);
        for (int threads = 2; threads <= 3; threads++) {
            tolka_result *shared = translate_one(model, threads, beam);
            size_t n, m;
            const tolka_token *a = tolka_result_tokens(alone, 0, &n);
            const tolka_token *b = tolka_result_tokens(shared, 0, &m);
            ck_assert_uint_eq(n, m);
            ck_assert_uint_gt(n, 1);
            ck_assert_mem_eq(a, b, n * sizeof *a);
            tolka_result_free(shared);
        }
        tolka_result_free(alone);
    }
    tolka_model_free(model);
    close(fd);
    remove(path);
}
END_TEST

Suite *reference_suite(void) {
    Suite *suite = suite_create("reference");
    TCase *equal = tcase_create("equal"), *neighbours = tcase_create("neighbours");
    tcase_set_timeout(equal, 120);
    tcase_add_loop_test(equal, f32_equals_the_reference, 0, N_FOLDERS);
    tcase_add_loop_test(equal, smaller_types_are_near, 0, N_BOUNDS);
    tcase_set_timeout(neighbours, 300);
    tcase_add_loop_test(neighbours, neighbours_change_nothing, 0, N_TYPES);
    tcase_add_loop_test(neighbours, neighbours_change_no_score, 0, N_TYPES);
    tcase_add_loop_test(neighbours, long_inputs, 0, 2);
    tcase_add_test(neighbours, long_outputs);
    tcase_add_test(neighbours, shared_products_change_nothing);
    suite_add_tcase(suite, equal);
    suite_add_tcase(suite, neighbours);
    return suite;
}
