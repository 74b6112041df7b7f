/* Memory to search in: what a batch touches is what its sentences need, and --max-memory is kept
 * without a change of the output. */
#define _DEFAULT_SOURCE
#include "engine/batch.h"
#include "engine/generation.h"
#include "tests/allocations.h"
#include "tests/command.h"
#include "tests/lengths_scene.h"
#include "tests/suites.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_SLOTS = 32, STEPS_MADE = 10 };

static const struct config *config_of(const struct scene *scene) {
    return &scene->fixture.model->model.config;
}

static tolka_options options_of(int beam, int threads, size_t max_memory) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = beam;
    options.max_length = 30;
    options.want_scores = 1;
    options.threads = threads;
    options.max_memory = max_memory;
    return options;
}

static tolka_result **run_all(const struct scene *scene, const tolka_options *options) {
    tolka_translator *translator = open_translator(scene->fixture.model, options);
    tolka_result **results = run_inputs(translator, scene->inputs, N_INPUTS, false);
    tolka_translator_free(translator);
    return results;
}

static void check_same(const tolka_result *a, const tolka_result *b, size_t max_memory, size_t i) {
    size_t n, m;
    const tolka_token *x = tolka_result_tokens(a, 0, &n), *y = tolka_result_tokens(b, 0, &m);
    float p = tolka_result_score(a, 0), q = tolka_result_score(b, 0);
    ck_assert_msg(n == m && n > 0 && memcmp(x, y, n * sizeof *x) == 0 && memcmp(&p, &q, 4) == 0,
                  "%zu bytes of memory: sentence %zu is another", max_memory, i);
}

/* The bytes that a refusal says a sentence needs. */
static size_t needed(const tolka_result *result) {
    const char *reason = NULL, *number;
    ck_assert_int_eq(tolka_result_status(result, &reason), TOLKA_NOMEM);
    ck_assert_msg(strncmp(reason, "needs ", 6) == 0, "\"%s\"", reason);
    number = reason + 6;
    return (size_t)(strtod(number, NULL) * 1e6 + 0.5);
}

/* ---- the limit ------------------------------------------------------------------------------- */

/* From one in which the longest sentence just fits alone to one for a whole batch. */
START_TEST(limits_change_nothing) {
    int beam = _i ? 4 : 1;
    struct scene scene;
    scene_open(&scene);
    tolka_options free_options = options_of(beam, 1, 0), tiny = options_of(beam, 1, 1);
    tolka_result **expected = run_all(&scene, &free_options), **refused = run_all(&scene, &tiny);
    size_t least = needed(refused[N_INPUTS - 1]);
    for (int threads = 1; threads <= 2; threads++)
        for (int times = 1; times <= 64; times *= 4) {
            tolka_options options = options_of(beam, threads, (size_t)(threads * times) * least);
            tolka_result **results = run_all(&scene, &options);
            for (size_t i = 0; i < N_INPUTS; i++)
                check_same(expected[i], results[i], options.max_memory, i);
            free_results(results, N_INPUTS);
        }
    free_results(expected, N_INPUTS);
    free_results(refused, N_INPUTS);
    fixture_close(&scene.fixture);
}
END_TEST

/* What is too long for the limit has its reason, the rest goes on; what a sentence is said to need
 * is enough for it. */
START_TEST(long_sentences_are_refused) {
    struct scene scene;
    scene_open(&scene);
    tolka_options free_options = options_of(4, 1, 0), tiny = options_of(4, 1, 1);
    tolka_result **expected = run_all(&scene, &free_options), **refused = run_all(&scene, &tiny);
    size_t middle = needed(refused[N_INPUTS / 2]);
    ck_assert_uint_gt(needed(refused[N_INPUTS - 1]), middle);
    tolka_options options = options_of(4, 1, middle);
    tolka_result **results = run_all(&scene, &options);
    for (size_t i = 0; i < N_INPUTS; i++) {
        bool fits = needed(refused[i]) <= middle;
        ck_assert_int_eq(tolka_result_status(results[i], NULL), fits ? TOLKA_OK : TOLKA_NOMEM);
        if (fits) check_same(expected[i], results[i], middle, i);
    }
    ck_assert_int_eq(tolka_result_status(results[N_INPUTS / 2], NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_result_status(results[N_INPUTS - 1], NULL), TOLKA_NOMEM);
    free_results(results, N_INPUTS);
    free_results(expected, N_INPUTS);
    free_results(refused, N_INPUTS);
    fixture_close(&scene.fixture);
}
END_TEST

/* A short source with a long target does not make a long source too expensive. */
START_TEST(neighbours_refuse_nothing) {
    struct scene scene;
    scene_open(&scene);
    static int32_t target[400];
    for (size_t i = 0; i < sizeof target / sizeof *target; i++) target[i] = 30 + (int32_t)i;
    tolka_input inputs[] = {scene.inputs[N_INPUTS - 1], scene.inputs[0]};
    inputs[0].target = inputs[1].target = target;
    inputs[0].n_target = 3;
    inputs[1].n_target = 300;
    tolka_options tiny = options_of(1, 1, 1), free_options = options_of(1, 1, 0);
    tolka_translator *translator = open_translator(scene.fixture.model, &tiny);
    tolka_result **refused = run_inputs(translator, inputs, 2, true);
    tolka_translator_free(translator);
    size_t least = needed(refused[0]);
    ck_assert_uint_gt(needed(refused[1]), least);
    translator = open_translator(scene.fixture.model, &free_options);
    tolka_result **expected = run_inputs(translator, inputs, 2, true);
    tolka_translator_free(translator);
    tolka_options options = options_of(1, 1, least);
    translator = open_translator(scene.fixture.model, &options);
    tolka_result **results = run_inputs(translator, inputs, 2, true);
    check_same(expected[0], results[0], least, 0);
    ck_assert_int_eq(tolka_result_status(results[1], NULL), TOLKA_NOMEM);
    tolka_translator_free(translator);
    free_results(refused, 2);
    free_results(expected, 2);
    free_results(results, 2);
    fixture_close(&scene.fixture);
}
END_TEST

/* Attention, and alignments with results, have theirs. */
START_TEST(attention_keeps_the_limit) {
    struct scene scene;
    scene_open(&scene);
    tolka_attention *attention;
    tolka_error err;
    tolka_input input = scene.inputs[N_INPUTS - 1];
    input.target = scene.ids;
    input.n_target = LONGEST;
    for (int enough = 0; enough < 2; enough++) {
        tolka_options options = options_of(1, 1, enough ? 1000 * 1000 * 1000 : 1000);
        tolka_translator *translator = open_translator(scene.fixture.model, &options);
        tolka_status status = tolka_attention_new(&attention, translator, &input, &err);
        ck_assert_int_eq(status, enough ? TOLKA_OK : TOLKA_NOMEM);
        if (!enough) ck_assert_ptr_nonnull(strstr(err.text, "for a sentence of 60 tokens"));
        tolka_attention_free(attention);
        tolka_translator_free(translator);
    }
    fixture_close(&scene.fixture);
}
END_TEST

START_TEST(the_command_keeps_the_limit) {
    struct ran ran = run("Hello.\nGood morning.\n", "--to", "de", "-j1", "--max-memory", "1M");
    ck_assert_int_eq(ran.status, 1);
    ck_assert_msg(strstr(ran.err, "line 1: needs ") && strstr(ran.err, "line 2: needs ") &&
                      strstr(ran.err, "max-memory leaves 1.0 MB"),
                  "\"%s\"", ran.err);
    ran_free(&ran);
    char *expected = output_of("Hello.\nGood morning.\n", "--to", "de", "-J");
    char *limited =
        output_of("Hello.\nGood morning.\n", "--to", "de", "-J", "-j1", "--max-memory", "0.05 gb");
    ck_assert_str_eq(expected, limited);
    free(expected);
    free(limited);
    ran = run("", "attention", "--to", "de", "-j1", "--max-memory", "1M", "Hello.");
    check_refusal(&ran, 1, "needs |beam|max-memory leaves 1.0 MB");
}
END_TEST

/* ---- what workers hold ----------------------------------------------------------------------- */

/* Bytes of pages that somebody has touched. */
static size_t touched(const struct arena *arena) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), n_pages = (arena->size + page - 1) / page, n = 0;
    unsigned char *resident = calloc(n_pages, 1);
    ck_assert_ptr_nonnull(resident);
    ck_assert_int_eq(mincore(arena->base, arena->size, resident), 0);
    for (size_t i = 0; i < n_pages; i++) n += resident[i] & 1;
    free(resident);
    return n * page;
}

static struct batch_shape shape_for(const struct scene *scene, size_t n, size_t n_ids,
                                    size_t n_steps) {
    return (struct batch_shape){
        .n_sentences = n,
        .n_tokens = n * n_ids,
        .longest = n_ids,
        .n_key_floats = n * memory_key_floats(config_of(scene), n_ids),
        .n_slots = n,
        .n_steps = n_steps,
        .beam = 1,
    };
}

/* Some steps of a batch whose rows are all of one sentence. */
static void decode_steps(struct worker *worker, const struct scene *scene, size_t n_slots,
                         size_t n_steps) {
    struct decoder_row rows[MOST_SLOTS];
    int32_t nodes[MOST_SLOTS][STEPS_MADE];
    struct source_rows source = {.ids = scene->inputs[4].ids, .n = scene->inputs[4].n_ids};
    struct batch_shape shape = shape_for(scene, n_slots, source.n, n_steps);
    ck_assert(worker_reserve(worker, &shape));
    worker->transformer.memory.places[0] = (struct source_place){.n_keys = 0};
    encode_sources(&worker->transformer, &source, 1);
    for (uint32_t i = 0; i < STEPS_MADE; i++) {
        for (uint32_t r = 0; r < n_slots; r++) {
            nodes[r][i] = (int32_t)cache_node(&worker->transformer.cache, i, r);
            rows[r] = (struct decoder_row){.token = 7, .position = i, .slot = r, .nodes = nodes[r]};
        }
        decode_step(&worker->transformer, (struct decoder_rows){rows, n_slots});
    }
}

/* One batch after another, of other sizes: keys and values of no more nodes are touched than the
 * greatest of them has, though there is room for hundreds of steps, and each layer has its own. */
START_TEST(caches_are_touched_as_far_as_they_are_used) {
    static const size_t slots[] = {MOST_SLOTS, 20, 7, 31, 1, 12}, steps[] = {500, 700, 900, 333};
    struct scene scene;
    scene_open(&scene);
    struct worker worker = {.max_memory = 0};
    worker_init(&worker, &scene.fixture.model->model, kernels_select(NULL));
    decode_steps(&worker, &scene, MOST_SLOTS, 1000);
    for (size_t i = 0; i < 12; i++) decode_steps(&worker, &scene, slots[i % 6], steps[i % 4]);
    size_t page = (size_t)sysconf(_SC_PAGESIZE), layers = config_of(&scene)->decoder_layers;
    size_t node = config_of(&scene)->d_model * sizeof(float);
    size_t most = 2 * layers * (STEPS_MADE * MOST_SLOTS * node + 2 * page);
    size_t n = touched(&worker.caches);
    ck_assert_msg(n >= most / 2 && n <= most, "%zu bytes touched, %zu needed", n, most);
    worker_free(&worker);
    fixture_close(&scene.fixture);
}
END_TEST

/* Beyond what the encoder computes at once, a source token costs its keys and values (padded), and
 * a step its own: no activations. */
START_TEST(tokens_cost_their_keys_and_values) {
    struct scene scene;
    scene_open(&scene);
    struct worker worker = {.max_memory = 0};
    worker_init(&worker, &scene.fixture.model->model, kernels_select(NULL));
    size_t layers = config_of(&scene)->decoder_layers, width = config_of(&scene)->d_model;
    size_t token = layers * 2 * width * sizeof(float), sentence = 4096;
    struct batch_shape few = shape_for(&scene, 32, 64, 40), many = shape_for(&scene, 64, 64, 40);
    size_t more = worker_needs(&worker, &many) - worker_needs(&worker, &few);
    /* The caches and history of 32 more sentences, of 40 steps, come with them. */
    size_t node = layers * 2 * width * sizeof(float) + 64;
    ck_assert_uint_le(more, 32 * (64 * token + 40 * node + sentence));
    ck_assert_uint_ge(more, 32 * (64 * token + 40 * layers * 2 * width * sizeof(float)));
    worker_free(&worker);
    fixture_close(&scene.fixture);
}
END_TEST

/* A worker holds what it is said to need, not more than it may, whatever it held before; and a batch
 * that it may not hold leaves it able to take others. */
START_TEST(workers_hold_what_they_may) {
    struct scene scene;
    scene_open(&scene);
    struct worker worker = {.max_memory = 0};
    worker_init(&worker, &scene.fixture.model->model, kernels_select(NULL));
    struct batch_shape wide = shape_for(&scene, 8, 200, 30), deep = shape_for(&scene, 1, 5, 2000);
    struct batch_shape large = shape_for(&scene, 64, 60, 2000);
    size_t both[2] = {worker_needs(&worker, &wide), worker_needs(&worker, &deep)};
    worker.max_memory = both[0] > both[1] ? both[0] : both[1];
    for (int round = 0; round < 2; round++) {
        ck_assert(worker_reserve(&worker, &wide));
        ck_assert_uint_le(worker_holds(&worker), worker.max_memory);
        ck_assert(worker_reserve(&worker, &deep));
        ck_assert_uint_le(worker_holds(&worker), worker.max_memory);
        ck_assert(!worker_may_hold(&worker, worker_needs(&worker, &large)));
        ck_assert(!worker_reserve(&worker, &large));
    }
    ck_assert(worker_reserve(&worker, &deep));
    ck_assert_uint_eq(worker_holds(&worker), both[1]);
    struct batch_shape endless = shape_for(&scene, 4096, 1, (size_t)1 << 20);
    ck_assert_uint_eq(worker_needs(&worker, &endless), SIZE_MAX);
    worker.max_memory = 0;
    ck_assert(!worker_reserve(&worker, &endless));
    worker_free(&worker);
    fixture_close(&scene.fixture);
}
END_TEST

/* Builds that look for whoever relies on what was there before hand out what is no number; pages that
 * nobody has touched stay so. All others leave everything as it is. */
START_TEST(what_is_handed_out_again_is_no_number) {
    struct arena arena = {0}, measured = arena_measure();
    size_t n = 1 << 20;
    arena_take(&measured, n, sizeof(float));
    ck_assert(arena_reserve(&arena, &measured));
    float *numbers = arena_take(&arena, n, sizeof(float));
    numbers[n / 2] = 1;
    size_t before = touched(&arena);
    ck_assert(arena_reserve(&arena, &measured));
    ck_assert_ptr_eq(arena_take(&arena, n, sizeof(float)), numbers);
    ck_assert_uint_eq(touched(&arena), before);
#ifdef POISON
    ck_assert_msg(isnan(numbers[n / 2]), "%g", (double)numbers[n / 2]);
#else
    ck_assert_msg(numbers[n / 2] == 1, "%g", (double)numbers[n / 2]);
#endif
    arena_free(&arena);
}
END_TEST

/* Without memory for its lists, a call says so. */
START_TEST(lists_may_lack_memory) {
    struct scene scene;
    scene_open(&scene);
    tolka_generation settings;
    struct generation generation;
    atomic_bool stop = false;
    bool failed = true;
    tolka_model_generation(scene.fixture.model, &settings);
    ck_assert_int_eq(generation_copy(&generation, &settings, config_of(&scene), NULL), TOLKA_OK);
    struct batch_options options = {
        .search = {.beam = 1, .groups = 1, .n_best = 1, .generation = &generation},
        .max_length = 20,
        .batch = 32,
        .n_workers = 1};
    for (long n = 1; failed; n++) {
        struct job job;
        allocations_fail_from(n);
        tolka_status status = job_begin(&job, &scene.fixture.model->model, &options, scene.inputs,
                                        N_INPUTS, &stop, NULL);
        failed = allocations_failed();
        allocations_fail_from(0);
        ck_assert_int_eq(status, failed ? TOLKA_NOMEM : TOLKA_OK);
        if (status == TOLKA_OK) job_end(&job);
        ck_assert_int_lt(n, 20);
    }
    generation_free(&generation);
    fixture_close(&scene.fixture);
}
END_TEST

Suite *memory_suite(void) {
    Suite *suite = suite_create("memory");
    TCase *limit = tcase_create("limit"), *held = tcase_create("held");
    tcase_set_timeout(limit, 60);
    tcase_set_timeout(held, 60);
    tcase_add_loop_test(limit, limits_change_nothing, 0, 2);
    tcase_add_test(limit, long_sentences_are_refused);
    tcase_add_test(limit, neighbours_refuse_nothing);
    tcase_add_test(limit, attention_keeps_the_limit);
    tcase_add_test(limit, the_command_keeps_the_limit);
    tcase_add_test(held, caches_are_touched_as_far_as_they_are_used);
    tcase_add_test(held, tokens_cost_their_keys_and_values);
    tcase_add_test(held, workers_hold_what_they_may);
    tcase_add_test(held, what_is_handed_out_again_is_no_number);
    tcase_add_test(held, lists_may_lack_memory);
    suite_add_tcase(suite, limit);
    suite_add_tcase(suite, held);
    return suite;
}
