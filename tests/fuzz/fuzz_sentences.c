/* Sentences: spans in order, in bounds, between whole characters, with nothing but white space and
 * marks left out; and the same for the clauses that a long one is cut into. */
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/named_text.h"

#include "engine/tolka.h"
#include "text/clauses.h"
#include "tokenizer/utf8.h"

#include <string.h>

/* Does a character begin at `at`? Of what is no UTF-8 nobody can tell. */
static bool is_boundary(const struct named_text *text, size_t at) {
    return at == text->n || (text->bytes[at] & 0xc0) != 0x80;
}

static void check_spans(const struct named_text *text, const tolka_span *spans, size_t n) {
    bool clean = utf8_is_clean((const char *)text->bytes, text->n);
    size_t end = 0;
    for (size_t i = 0; i < n; i++) {
        must(spans[i].start >= end && spans[i].length > 0, "sentences are in order, and not empty");
        must(spans[i].start <= text->n && spans[i].length <= text->n - spans[i].start,
             "sentences are in the text");
        end = spans[i].start + spans[i].length;
        must(!clean || (is_boundary(text, spans[i].start) && is_boundary(text, end)),
             "sentences are whole characters");
    }
}

static bool is_letter(uint8_t byte) {
    return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

/* Two letters are somebody's; one may be a bullet, as in "a) ". */
static void check_letters(const struct named_text *text, const tolka_span *spans, size_t n) {
    for (size_t at = 0, i = 0; at + 1 < text->n; at++) {
        while (i < n && spans[i].start + spans[i].length <= at) i++;
        if (is_letter(text->bytes[at]) && is_letter(text->bytes[at + 1]))
            must(i < n && spans[i].start <= at, "every word is in a sentence");
    }
}

static void cut_clauses(const char *text, size_t n) {
    bool clean = utf8_is_clean(text, n);
    for (size_t left = n; left > 0;) {
        size_t at = clause_cut(text + n - left, left);
        must(at < left, "a clause is shorter than what it is cut from");
        if (at == 0) break;
        must(!clean || ((uint8_t)text[n - left + at] & 0xc0) != 0x80,
             "clauses are whole characters");
        left -= at;
    }
}

static void run(const uint8_t *bytes, size_t n) {
    struct named_text text;
    tolka_span *spans, *again;
    size_t n_spans, n_again;
    if (!named_text(&text, bytes, n)) return;
    const char *language = text.name[0] ? text.name : NULL, *from = (const char *)text.bytes;
    must(tolka_split_text(from, text.n, language, &spans, &n_spans, NULL) == TOLKA_OK,
         "every text has sentences");
    must(tolka_split_text(from, text.n, language, &again, &n_again, NULL) == TOLKA_OK &&
             n_again == n_spans && memcmp(spans, again, n_spans * sizeof *spans) == 0,
         "and always the same");
    check_spans(&text, spans, n_spans);
    check_letters(&text, spans, n_spans);
    cut_clauses(from, text.n);
    tolka_free(spans);
    tolka_free(again);
}

static void change_sentences(struct chance *chance, const char *language, struct blob *text) {
    static const char *const words[] = {". ",
                                        "! ",
                                        "? ",
                                        "...",
                                        "\xe2\x80\xa6",
                                        "\xe3\x80\x82",
                                        "\n",
                                        "\n\n",
                                        "\r\n",
                                        "\"",
                                        "(",
                                        ")",
                                        " - ",
                                        "Dr. ",
                                        "z. B. ",
                                        "3. ",
                                        "a",
                                        "A",
                                        "e.g. ",
                                        ", ",
                                        "; ",
                                        ": ",
                                        "* ",
                                        "\xc2\xa0",
                                        "\xe2\x80\xa8",
                                        "\xcc\x81",
                                        "\xe2\x80\x8d",
                                        "\xf0\x9f\x91\xa9",
                                        "\xe0\xa5\xa4",
                                        "\xd8\x9f",
                                        "\xef\xbc\x81",
                                        "\xe4\xbd\xa0",
                                        "\xed\xa0\x80",
                                        "\xff",
                                        "p.m. ",
                                        "J. R. ",
                                        NULL};
    (void)language;
    change_text(chance, text, words);
}

static void change(struct chance *chance, struct blob *input) {
    change_named(chance, input, change_sentences);
}

const struct fuzz_target fuzz_sentences = {"sentences", run, change, 2048, false};
