/* Addresses, paths and placeholders in lines of text: the model sees stand-ins, and they come out byte
 * for byte, whatever it does with those. */
#include "tests/fixture.h"
#include "text/masks.h"
#include "text/protected_spans.h"

#include "tests/allocations.h"
#include "tests/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the model is shown ----------------------------------------------------------------- */

static const struct {
    const char *text, *shown;
    bool has_letters, has_words;
} lines[] = {
    {"See https://example.com/a?b=c, or ask info@example.com.", "See Tom, or ask Boston.", true,
     true},
    {"Tom wrote to a@example.com", "Tom wrote to Boston", true, true},
    {"%s has %d files in /usr/share/doc.", "Tom has 7 files in Boston.", true, true},
    {"Version 1.11.0 of ~/.profile", "Version 7 of Tom", true, true},
    {"https://example.com/", "Tom", false, true},
    {"<b>bold</b> move", "boldTom move", true, false}, /* </b> is glued to its word */
    {"http://a.org http://b.org http://c.org http://d.org http://e.org http://f.org now",
     "Tom Boston Paris Alex Linux  now", true, false},
};

START_TEST(stand_ins_are_shown) {
    struct masked *masked;
    const char *text = lines[_i].text;
    ck_assert_int_eq(mask_span(text, (tolka_span){0, strlen(text)}, &masked, NULL), TOLKA_OK);
    ck_assert_ptr_nonnull(masked);
    ck_assert_int_eq(masked->has_letters, lines[_i].has_letters);
    ck_assert_int_eq(masked->has_words, lines[_i].has_words);
    if (masked->has_words) ck_assert_str_eq(masked->text, lines[_i].shown);
    masked_free(masked);
}
END_TEST

/* Prose that looks a little like an address. */
START_TEST(prose_is_not_masked) {
    static const char *const prose[] = {
        "It is -5 degrees and/or 3 km/h.", "Yes/no.",          "50 % of us", "He said: \"Well...\"",
        "I have 3.5 $5 bills; 1/2 of it.", "A & B, a < b > c", "me @ home",  "-- he said --"};
    struct masked *masked;
    for (size_t i = 0; i < sizeof prose / sizeof *prose; i++) {
        ck_assert_int_eq(mask_span(prose[i], (tolka_span){0, strlen(prose[i])}, &masked, NULL),
                         TOLKA_OK);
        ck_assert_msg(!masked, "%s", prose[i]);
    }
}
END_TEST

/* What stood in their order before stands where the stand-ins are. */
START_TEST(addresses_are_put_back) {
    static const char text[] = "from a@b.org to https://c.org/";
    struct masked *masked;
    char *translation = malloc(64);
    size_t length;
    ck_assert_int_eq(mask_span(text, (tolka_span){0, strlen(text)}, &masked, NULL), TOLKA_OK);
    strcpy(translation, "nach Boston von Tom, dann");
    length = strlen(translation);
    ck_assert_uint_eq(masked_lost(masked, translation, length), 0);
    ck_assert_int_eq(masked_restore(masked, text, &translation, &length, NULL), TOLKA_OK);
    ck_assert_str_eq(translation, "nach https://c.org/ von a@b.org, dann");
    ck_assert_uint_eq(length, strlen(translation));
    ck_assert_uint_eq(masked_lost(masked, "Tom Tom, Bostons", 16), 2);
    ck_assert_uint_eq(masked_lost(masked, "Tom Boston Tomate", 17), 1);
    free(translation);
    masked_free(masked);
}
END_TEST

/* ---- translations ---------------------------------------------------------------------------- */

static const char *const sources[] = {
    "See https://example.com/a?b=c for more, or write to info@example.com.",
    "Hello! Run ./configure --prefix=/usr and look at src/main.c now.",
    "https://example.com/",
    "www.example.org is what I read. My name is {name}.",
    "The <b>bold</b> word in x<i>talic</i>",
    "one@a.org two@b.org three@c.org four@d.org five@e.org six@f.org wrote to me",
};

/* Each protected span of a source is in the translation, as often and in full. */
static void check_spans(const char *source, const char *translation) {
    size_t n = strlen(source), length, found = 0;
    for (size_t at = 0; at < n; at += length ? length : 1) {
        char span[64];
        length = protected_length(source, n, at);
        if (length == 0) continue;
        snprintf(span, sizeof span, "%.*s", (int)length, source + at);
        ck_assert_msg(strstr(translation, span), "\"%s\" is not in \"%s\"", span, translation);
        found++;
    }
    ck_assert_uint_gt(found, 0);
}

static void keep(void *user, size_t index, tolka_result *result) {
    ((tolka_result **)user)[index] = result;
}

struct translating {
    tolka_translator *translator;
    tolka_tokenizer *tokenizer;
    char streamed[4096];
};

static int take_streamed(void *user, const char *text, size_t length) {
    struct translating *translating = user;
    strncat(translating->streamed, text, length);
    return 0;
}

static void check_streamed(struct translating *translating, const tolka_text *text) {
    tolka_result *result;
    translating->streamed[0] = 0;
    ck_assert_int_eq(tolka_stream_text(translating->translator, translating->tokenizer, text,
                                       take_streamed, translating, &result, NULL),
                     TOLKA_OK);
    check_spans(text->source, translating->streamed);
    ck_assert_str_eq(translating->streamed, tolka_result_text(result, 0, NULL));
    tolka_result_free(result);
}

static void check_translations(const tolka_model *model, const char *from, const char *to,
                               const tolka_options *options) {
    enum { N = sizeof sources / sizeof *sources };
    struct translating translating = {.translator = open_translator(model, options)};
    tolka_text texts[N];
    tolka_result *results[N] = {NULL};
    ck_assert_int_eq(tolka_tokenizer_new(&translating.tokenizer, model, from, to, NULL), TOLKA_OK);
    for (size_t i = 0; i < N; i++)
        texts[i] = (tolka_text){.source = sources[i], .source_length = strlen(sources[i])};
    ck_assert_int_eq(tolka_translate_texts(translating.translator, translating.tokenizer, texts, N,
                                           keep, results, NULL),
                     TOLKA_OK);
    for (size_t i = 0; i < N; i++) {
        ck_assert_int_eq(tolka_result_status(results[i], NULL), TOLKA_OK);
        for (size_t k = 0; k < tolka_result_count(results[i]); k++)
            check_spans(sources[i], tolka_result_text(results[i], k, NULL));
        tolka_result_free(results[i]);
        if (options->n_best == 1) check_streamed(&translating, &texts[i]);
    }
    tolka_tokenizer_free(translating.tokenizer);
    tolka_translator_free(translating.translator);
}

START_TEST(addresses_come_out) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_model *model;
    options.beam = _i + 1;
    options.n_best = _i + 1;
    ck_assert_int_eq(tolka_model_open(&model, SHIPPED_MODEL, NULL), TOLKA_OK);
    check_translations(model, NULL, "fr", &options);
    tolka_model_free(model);
}
END_TEST

/* Random weights: every stand-in is lost. */
START_TEST(addresses_come_out_of_any_model) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    options.beam = 1;
    options.max_length = 12;
    check_translations(fixture.model, NULL, "de", &options);
    fixture_close(&fixture);
}
END_TEST

static const char *target_of(struct translating *translating, const tolka_text *text,
                             tolka_result **result) {
    ck_assert_int_eq(tolka_translate_texts(translating->translator, translating->tokenizer, text, 1,
                                           keep, result, NULL),
                     TOLKA_OK);
    return tolka_result_text(*result, 0, NULL);
}

/* Whichever allocation fails: there is a translation with its address, or there is none. */
START_TEST(memory_runs_out) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_model *model;
    struct translating translating;
    tolka_text text = {.source = "Ask <b>me</b> or a@b.org.", .source_length = 25};
    tolka_text shown = {.source = "Ask a@b.org.", .source_length = 12}; /* by a stand-in */
    bool failed = true;
    options.beam = 1;
    options.threads = 1;
    ck_assert_int_eq(tolka_model_open(&model, SHIPPED_MODEL, NULL), TOLKA_OK);
    ck_assert_int_eq(tolka_tokenizer_new(&translating.tokenizer, model, NULL, "de", NULL),
                     TOLKA_OK);
    translating.translator = open_translator(model, &options);
    tolka_result *result = NULL;
    ck_assert_ptr_nonnull(target_of(&translating, &text, &result));
    tolka_result_free(result);
    for (long n = 1; failed; n++) {
        result = NULL;
        allocations_fail_from(n);
        tolka_translate_texts(translating.translator, translating.tokenizer, &text, 1, keep,
                              &result, NULL);
        failed = allocations_failed();
        allocations_fail_from(0);
        const char *target = tolka_result_text(result, 0, NULL);
        ck_assert(!target || (strstr(target, "<b>") && strstr(target, "a@b.org")));
        ck_assert(target || failed);
        tolka_result_free(result);
        allocations_fail_from(n);
        translating.streamed[0] = 0;
        tolka_status status = tolka_stream_text(translating.translator, translating.tokenizer,
                                                &shown, take_streamed, &translating, &result, NULL);
        failed |= allocations_failed();
        allocations_fail_from(0);
        ck_assert(status == TOLKA_OK || failed);
        tolka_result_free(result);
    }
    tolka_tokenizer_free(translating.tokenizer);
    tolka_translator_free(translating.translator);
    tolka_model_free(model);
}
END_TEST

Suite *masks_suite(void) {
    Suite *suite = suite_create("masks");
    TCase *shown = tcase_create("shown"), *translated = tcase_create("translated");
    tcase_add_loop_test(shown, stand_ins_are_shown, 0, sizeof lines / sizeof *lines);
    tcase_add_test(shown, prose_is_not_masked);
    tcase_add_test(shown, addresses_are_put_back);
    tcase_add_loop_test(translated, addresses_come_out, 0, 2);
    tcase_add_test(translated, addresses_come_out_of_any_model);
    tcase_add_test(translated, memory_runs_out);
    suite_add_tcase(suite, shown);
    suite_add_tcase(suite, translated);
    return suite;
}
