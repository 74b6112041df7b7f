/* Guards: translations that repeat themselves, run on, or stop too early are noticed, searched for
 * again, and reported where that did not help. */
#include "tests/fixture.h"
#include "text/faults.h"

#include "tests/allocations.h"
#include "tests/command.h"
#include "tests/suites.h"

#include <stdlib.h>
#include <string.h>

/* ---- faults ---------------------------------------------------------------------------------- */

static enum fault_kind fault_in(const int32_t *source, size_t n_source, const int32_t *target,
                                size_t n_target, bool ended) {
    struct pair_ids pair = {source, target, n_source, n_target, ended, true};
    struct fault fault = fault_of_ids(&pair);
    ck_assert_int_eq(fault.n_bad > 0, fault.kind != FAULT_NONE);
    return fault.kind;
}

#define IDS(...) (const int32_t[]){__VA_ARGS__}, sizeof((int32_t[]){__VA_ARGS__}) / 4

START_TEST(loops_are_found) {
    ck_assert_int_eq(fault_in(IDS(1, 2, 3), IDS(4, 5, 5, 5, 5, 5), true), FAULT_LOOP);
    ck_assert_int_eq(fault_in(IDS(1, 2, 3), IDS(4, 5, 6, 5, 6, 5, 6, 7), true), FAULT_LOOP);
    ck_assert_int_eq(fault_in(IDS(1, 2, 3, 4, 5), IDS(9, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 8), true),
                     FAULT_LOOP);
    ck_assert_int_eq(fault_in(IDS(1, 2, 3), IDS(4, 5, 5, 5, 6), true), FAULT_NONE);
    ck_assert_int_eq(fault_in(IDS(1, 2, 3), IDS(4, 5, 6, 4, 5, 6), true), FAULT_NONE);
}
END_TEST

START_TEST(what_the_source_repeats_may_be_repeated) {
    ck_assert_int_eq(fault_in(IDS(1, 1, 1, 1, 1), IDS(5, 5, 5, 5, 5), true), FAULT_NONE);
    ck_assert_int_eq(fault_in(IDS(1, 2, 1, 2, 1, 2, 1, 2), IDS(5, 6, 5, 6, 5, 6, 5, 6), true),
                     FAULT_NONE);
    ck_assert_int_eq(fault_in(IDS(1, 1, 1), IDS(5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5), true),
                     FAULT_LOOP);
}
END_TEST

START_TEST(lengths_are_compared) {
    int32_t many[64];
    for (int i = 0; i < 64; i++) many[i] = i;
    ck_assert_int_eq(fault_in(many, 40, many, 9, true), FAULT_SHORT);
    ck_assert_int_eq(fault_in(many, 40, many, 10, true), FAULT_NONE);
    ck_assert_int_eq(fault_in(many, 7, many, 0, true), FAULT_NONE);
    ck_assert_int_eq(fault_in(many, 40, many, 40, false), FAULT_ENDLESS);
    struct pair_ids chosen = {many, many, 40, 5, false, false}; /* somebody wants five */
    ck_assert_int_eq(fault_of_ids(&chosen).kind, FAULT_NONE);
    chosen.ended = true;
    ck_assert_int_eq(fault_of_ids(&chosen).kind, FAULT_NONE);
}
END_TEST

/* Two target tokens; the middle of twenty source tokens has nothing. */
START_TEST(gaps_are_found) {
    float weights[2 * 20] = {0};
    for (size_t j = 0; j < 20; j++) weights[j] = weights[20 + j] = j < 7 || j > 13 ? 0.5f : 0;
    ck_assert_int_eq(fault_of_attention(weights, 2, 20, 0, 20).kind, FAULT_GAP);
    ck_assert_uint_eq(fault_of_attention(weights, 2, 20, 0, 20).n_bad, 7);
    ck_assert_int_eq(fault_of_attention(weights, 2, 20, 0, 11).kind, FAULT_NONE);
    weights[10] = 0.2f;
    ck_assert_int_eq(fault_of_attention(weights, 2, 20, 0, 20).kind, FAULT_NONE);
}
END_TEST

/* ---- the library ----------------------------------------------------------------------------- */

/* Sentences that the shipped model repeats itself on, among good ones. */
static const char *const lines[] = {
    "The weather is nice today.",
    "It's against my religion.",
    "Good morning.",
    "Tom waved at Mary from the helicopter.",
    "The sudden increase of cars is causing a large number of traffic accidents every day.",
    "I wish I could use magic.",
};
enum { N_LINES = sizeof lines / sizeof *lines };

struct scene {
    tolka_model *model;
    tolka_tokenizer *tokenizer;
};

static struct scene scene_open(void) {
    struct scene scene = {NULL, NULL};
    ck_assert_int_eq(tolka_model_open(&scene.model, SHIPPED_MODEL, NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_tokenizer_new(&scene.tokenizer, scene.model, "en", "de", NULL),
                     TOLKA_OK);
    return scene;
}

static void scene_close(struct scene *scene) {
    tolka_tokenizer_free(scene->tokenizer);
    tolka_model_free(scene->model);
}

static void keep(void *user, size_t index, tolka_result *result) {
    tolka_result **results = user;
    ck_assert_ptr_null(results[index]);
    results[index] = result;
}

static tolka_translator *translator_of(const struct scene *scene, int beam, int threads, int batch,
                                       bool guards) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = beam;
    options.threads = threads;
    options.batch = batch;
    options.no_guards = !guards;
    return open_translator(scene->model, &options);
}

static void translate_lines(const struct scene *scene, tolka_translator *translator,
                            tolka_result *results[N_LINES]) {
    tolka_text texts[N_LINES];
    for (size_t i = 0; i < N_LINES; i++) {
        texts[i] = (tolka_text){lines[i], strlen(lines[i]), NULL, 0};
        results[i] = NULL;
    }
    ck_assert_int_eq(
        tolka_translate_texts(translator, scene->tokenizer, texts, N_LINES, keep, results, NULL),
        TOLKA_OK);
}

static bool loops(const tolka_result *result) {
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(result, 0, &n);
    int32_t ids[1024];
    ck_assert_uint_le(n, 1024);
    for (size_t i = 0; i < n; i++) ids[i] = tokens[i].id;
    struct pair_ids pair = {NULL, ids, 0, n, true, false};
    return fault_of_ids(&pair).kind == FAULT_LOOP;
}

START_TEST(loops_are_mended) {
    struct scene scene = scene_open();
    tolka_translator *bare = translator_of(&scene, 1, 1, 32, false);
    tolka_translator *guarded = translator_of(&scene, 1, 1, 32, true);
    tolka_result *before[N_LINES], *after[N_LINES];
    translate_lines(&scene, bare, before);
    translate_lines(&scene, guarded, after);
    size_t n_bad = 0;
    for (size_t i = 0; i < N_LINES; i++) {
        n_bad += loops(before[i]);
        ck_assert_ptr_null(tolka_result_warning(before[i]));
        ck_assert_ptr_null(tolka_result_warning(after[i]));
        ck_assert(!loops(after[i]));
        if (!loops(before[i]))
            ck_assert_str_eq(tolka_result_text(before[i], 0, NULL),
                             tolka_result_text(after[i], 0, NULL));
    }
    ck_assert_uint_ge(n_bad, 3);
    for (size_t i = 0; i < N_LINES; i++) tolka_result_free(before[i]);
    for (size_t i = 0; i < N_LINES; i++) tolka_result_free(after[i]);
    tolka_translator_free(bare);
    tolka_translator_free(guarded);
    scene_close(&scene);
}
END_TEST

static void note_searches(void *user, tolka_log_level level, const char *line) {
    size_t *n = user;
    if (level == TOLKA_LOG_INFO) sscanf(line, "searching again, more carefully: %zu that", n);
}

START_TEST(second_searches_are_in_the_log) {
    struct scene scene = scene_open();
    size_t n_again = 0, n_bad = 0;
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = 1;
    options.log = note_searches;
    options.log_user = &n_again;
    tolka_translator *bare = translator_of(&scene, 1, 1, 32, false);
    tolka_translator *guarded = open_translator(scene.model, &options);
    tolka_result *before[N_LINES], *after[N_LINES];
    translate_lines(&scene, bare, before);
    translate_lines(&scene, guarded, after);
    for (size_t i = 0; i < N_LINES; i++) n_bad += loops(before[i]);
    ck_assert_uint_eq(n_again, n_bad);
    for (size_t i = 0; i < N_LINES; i++) tolka_result_free(before[i]);
    for (size_t i = 0; i < N_LINES; i++) tolka_result_free(after[i]);
    tolka_translator_free(bare);
    tolka_translator_free(guarded);
    scene_close(&scene);
}
END_TEST

START_TEST(batches_and_threads_change_nothing) {
    struct scene scene = scene_open();
    static const int shapes[][2] = {{1, 1}, {1, 3}, {3, 2}, {2, 32}};
    tolka_result *first[N_LINES], *other[N_LINES];
    tolka_translator *translator = translator_of(&scene, 1, 1, 32, true);
    translate_lines(&scene, translator, first);
    tolka_translator_free(translator);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        translator = translator_of(&scene, 1, shapes[s][0], shapes[s][1], true);
        translate_lines(&scene, translator, other);
        for (size_t i = 0; i < N_LINES; i++) {
            ck_assert_str_eq(tolka_result_text(first[i], 0, NULL),
                             tolka_result_text(other[i], 0, NULL));
            tolka_result_free(other[i]);
        }
        tolka_translator_free(translator);
    }
    for (size_t i = 0; i < N_LINES; i++) tolka_result_free(first[i]);
    scene_close(&scene);
}
END_TEST

struct stopping {
    tolka_translator *translator;
    tolka_result *results[N_LINES];
};

static void keep_and_stop(void *user, size_t index, tolka_result *result) {
    struct stopping *stopping = user;
    keep(stopping->results, index, result);
    tolka_translator_stop(stopping->translator);
}

/* A stop during the first search keeps the second from beginning. */
START_TEST(a_stop_ends_the_second_search) {
    struct scene scene = scene_open();
    struct stopping stopping = {translator_of(&scene, 1, 1, 64, true), {NULL}};
    tolka_text texts[2] = {{lines[2], strlen(lines[2]), NULL, 0},
                           {lines[1], strlen(lines[1]), NULL, 0}};
    ck_assert_int_eq(tolka_translate_texts(stopping.translator, scene.tokenizer, texts, 2,
                                           keep_and_stop, &stopping, NULL),
                     TOLKA_OK);
    ck_assert_int_eq(tolka_result_status(stopping.results[0], NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_result_status(stopping.results[1], NULL), TOLKA_STOPPED);
    for (size_t i = 0; i < 2; i++) tolka_result_free(stopping.results[i]);
    tolka_translator_free(stopping.translator);
    scene_close(&scene);
}
END_TEST

/* Wherever memory runs out, it is said, or the translation is what it should be. */
START_TEST(every_allocation_may_fail) {
    struct scene scene = scene_open();
    char *whole, *text;
    tolka_translator *translator = translator_of(&scene, 1, 1, 4, true);
    ck_assert_int_eq(tolka_translate_text(translator, scene.tokenizer, lines[1], &whole, NULL),
                     TOLKA_OK);
    long n = 1;
    for (bool failed = true; failed; n += 1 + n / 40) {
        tolka_error err = {0};
        allocations_fail_from(n);
        tolka_status status =
            tolka_translate_text(translator, scene.tokenizer, lines[1], &text, &err);
        failed = allocations_failed();
        allocations_fail_from(0);
        ck_assert_int_eq(status, failed ? TOLKA_NOMEM : TOLKA_OK);
        if (!failed) ck_assert_str_eq(text, whole);
        tolka_free(text);
    }
    ck_assert_int_gt(n, 20);
    tolka_free(whole);
    tolka_translator_free(translator);
    scene_close(&scene);
}
END_TEST

/* ---- models that never do better ------------------------------------------------------------- */

/* Random weights, of which one token is made so likely that it always comes. */
static tolka_generation one_token(const tolka_model *model, tolka_sequence *bias) {
    tolka_generation generation;
    tolka_model_generation(model, &generation);
    generation.sequence_bias = bias;
    generation.n_sequence_bias = 1;
    return generation;
}

static void keep_one(void *user, size_t index, tolka_result *result) {
    (void)index;
    *(tolka_result **)user = result;
}

START_TEST(what_cannot_be_mended_has_a_warning) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    tolka_tokenizer *tokenizer;
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, fixture.model, NULL, "de", NULL), TOLKA_OK);
    int32_t id = 583;
    tolka_sequence bias = {&id, 1, 50};
    tolka_generation generation = one_token(fixture.model, &bias);
    generation.no_repeat_ngram_size = 40; /* the caller's own stays */
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.generation = &generation;
    options.threads = 1;
    tolka_text text = {"Hello.", 6, NULL, 0};
    for (int no_guards = 0; no_guards < 2; no_guards++) {
        tolka_result *result = NULL;
        options.no_guards = no_guards;
        tolka_translator *translator = open_translator(fixture.model, &options);
        ck_assert_int_eq(
            tolka_translate_texts(translator, tokenizer, &text, 1, keep_one, &result, NULL),
            TOLKA_OK);
        ck_assert_int_eq(tolka_result_status(result, NULL), TOLKA_OK);
        if (no_guards)
            ck_assert_ptr_null(tolka_result_warning(result));
        else
            ck_assert_str_eq(tolka_result_warning(result), "repeats itself");
        tolka_result_free(result);
        tolka_translator_free(translator);
    }
    ck_assert_ptr_null(tolka_result_warning(NULL));
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

/* ---- the command ----------------------------------------------------------------------------- */

/* A token that always comes: see above. */
static const char bias[] = "sequence_bias=[[[3924],60]]", blocked[] = "no_repeat_ngram_size=40";

START_TEST(warnings_are_told) {
    struct ran ran = run("Good morning.\n", "--to", "de", "-b", "1", "--set", bias, "--set",
                         blocked, "-x", "100");
    ck_assert_int_eq(ran.status, 1);
    ck_assert_str_eq(ran.err, "tolka: line 1: warning: the translation repeats itself\n");
    ck_assert_uint_eq(count_lines(ran.out, ran.n_out), 1);
    ran_free(&ran);
    ran = run("Good morning.\n", "--to", "de", "-b", "1", "--set", bias, "--set", blocked, "-x",
              "100", "--json");
    ck_assert_int_eq(ran.status, 1);
    json_t *object = json_line(ran.out, 0);
    ck_assert_str_eq(json_string_value(json_object_get(object, "warning")), "repeats itself");
    ck_assert_ptr_null(json_object_get(object, "error"));
    json_decref(object);
    ran_free(&ran);
    ran = run("Good morning.\n", "--to", "de", "-b", "1", "--set", bias, "--set", blocked, "-x",
              "100", "--no-guards", "--json");
    ck_assert_int_eq(ran.status, 0);
    ck_assert_str_eq(ran.err, "");
    ck_assert_ptr_null(strstr(ran.out, "warning"));
    ran_free(&ran);
}
END_TEST

START_TEST(clean_lines_have_none) {
    char *json = output_of("Good morning.\n\nThe weather is nice today.\n", "--to", "de", "--json");
    ck_assert_ptr_null(strstr(json, "warning"));
    char *bare = output_of("Good morning.\n\nThe weather is nice today.\n", "--to", "de", "--json",
                           "--no-guards");
    ck_assert_str_eq(json, bare);
    free(json);
    free(bare);
}
END_TEST

Suite *guards_suite(void) {
    Suite *suite = suite_create("guards");
    TCase *faults = tcase_create("faults"), *mending = tcase_create("mending");
    TCase *command = tcase_create("command");
    tcase_add_test(faults, loops_are_found);
    tcase_add_test(faults, what_the_source_repeats_may_be_repeated);
    tcase_add_test(faults, lengths_are_compared);
    tcase_add_test(faults, gaps_are_found);
    tcase_set_timeout(mending, 120);
    tcase_add_test(mending, loops_are_mended);
    tcase_add_test(mending, second_searches_are_in_the_log);
    tcase_add_test(mending, batches_and_threads_change_nothing);
    tcase_add_test(mending, a_stop_ends_the_second_search);
    tcase_add_test(mending, every_allocation_may_fail);
    tcase_add_test(mending, what_cannot_be_mended_has_a_warning);
    tcase_set_timeout(command, 60);
    tcase_add_test(command, warnings_are_told);
    tcase_add_test(command, clean_lines_have_none);
    suite_add_tcase(suite, faults);
    suite_add_tcase(suite, mending);
    suite_add_tcase(suite, command);
    return suite;
}
