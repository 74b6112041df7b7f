/* tolka_stream and its relatives: what comes when, how a call is ended, and that nothing is left of
 * it. Nothing here waits for a time: threads shake hands. */
#define _XOPEN_SOURCE 700
#include "tests/fixture.h"
#include "tests/suites.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { N_SENTENCES = 8, LENGTH = 30 };

/* ---- tokens ---------------------------------------------------------------------------------- */

struct scene {
    struct fixture fixture;
    tolka_input inputs[N_SENTENCES];
    tolka_translator *translator;
};

static struct scene scene_open(int beam, bool samples, int threads) {
    struct scene scene = {.fixture = fixture_open("marian", DTYPE_F32)};
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_generation generation;
    tolka_model_generation(scene.fixture.model, &generation);
    generation.do_sample = samples;
    generation.seed = 3;
    options.generation = &generation;
    options.beam = beam;
    options.length_penalty = 1;
    options.max_length = LENGTH;
    options.threads = threads;
    options.batch = 1;
    scene.translator = open_translator(scene.fixture.model, &options);
    for (size_t i = 0; i < N_SENTENCES; i++)
        scene.inputs[i] = case_input(&scene.fixture, json_array_get(scene.fixture.cases, i));
    return scene;
}

static void scene_close(struct scene *scene) {
    for (size_t i = 0; i < N_SENTENCES; i++) free((void *)scene->inputs[i].ids);
    tolka_translator_free(scene->translator);
    fixture_close(&scene->fixture);
}

static uint64_t steps_of(const tolka_translator *translator) {
    tolka_stats stats;
    tolka_translator_stats(translator, &stats);
    return stats.decoder_steps;
}

struct listener {
    tolka_translator *translator;
    size_t stop_after; /* calls; 0: never */
    uint64_t steps_before;
    tolka_token tokens[LENGTH];
    uint64_t steps[LENGTH]; /* done when a token came */
    size_t n, n_calls;
};

static int listen(void *user, const tolka_token *tokens, size_t n) {
    struct listener *listener = user;
    ck_assert_uint_gt(n, 0);
    ck_assert_uint_le(listener->n + n, LENGTH);
    for (size_t i = 0; i < n; i++) {
        listener->steps[listener->n] = steps_of(listener->translator) - listener->steps_before;
        listener->tokens[listener->n++] = tokens[i];
    }
    return ++listener->n_calls == listener->stop_after;
}

static tolka_result *stream(const struct scene *scene, size_t i, struct listener *listener) {
    tolka_error err = {0};
    tolka_result *result;
    listener->translator = scene->translator;
    listener->steps_before = steps_of(scene->translator);
    tolka_status status =
        tolka_stream(scene->translator, &scene->inputs[i], listen, listener, &result, &err);
    ck_assert_msg(status == TOLKA_OK && result != NULL, "%s", err.text);
    return result;
}

static void check_begins(const tolka_result *result, const tolka_token *tokens, size_t n) {
    size_t n_result;
    const tolka_token *expected = tolka_result_tokens(result, 0, &n_result);
    ck_assert_uint_le(n, n_result);
    for (size_t i = 0; i < n; i++) ck_assert_int_eq(tokens[i].id, expected[i].id);
}

static void check_same(const tolka_result *a, const tolka_result *b) {
    size_t n, m;
    const tolka_token *tokens = tolka_result_tokens(a, 0, &n);
    tolka_result_tokens(b, 0, &m);
    ck_assert_uint_eq(n, m);
    check_begins(b, tokens, n);
}

/* Of the result as tolka_translate gives it, each token after as many steps of the decoder. */
static void check_each_token_at_once(const struct scene *scene, size_t i) {
    struct listener listener = {.n = 0};
    tolka_result *streamed = stream(scene, i, &listener);
    tolka_result **whole = run_inputs(scene->translator, &scene->inputs[i], 1, false);
    ck_assert_int_eq(tolka_result_status(streamed, NULL), TOLKA_OK);
    check_same(streamed, whole[0]);
    check_same(whole[0], streamed);
    check_begins(whole[0], listener.tokens, listener.n);
    size_t n;
    tolka_result_tokens(whole[0], 0, &n);
    ck_assert_uint_eq(listener.n, n);
    ck_assert_uint_eq(listener.n_calls, n);
    for (size_t k = 0; k < n; k++) ck_assert_uint_eq(listener.steps[k], k + 1);
    tolka_result_free(streamed);
    free_results(whole, 1);
}

START_TEST(tokens_come_one_by_one) {
    for (int threads = 1; threads <= 2; threads++)
        for (int samples = 0; samples <= 1; samples++) {
            struct scene scene = scene_open(1, samples, threads);
            for (size_t i = 0; i < N_SENTENCES; i++) check_each_token_at_once(&scene, i);
            scene_close(&scene);
        }
}
END_TEST

START_TEST(beams_hand_out_what_is_certain) {
    struct scene scene = scene_open(4, false, 1);
    size_t n_early = 0;
    for (size_t i = 0; i < N_SENTENCES; i++) {
        struct listener listener = {.n = 0};
        tolka_result *streamed = stream(&scene, i, &listener);
        uint64_t n_steps = steps_of(scene.translator) - listener.steps_before;
        tolka_result **whole = run_inputs(scene.translator, &scene.inputs[i], 1, false);
        size_t n;
        tolka_result_tokens(whole[0], 0, &n);
        ck_assert_uint_eq(listener.n, n);
        check_begins(whole[0], listener.tokens, n);
        check_same(whole[0], streamed);
        ck_assert_float_eq(tolka_result_score(streamed, 0), tolka_result_score(whole[0], 0));
        for (size_t k = 0; k < n; k++) n_early += listener.steps[k] < n_steps;
        tolka_result_free(streamed);
        free_results(whole, 1);
    }
    ck_assert_uint_gt(n_early, 0);
    scene_close(&scene);
}
END_TEST

/* The prefix is a part of the translation: its tokens come first. */
START_TEST(prefixes_are_handed_out) {
    static const int32_t prefix[] = {87, 294, 61};
    struct scene scene = scene_open(1, false, 1);
    scene.inputs[0].target = prefix;
    scene.inputs[0].n_target = 3;
    check_each_token_at_once(&scene, 0);
    struct listener listener = {.n = 0};
    tolka_result_free(stream(&scene, 0, &listener));
    for (size_t i = 0; i < 3; i++) ck_assert_int_eq(listener.tokens[i].id, prefix[i]);
    scene_close(&scene);
}
END_TEST

START_TEST(bad_inputs_are_not_streamed) {
    static const int32_t beyond[] = {5, 100000, 0};
    struct scene scene = scene_open(1, false, 1);
    const int32_t *ids = scene.inputs[0].ids;
    struct listener listener = {.n = 0};
    scene.inputs[0].ids = beyond, scene.inputs[0].n_ids = 3;
    tolka_result *result = stream(&scene, 0, &listener);
    const char *reason;
    ck_assert_int_eq(tolka_result_status(result, &reason), TOLKA_INPUT);
    ck_assert_ptr_nonnull(strstr(reason, "source token 2 is 100000"));
    ck_assert_uint_eq(listener.n_calls, 0);
    tolka_result_free(result);
    scene.inputs[0].ids = ids;
    scene_close(&scene);
}
END_TEST

/* ---- stopping -------------------------------------------------------------------------------- */

/* What a stopped call leaves behind is a translator like a new one. */
static void check_used_again(const struct scene *scene) {
    tolka_result **again = run_inputs(scene->translator, scene->inputs, N_SENTENCES, false);
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = 1;
    options.max_length = LENGTH;
    tolka_translator *fresh = open_translator(scene->fixture.model, &options);
    tolka_result **expected = run_inputs(fresh, scene->inputs, N_SENTENCES, false);
    for (size_t i = 0; i < N_SENTENCES; i++) {
        ck_assert_int_eq(tolka_result_status(again[i], NULL), TOLKA_OK);
        check_same(expected[i], again[i]);
        check_same(again[i], expected[i]);
    }
    free_results(again, N_SENTENCES);
    free_results(expected, N_SENTENCES);
    tolka_translator_free(fresh);
}

START_TEST(callbacks_stop_it) {
    for (int threads = 1; threads <= 2; threads++) {
        struct scene scene = scene_open(1, false, threads);
        struct listener listener = {.stop_after = 2};
        tolka_result *stopped = stream(&scene, 1, &listener);
        const char *reason;
        size_t n;
        ck_assert_int_eq(tolka_result_status(stopped, &reason), TOLKA_STOPPED);
        ck_assert_ptr_nonnull(strstr(reason, "stopped"));
        ck_assert_uint_eq(listener.n_calls, 2);
        tolka_result_tokens(stopped, 0, &n);
        ck_assert_uint_eq(n, listener.n);
        check_begins(stopped, listener.tokens, n);
        tolka_result_free(stopped);
        check_used_again(&scene);
        scene_close(&scene);
    }
}
END_TEST

/* A thread that waits to be asked, stops the translator, and says so. */
struct stopper {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    tolka_translator *translator;
    enum { WAITING, ASKED, STOPPED } state;
    size_t n_calls;
};

static void set_state(struct stopper *stopper, int state) {
    pthread_mutex_lock(&stopper->mutex);
    stopper->state = state;
    pthread_cond_broadcast(&stopper->changed);
    pthread_mutex_unlock(&stopper->mutex);
}

static void wait_for(struct stopper *stopper, int state) {
    pthread_mutex_lock(&stopper->mutex);
    while ((int)stopper->state < state) pthread_cond_wait(&stopper->changed, &stopper->mutex);
    pthread_mutex_unlock(&stopper->mutex);
}

static void *stop_when_asked(void *user) {
    struct stopper *stopper = user;
    wait_for(stopper, ASKED);
    tolka_translator_stop(stopper->translator);
    set_state(stopper, STOPPED);
    return NULL;
}

static void stopper_start(struct stopper *stopper, tolka_translator *translator) {
    *stopper = (struct stopper){.translator = translator};
    pthread_mutex_init(&stopper->mutex, NULL);
    pthread_cond_init(&stopper->changed, NULL);
    ck_assert_int_eq(pthread_create(&stopper->thread, NULL, stop_when_asked, stopper), 0);
}

static void stopper_end(struct stopper *stopper) {
    pthread_join(stopper->thread, NULL);
    pthread_cond_destroy(&stopper->changed);
    pthread_mutex_destroy(&stopper->mutex);
}

static int ask_at_the_second(void *user, const tolka_token *tokens, size_t n) {
    struct stopper *stopper = user;
    (void)tokens, (void)n;
    if (++stopper->n_calls != 2) return 0;
    set_state(stopper, ASKED);
    wait_for(stopper, STOPPED);
    return 0;
}

START_TEST(another_thread_stops_a_stream) {
    struct scene scene = scene_open(1, false, _i + 1);
    struct stopper stopper;
    stopper_start(&stopper, scene.translator);
    tolka_result *result;
    tolka_status status = tolka_stream(scene.translator, &scene.inputs[1], ask_at_the_second,
                                       &stopper, &result, NULL);
    stopper_end(&stopper);
    size_t n;
    ck_assert_int_eq(status, TOLKA_OK);
    ck_assert_int_eq(tolka_result_status(result, NULL), TOLKA_STOPPED);
    ck_assert_ptr_nonnull(tolka_result_tokens(result, 0, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(stopper.n_calls, 2);
    tolka_result_free(result);
    check_used_again(&scene);
    scene_close(&scene);
}
END_TEST

enum { N_MANY = 400 };

struct many {
    struct stopper stopper;
    int status[N_MANY];
    size_t n_done;
};

static void ask_at_the_first(void *user, size_t index, tolka_result *result) {
    struct many *many = user;
    ck_assert_int_eq(many->status[index], -1); /* once for each */
    many->status[index] = (int)tolka_result_status(result, NULL);
    tolka_result_free(result);
    if (many->n_done++ > 0) return;
    set_state(&many->stopper, ASKED);
    wait_for(&many->stopper, STOPPED);
}

/* Every input has its result all the same, and most of them had not begun. */
START_TEST(another_thread_stops_a_call) {
    struct scene scene = scene_open(1, false, _i + 1);
    tolka_input inputs[N_MANY];
    struct many many = {.n_done = 0};
    for (size_t i = 0; i < N_MANY; i++) {
        inputs[i] = scene.inputs[i % N_SENTENCES];
        many.status[i] = -1;
    }
    stopper_start(&many.stopper, scene.translator);
    ck_assert_int_eq(
        tolka_translate(scene.translator, inputs, N_MANY, ask_at_the_first, &many, NULL), TOLKA_OK);
    stopper_end(&many.stopper);
    size_t n_ok = 0, n_stopped = 0;
    for (size_t i = 0; i < N_MANY; i++) {
        n_ok += many.status[i] == TOLKA_OK;
        n_stopped += many.status[i] == TOLKA_STOPPED;
    }
    ck_assert_uint_eq(n_ok + n_stopped, N_MANY);
    ck_assert_uint_ge(n_ok, 1);
    /* Alone, a worker cannot go on while its caller waits. */
    if (_i == 0) ck_assert_uint_eq(n_ok, 1);
    check_used_again(&scene);
    scene_close(&scene);
}
END_TEST

struct two {
    tolka_translator *translator;
    tolka_status status[2];
};

static void stop_at_first(void *user, size_t index, tolka_result *result) {
    struct two *two = user;
    if (index == 0) tolka_translator_stop(two->translator);
    two->status[index] = tolka_result_status(result, NULL);
    tolka_result_free(result);
}

/* A text without words is done before the others are handed to the engine: a stop that comes then
 * is for them. */
START_TEST(texts_are_stopped_on_their_way) {
    const tolka_text texts[] = {{"", 0, NULL, 0}, {"Hello.", 6, NULL, 0}};
    tolka_model *model;
    tolka_tokenizer *tokenizer = NULL;
    ck_assert_int_eq(tolka_model_open(&model, SHIPPED_MODEL, NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, NULL, "de", NULL), TOLKA_OK);
    struct two two = {open_translator(model, NULL), {TOLKA_NOMEM, TOLKA_NOMEM}};
    for (int round = 0; round < 2; round++) {
        tolka_translate_texts(two.translator, tokenizer, texts, 2, stop_at_first, &two, NULL);
        ck_assert_int_eq(two.status[0], TOLKA_OK);
        ck_assert_int_eq(two.status[1], TOLKA_STOPPED);
    }
    /* The next call has not been stopped. */
    char *translation = NULL;
    tolka_translate_text(two.translator, tokenizer, "Hello.", &translation, NULL);
    ck_assert_str_eq(translation, "Hallo.");
    tolka_free(translation);
    tolka_translator_free(two.translator);
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
}
END_TEST

/* A stop between two calls ends neither. */
START_TEST(nothing_to_stop) {
    struct scene scene = scene_open(1, false, 2);
    tolka_translator_stop(scene.translator);
    check_used_again(&scene);
    scene_close(&scene);
}
END_TEST

/* ---- text ------------------------------------------------------------------------------------ */

struct reader {
    char text[16384];
    size_t length, n_calls, stop_after;
};

/* Whole characters: nothing to repair but NULs, which may be drawn like any byte. */
static void check_utf8(const char *text, size_t length) {
    size_t n;
    char *repaired = tolka_repair_text(text, length, &n);
    bool whole = repaired && n == length;
    for (size_t i = 0; whole && i < n; i++) whole = repaired[i] == text[i] || text[i] == 0;
    ck_assert_msg(whole, "no whole characters: %.*s", (int)length, text);
    tolka_free(repaired);
}

static int read_piece(void *user, const char *text, size_t length) {
    struct reader *reader = user;
    ck_assert_uint_gt(length, 0);
    ck_assert_uint_lt(reader->length + length, sizeof reader->text);
    check_utf8(text, length);
    memcpy(reader->text + reader->length, text, length);
    reader->length += length;
    return ++reader->n_calls == reader->stop_after;
}

static tolka_result *stream_text(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                                 const char *source, const char *prefix, struct reader *reader) {
    tolka_text text = {source, strlen(source), prefix, prefix ? strlen(prefix) : 0};
    tolka_error err = {0};
    tolka_result *result;
    tolka_status status =
        tolka_stream_text(translator, tokenizer, &text, read_piece, reader, &result, &err);
    ck_assert_msg(status == TOLKA_OK && result != NULL, "%s", err.text);
    return result;
}

static void check_text(const tolka_result *result, const struct reader *reader) {
    size_t length;
    const char *text = tolka_result_text(result, 0, &length);
    ck_assert_msg(length == reader->length && memcmp(text, reader->text, length) == 0,
                  "\"%.*s\" came, not \"%s\"", (int)reader->length, reader->text, text);
}

static tolka_translator *sampler(const tolka_model *model, uint64_t seed) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_generation generation;
    tolka_model_generation(model, &generation);
    generation.do_sample = 1;
    generation.temperature = 2;
    generation.top_k = 0;
    generation.seed = seed;
    options.generation = &generation;
    options.max_length = 60;
    return open_translator(model, &options);
}

/* Behind a prefix of characters that are spelled by several tokens, anything at all is drawn. */
static void check_drawn_texts(const tolka_model *model, const tolka_tokenizer *tokenizer) {
    static const char prefix[] = "Größe 5 € 😀 日本語 🇩🇪 x";
    for (uint64_t seed = 0; seed < 24; seed++) {
        struct reader reader = {.length = 0};
        tolka_translator *translator = sampler(model, seed);
        tolka_result *result =
            stream_text(translator, tokenizer, "Hello.", seed % 2 ? prefix : NULL, &reader);
        check_text(result, &reader);
        size_t n;
        tolka_result_tokens(result, 0, &n);
        ck_assert_uint_le(reader.n_calls, n);
        if (n > 10) ck_assert_uint_gt(reader.n_calls, 3); /* not all at the end */
        tolka_result_free(result);
        tolka_translator_free(translator);
    }
}

START_TEST(text_in_whole_characters_of_bytes) {
    struct fixture fixture = fixture_open("bart", DTYPE_F32);
    tolka_tokenizer *tokenizer = NULL;
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, fixture.model, NULL, NULL, NULL), TOLKA_OK);
    check_drawn_texts(fixture.model, tokenizer);
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

/* SentencePiece, which falls back to bytes. */
START_TEST(text_in_whole_characters_of_pieces) {
    tolka_model *model;
    tolka_tokenizer *tokenizer = NULL;
    ck_assert_int_eq(tolka_model_open(&model, SHIPPED_MODEL, NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, NULL, "de", NULL), TOLKA_OK);
    check_drawn_texts(model, tokenizer);
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
}
END_TEST

/* Nothing comes behind a piece that was the last one wanted, though a beam has a sentence ready
 * before it hands out the first piece. */
START_TEST(sentences_behind_the_end_do_not_come) {
    tolka_model *model;
    tolka_tokenizer *tokenizer = NULL;
    ck_assert_int_eq(tolka_model_open(&model, SHIPPED_MODEL, NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, NULL, "de", NULL), TOLKA_OK);
    for (int beam = 1; beam <= 4; beam += 3) {
        tolka_options options = TOLKA_OPTIONS_INIT;
        options.beam = beam;
        tolka_translator *translator = open_translator(model, &options);
        struct reader all = {.length = 0};
        tolka_result_free(
            stream_text(translator, tokenizer, "Good morning. Thank you.", NULL, &all));
        for (size_t last = 1; last < all.n_calls; last++) {
            struct reader reader = {.stop_after = last};
            tolka_result *stopped =
                stream_text(translator, tokenizer, "Good morning. Thank you.", NULL, &reader);
            ck_assert_uint_eq(reader.n_calls, last);
            /* Before the second sentence has begun there is something left to stop. */
            if (!strstr(reader.text, "Danke"))
                ck_assert_int_eq(tolka_result_status(stopped, NULL), TOLKA_STOPPED);
            tolka_result_free(stopped);
        }
        tolka_translator_free(translator);
    }
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
}
END_TEST

START_TEST(text_is_stopped) {
    tolka_model *model;
    tolka_tokenizer *tokenizer = NULL;
    ck_assert_int_eq(tolka_model_open(&model, SHIPPED_MODEL, NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, NULL, "de", NULL), TOLKA_OK);
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = 1;
    tolka_translator *translator = open_translator(model, &options);
    struct reader reader = {.stop_after = 2}, whole = {.length = 0}, none = {.length = 0};
    tolka_result *stopped =
        stream_text(translator, tokenizer, "The weather is nice today.", NULL, &reader);
    ck_assert_int_eq(tolka_result_status(stopped, NULL), TOLKA_STOPPED);
    ck_assert_uint_eq(reader.n_calls, 2);
    tolka_result_free(stopped);
    tolka_result_free(
        stream_text(translator, tokenizer, "The weather is nice today.", NULL, &whole));
    ck_assert_str_eq(whole.text, "Das Wetter ist heute schön.");
    ck_assert_uint_lt(reader.length, whole.length);
    ck_assert_int_eq(memcmp(reader.text, whole.text, reader.length), 0);
    tolka_result *empty = stream_text(translator, tokenizer, "", "Das", &none);
    ck_assert_int_eq(tolka_result_status(empty, NULL), TOLKA_OK);
    ck_assert_uint_eq(none.n_calls, 0);
    tolka_result_free(empty);
    tolka_translator_free(translator);
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
}
END_TEST

Suite *streaming_suite(void) {
    Suite *suite = suite_create("streaming");
    TCase *tokens = tcase_create("tokens"), *stops = tcase_create("stops");
    TCase *text = tcase_create("text");
    tcase_set_timeout(tokens, 120);
    tcase_add_test(tokens, tokens_come_one_by_one);
    tcase_add_test(tokens, beams_hand_out_what_is_certain);
    tcase_add_test(tokens, prefixes_are_handed_out);
    tcase_add_test(tokens, bad_inputs_are_not_streamed);
    tcase_set_timeout(stops, 120);
    tcase_add_test(stops, callbacks_stop_it);
    tcase_add_loop_test(stops, another_thread_stops_a_stream, 0, 2);
    tcase_add_loop_test(stops, another_thread_stops_a_call, 0, 3);
    tcase_add_test(stops, nothing_to_stop);
    tcase_add_test(stops, texts_are_stopped_on_their_way);
    tcase_set_timeout(text, 300);
    tcase_add_test(text, text_in_whole_characters_of_bytes);
    tcase_add_test(text, text_in_whole_characters_of_pieces);
    tcase_add_test(text, text_is_stopped);
    tcase_add_test(text, sentences_behind_the_end_do_not_come);
    suite_add_tcase(suite, tokens);
    suite_add_tcase(suite, stops);
    suite_add_tcase(suite, text);
    return suite;
}
