/* Callbacks that turn to the translator that calls them, and many threads at once (tests/soak.h). */
#include "engine/tolka.h"
#include "tests/soak.h"
#include "tests/suites.h"

#include <string.h>

static const char text[] = "Good morning.";

struct scene {
    tolka_model *model;
    tolka_tokenizer *tokenizer;
    tolka_translator *translator;
    tolka_input input;
    int32_t *ids;
    size_t n_calls;
};

static struct scene scene_open(int threads) {
    struct scene scene = {.n_calls = 0, .input = TOLKA_INPUT_INIT};
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.threads = threads;
    ck_assert_int_eq(tolka_model_open(&scene.model, SHIPPED_MODEL, NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_tokenizer_new(&scene.tokenizer, scene.model, NULL, "de", NULL),
                     TOLKA_OK);
    ck_assert_int_eq(tolka_translator_new(&scene.translator, scene.model, &options, NULL),
                     TOLKA_OK);
    ck_assert_int_eq(
        tolka_tokenize(scene.tokenizer, text, strlen(text), &scene.ids, &scene.input.n_ids, NULL),
        TOLKA_OK);
    scene.input.ids = scene.ids;
    return scene;
}

static void scene_close(struct scene *scene) {
    ck_assert_uint_gt(scene->n_calls, 0);
    tolka_free(scene->ids);
    tolka_translator_free(scene->translator);
    tolka_tokenizer_free(scene->tokenizer);
    tolka_model_free(scene->model);
}

/* ---- what a callback may not ask for --------------------------------------------------------- */

static void never(void *user, size_t index, tolka_result *result) {
    (void)user, (void)index, (void)result;
    ck_abort_msg("a call that is refused has no result");
}

static int never_tokens(void *user, const tolka_token *tokens, size_t n) {
    (void)user, (void)tokens, (void)n;
    ck_abort_msg("a call that is refused has no tokens");
    return 0;
}

static int never_text(void *user, const char *piece, size_t length) {
    (void)user, (void)piece, (void)length;
    ck_abort_msg("a call that is refused has no text");
    return 0;
}

static void check_refused(tolka_status status, const tolka_error *err, const char *call) {
    ck_assert_int_eq(status, TOLKA_ARGUMENT);
    ck_assert_msg(strstr(err->text, call) && strstr(err->text, "callback"), "%s", err->text);
}

static void ask_for_texts(struct scene *scene) {
    const tolka_text one = {text, sizeof text - 1, "Guten Morgen.", 13};
    tolka_error err = {TOLKA_OK, ""};
    char *translation;
    tolka_result *result;
    tolka_document *document;
    tolka_translator *t = scene->translator;
    const tolka_tokenizer *k = scene->tokenizer;
    check_refused(tolka_translate_text(t, k, text, &translation, &err), &err, "tolka_translate_");
    ck_assert_ptr_null(translation);
    check_refused(tolka_translate_texts(t, k, &one, 1, never, NULL, &err), &err,
                  "tolka_translate_texts");
    check_refused(tolka_score_texts(t, k, &one, 1, never, NULL, &err), &err, "tolka_score_texts");
    check_refused(tolka_stream_text(t, k, &one, never_text, NULL, &result, &err), &err,
                  "tolka_stream_text");
    ck_assert_ptr_null(result);
    ck_assert_int_eq(tolka_document_new(&document, "text", text, sizeof text - 1, NULL), TOLKA_OK);
    check_refused(tolka_translate_document(t, k, document, NULL, NULL, &err), &err,
                  "tolka_translate_document");
    tolka_document_free(document);
}

static void ask_for_all(struct scene *scene) {
    static const int32_t target[] = {1};
    tolka_error err = {TOLKA_OK, ""};
    tolka_result *result;
    tolka_attention *attention;
    tolka_input pair = scene->input;
    tolka_translator *t = scene->translator;
    pair.target = target;
    pair.n_target = 1;
    scene->n_calls++;
    check_refused(tolka_translate(t, &scene->input, 1, never, NULL, &err), &err, "tolka_translate");
    check_refused(tolka_score(t, &pair, 1, never, NULL, &err), &err, "tolka_score");
    check_refused(tolka_stream(t, &scene->input, never_tokens, NULL, &result, &err), &err,
                  "tolka_stream");
    ck_assert_ptr_null(result);
    check_refused(tolka_attention_new(&attention, t, &pair, &err), &err, "tolka_attention_new");
    ck_assert_ptr_null(attention);
    ask_for_texts(scene);
}

/* ---- every callback -------------------------------------------------------------------------- */

static void done(void *user, size_t index, tolka_result *result) {
    (void)index;
    ck_assert_int_eq(tolka_result_status(result, NULL), TOLKA_OK);
    tolka_result_free(result);
    ask_for_all(user);
}

static int take_tokens(void *user, const tolka_token *tokens, size_t n) {
    (void)tokens, (void)n;
    ask_for_all(user);
    return 0;
}

static int take_piece(void *user, const char *piece, size_t length) {
    (void)piece, (void)length;
    ask_for_all(user);
    return 0;
}

static int see_progress(void *user, size_t n_done, size_t n_texts) {
    (void)n_done, (void)n_texts;
    ask_for_all(user);
    return 0;
}

/* Nothing is left of what was refused. */
static void translate_afterwards(struct scene *scene) {
    char *translation;
    ck_assert_int_eq(
        tolka_translate_text(scene->translator, scene->tokenizer, text, &translation, NULL),
        TOLKA_OK);
    ck_assert_str_eq(translation, "Guten Morgen.");
    tolka_free(translation);
}

START_TEST(callbacks_of_ids) {
    struct scene scene = scene_open(_i);
    const tolka_input two[] = {scene.input, scene.input};
    tolka_result *result;
    ck_assert_int_eq(tolka_translate(scene.translator, two, 2, done, &scene, NULL), TOLKA_OK);
    ck_assert_uint_eq(scene.n_calls, 2);
    ck_assert_int_eq(tolka_stream(scene.translator, two, take_tokens, &scene, &result, NULL),
                     TOLKA_OK);
    ck_assert_uint_gt(scene.n_calls, 2);
    tolka_result_free(result);
    translate_afterwards(&scene);
    scene_close(&scene);
}
END_TEST

START_TEST(callbacks_of_texts) {
    struct scene scene = scene_open(_i);
    const tolka_text two[] = {{text, sizeof text - 1, NULL, 0}, {"", 0, NULL, 0}};
    tolka_result *result;
    tolka_document *document;
    ck_assert_int_eq(
        tolka_translate_texts(scene.translator, scene.tokenizer, two, 2, done, &scene, NULL),
        TOLKA_OK);
    ck_assert_uint_eq(scene.n_calls, 2);
    ck_assert_int_eq(tolka_stream_text(scene.translator, scene.tokenizer, two, take_piece, &scene,
                                       &result, NULL),
                     TOLKA_OK);
    ck_assert_uint_gt(scene.n_calls, 2);
    tolka_result_free(result);
    scene.n_calls = 0;
    ck_assert_int_eq(tolka_document_new(&document, "text", text, sizeof text - 1, NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_translate_document(scene.translator, scene.tokenizer, document,
                                              see_progress, &scene, NULL),
                     TOLKA_OK);
    tolka_document_free(document);
    translate_afterwards(&scene);
    scene_close(&scene);
}
END_TEST

/* make check-soak is for longer. */
START_TEST(many_threads) {
    struct soak_counts counts = soak(4, 0, 4);
    ck_assert_uint_ge(counts.translators, 16);
    ck_assert_uint_gt(counts.whole, 0);
    ck_assert_uint_gt(counts.refused, 0);
}
END_TEST

TCase *callbacks_case(void) {
    TCase *tcase = tcase_create("callbacks");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, callbacks_of_ids, 1, 4);
    tcase_add_loop_test(tcase, callbacks_of_texts, 1, 4);
    tcase_add_test(tcase, many_threads);
    return tcase;
}
