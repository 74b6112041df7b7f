/* The hooks of tolka_options: memory from an allocator of the caller's, and a log. */
#include "engine/tolka.h"
#include "tests/lengths_scene.h"
#include "tests/suites.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static tolka_options options_of(int beam, int threads) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = beam;
    options.max_length = 30;
    options.want_scores = 1;
    options.want_alignments = 1;
    options.threads = threads;
    options.batch = 5;
    return options;
}

static void check_same(const tolka_result *a, const tolka_result *b) {
    size_t n, m;
    const tolka_token *x = tolka_result_tokens(a, 0, &n), *y = tolka_result_tokens(b, 0, &m);
    ck_assert(n == m && n > 0 && memcmp(x, y, n * sizeof *x) == 0);
    const tolka_link *v = tolka_result_alignment(a, 0, &n), *w = tolka_result_alignment(b, 0, &m);
    ck_assert(n == m && memcmp(v, w, n * sizeof *v) == 0);
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Blocks that stand as crookedly as they may, each with its size before it. */
struct books {
    atomic_long n_taken, n_held, bytes_held;
    long fails_from; /* the block of this number, and all behind it; 0: none */
};

enum { CROOKED = sizeof(max_align_t) };

static void *take(void *user, size_t n_bytes) {
    struct books *books = user;
    long n = atomic_fetch_add(&books->n_taken, 1) + 1;
    if (books->fails_from && n >= books->fails_from) return NULL;
    char *block = malloc(n_bytes + CROOKED);
    ck_assert_ptr_nonnull(block);
    memcpy(block, &n_bytes, sizeof n_bytes);
    memset(block + CROOKED, 0x7f, n_bytes); /* floats that are no numbers */
    atomic_fetch_add(&books->n_held, 1);
    atomic_fetch_add(&books->bytes_held, (long)n_bytes);
    return block + CROOKED;
}

static void give_back(void *user, void *memory, size_t n_bytes) {
    struct books *books = user;
    size_t were;
    memcpy(&were, (char *)memory - CROOKED, sizeof were);
    ck_assert_uint_eq(were, n_bytes);
    atomic_fetch_sub(&books->n_held, 1);
    atomic_fetch_sub(&books->bytes_held, (long)n_bytes);
    free((char *)memory - CROOKED);
}

/* What is in the blocks, and where they stand, is nobody's business. */
START_TEST(searches_live_in_the_callers_memory) {
    int beam = _i % 2 ? 4 : 1, threads = _i / 2 ? 3 : 1;
    struct scene scene;
    struct books books = {0};
    tolka_allocator allocator = {take, give_back, &books};
    scene_open(&scene);
    tolka_options options = options_of(beam, threads);
    tolka_translator *plain = open_translator(scene.fixture.model, &options);
    options.allocator = &allocator;
    tolka_translator *hooked = open_translator(scene.fixture.model, &options);
    allocator = (tolka_allocator){NULL, NULL, NULL}; /* it was copied */
    for (int round = 0; round < 2; round++) {
        tolka_result **expected = run_inputs(plain, scene.inputs, N_INPUTS, false);
        tolka_result **results = run_inputs(hooked, scene.inputs, N_INPUTS, false);
        for (size_t i = 0; i < N_INPUTS; i++) check_same(expected[i], results[i]);
        free_results(expected, N_INPUTS);
        free_results(results, N_INPUTS);
        /* Three blocks a thread to search in, and three to align in. */
        ck_assert_int_ge(books.n_held, 3);
        ck_assert_int_le(books.n_held, 6 * threads);
        ck_assert_int_gt(books.bytes_held, 100000);
    }
    tolka_translator_free(plain);
    tolka_translator_free(hooked);
    ck_assert_int_eq(books.n_held, 0);
    ck_assert_int_eq(books.bytes_held, 0);
    fixture_close(&scene.fixture);
}
END_TEST

/* Results that have no memory; all others are as expected. */
static size_t count_failed(tolka_translator *translator, const struct scene *scene,
                           tolka_result *const *expected) {
    tolka_result **results = run_inputs(translator, scene->inputs, N_INPUTS, false);
    size_t n = 0;
    for (size_t i = 0; i < N_INPUTS; i++) {
        bool failed = tolka_result_status(results[i], NULL) == TOLKA_NOMEM;
        if (!failed) check_same(expected[i], results[i]);
        n += failed;
    }
    free_results(results, N_INPUTS);
    return n;
}

/* Sentences for which there is no memory say so, those before them are as they are, and the
 * translator is as good as before once there is some. */
START_TEST(callers_may_have_no_memory) {
    struct scene scene;
    struct books books = {0};
    tolka_allocator allocator = {take, give_back, &books};
    scene_open(&scene);
    tolka_options options = options_of(4, 1);
    options.allocator = &allocator;
    tolka_translator *translator = open_translator(scene.fixture.model, &options);
    tolka_result **expected = run_inputs(translator, scene.inputs, N_INPUTS, false);
    bool failed = true;
    for (long n = 1; failed; n++) {
        ck_assert_int_lt(n, 100);
        tolka_translator_free(translator);
        ck_assert_int_eq(books.n_held, 0);
        books = (struct books){.fails_from = n};
        translator = open_translator(scene.fixture.model, &options);
        failed = count_failed(translator, &scene, expected) > 0;
        books.fails_from = 0;
        ck_assert_uint_eq(count_failed(translator, &scene, expected), 0);
    }
    free_results(expected, N_INPUTS);
    tolka_translator_free(translator);
    fixture_close(&scene.fixture);
}
END_TEST

START_TEST(half_an_allocator_is_refused) {
    struct scene scene;
    scene_open(&scene);
    for (int i = 0; i < 2; i++) {
        tolka_allocator allocator = {i ? take : NULL, i ? NULL : give_back, NULL};
        tolka_options options = options_of(1, 1);
        tolka_translator *translator;
        tolka_error err;
        options.allocator = &allocator;
        ck_assert_int_eq(tolka_translator_new(&translator, scene.fixture.model, &options, &err),
                         TOLKA_ARGUMENT);
        ck_assert_str_eq(err.text,
                         i ? "an allocator without give_back" : "an allocator without take");
    }
    fixture_close(&scene.fixture);
}
END_TEST

/* ---- the log --------------------------------------------------------------------------------- */

struct listener {
    atomic_int inside;
    int n_lines[TOLKA_LOG_DETAIL + 1];
    char first[200], last[200];
    tolka_translator *stopped; /* stopped at the first batch */
};

static void listen(void *user, tolka_log_level level, const char *line) {
    struct listener *listener = user;
    ck_assert_int_eq(atomic_fetch_add(&listener->inside, 1), 0);
    ck_assert(level >= TOLKA_LOG_WARNING && level <= TOLKA_LOG_DETAIL);
    ck_assert_ptr_null(strchr(line, '\n'));
    if (!listener->first[0]) snprintf(listener->first, sizeof listener->first, "%s", line);
    snprintf(listener->last, sizeof listener->last, "%s", line);
    listener->n_lines[level]++;
    if (level == TOLKA_LOG_DETAIL) tolka_translator_stop(listener->stopped);
    atomic_fetch_sub(&listener->inside, 1);
}

START_TEST(a_translator_says_what_it_does) {
    struct scene scene;
    struct listener listener = {0};
    scene_open(&scene);
    tolka_options options = options_of(4, 3);
    options.isa = "scalar";
    options.log = listen;
    options.log_user = &listener;
    tolka_translator *translator = open_translator(scene.fixture.model, &options);
    ck_assert_str_eq(listener.first,
                     "f32 weights, scalar kernels; threads 3, batch 5, beam 4, max length 30");
    free_results(run_inputs(translator, scene.inputs, N_INPUTS, false), N_INPUTS);
    ck_assert(strncmp(listener.last, "sentences: 40 in ", 17) == 0);
    ck_assert_int_eq(listener.n_lines[TOLKA_LOG_WARNING], 0); /* scalar kernels were asked for */
    ck_assert_int_eq(listener.n_lines[TOLKA_LOG_INFO], 2);
    ck_assert_int_ge(listener.n_lines[TOLKA_LOG_DETAIL], 1);
    tolka_translator_free(translator);
    fixture_close(&scene.fixture);
}
END_TEST

/* Here no sentence fits. */
START_TEST(what_does_not_work_is_a_warning) {
    struct scene scene;
    struct listener listener = {0};
    scene_open(&scene);
    tolka_options options = options_of(1, 1);
    options.max_memory = 1;
    options.log = listen;
    options.log_user = &listener;
    tolka_translator *translator = open_translator(scene.fixture.model, &options);
    free_results(run_inputs(translator, scene.inputs, 2, false), 2);
    ck_assert_int_eq(listener.n_lines[TOLKA_LOG_WARNING], 2);
    tolka_translator_free(translator);
    fixture_close(&scene.fixture);
}
END_TEST

START_TEST(who_listens_may_stop_it) {
    struct scene scene;
    struct listener listener = {0};
    scene_open(&scene);
    tolka_options options = options_of(1, 1);
    options.log = listen;
    options.log_user = &listener;
    tolka_translator *translator = listener.stopped =
        open_translator(scene.fixture.model, &options);
    tolka_result **results = run_inputs(translator, scene.inputs, N_INPUTS, false);
    ck_assert_int_eq(tolka_result_status(results[0], NULL), TOLKA_STOPPED);
    ck_assert_int_eq(listener.n_lines[TOLKA_LOG_DETAIL], 1);
    free_results(results, N_INPUTS);
    tolka_translator_free(translator);
    fixture_close(&scene.fixture);
}
END_TEST

Suite *hooks_suite(void) {
    Suite *suite = suite_create("hooks");
    TCase *memory = tcase_create("memory"), *log = tcase_create("log");
    tcase_add_loop_test(memory, searches_live_in_the_callers_memory, 0, 4);
    tcase_add_test(memory, callers_may_have_no_memory);
    tcase_add_test(memory, half_an_allocator_is_refused);
    tcase_add_test(log, a_translator_says_what_it_does);
    tcase_add_test(log, what_does_not_work_is_a_warning);
    tcase_add_test(log, who_listens_may_stop_it);
    suite_add_tcase(suite, memory);
    suite_add_tcase(suite, log);
    return suite;
}
