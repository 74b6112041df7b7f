/* Texts of several sentences: where they are cut, that the whole is what its parts are, and that a
 * text of any length is translated in time. */
#define _POSIX_C_SOURCE 200809L
#include "tests/allocations.h"
#include "tests/fixture.h"
#include "tests/suites.h"
#include "text/clauses.h"
#include "tools/bench_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- sentences ------------------------------------------------------------------------------- */

/* The sentences of a text with a bar between them. */
static char *split(const char *text, const char *language) {
    tolka_span *spans;
    size_t n, length = 0;
    char *out = calloc(1, 2 * strlen(text) + 2);
    ck_assert_int_eq(tolka_split_text(text, strlen(text), language, &spans, &n, NULL), TOLKA_OK);
    for (size_t i = 0; i < n; i++) {
        if (i > 0) out[length++] = '|';
        memcpy(out + length, text + spans[i].start, spans[i].length);
        length += spans[i].length;
    }
    tolka_free(spans);
    return out;
}

static const struct {
    const char *language, *text, *sentences;
} texts[] = {
    {"en", "Hello. How are you?  I am fine!", "Hello.|How are you?|I am fine!"},
    {"en", "Dr. Smith met Mr. Jones at 5 p.m. He left.",
     "Dr. Smith met Mr. Jones at 5 p.m. He left."},
    {"en", "J. R. R. Tolkien wrote it. So do I. But why?",
     "J. R. R. Tolkien wrote it.|So do I.|But why?"},
    {"en", "It costs 3.50 euros, e.g. here. See example.com/a?b=c for more.",
     "It costs 3.50 euros, e.g. here.|See example.com/a?b=c for more."},
    {"en", "\"Where is it?\" she asked. (Nobody knew.) Well...",
     "\"Where is it?\" she asked.|(Nobody knew.)|Well..."},
    {"en", "  - First. Second.\n  * Third\n12. Fourth. Fifth.\n",
     "First.|Second.|Third|Fourth.|Fifth."},
    {"en", "One line\nanother line\r\n\r\nand one more", "One line|another line|and one more"},
    {"en", "What?! * Yes. 2024. * * 12:30. No? no.", "What?!|Yes.|No? no."},
    {"en", "He came in chapter 12. She left.", "He came in chapter 12.|She left."},
    {"de", "Er kam am 3. Mai. Sie ging.", "Er kam am 3. Mai.|Sie ging."},
    {"deu_Latn", "Das ist z. B. gut, d. h. billig. Ca. 5 kg bzw. Nr. 7.",
     "Das ist z. B. gut, d. h. billig.|Ca. 5 kg bzw. Nr. 7."},
    {">>deu<<", "Am 24. Dezember 1990. Danach nicht.", "Am 24. Dezember 1990.|Danach nicht."},
    {"fr", "M. Dupont est l\xc3\xa0. O\xc3\xb9 est-elle ? Ici !",
     "M. Dupont est l\xc3\xa0.|O\xc3\xb9 est-elle ?|Ici !"},
    {"__ja__", "今日は。元気ですか？はい！", "今日は。|元気ですか？|はい！"},
    {"zh", "他说：“你好。”我走了。", "他说：“你好。”|我走了。"},
    {"el", "Πού είναι; Εδώ.", "Πού είναι;|Εδώ."},
    {"hi", "यह अच्छा है। वह गया।", "यह अच्छा है।|वह गया।"},
    {NULL, "One. Two.", "One.|Two."},
    {"no such language", "One. Two.", "One.|Two."},
    {"abcdefghijkl", "One. Two.", "One.|Two."}, /* as long as ICU's longest code and its NUL */
    {"en", "", ""},
    {"en", " \t\n", ""},
    {"en", "--- *** !!! \xf0\x9f\x98\x80", ""},
    {"en", "\xff\xfe bad. Bytes \xc3", "\xff\xfe bad.|Bytes \xc3"},
};

START_TEST(sentences_are_found) {
    char *found = split(texts[_i].text, texts[_i].language);
    ck_assert_str_eq(found, texts[_i].sentences);
    free(found);
}
END_TEST

/* ---- clauses --------------------------------------------------------------------------------- */

static void check_cut(const char *text, const char *first) {
    size_t at = clause_cut(text, strlen(text));
    ck_assert_msg(at == strlen(first) && memcmp(text, first, at) == 0, "%.*s|%s", (int)at, text,
                  text + at);
}

START_TEST(clauses_are_cut) {
    check_cut("I came; I saw, I won", "I came;");
    check_cut("When it rains, we stay at home", "When it rains,");
    check_cut("It costs 3,50 euros today, but not tomorrow", "It costs 3,50 euros today,");
    check_cut("one two three four", "one two");
    check_cut("aaaaaaaa", "aaaa");
    check_cut("我们今天去，你们明天去", "我们今天去，");
    check_cut("ab a\xcc\x80\xcc\x80\xcc\x80\xcc\x80 b", "ab"); /* a with four accents */
    check_cut("a\xcc\x80", "");
    check_cut("x", "");
    check_cut("", "");
    /* A family of three, joined, is one character, and so is a flag. */
    check_cut("\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7", "");
    check_cut("\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa", "");
}
END_TEST

/* ---- translations ---------------------------------------------------------------------------- */

struct scene {
    tolka_model *model;
    tolka_tokenizer *tokenizer;
    tolka_translator *translator;
};

static struct scene scene_open(const tolka_options *options) {
    struct scene scene = {NULL, NULL, NULL};
    ck_assert_int_eq(tolka_model_open(&scene.model, SHIPPED_MODEL, NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_tokenizer_new(&scene.tokenizer, scene.model, NULL, "de", NULL),
                     TOLKA_OK);
    scene.translator = open_translator(scene.model, options);
    return scene;
}

static void scene_close(struct scene *scene) {
    tolka_translator_free(scene->translator);
    tolka_tokenizer_free(scene->tokenizer);
    tolka_model_free(scene->model);
}

static void keep(void *user, size_t index, tolka_result *result) {
    ((tolka_result **)user)[index] = result;
}

static tolka_result *translate(const struct scene *scene, const char *source) {
    tolka_text text = {.source = source, .source_length = strlen(source)};
    tolka_result *result = NULL;
    ck_assert_int_eq(
        tolka_translate_texts(scene->translator, scene->tokenizer, &text, 1, keep, &result, NULL),
        TOLKA_OK);
    ck_assert_int_eq(tolka_result_status(result, NULL), TOLKA_OK);
    return result;
}

static const char paragraph[] =
    "\t- The weather is nice today.  Where did you put the keys? * I forgot my umbrella!\r\n"
    "\r\nNobody knows. * 2. Please wait here. ";

/* Each part of the whole is what it is alone, in its place. */
START_TEST(the_whole_is_its_parts) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.n_best = 2;
    options.beam = 3;
    options.want_alignments = 1;
    struct scene scene = scene_open(&options);
    tolka_result *whole = translate(&scene, paragraph);
    size_t n_parts = tolka_result_parts(whole), at[2] = {0, 0}, n_source, n_sources = 0;
    ck_assert_uint_eq(n_parts, 5);
    for (size_t i = 0; i < n_parts; i++) {
        tolka_span span;
        const tolka_result *part = tolka_result_part(whole, i, &span);
        char *source = strndup(paragraph + span.start, span.length);
        tolka_result *alone = translate(&scene, source);
        for (size_t k = 0; k < 2; k++) {
            const char *text = tolka_result_text(whole, k, NULL);
            const char *found = strstr(text + at[k], tolka_result_text(alone, k, NULL));
            ck_assert_msg(found != NULL, "%s not in %s", tolka_result_text(alone, k, NULL), text);
            at[k] = (size_t)(found - text) + strlen(tolka_result_text(alone, k, NULL));
            ck_assert_str_eq(tolka_result_text(part, k, NULL), tolka_result_text(alone, k, NULL));
            ck_assert_float_eq(tolka_result_score(part, k), tolka_result_score(alone, k));
        }
        tolka_result_source(alone, &n_source);
        n_sources += n_source;
        tolka_result_free(alone);
        free(source);
    }
    tolka_result_source(whole, &n_source);
    ck_assert_uint_eq(n_source, n_sources);
    ck_assert_int_eq(strncmp(tolka_result_text(whole, 0, NULL), "\t- ", 3), 0);
    ck_assert_ptr_nonnull(strstr(tolka_result_text(whole, 0, NULL), "!\r\n\r\n"));
    ck_assert_ptr_nonnull(strstr(tolka_result_text(whole, 0, NULL), " * 2. "));
    ck_assert_ptr_null(tolka_result_part(whole, n_parts, NULL));
    tolka_result_free(whole);
    scene_close(&scene);
}
END_TEST

static size_t count_words(const char *text) {
    size_t n = 0;
    for (size_t i = 0; text[i]; i++)
        n += !strchr(" \t\r\n", text[i]) && (i == 0 || strchr(" \t\r\n", text[i - 1]));
    return n;
}

/* Word links of the whole are the parts', moved by the words before them. */
START_TEST(words_are_counted_in_the_whole) {
    static const char text[] = "- Hello. * How are you? 3. Good morning.";
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.want_alignments = 1;
    struct scene scene = scene_open(&options);
    tolka_result *whole = translate(&scene, text);
    const char *translation = tolka_result_text(whole, 0, NULL);
    size_t n, i = 0;
    const tolka_link *links = tolka_result_word_alignment(whole, 0, &n);
    for (size_t p = 0; p < tolka_result_parts(whole); p++) {
        tolka_span span;
        size_t n_own;
        const tolka_result *part = tolka_result_part(whole, p, &span);
        const tolka_link *own = tolka_result_word_alignment(part, 0, &n_own);
        char *before = strndup(text, span.start);
        const char *found = strstr(translation, tolka_result_text(part, 0, NULL));
        char *before_target = strndup(translation, (size_t)(found - translation));
        for (size_t k = 0; k < n_own; k++, i++) {
            ck_assert_uint_lt(i, n);
            ck_assert_uint_eq(links[i].source, own[k].source + count_words(before));
            ck_assert_uint_eq(links[i].target, own[k].target + count_words(before_target));
        }
        free(before);
        free(before_target);
    }
    ck_assert_uint_eq(i, n);
    ck_assert_uint_gt(n, 5);
    tolka_result_free(whole);
    scene_close(&scene);
}
END_TEST

START_TEST(scores_are_of_all_tokens) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = 2;
    for (int penalty = 0; penalty < 3; penalty++) {
        options.length_penalty = (float)penalty / 2;
        struct scene scene = scene_open(&options);
        tolka_result *whole = translate(&scene, paragraph);
        size_t n;
        double sum = 0;
        const tolka_token *tokens = tolka_result_tokens(whole, 0, &n);
        for (size_t i = 0; i < n; i++) sum += (double)tokens[i].log_prob;
        ck_assert_double_eq_tol((double)tolka_result_score(whole, 0),
                                sum / pow((double)n, penalty / 2.0), 1e-4);
        tolka_result_free(whole);
        scene_close(&scene);
    }
}
END_TEST

START_TEST(a_text_is_not_split_unless_asked) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.split = TOLKA_SPLIT_NEVER;
    struct scene scene = scene_open(&options);
    tolka_result *whole = translate(&scene, "Hello. How are you?");
    int32_t *ids;
    size_t n, n_source;
    ck_assert_int_eq(tolka_tokenize(scene.tokenizer, "Hello. How are you?", 19, &ids, &n, NULL),
                     TOLKA_OK);
    const int32_t *source = tolka_result_source(whole, &n_source);
    ck_assert_uint_eq(n_source, n);
    ck_assert_mem_eq(source, ids, n * sizeof *ids);
    ck_assert_uint_eq(tolka_result_parts(whole), 0);
    tolka_free(ids);
    tolka_result_free(whole);
    scene_close(&scene);
}
END_TEST

/* T5 reads a task and its text as one; a caller who knows better may say so. */
START_TEST(text_to_text_models_see_all) {
    struct fixture fixture = fixture_open("t5", DTYPE_F32);
    tolka_tokenizer *tokenizer;
    tolka_options options = TOLKA_OPTIONS_INIT;
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, fixture.model, NULL, NULL, NULL), TOLKA_OK);
    for (int split = TOLKA_SPLIT_DEFAULT; split <= TOLKA_SPLIT_ALWAYS; split++) {
        options.split = (tolka_split)split;
        struct scene scene = {fixture.model, tokenizer, open_translator(fixture.model, &options)};
        tolka_result *result = translate(&scene, "summarize: One. Two. Three.");
        ck_assert_uint_eq(tolka_result_parts(result), split == TOLKA_SPLIT_ALWAYS ? 3 : 0);
        tolka_result_free(result);
        tolka_translator_free(scene.translator);
    }
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

/* A language that the text itself names is meant for all of it. */
START_TEST(tags_are_for_all_parts) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    struct scene scene = scene_open(&options);
    tolka_result *tagged = translate(&scene, ">>fra<< Good morning. Where is the dog?");
    tolka_tokenizer *french;
    ck_assert_int_eq(tolka_tokenizer_new(&french, scene.model, NULL, "fr", NULL), TOLKA_OK);
    struct scene plain = {scene.model, french, scene.translator};
    tolka_result *untagged = translate(&plain, "Good morning. Where is the dog?");
    ck_assert_str_eq(tolka_result_text(tagged, 0, NULL), tolka_result_text(untagged, 0, NULL));
    ck_assert_uint_eq(tolka_result_parts(tagged), 2);
    tolka_result_free(tagged);
    tolka_result_free(untagged);
    tolka_tokenizer_free(french);
    scene_close(&scene);
}
END_TEST

/* ---- long texts ------------------------------------------------------------------------------ */

/* What is longer than the model is good at is cut, and no part is longer. */
static void check_lengths(const char *source, int max_source) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.max_source = max_source;
    options.beam = 1;
    options.max_length = 8;
    struct scene scene = scene_open(&options);
    tolka_result *whole = translate(&scene, source);
    size_t n, end = 0;
    ck_assert_uint_gt(tolka_result_parts(whole), strlen(source) / 64 / (size_t)max_source);
    for (size_t i = 0; i < tolka_result_parts(whole); i++) {
        tolka_span span;
        tolka_result_source(tolka_result_part(whole, i, &span), &n);
        ck_assert_uint_le(n, (size_t)max_source + 2); /* the language, the end */
        ck_assert_uint_ge(span.start, end);
        for (; end < span.start; end++) ck_assert_int_eq(source[end], ' ');
        end = span.start + span.length;
        ck_assert_int_ne(source[end] & 0xc0, 0x80);
    }
    ck_assert_uint_eq(end, strlen(source));
    tolka_result_free(whole);
    scene_close(&scene);
}

START_TEST(no_part_is_too_long) {
    char long_text[16384] = "";
    for (size_t i = 0, at = 0; i < 80; i++) {
        const char *sentence = bench_sentences[i % 40];
        at += (size_t)sprintf(long_text + at, "%s%.*s", i ? ", and " : "",
                              (int)strlen(sentence) - 1, sentence);
    }
    check_lengths(long_text, 12);
    check_lengths(long_text, 40);
    for (size_t i = 0; i < 4000; i++) strcpy(long_text + 3 * i, "\xe4\xbd\xa0");
    check_lengths(long_text, 50);
    memset(long_text, 'x', 9000);
    long_text[9000] = 0;
    check_lengths(long_text, 30);
    for (size_t i = 0; i < 2000; i++) strcpy(long_text + 1 + 2 * i, "\xcc\x80"); /* one letter */
    check_lengths(long_text, 70);
}
END_TEST

/* A character of more bytes than a part may have stays whole. */
START_TEST(what_has_no_place_to_cut_stays_whole) {
    char joined[128] = "\xe4\xbd\xa0";
    for (size_t i = 0; i < 12; i++) strcat(joined, "\xe2\x80\x8d\xe4\xbd\xa0");
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.max_source = 1;
    options.max_length = 8;
    struct scene scene = scene_open(&options);
    tolka_result *whole = translate(&scene, joined);
    size_t n;
    tolka_result_source(whole, &n);
    ck_assert_uint_eq(tolka_result_parts(whole), 0);
    ck_assert_uint_gt(n, 13);
    tolka_result_free(whole);
    scene_close(&scene);
}
END_TEST

/* ---- allocations ----------------------------------------------------------------------------- */

static void count_text(void *user, size_t index, tolka_result *result) {
    (void)index;
    *(size_t *)user +=
        strlen(tolka_result_text(result, 0, NULL) ? tolka_result_text(result, 0, NULL) : "");
    tolka_result_free(result);
}

/* Whichever allocation fails: there is a translation or there is none, and nothing is left. */
START_TEST(memory_runs_out) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    options.beam = 1;
    options.want_alignments = 1;
    struct scene scene = scene_open(&options);
    tolka_text text = {.source = "Hello. - How are you?", .source_length = 21};
    size_t whole = 0, length;
    bool failed = true;
    ck_assert_int_eq(tolka_translate_texts(scene.translator, scene.tokenizer, &text, 1, count_text,
                                           &whole, NULL),
                     TOLKA_OK);
    for (long n = 1; failed; n++) {
        length = 0;
        allocations_fail_from(n);
        tolka_status status = tolka_translate_texts(scene.translator, scene.tokenizer, &text, 1,
                                                    count_text, &length, NULL);
        failed = allocations_failed();
        allocations_fail_from(0);
        ck_assert_msg(length == 0 || length == whole, "%zu of %zu bytes", length, whole);
        ck_assert(failed || (status == TOLKA_OK && length == whole));
    }
    scene_close(&scene);
}
END_TEST

Suite *sentences_suite(void) {
    Suite *suite = suite_create("sentences");
    TCase *parts = tcase_create("parts"), *whole = tcase_create("whole");
    tcase_add_loop_test(parts, sentences_are_found, 0, sizeof texts / sizeof *texts);
    tcase_add_test(parts, clauses_are_cut);
    tcase_add_test(whole, the_whole_is_its_parts);
    tcase_add_test(whole, words_are_counted_in_the_whole);
    tcase_add_test(whole, scores_are_of_all_tokens);
    tcase_add_test(whole, a_text_is_not_split_unless_asked);
    tcase_add_test(whole, text_to_text_models_see_all);
    tcase_add_test(whole, tags_are_for_all_parts);
    tcase_add_test(whole, no_part_is_too_long);
    tcase_add_test(whole, what_has_no_place_to_cut_stays_whole);
    tcase_add_test(whole, memory_runs_out);
    suite_add_tcase(suite, parts);
    suite_add_tcase(suite, whole);
    return suite;
}
