/* Documents that nobody wrote in good faith end in bounded time, with sane output or a clear line. */
#include "tests/check_formats.h"

#include "tests/allocations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const formats[] = {"lines", "text",  "markdown", "html", "srt",
                                      "vtt",   "tsv:2", "man",      NULL};

/* Repeats a pattern to n bytes, behind a beginning. */
static char *repeat(const char *beginning, const char *pattern, size_t n) {
    char *bytes = malloc(n + 1);
    size_t length = strlen(pattern), first = strlen(beginning);
    memcpy(bytes, beginning, first);
    for (size_t i = first; i < n; i++) bytes[i] = pattern[(i - first) % length];
    bytes[n] = 0;
    return bytes;
}

static void check_pattern(const char *format, const char *pattern, size_t n) {
    const char *beginning = strcmp(format, "vtt") == 0   ? "WEBVTT\n\n1\n00:00.000 --> 00:01.000\n"
                            : strcmp(format, "srt") == 0 ? "1\n00:00:00,000 --> 00:00:01,000\n"
                                                         : "";
    char *bytes = repeat(beginning, pattern, n);
    size_t n_out;
    char *out = put_all(format, bytes, n, AS_THEY_ARE, &n_out);
    ck_assert_uint_eq(n_out, n);
    ck_assert_int_eq(memcmp(out, bytes, n), 0);
    tolka_free(out);
    free(bytes);
}

START_TEST(patterns_without_end) {
    static const char *const patterns[] = {"<",
                                           "<b>",
                                           "<b>a ",
                                           "</b>",
                                           "<!--",
                                           "<a href=\"",
                                           "<p translate=no>",
                                           "<code>",
                                           "[",
                                           "![",
                                           "[a](",
                                           "*",
                                           "*a ",
                                           "**a_ ",
                                           "`",
                                           "``a` ",
                                           "> ",
                                           "- ",
                                           "|a",
                                           "&",
                                           "&amp;",
                                           "{",
                                           "${",
                                           "%",
                                           "\\",
                                           "\n",
                                           "a\n",
                                           "a b\n",
                                           "\t",
                                           "a\t",
                                           ".",
                                           "/.",
                                           "a@",
                                           "http:",
                                           "-->\n",
                                           "\"",
                                           "'",
                                           "~",
                                           "1. ",
                                           "#",
                                           "a-->\n",
                                           "{a}",
                                           "<script>a ",
                                           "-",
                                           "<i>a</i> ",
                                           ".B a\n",
                                           ".B a b\n",
                                           "\\fB",
                                           "\\fBa b ",
                                           "\\fBa b\\fR ",
                                           ".BR a \"",
                                           ".SH a\n",
                                           ".if \\{\n",
                                           ".de\n",
                                           ".B \"a b\"\nc\n",
                                           "a\\-b",
                                           "\\[",
                                           ".TP\n",
                                           "\\*[",
                                           "\\-"};
    for (size_t f = 0; formats[f]; f++)
        for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
            check_pattern(formats[f], patterns[i], 100000);
}
END_TEST

START_TEST(five_megabytes) {
    for (size_t f = 0; formats[f]; f++) {
        check_pattern(formats[f], "<", 5000000);
        check_pattern(formats[f], "<b>a</b> word ", 5000000);
    }
}
END_TEST

/* Translated, with tags as deep as they go. */
/* Every bracket begins a word, each of which goes on to the end of the text. */
START_TEST(words_without_end) {
    for (size_t f = 0; formats[f]; f++) check_pattern(formats[f], "[a](", 1000000);
}
END_TEST

START_TEST(deep_nesting) {
    for (size_t depth = 1; depth <= 10000; depth *= 10) {
        char *open = repeat("", "<i>", 3 * depth), *close = repeat("", "</i>", 4 * depth);
        char *page = malloc(7 * depth + 32);
        size_t n_out, n = (size_t)sprintf(page, "one %stwo%s three", open, close);
        char *out = put_all("html", page, n, REVERSED, &n_out);
        bool moved = strncmp(out, "three", 5) == 0;
        ck_assert_int_eq(moved, depth < 256);
        if (moved) ck_assert_uint_eq(n_out, n);
        free(open), free(close), free(page), tolka_free(out);
    }
}
END_TEST

/* ---- bytes that are no text ------------------------------------------------------------------ */

static void check_refused(const char *format, const char *bytes, size_t n, const char *says) {
    tolka_document *document;
    tolka_error err = {TOLKA_OK, ""};
    tolka_status status = tolka_document_new(&document, format, bytes, n, &err);
    ck_assert_int_ne(status, TOLKA_OK);
    ck_assert_ptr_null(document);
    ck_assert_msg(strstr(err.text, says) != NULL, "\"%s\" does not say \"%s\"", err.text, says);
}

START_TEST(documents_that_are_refused) {
    check_refused("html", "<p>one\ntwo \xe9t\xe9</p>", 16, "line 2: byte 0xe9 is not UTF-8");
    check_refused("text", "\xff\xfeH\0e\0", 6, "line 1: byte 0xff is not UTF-8");
    check_refused("vtt", "1\n00:00.000 --> 00:01.000\na\n", 28,
                  "line 1: WebVTT begins with WEBVTT");
    check_refused("po", "msgid \"a\"\nmsgstr \"\n", 19, "line 2: no string in quotes");
    check_refused("po", "\"a\"\n", 4, "line 1: a string without msgid or msgstr");
    check_refused("po", "msgid \"a\"\nmsgfoo \"b\"\n", 21, "line 2: a string without msgid");
    check_refused("po", "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=ISO-8859-1\\n\"\n",
                  65, "the catalogue is in ISO-8859-1");
    check_refused("man", ".\\\" no\n.Dd May 1\n", 18, "line 2: .Dd begins a page with mdoc macros");
    check_refused("docx", "", 0, "no format \"docx\"; expected lines, text, markdown");
    check_refused("tsv", "", 0, "tsv:COLUMN");
    check_refused("tsv:0", "", 0, "no format \"tsv:0\"");
    check_refused("tsv:1x", "", 0, "no format \"tsv:1x\"");
}
END_TEST

START_TEST(nul_bytes_stay) {
    static const char bytes[] = "One two\0three four.\n\n<p>Five six.</p>\n";
    for (size_t f = 0; formats[f]; f++) {
        size_t n_out;
        if (strcmp(formats[f], "vtt") == 0) continue;
        char *out = put_all(formats[f], bytes, sizeof bytes - 1, REVERSED, &n_out);
        ck_assert_ptr_nonnull(memchr(out, 0, n_out));
        tolka_free(out);
    }
}
END_TEST

START_TEST(nothing_in_nothing_out) {
    for (size_t f = 0; formats[f]; f++) {
        tolka_document *document;
        if (strcmp(formats[f], "vtt") == 0) continue;
        ck_assert_int_eq(tolka_document_new(&document, formats[f], "", 0, NULL), TOLKA_OK);
        ck_assert_uint_eq(tolka_document_count(document), 0);
        ck_assert_ptr_null(tolka_document_text(document, 0, NULL));
        ck_assert_uint_eq(tolka_document_line(document, 0), 0);
        ck_assert_ptr_null(tolka_document_problem(document, 0));
        ck_assert_int_eq(tolka_document_put(document, 0, NULL, NULL), TOLKA_ARGUMENT);
        tolka_document_free(document);
    }
    tolka_document_free(NULL);
}
END_TEST

/* ---- no memory ------------------------------------------------------------------------------- */

/* True if all went well. */
static bool try_document(const char *format, const char *bytes, size_t n, tolka_result *result) {
    tolka_document *document;
    char *out = NULL;
    size_t n_out;
    bool ok = tolka_document_new(&document, format, bytes, n, NULL) == TOLKA_OK;
    for (size_t i = 0; ok && i < tolka_document_count(document); i++) {
        tolka_status status = tolka_document_put(document, i, result, NULL);
        ok = status == TOLKA_OK || status == TOLKA_INPUT;
    }
    ok = ok && tolka_document_write(document, &out, &n_out, NULL) == TOLKA_OK;
    tolka_free(out);
    tolka_document_free(document);
    return ok;
}

START_TEST(memory_that_runs_out) {
    static const char page[] = "<p>One <b>two</b> three <i>four %s</i> five.</p>\n";
    static const char message[] = "msgid \"One %s two\"\nmsgstr \"\"\n";
    tolka_result *result = translation_of("eins zwei Tom drei", 18, "0-1 1-0 2-2 3-3");
    for (int which = 0; which < 3; which++) {
        const char *format = which == 0 ? "html" : which == 1 ? "markdown" : "po";
        const char *bytes = which == 2 ? message : page;
        bool ok = false;
        for (long i = 1; !ok; i++) {
            allocations_fail_from(i);
            ok = try_document(format, bytes, strlen(bytes), result);
            bool failed = allocations_failed();
            allocations_fail_from(0);
            ck_assert_msg(ok == !failed, "%s: allocation %ld", format, i);
            ck_assert_int_lt(i, 500);
        }
    }
    tolka_result_free(result);
}
END_TEST

TCase *formats_hostile_case(void) {
    TCase *hostile = tcase_create("hostile");
    tcase_set_timeout(hostile, 60);
    tcase_add_test(hostile, patterns_without_end);
    tcase_add_test(hostile, five_megabytes);
    tcase_add_test(hostile, words_without_end);
    tcase_add_test(hostile, deep_nesting);
    tcase_add_test(hostile, documents_that_are_refused);
    tcase_add_test(hostile, nul_bytes_stay);
    tcase_add_test(hostile, nothing_in_nothing_out);
    tcase_add_test(hostile, memory_that_runs_out);
    return hostile;
}
