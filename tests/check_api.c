/* The public header's promises: getters past their ends, errors, options of other sizes, one model
 * for several translators, and allocations: few, none on the token path, each of which may fail. */
#define _POSIX_C_SOURCE 200809L
#include "tests/allocations.h"
#include "tests/fixture.h"
#include "tests/suites.h"

#include "engine/translator.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- getters, frees -------------------------------------------------------------------------- */

START_TEST(null_is_freed_quietly) {
    tolka_model_free(NULL);
    tolka_translator_free(NULL);
    tolka_tokenizer_free(NULL);
    tolka_result_free(NULL);
    tolka_free(NULL);
}
END_TEST

START_TEST(getters_past_their_end) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    tolka_input input = case_input(&fixture, json_array_get(fixture.cases, 0));
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = options.n_best = 3;
    tolka_translator *translator = open_translator(fixture.model, &options);
    tolka_result **results = run_inputs(translator, &input, 1, false);
    ck_assert_uint_eq(tolka_result_count(results[0]), 3);
    size_t n = 77;
    ck_assert_ptr_null(tolka_result_tokens(results[0], 3, &n));
    ck_assert_uint_eq(n, 0);
    ck_assert_ptr_null(tolka_result_tokens(results[0], SIZE_MAX, NULL));
    ck_assert_ptr_nonnull(tolka_result_tokens(results[0], 2, NULL));
    ck_assert(isnan(tolka_result_score(results[0], 3)));
    ck_assert(!isnan(tolka_result_score(results[0], 2)));
    const char *text;
    ck_assert_int_eq(tolka_result_status(results[0], &text), TOLKA_OK);
    /* A result may be missing when memory is. */
    ck_assert_int_eq(tolka_result_status(NULL, &text), TOLKA_NOMEM);
    ck_assert_str_ne(text, "");
    ck_assert_uint_eq(tolka_result_count(NULL), 0);
    ck_assert_ptr_null(tolka_result_tokens(NULL, 0, &n));
    ck_assert(isnan(tolka_result_score(NULL, 0)));
    free_results(results, 1);
    free((void *)input.ids);
    tolka_translator_free(translator);
    fixture_close(&fixture);
}
END_TEST

START_TEST(text_to_ids_and_back) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    const json_t *entry = json_array_get(fixture.cases, 1);
    tolka_tokenizer *tokenizer = case_tokenizer(&fixture, entry);
    const char *text = json_string_value(json_object_get(entry, "text"));
    int32_t *ids, *nothing;
    size_t n, n_wanted, length = 1;
    char *shown;
    ck_assert_int_eq(tolka_tokenize(tokenizer, text, strlen(text), &ids, &n, NULL), TOLKA_OK);
    int32_t *wanted = json_id_list(json_object_get(entry, "source_ids"), &n_wanted);
    ck_assert_uint_eq(n, n_wanted);
    ck_assert_mem_eq(ids, wanted, n * sizeof *ids);
    tolka_free(ids);
    free(wanted);
    /* Without a word there are only the special tokens. */
    ck_assert_int_eq(tolka_tokenize(tokenizer, NULL, 0, &nothing, &n, NULL), TOLKA_OK);
    ck_assert_uint_eq(n, 1);
    tolka_free(nothing);
    /* Ids that the vocabulary does not have show nothing. */
    const int32_t foreign[] = {-1, -5, INT32_MAX, INT32_MIN};
    ck_assert_int_eq(tolka_detokenize(tokenizer, foreign, 4, &shown, &length, NULL), TOLKA_OK);
    ck_assert_uint_eq(length, 0);
    ck_assert_str_eq(shown, "");
    tolka_free(shown);
    ck_assert_int_eq(tolka_detokenize(tokenizer, NULL, 0, &shown, NULL, NULL), TOLKA_OK);
    ck_assert_str_eq(shown, "");
    tolka_free(shown);
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

/* ---- options and errors ---------------------------------------------------------------------- */

START_TEST(options_of_other_sizes) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    tolka_input input = case_input(&fixture, json_array_get(fixture.cases, 11));
    struct {
        tolka_options options;
        char later[64]; /* fields of a future version */
    } given;
    static const size_t sizes[] = {0, offsetof(tolka_options, max_length), sizeof(tolka_options),
                                   sizeof given};
    for (size_t i = 0; i < 4; i++) {
        memset(&given, 0x7e, sizeof given); /* what is not known must not be read */
        given.options = i < 2 ? given.options : (tolka_options)TOLKA_OPTIONS_INIT;
        given.options.size = sizes[i];
        given.options.beam = 3;
        given.options.n_best = 2;
        tolka_translator *translator = open_translator(fixture.model, &given.options);
        ck_assert_int_eq(tolka_translator_threads(translator), 1);
        tolka_result **results = run_inputs(translator, &input, 1, false);
        size_t n_best = i == 0 ? 1 : 2;
        ck_assert_uint_eq(tolka_result_count(results[0]), n_best);
        free_results(results, 1);
        tolka_translator_free(translator);
    }
    free((void *)input.ids);
    fixture_close(&fixture);
}
END_TEST

static void expect_bad_option(const tolka_model *model, const tolka_options *options,
                              const char *says) {
    tolka_error err = {0};
    tolka_translator *translator = (tolka_translator *)&err;
    ck_assert_int_eq(tolka_translator_new(&translator, model, options, &err), TOLKA_ARGUMENT);
    ck_assert_int_eq(err.status, TOLKA_ARGUMENT);
    ck_assert_ptr_null(translator);
    ck_assert_msg(strstr(err.text, says) && !strchr(err.text, '\n'), "\"%s\"", err.text);
    ck_assert_int_eq(tolka_translator_new(&translator, model, options, NULL), TOLKA_ARGUMENT);
}

START_TEST(impossible_options) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    static const struct {
        int beam, n_best, max_length, threads, batch;
        const char *isa, *says;
    } bad[] = {
        {-1, 1, 0, 1, 1, NULL, "beam is -1"},
        {65, 1, 0, 1, 1, NULL, "beam is 65"},
        {2, 3, 0, 1, 1, NULL, "3 hypotheses"},
        {2, -1, 0, 1, 1, NULL, "-1 hypotheses"},
        {2, 1, -1, 1, 1, NULL, "maximum length is -1"},
        {2, 1, 1 << 30, 1, 1, NULL, "maximum length is 1073741824"},
        {2, 1, 0, -1, 1, NULL, "-1 threads"},
        {2, 1, 0, 100000, 1, NULL, "100000 threads"},
        {2, 1, 0, 1, -1, NULL, "batches of -1"},
        {2, 1, 0, 1, 1 << 20, NULL, "batches of 1048576"},
        {2, 1, 0, 1, 1, "sse9", "sse9"},
        {2, 1, 0, 1, 1, "", "instruction set"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tolka_options options = TOLKA_OPTIONS_INIT;
        options.beam = bad[i].beam;
        options.n_best = bad[i].n_best;
        options.max_length = bad[i].max_length;
        options.threads = bad[i].threads;
        options.batch = bad[i].batch;
        options.isa = bad[i].isa;
        expect_bad_option(fixture.model, &options, bad[i].says);
    }
    fixture_close(&fixture);
}
END_TEST

START_TEST(impossible_alignments) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    static const struct {
        int layer, head;
        const char *says;
    } bad[] = {{99, 0, "alignment layer is 99"},
               {-2, 0, "alignment layer is -2"},
               {0, 99, "alignment head is 99"},
               {0, -2, "alignment head is -2"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tolka_options options = TOLKA_OPTIONS_INIT;
        options.align_layer = bad[i].layer;
        options.align_head = bad[i].head;
        expect_bad_option(fixture.model, &options, bad[i].says);
    }
    fixture_close(&fixture);
}
END_TEST

START_TEST(errors_without_a_place_for_them) {
    tolka_model *model;
    ck_assert_int_eq(tolka_model_open(&model, "/nonexistent/model.gguf", NULL), TOLKA_IO);
    ck_assert_ptr_null(model);
    ck_assert_int_eq(tolka_model_open_memory(&model, NULL, 0, "nothing", NULL), TOLKA_FORMAT);
    ck_assert_ptr_null(model);
    ck_assert_int_eq(tolka_model_open(&model, SHIPPED_MODEL, NULL), TOLKA_OK);
    tolka_tokenizer *tokenizer;
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, NULL, "Klingon", NULL), TOLKA_ARGUMENT);
    ck_assert_ptr_null(tokenizer);
    tolka_error err = {0};
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, NULL, "Klingon", &err), TOLKA_ARGUMENT);
    ck_assert_msg(strstr(err.text, "Klingon") != NULL, "%s", err.text);
    tolka_model_free(model);
}
END_TEST

START_TEST(defaults_come_from_the_model) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    const struct config *config = &fixture.model->model.config;
    ck_assert_int_eq(tolka_model_default_beam(fixture.model), (int)config->beam);
    ck_assert_int_eq(tolka_model_default_max_length(fixture.model), (int)config->max_length);
    ck_assert_float_eq(tolka_model_default_length_penalty(fixture.model), config->length_penalty);
    const struct kernels *levels[MAX_LEVELS + 1];
    size_t n = kernels_available(levels);
    tolka_options options = TOLKA_OPTIONS_INIT;
    for (size_t i = 0; i <= n; i++) {
        options.isa = i < n ? levels[i]->name : NULL;
        options.threads = (int)i + 1;
        tolka_translator *translator = open_translator(fixture.model, &options);
        ck_assert_str_eq(tolka_translator_isa(translator), levels[i < n ? i : 0]->name);
        ck_assert_int_eq(tolka_translator_threads(translator), (int)i + 1);
        tolka_translator_free(translator);
    }
    fixture_close(&fixture);
}
END_TEST

/* ---- working together ------------------------------------------------------------------------ */

enum { N_JOBS = 500 };

static void count_job(void *user, size_t i) {
    atomic_int *counts = user;
    atomic_fetch_add(&counts[i], 1);
}

START_TEST(sharing_runs_each_job_once) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    for (int threads = 1; threads <= 3; threads++) {
        tolka_options options = TOLKA_OPTIONS_INIT;
        options.threads = threads;
        tolka_translator *translator = open_translator(fixture.model, &options);
        atomic_int counts[N_JOBS] = {0};
        translator_share(translator, 0, count_job, counts);
        translator_share(translator, N_JOBS, count_job, counts);
        for (size_t i = 0; i < N_JOBS; i++) ck_assert_int_eq(counts[i], 1);
        tolka_translator_free(translator);
    }
    fixture_close(&fixture);
}
END_TEST

enum { N_TEXTS = 3 };
static const char *const texts[N_TEXTS] = {"The weather is nice today.", "Good morning.",
                                           "I saw her at the station."};

struct speaker {
    const tolka_model *model;
    const tolka_tokenizer *tokenizer;
    int threads, failed;
    char *translations[N_TEXTS];
};

static void *speak(void *argument) {
    struct speaker *speaker = argument;
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.threads = speaker->threads;
    tolka_translator *translator;
    if (tolka_translator_new(&translator, speaker->model, &options, NULL) != TOLKA_OK) {
        speaker->failed = 1;
        return NULL;
    }
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < N_TEXTS; i++) {
            tolka_free(speaker->translations[i]);
            if (tolka_translate_text(translator, speaker->tokenizer, texts[i],
                                     &speaker->translations[i], NULL) != TOLKA_OK)
                speaker->failed = 1;
        }
    tolka_translator_free(translator);
    return NULL;
}

START_TEST(one_model_for_several_threads) {
    enum { N_SPEAKERS = 4 };
    tolka_error err = {0};
    tolka_model *model;
    tolka_tokenizer *tokenizer;
    ck_assert_msg(tolka_model_open(&model, SHIPPED_MODEL, &err) == TOLKA_OK, "%s", err.text);
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, NULL, "de", &err), TOLKA_OK);
    struct speaker speakers[N_SPEAKERS];
    pthread_t threads[N_SPEAKERS];
    for (int i = 0; i < N_SPEAKERS; i++) {
        speakers[i] =
            (struct speaker){.model = model, .tokenizer = tokenizer, .threads = 1 + i % 2};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, speak, &speakers[i]), 0);
    }
    for (int i = 0; i < N_SPEAKERS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < N_SPEAKERS; i++) {
        ck_assert_int_eq(speakers[i].failed, 0);
        for (int k = 0; k < N_TEXTS; k++)
            ck_assert_str_eq(speakers[i].translations[k], speakers[0].translations[k]);
    }
    for (int i = 0; i < N_SPEAKERS; i++)
        for (int k = 0; k < N_TEXTS; k++) tolka_free(speakers[i].translations[k]);
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
}
END_TEST

START_TEST(statistics_count) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = 1;
    tolka_translator *translator = open_translator(fixture.model, &options);
    tolka_stats stats;
    tolka_translator_stats(translator, &stats);
    ck_assert_uint_eq(stats.sentences, 0);
    tolka_input inputs[3];
    size_t n_source = 0, n_target = 0, n;
    for (size_t i = 0; i < 3; i++) {
        inputs[i] = case_input(&fixture, json_array_get(fixture.cases, i));
        n_source += inputs[i].n_ids;
    }
    tolka_result **results = run_inputs(translator, inputs, 3, false);
    for (size_t i = 0; i < 3; i++) {
        tolka_result_tokens(results[i], 0, &n);
        n_target += n;
        free((void *)inputs[i].ids);
    }
    tolka_translator_stats(translator, &stats);
    ck_assert_uint_eq(stats.sentences, 3);
    ck_assert_uint_eq(stats.source_tokens, n_source);
    ck_assert_uint_eq(stats.target_tokens, n_target);
    ck_assert_uint_gt(stats.decoder_steps, 0);
    ck_assert(stats.encoder_seconds > 0 && stats.decoder_seconds > 0);
    free_results(results, 3);
    tolka_translator_free(translator);
    fixture_close(&fixture);
}
END_TEST

/* ---- allocations ----------------------------------------------------------------------------- */

struct counting {
    size_t n_tokens;
    int n_failed;
};

static void count_tokens(void *user, size_t index, tolka_result *result) {
    struct counting *counting = user;
    (void)index;
    size_t n = 0;
    if (tolka_result_status(result, NULL) != TOLKA_OK) counting->n_failed++;
    tolka_result_tokens(result, 0, &n);
    counting->n_tokens += n;
    tolka_result_free(result);
}

/* A sentence costs one result, whether it becomes two tokens or hundreds. */
START_TEST(tokens_allocate_nothing) {
    enum { N = 8 };
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    tolka_input inputs[N];
    for (size_t i = 0; i < N; i++)
        inputs[i] = case_input(&fixture, json_array_get(fixture.cases, i + 4));
    for (int beam = 1; beam <= 4; beam += 3) {
        static const int lengths[] = {300, 2, 300};
        long made[3];
        struct counting counting[3] = {{0, 0}, {0, 0}, {0, 0}};
        for (int round = 0; round < 3; round++) {
            tolka_options options = TOLKA_OPTIONS_INIT;
            options.beam = beam;
            options.max_length = lengths[round];
            options.batch = 3;
            tolka_translator *translator = open_translator(fixture.model, &options);
            tolka_translate(translator, inputs, N, count_tokens, &counting[round], NULL);
            long before = allocations_made();
            tolka_translate(translator, inputs, N, count_tokens, &counting[round], NULL);
            made[round] = allocations_made() - before;
            tolka_translator_free(translator);
        }
        ck_assert_uint_gt(counting[0].n_tokens, 10 * counting[1].n_tokens);
        ck_assert_int_eq(made[0], made[1]);
        ck_assert_int_eq(made[0], made[2]);
        ck_assert_int_ge(made[0], N);     /* the counter works */
        ck_assert_int_le(made[0], N + 4); /* and a few for the call */
    }
    for (size_t i = 0; i < N; i++) free((void *)inputs[i].ids);
    fixture_close(&fixture);
}
END_TEST

/* Everything from opening to text. The status of the first thing that failed. */
static tolka_status do_everything(const char *path, tolka_error *err, char **text) {
    tolka_model *model = NULL;
    tolka_tokenizer *tokenizer = NULL;
    tolka_translator *translator = NULL;
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.threads = 2;
    options.max_length = 10;
    options.want_alignments = 1;
    *text = NULL;
    tolka_status status = tolka_model_open(&model, path, err);
    if (status == TOLKA_OK) status = tolka_tokenizer_new(&tokenizer, model, NULL, "de", err);
    if (status == TOLKA_OK) status = tolka_translator_new(&translator, model, &options, err);
    if (status == TOLKA_OK)
        status = tolka_translate_text(translator, tokenizer, texts[0], text, err);
    tolka_translator_free(translator);
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
    return status;
}

START_TEST(every_allocation_may_fail) {
    char *text, *whole;
    tolka_error err = {0};
    ck_assert_msg(do_everything(SHIPPED_MODEL, &err, &whole) == TOLKA_OK, "%s", err.text);
    long n = 1;
    for (bool failed = true; failed; n += 1 + n / 40) {
        err = (tolka_error){0};
        allocations_fail_from(n);
        tolka_status status = do_everything(SHIPPED_MODEL, &err, &text);
        failed = allocations_failed();
        allocations_fail_from(0);
        if (failed)
            ck_assert_msg(status == TOLKA_NOMEM && err.text[0] && !strchr(err.text, '\n'),
                          "allocation %ld failed: status %d, \"%s\"", n, status, err.text);
        else
            ck_assert_msg(status == TOLKA_OK && strcmp(text, whole) == 0, "status %d", status);
        tolka_free(text);
    }
    ck_assert_int_gt(n, 20);
    tolka_free(whole);
}
END_TEST

Suite *api_suite(void) {
    Suite *suite = suite_create("api");
    TCase *getters = tcase_create("getters"), *options = tcase_create("options");
    TCase *together = tcase_create("together"), *memory = tcase_create("memory");
    tcase_add_test(getters, null_is_freed_quietly);
    tcase_add_test(getters, getters_past_their_end);
    tcase_add_test(getters, text_to_ids_and_back);
    tcase_add_test(options, options_of_other_sizes);
    tcase_add_test(options, impossible_options);
    tcase_add_test(options, impossible_alignments);
    tcase_add_test(options, errors_without_a_place_for_them);
    tcase_add_test(options, defaults_come_from_the_model);
    tcase_set_timeout(together, 120);
    tcase_add_test(together, sharing_runs_each_job_once);
    tcase_add_test(together, one_model_for_several_threads);
    tcase_add_test(together, statistics_count);
    tcase_set_timeout(memory, 120);
    tcase_add_test(memory, tokens_allocate_nothing);
    tcase_add_test(memory, every_allocation_may_fail);
    suite_add_tcase(suite, getters);
    suite_add_tcase(suite, options);
    suite_add_tcase(suite, together);
    suite_add_tcase(suite, memory);
    suite_add_tcase(suite, arguments_case());
    suite_add_tcase(suite, callbacks_case());
    return suite;
}
