/* What a translation has where its vocabulary cannot spell something. The fixtures' weights are
 * random: unknown tokens come because they are made likely. */
#include "tests/fixture.h"
#include "tokenizer/tokenize.h"

#include "tests/allocations.h"
#include "tests/command.h"
#include "tests/suites.h"

#include <stdlib.h>
#include <string.h>

static const char source[] = "Hello 日本 world € now.";

struct scene {
    struct fixture fixture;
    tolka_tokenizer *tokenizer;
    int32_t unknown;
    tolka_sequence bias;
    tolka_generation generation;
    tolka_options options;
};

static void scene_open(struct scene *scene, const char *folder, const char *from, const char *to,
                       float bias) {
    scene->fixture = fixture_open(folder, DTYPE_F32);
    ck_assert_int_eq(tolka_tokenizer_new(&scene->tokenizer, scene->fixture.model, from, to, NULL),
                     TOLKA_OK);
    scene->unknown = scene->tokenizer->unknown;
    scene->bias = (tolka_sequence){&scene->unknown, 1, bias};
    tolka_model_generation(scene->fixture.model, &scene->generation);
    scene->generation.sequence_bias = &scene->bias;
    scene->generation.n_sequence_bias = 1;
    scene->generation.suppress_tokens = NULL;
    scene->generation.n_suppress_tokens = 0;
    scene->options = (tolka_options)TOLKA_OPTIONS_INIT;
    scene->options.generation = &scene->generation;
    scene->options.threads = 1;
    scene->options.max_length = 12;
    scene->options.no_guards = 1;
}

static void scene_close(struct scene *scene) {
    tolka_tokenizer_free(scene->tokenizer);
    fixture_close(&scene->fixture);
}

static void keep_one(void *user, size_t index, tolka_result *result) {
    (void)index;
    *(tolka_result **)user = result;
}

static tolka_result *translate(const struct scene *scene, const char *text) {
    tolka_text one = {text, strlen(text), NULL, 0};
    tolka_result *result = NULL;
    tolka_translator *translator = open_translator(scene->fixture.model, &scene->options);
    ck_assert_int_eq(
        tolka_translate_texts(translator, scene->tokenizer, &one, 1, keep_one, &result, NULL),
        TOLKA_OK);
    ck_assert_int_eq(tolka_result_status(result, NULL), TOLKA_OK);
    tolka_translator_free(translator);
    return result;
}

static size_t count(const char *text, const char *word) {
    size_t n = 0;
    for (; (text = strstr(text, word)); text += strlen(word)) n++;
    return n;
}

/* ---- where source ids stand ------------------------------------------------------------------ */

static void check_spans(const char *folder, const char *from, const char *to) {
    struct scene scene;
    scene_open(&scene, folder, from, to, 0);
    int32_t *ids, *same;
    tolka_span *spans;
    size_t n, n_same, n_unknown = 0;
    ck_assert_int_eq(
        tokenizer_spans(scene.tokenizer, source, strlen(source), &ids, &spans, &n, NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_tokenize(scene.tokenizer, source, strlen(source), &same, &n_same, NULL),
                     TOLKA_OK);
    ck_assert_uint_eq(n, n_same);
    ck_assert_int_eq(memcmp(ids, same, n * sizeof *ids), 0);
    for (size_t i = 0; i < n; i++) {
        if (ids[i] != scene.unknown) continue;
        const char *expected = n_unknown++ ? "€" : "日本";
        ck_assert_uint_eq(spans[i].length, strlen(expected));
        ck_assert_int_eq(memcmp(source + spans[i].start, expected, strlen(expected)), 0);
    }
    ck_assert_uint_eq(n_unknown, 2);
    free(ids);
    free(same);
    free(spans);
    scene_close(&scene);
}

START_TEST(unknown_stretches_are_found) {
    check_spans("marian", NULL, "de");
    check_spans("m2m100", "en", "de");
    check_spans("nllb-tiny", "en", "de");
}
END_TEST

/* ---- texts ----------------------------------------------------------------------------------- */

/* All of a translation is unknown: both stretches are copied once, with the blanks they had. */
START_TEST(copied_once_each) {
    struct scene scene;
    scene_open(&scene, "marian", NULL, "de", 60);
    tolka_result *result = translate(&scene, source);
    const char *text = tolka_result_text(result, 0, NULL);
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(result, 0, &n);
    ck_assert_uint_gt(n, 2);
    ck_assert_int_eq(tokens[0].id, scene.unknown); /* ids stay */
    ck_assert_ptr_null(strstr(text, "\xe2\x81\x87"));
    ck_assert_uint_le(count(text, "日本"), 1);
    ck_assert_uint_le(count(text, "€"), 1);
    ck_assert_uint_ge(count(text, "日本") + count(text, "€"), 1);
    ck_assert_ptr_null(strstr(text, "  "));
    ck_assert_ptr_null(strstr(text, "日本€"));
    tolka_result_free(result);
    result = translate(&scene, "Hello world."); /* nothing to copy */
    ck_assert_ptr_null(strstr(tolka_result_text(result, 0, NULL), "\xe2\x81\x87"));
    tolka_result_free(result);
    scene_close(&scene);
}
END_TEST

START_TEST(dropped_or_marked) {
    struct scene scene;
    scene_open(&scene, "marian", NULL, "de", 60);
    scene.options.unknown = TOLKA_UNKNOWN_DROP;
    tolka_result *result = translate(&scene, source);
    ck_assert_ptr_null(strstr(tolka_result_text(result, 0, NULL), "\xe2\x81\x87"));
    ck_assert_ptr_null(strstr(tolka_result_text(result, 0, NULL), "日本"));
    tolka_result_free(result);
    scene.options.unknown = TOLKA_UNKNOWN_MARK;
    result = translate(&scene, source);
    ck_assert_uint_ge(count(tolka_result_text(result, 0, NULL), "\xe2\x81\x87"), 3);
    tolka_result_free(result);
    scene.options.unknown = (tolka_unknown)3;
    tolka_translator *none;
    ck_assert_int_eq(tolka_translator_new(&none, scene.fixture.model, &scene.options, NULL),
                     TOLKA_ARGUMENT);
    scene_close(&scene);
}
END_TEST

/* With and without alignments, in all hypotheses. */
START_TEST(hypotheses_and_alignments) {
    struct scene scene;
    scene_open(&scene, "m2m100", "en", "de", 8);
    scene.options.beam = scene.options.n_best = 3;
    tolka_result *plain = translate(&scene, source);
    scene.options.want_alignments = 1;
    tolka_result *aligned = translate(&scene, source);
    size_t n_copied = 0;
    ck_assert_uint_eq(tolka_result_count(plain), 3);
    for (size_t k = 0; k < 3; k++) {
        const char *text = tolka_result_text(plain, k, NULL);
        ck_assert_str_eq(text, tolka_result_text(aligned, k, NULL));
        ck_assert_ptr_null(strstr(text, "\xe2\x81\x87"));
        n_copied += count(text, "日本") + count(text, "€");
        ck_assert_ptr_null(tolka_result_soft_alignment(plain, k, NULL, NULL));
    }
    ck_assert_uint_ge(n_copied, 2);
    tolka_result_free(plain);
    tolka_result_free(aligned);
    scene_close(&scene);
}
END_TEST

/* ---- streams --------------------------------------------------------------------------------- */

struct reader {
    char text[1000];
    size_t n;
};

static int read_text(void *user, const char *text, size_t length) {
    struct reader *reader = user;
    ck_assert_uint_lt(reader->n + length, sizeof reader->text);
    memcpy(reader->text + reader->n, text, length);
    reader->n += length;
    return 0;
}

START_TEST(streamed_text_is_the_same) {
    for (int how = 0; how < 3; how++) {
        struct scene scene;
        struct reader reader = {.n = 0};
        scene_open(&scene, "m2m100", "en", "de", 8);
        scene.options.unknown = (tolka_unknown)how;
        tolka_result *whole = translate(&scene, source), *streamed;
        tolka_text text = {source, strlen(source), NULL, 0};
        tolka_translator *translator = open_translator(scene.fixture.model, &scene.options);
        ck_assert_int_eq(tolka_stream_text(translator, scene.tokenizer, &text, read_text, &reader,
                                           &streamed, NULL),
                         TOLKA_OK);
        ck_assert_str_eq(reader.text, tolka_result_text(whole, 0, NULL));
        ck_assert_str_eq(reader.text, tolka_result_text(streamed, 0, NULL));
        ck_assert_int_eq(count(reader.text, "\xe2\x81\x87") > 0, how == TOLKA_UNKNOWN_MARK);
        tolka_result_free(whole);
        tolka_result_free(streamed);
        tolka_translator_free(translator);
        scene_close(&scene);
    }
}
END_TEST

START_TEST(every_allocation_may_fail) {
    struct scene scene;
    scene_open(&scene, "marian", NULL, "de", 60);
    tolka_translator *translator = open_translator(scene.fixture.model, &scene.options);
    char *whole, *text;
    ck_assert_int_eq(tolka_translate_text(translator, scene.tokenizer, source, &whole, NULL),
                     TOLKA_OK);
    long n = 1;
    for (bool failed = true; failed; n++) {
        allocations_fail_from(n);
        tolka_status status =
            tolka_translate_text(translator, scene.tokenizer, source, &text, NULL);
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

START_TEST(the_command_knows_three_ways) {
    struct ran ran = run("Hello.\n", "--to", "de", "--unknown", "keep");
    check_refusal(&ran, 2, "--unknown is \"keep\"|copy, drop or mark");
    char *a = output_of("Open your book to page 59.\n", "--to", "de", "-b", "1");
    char *b =
        output_of("Open your book to page 59.\n", "--to", "de", "-b", "1", "--unknown", "mark");
    ck_assert_ptr_nonnull(
        strstr(b, "\xe2\x81\x87")); /* this model cannot spell a capital O umlaut */
    ck_assert_ptr_null(strstr(a, "\xe2\x81\x87"));
    free(a);
    free(b);
}
END_TEST

Suite *unknown_suite(void) {
    Suite *suite = suite_create("unknown");
    TCase *texts = tcase_create("texts");
    tcase_set_timeout(texts, 60);
    tcase_add_test(texts, unknown_stretches_are_found);
    tcase_add_test(texts, copied_once_each);
    tcase_add_test(texts, dropped_or_marked);
    tcase_add_test(texts, hypotheses_and_alignments);
    tcase_add_test(texts, streamed_text_is_the_same);
    tcase_add_test(texts, every_allocation_may_fail);
    tcase_add_test(texts, the_command_knows_three_ways);
    suite_add_tcase(suite, texts);
    return suite;
}
