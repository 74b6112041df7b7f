/* Documents in all formats: translated into themselves, they are the same byte for byte (a catalogue
 * has the same messages); translated into anything else, they are documents still. */
#include "tests/translations.h"

#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/named_text.h"

#include <string.h>

/* Puts all texts; true if all of them were taken. */
static bool put_texts(tolka_document *document, enum how how) {
    bool all = true;
    for (size_t i = 0; i < tolka_document_count(document); i++) {
        tolka_status status = TOLKA_INPUT;
        for (int attempt = 0; attempt < 3 && status == TOLKA_INPUT; attempt++) {
            size_t n;
            const char *text = tolka_document_text(document, i, &n);
            must(text && text[n] == 0, "a text ends with a NUL");
            tolka_result *result =
                how == REVERSED ? translation_reversed(text, n) : translation_of(text, n, NULL);
            status = tolka_document_put(document, i, result, NULL);
            tolka_result_free(result);
        }
        all &= status == TOLKA_OK;
        must(tolka_document_line(document, i) > 0, "a text has a line");
    }
    return all;
}

static void check_identity(const char *format, const struct named_text *text) {
    tolka_document *document = NULL, *again = NULL;
    size_t n;
    if (tolka_document_new(&document, format, text->bytes, text->n, NULL) != TOLKA_OK) return;
    char *out = written(document, &n);
    must(n == text->n && memcmp(out, text->bytes, n) == 0, "without translations nothing changes");
    tolka_free(out);
    bool all = put_texts(document, THE_SAME);
    must(all, "a text may be its own translation");
    out = written(document, &n);
    if (strcmp(format, "po") != 0) {
        must(n == text->n && memcmp(out, text->bytes, n) == 0,
             "a document translated into itself is the same");
    } else {
        must(tolka_document_new(&again, format, out, n, NULL) == TOLKA_OK,
             "a catalogue with its translations is one still");
        tolka_document_free(again);
    }
    tolka_free(out);
    tolka_document_free(document);
}

static void check_reversed(const char *format, const struct named_text *text) {
    tolka_document *document = NULL, *again = NULL;
    size_t n;
    if (tolka_document_new(&document, format, text->bytes, text->n, NULL) != TOLKA_OK) return;
    put_texts(document, REVERSED);
    char *out = written(document, &n);
    must(tolka_document_new(&again, format, out, n, NULL) == TOLKA_OK,
         "a translated document is one of its format");
    tolka_free(out);
    tolka_document_free(again);
    tolka_document_free(document);
}

static void run(const uint8_t *bytes, size_t n) {
    struct named_text text;
    tolka_document *document = NULL;
    if (!named_text(&text, bytes, n)) return;
    tolka_error err = {TOLKA_OK, ""};
    tolka_status status = tolka_document_new(&document, text.name, text.bytes, text.n, &err);
    must(status == TOLKA_OK || (err.status == status && err.text[0]), "an error has a reason");
    tolka_document_free(document);
    if (status != TOLKA_OK) return;
    check_identity(text.name, &text);
    check_reversed(text.name, &text);
}

/* ---- changes --------------------------------------------------------------------------------- */

static const char *const words[] = {"\n",
                                    "\n\n",
                                    "\r\n",
                                    " ",
                                    "\t",
                                    "  ",
                                    "a",
                                    "One two. ",
                                    "\xc3\xbc",
                                    "\xe4\xb8\xad",
                                    "\xf0\x9f\x98\x80",
                                    "\xc2\xa0",
                                    "\xe2\x80\xa8",
                                    "\xef\xbb\xbf",
                                    "%s",
                                    "{0}",
                                    "${x}",
                                    "https://a.b/c",
                                    "a@b.c",
                                    "--x",
                                    "/etc/x",
                                    "&amp;",
                                    "&#65;",
                                    "&nbsp;",
                                    "<",
                                    ">",
                                    "\"",
                                    "'",
                                    "\\",
                                    "-",
                                    "1",
                                    NULL};
static const char *const markdown_words[] = {"# ",
                                             "## ",
                                             "* ",
                                             "- ",
                                             "1. ",
                                             "> ",
                                             "    ",
                                             "```\n",
                                             "~~~",
                                             "`",
                                             "``",
                                             "**",
                                             "*",
                                             "_",
                                             "__",
                                             "[a](b)",
                                             "![",
                                             "](",
                                             "[^1]",
                                             "[a]: b\n",
                                             "|",
                                             "| --- |\n",
                                             "---\n",
                                             "===\n",
                                             "<b>",
                                             "</b>",
                                             "<!--",
                                             "-->",
                                             "<a href=\"",
                                             "<br>",
                                             "  \n",
                                             "\\\n",
                                             "\\*",
                                             "~~",
                                             "---\na: b\n---\n",
                                             "| a | b |\n|---|---|\n",
                                             "- [ ] ",
                                             "<https://a.b>",
                                             NULL};
static const char *const html_words[] = {"<p>",
                                         "</p>",
                                         "<b>",
                                         "</b>",
                                         "<i>",
                                         "</i>",
                                         "<a href=\"x\">",
                                         "</a>",
                                         "<br>",
                                         "<img alt=\"",
                                         "<!--",
                                         "-->",
                                         "<script>",
                                         "</script>",
                                         "<style>",
                                         "</style>",
                                         "<pre>",
                                         "</pre>",
                                         "<code>",
                                         "</code>",
                                         "<td>",
                                         "<tr>",
                                         "<table>",
                                         "<!DOCTYPE html>",
                                         "<meta charset=",
                                         "<title>",
                                         "</title>",
                                         " title=\"",
                                         " translate=\"no\"",
                                         " lang=",
                                         "<div>",
                                         "</div>",
                                         "<![CDATA[",
                                         "]]>",
                                         "<?php",
                                         "?>",
                                         "<textarea>",
                                         "<li>",
                                         "<option>",
                                         "<",
                                         "/>",
                                         "<x-",
                                         "<svg>",
                                         NULL};
static const char *const subtitle_words[] = {"WEBVTT\n\n",
                                             "00:00:01.000 --> 00:00:02.000\n",
                                             "00:00:01,000 --> 00:00:02,000\n",
                                             "-->",
                                             "1\n",
                                             "NOTE ",
                                             "STYLE\n",
                                             "REGION\n",
                                             "<c.x>",
                                             "</c>",
                                             "<v Bob>",
                                             "<00:00:01.000>",
                                             "<i>",
                                             "</i>",
                                             "{\\an8}",
                                             "- ",
                                             " align:start",
                                             "\n\n",
                                             NULL};
static const char *const po_words[] = {"msgid \"",
                                       "msgstr \"",
                                       "msgstr[0] \"",
                                       "msgstr[1] \"",
                                       "msgctxt \"",
                                       "msgid_plural \"",
                                       "\"\n",
                                       "\"",
                                       "\\n",
                                       "\\\"",
                                       "\\\\",
                                       "#, fuzzy\n",
                                       "#~ ",
                                       "#| ",
                                       "#: a.c:1\n",
                                       "# ",
                                       "msgid \"\"\nmsgstr \"\"\n",
                                       "\"Plural-Forms: nplurals=2;\\n\"\n",
                                       "\"Content-Type: text/plain; charset=UTF-8\\n\"\n",
                                       "domain \"x\"\n",
                                       "\n\n",
                                       NULL};
static const char *const man_words[] = {
    ".TH ",    ".SH ",       ".SS ",      ".PP\n", ".TP\n", ".B ",     ".I ",       ".BR ",
    ".IP ",    ".RS\n",      ".RE\n",     ".nf\n", ".fi\n", ".EX\n",   ".EE\n",     ".de x\n",
    "..\n",    ".if ",       ".ie n ",    ".el ",  "\\{",   "\\}",     "\\fB",      "\\fR",
    "\\fP",    "\\-",        "\\&",       "\\c",   "\\e",   "\\(bu",   "\\[u2022]", "\\*(lq",
    "\\s-1",   ".\\\" ",     "'\\\" t\n", ".TS\n", ".TE\n", ".so x\n", "\\\n",      "'",
    ".Dd x\n", ".Sh NAME\n", ".Nm x\n",   NULL};

static void change_document(struct chance *chance, const char *format, struct blob *text) {
    static const struct {
        const char *format;
        const char *const *words;
    } all[] = {{"markdown", markdown_words}, {"html", html_words}, {"srt", subtitle_words},
               {"vtt", subtitle_words},      {"po", po_words},     {"man", man_words}};
    const char *const *own = words;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(format, all[i].format) == 0) own = all[i].words;
    change_text(chance, text, chance_one_in(chance, 3) ? words : own);
}

static void change(struct chance *chance, struct blob *input) {
    change_named(chance, input, change_document);
}

const struct fuzz_target fuzz_document = {"document", run, change, 2048, false};
