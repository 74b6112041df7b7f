/* Documents: what is no text stays byte for byte, and tags and protected spans come out once, in
 * their places. */
#include "tests/check_formats.h"

#include "text/protected_spans.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- bytes ----------------------------------------------------------------------------------- */

/* A catalogue's messages are put where nothing was: those are compared in check_formats_parsers.c. */
static void check_same(const struct fixture_document *fixture, const char *bytes, size_t n) {
    for (enum how how = AS_THEY_ARE; how <= THE_SAME; how++) {
        size_t n_out;
        char *out = put_all(fixture->format, bytes, n, how, &n_out);
        bool filled = how == THE_SAME && strcmp(fixture->name, "hello.pot") == 0;
        ck_assert_msg(filled || (n_out == n && memcmp(out, bytes, n) == 0), "%s is another file",
                      fixture->name);
        tolka_free(out);
    }
}

static char *with_crlf(const char *bytes, size_t n, size_t *n_out) {
    char *out = malloc(2 * n + 1);
    *n_out = 0;
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\r') continue;
        if (bytes[i] == '\n') out[(*n_out)++] = '\r';
        out[(*n_out)++] = bytes[i];
    }
    return out;
}

START_TEST(translations_that_change_nothing) {
    for (const struct fixture_document *fixture = fixture_documents; fixture->name; fixture++) {
        size_t n, n_crlf;
        char *bytes = read_document(fixture->name, &n), *crlf = with_crlf(bytes, n, &n_crlf);
        check_same(fixture, bytes, n);
        check_same(fixture, crlf, n_crlf);
        free(bytes), free(crlf);
    }
}
END_TEST

START_TEST(line_ends_are_the_documents) {
    for (const struct fixture_document *fixture = fixture_documents; fixture->name; fixture++) {
        size_t n, n_crlf, n_out;
        char *bytes = read_document(fixture->name, &n), *crlf = with_crlf(bytes, n, &n_crlf);
        char *out = put_all(fixture->format, crlf, n_crlf, REVERSED, &n_out);
        for (size_t i = 0; i < n_out; i++)
            if (out[i] == '\n')
                ck_assert_msg(i > 0 && out[i - 1] == '\r', "%s: a bare newline", fixture->name);
        free(bytes), free(crlf), tolka_free(out);
    }
}
END_TEST

/* ---- protected spans ------------------------------------------------------------------------- */

/* The spans of a text, with | between them. */
static void list_spans(const char *text, char *out) {
    size_t n = strlen(text), at = 0;
    for (size_t i = 0, length; i < n; i += length ? length : 1) {
        length = protected_length(text, n, i);
        if (length == 0) continue;
        if (at) out[at++] = '|';
        memcpy(out + at, text + i, length);
        at += length;
    }
    out[at] = 0;
}

START_TEST(spans_that_are_protected) {
    static const char *const cases[][2] = {
        {"The file %s has %d lines.", "%s|%d"},
        {"%1$s of %2$.3f, %-5.2f, %*d, %lu and %%", "%1$s|%2$.3f|%-5.2f|%*d|%lu|%%"},
        {"%(name)s is %(size)5d", "%(name)s|%(size)5d"},
        {"Copying %1 of %2", "%1|%2"},
        {"50 % of 100% done, 20%.", ""},
        {"{name}, {0}, {}, {x:.2f}", "{name}|{0}|{}|{x:.2f}"},
        {"{{ user.name }} has ${count} in $HOME, for $5", "{{ user.name }}|${count}|$HOME"},
        {"a {set of words} in braces", ""},
        {"Press <0>here</0> or <b>there</b>; a < b > c", "<0>|</0>|<b>|</b>"},
        {"See https://example.org/a_(b)?c=d&e=f, or (http://x.org/).",
         "https://example.org/a_(b)?c=d&e=f|http://x.org/"},
        {"www.debian.org is there", "www.debian.org"},
        {"Write to first.last+tag@mail.example.org.", "first.last+tag@mail.example.org"},
        {"@name and a@b are none", ""},
        {"Edit /etc/fstab, ~/.profile, ./configure or src/main.c",
         "/etc/fstab|~/.profile|./configure|src/main.c"},
        {"and/or, he/she, 1/2, either/or", ""},
        {"Use --help, -v or --greeting=TEXT.", "--help|-v|--greeting=TEXT"},
        {"a well-known thing - really -- yes", ""},
        {"Call `free(x)` or get_name or main() now", "`free(x)`|get_name|main()"},
        {"Non&nbsp;breaking &#160;", "&nbsp;|&#160;"},
        {"Version 1.11.0, or 2.5, at 10.30.", "1.11.0"},
        {"As noted[^1].", "[^1]"},
        {"Sie sind größer als %s.", "%s"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char spans[500];
        list_spans(cases[i][0], spans);
        ck_assert_str_eq(spans, cases[i][1]);
    }
}
END_TEST

/* ---- the suite ------------------------------------------------------------------------------- */

Suite *formats_suite(void) {
    Suite *suite = suite_create("formats");
    TCase *bytes = tcase_create("bytes");
    tcase_add_test(bytes, translations_that_change_nothing);
    tcase_add_test(bytes, line_ends_are_the_documents);
    tcase_add_test(bytes, spans_that_are_protected);
    suite_add_tcase(suite, bytes);
    suite_add_tcase(suite, formats_texts_case());
    suite_add_tcase(suite, formats_parsers_case());
    suite_add_tcase(suite, formats_hostile_case());
    suite_add_tcase(suite, formats_command_case());
    return suite;
}
