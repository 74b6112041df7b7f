/* What the translator sees of each format, and where things go in what it says. */
#include "tests/check_formats.h"

#include <stdlib.h>
#include <string.h>

/* ---- texts ----------------------------------------------------------------------------------- */

/* All texts of a document, with | between them. */
static void check_texts(const char *format, const char *bytes, const char *wanted) {
    tolka_document *document = document_of(format, bytes, strlen(bytes));
    char texts[2000] = "";
    for (size_t i = 0; i < tolka_document_count(document); i++) {
        if (i) strcat(texts, "|");
        strcat(texts, tolka_document_text(document, i, NULL));
    }
    ck_assert_str_eq(texts, wanted);
    tolka_document_free(document);
}

START_TEST(texts_of_formats) {
    check_texts("lines", "One two\n\n  three \n", "One two|three");
    check_texts("tsv:2", "1\tone\tyes\n2\n3\tthree\tno\n", "one|three");
    check_texts("text",
                "A title\n=======\n\n"
                "This paragraph is so long that it has been wrapped by\n"
                "somebody who likes short lines.\n\n"
                "  * A bullet whose text is long enough to need another\n"
                "    line below it.\n"
                "  * Another\n\n$ make check\n\nName:    value\n",
                "A title|This paragraph is so long that it has been wrapped by somebody who likes "
                "short lines.|A bullet whose text is long enough to need another line below "
                "it.|Another|Name:|value");
    check_texts("markdown",
                "---\ntitle: no\n---\n# A *title*\n\nOne [two](a.html \"t\") and\n`three` "
                "<http://x.org>\\*.\n\n    code\n\n```\ncode\n```\n\n> quoted\n> text\n\n"
                "| a b | c |\n|---|---|\n| d | 1 |\n\n<div>\nhtml\n</div>\n\n[x]: http://x.org\n",
                "A title|One two and Tom Boston*.|quoted text|a b|c|d");
    check_texts(
        "html",
        "<title>T&eacute; x</title><script>var no;</script><p>One <b>two</b>\n three<br>four"
        "<pre>no</pre><td>five<td translate=no>no</td><td title='six'>7</td>"
        "<!-- no --><p>He said <code>x</code> <span class=\"a notranslate\">no</span>.",
        "T\xc3\xa9 x|One two three|four|five|six|He said Tom Boston.");
    check_texts("srt",
                "1\n00:00:01,000 --> 00:00:02,000\nWhen he came home\nfrom work,\n\n"
                "2\n00:00:02,000 --> 00:00:03,000\nhe was tired.\n\n"
                "3\n00:00:04,000 --> 00:00:05,000\n- Yes.\n- No,\nnot now.\n",
                "When he came home from work, he was tired.|Yes.|No, not now.");
    check_texts("vtt",
                "WEBVTT - no\n\nNOTE\nno\n\nSTYLE\n::cue {}\n\nid\n00:01.000 --> 00:02.000 "
                "align:start\n<v Roger>Tom &amp; <i>you</i>\n",
                "Tom & you");
    check_texts(
        "po",
        "# no\nmsgid \"\"\nmsgstr \"Language: de\\n\"\n\n#, fuzzy\nmsgid \"a\"\nmsgstr \"b\"\n\n"
        "msgctxt \"no\"\nmsgid \"One \"\n\"two\\n\"\nmsgstr \"\"\n\n"
        "msgid \"%d \\\"file\\\"\"\nmsgid_plural \"%d files\"\nmsgstr[0] \"\"\nmsgstr[1] \"\"\n"
        "#~ msgid \"no\"\n#~ msgstr \"\"\n",
        "One two|7 \"file\"|7 files");
    check_texts(
        "man",
        ".\\\" no\n.TH X 1\n.SH NAME\nx, y \\- do a thing\n.SH SYNOPSIS\n.B x\nno\n"
        ".SH \"SEE ALSO\"\nOne \\fItwo words\\fP and\n.BR ls (1),\nthen\n.B \\-x .\n"
        "Four\\(aqs \\fB\\-\\-long\\fR.\n.TP\n.B no\nFive\n.I six seven\n.nf\nno\n.fi\n\n"
        "A line\\fRno\n.PP\nEight\n  no\n.if t \\{\nno\n\\}\n.de no\nno\n..\n.SS\nNine\nTen\n",
        "NAME|do a thing|SYNOPSIS|SEE ALSO|One two words and Tom, then Boston. Four's "
        "Paris.|Five six seven|Eight|Nine|Ten");
    check_texts("man", "A (\\-x, \"\\-\\-yes\") well\\-known a\\-b.c \\- it\\&self\n",
                "A (Tom, \"Boston\") well-known Paris - itself");
}
END_TEST

START_TEST(formats_of_file_names) {
    static const char *const names[][2] = {
        {"README.md", "markdown"}, {"a/b.c/x.HTML", "html"}, {"x.htm", "html"},
        {"de.po", "po"},           {"x.pot", "po"},          {"x.srt", "srt"},
        {"x.vtt", "vtt"},          {"x.txt", "lines"},       {"x.tsv", "lines"},
        {"html", "lines"},         {"x.man", "man"},         {"x.md/y", "lines"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_str_eq(tolka_document_format(names[i][0]), names[i][1]);
}
END_TEST

START_TEST(lines_of_texts) {
    static const char page[] = "<p>one\n<p>two\nthree\n<p title=\"x\">four";
    tolka_document *document = document_of("html", page, sizeof page - 1);
    static const size_t lines[] = {1, 2, 4, 4};
    for (size_t i = 0; i < 4; i++) ck_assert_uint_eq(tolka_document_line(document, i), lines[i]);
    tolka_document_free(document);
}
END_TEST

/* ---- translations ---------------------------------------------------------------------------- */

struct put_case {
    const char *format, *bytes;
    const char *translation, *links;
    const char *wanted;
};

/* The first text of the document is translated, again if it wants to. */
static void check_put(const struct put_case *wanted) {
    tolka_document *document = document_of(wanted->format, wanted->bytes, strlen(wanted->bytes));
    tolka_result *result =
        translation_of(wanted->translation, strlen(wanted->translation), wanted->links);
    tolka_error err = {TOLKA_OK, ""};
    size_t n;
    tolka_status status = tolka_document_put(document, 0, result, &err);
    if (status == TOLKA_INPUT) status = tolka_document_put(document, 0, result, &err);
    ck_assert_msg(status == TOLKA_OK, "%s", err.text);
    char *out = written(document, &n);
    ck_assert_str_eq(out, wanted->wanted);
    tolka_free(out);
    tolka_result_free(result);
    tolka_document_free(document);
}

static void check_puts(const struct put_case *cases, size_t n) {
    for (size_t i = 0; i < n; i++) check_put(&cases[i]);
}
#define CHECK_PUTS(cases) check_puts(cases, sizeof cases / sizeof *cases)

START_TEST(marks_move_with_their_words) {
    static const struct put_case cases[] = {
        {"html", "<p>the <b>red</b> car</p>", "la voiture rouge", "0-0 1-2 2-1",
         "<p>la voiture <b>rouge</b></p>"},
        /* nested, and both around what they were around */
        {"html", "<p>x <b>a <i>b</i></b></p>", "B A X", "0-2 1-1 2-0",
         "<p><b><i>B</i> A</b> X</p>"},
        /* punctuation stays outside, or inside, as it was */
        {"html", "<p>I see <b>you</b>.</p>", "Ich sehe dich.", "0-0 1-1 2-2",
         "<p>Ich sehe <b>dich</b>.</p>"},
        {"html", "<p>I see <b>you.</b></p>", "Ich sehe dich.", "0-0 1-1 2-2",
         "<p>Ich sehe <b>dich.</b></p>"},
        {"html", "<p>I like <b>green</b> apples.</p>", "Ich mag Ap gr\xc3\xbcn.", "0-0 1-1 2-3 3-2",
         "<p>Ich mag Ap <b>gr&#252;n</b>.</p>"},
        /* several words of one, and words that are linked by mistake */
        {"html", "<p>a <b>b</b> c</p>", "A B B C", "0-0 1-1 1-2 2-3", "<p>A <b>B B</b> C</p>"},
        {"html", "<p>a <b>b</b> c d e f</p>", "A B C D E F", "0-0 1-1 1-5 2-2 3-3 4-4 5-5",
         "<p>A <b>B</b> C D E F</p>"},
        /* two that want the same word */
        {"html", "<p><b>a</b> <i>b</i> c</p>", "AB C", "0-0 1-0 2-1", "<p><b>AB</b> <i>C</i></p>"},
        /* no links at all: by share */
        {"html", "<p>a b <b>c</b> d</p>", "A B C D", NULL, "<p>A B <b>C</b> D</p>"},
        /* fewer words than pairs */
        {"html", "<p><b>a</b> <i>b</i> <u>c</u> d</p>", "A", "0-0",
         "<p><i></i><u></u><b>A</b></p>"},
        /* all of the text is no matter of words */
        {"html", "<p><b>a b</b></p>", "B A C", "0-1 1-0", "<p><b>B A C</b></p>"},
        /* tags that stand alone */
        {"html", "<p>a <img src=x> b</p>", "A B", "0-0 1-1", "<p>A <img src=x> B</p>"},
        {"html", "<p>a<wbr>b c</p>", "AB C", "0-0 1-1", "<p>AB<wbr> C</p>"},
        {"html", "<p>a <b>b <p>c", "A B", "0-0 1-1", "<p>A <b>B <p>c"},
        {"html", "<p>a <a name=x></a>b</p>", "B A", "0-1 1-0", "<p><a name=x></a>B A</p>"},
        /* markup in the translation is none */
        {"html", "<p>a</p>", "<b> & \"c\"", NULL, "<p>&lt;b&gt; &amp; \"c\"</p>"},
        {"html", "<img alt=\"a\">", "x \"y\"", NULL, "<img alt=\"x &quot;y&quot;\">"},
        {"html", "<p>a</p>", "\xc3\xa4", NULL, "<p>&#228;</p>"},
        {"html", "<meta charset=utf-8><p>a</p>", "\xc3\xa4", NULL,
         "<meta charset=utf-8><p>\xc3\xa4</p>"},
        {"markdown", "the **red** [car](x \"y\")\n", "la voiture rouge", "0-0 1-2 2-1",
         "la [voiture](x \"y\") **rouge**\n"},
        {"markdown", "a\n", "1. b*c_d # [e]", NULL, "1\\. b\\*c\\_d # \\[e\\]\n"},
        {"markdown", "2 * 3 = 6 a\n", "A 2 * 3 = 6", NULL, "A 2 * 3 = 6\n"},
        {"markdown", "| a | b |\n|---|---|\n", "x|y", NULL, "| x\\|y | b |\n|---|---|\n"},
        {"vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\na <c.x>b</c>\n", "B A <", "0-1 1-0",
         "WEBVTT\n\n00:01.000 --> 00:02.000\n<c.x>B</c> A &lt;\n"},
        {"tsv:2", "1\ta\tb\n", "x\ty", NULL, "1\tx y\tb\n"},
        {"man", "the \\fIvery red\\fP car\n", "Auto ganz rot", "0-0 1-1 2-2 3-0",
         "Auto \\fIganz rot\\fP\n"},
        {"man", "the\n.I very red\ncar,\n", "X ganz rot, Auto", "0-0 1-1 2-2 3-3",
         "X\n.I ganz rot\\c\n, Auto\n"},
        {"man", "the\n.B \"very red\"\ncar,\n", "X (ganz rot), Auto", "0-0 1-1 2-2 3-3",
         "X (\\c\n.B \"ganz rot\\c\"\n), Auto\n"},
        {"man", "a\n", "'x \"y\" \\z -q", NULL, "\\&'x \\(dqy\\(dq \\ez \\-q\n"},
        {"man", ".SH a\n", "x \"y\"", NULL, ".SH x \\(dqy\\(dq\n"},
    };
    CHECK_PUTS(cases);
}
END_TEST

START_TEST(spans_come_out_once) {
    static const struct put_case cases[] = {
        /* copied */
        {"text", "The file %s is here.", "Hier ist Tom.", NULL, "Hier ist %s."},
        {"html", "<p>Open <code>a &amp; b</code> now</p>", "Tom jetzt", NULL,
         "<p><code>a &amp; b</code> jetzt</p>"},
        /* lost, doubled, grown together: beside the word that it stood behind */
        {"text", "The file %s is here.", "Hier ist die Datei.", "0-2 1-3 2-1 3-0",
         "Hier ist die Datei %s."},
        {"text", "The file %s is here.", "Tom Tom Datei hier.", "1-2 3-3",
         "Tom Tom Datei %s hier."},
        {"text", "The file %s is here.", "Die Tomdatei hier.", "1-1 3-2", "Die Tomdatei %s hier."},
        {"text", "%s is here.", "Da.", "1-0", "%s Da."},
        {"text", "Look at %s.", "Sieh da.", "0-0 1-1", "Sieh da %s."},
        /* macros have lines of their own */
        {"man", "See\n.BR ls (1)\nnow.\n", "Tom, jetzt", NULL, ".BR ls (1),\njetzt\n"},
        {"man", "See\n.IR ls ,\nnow\n", "Jetzt Tom. Da", NULL, "Jetzt\n.IR ls .\nDa\n"},
        {"man", "See\n.B ls\nnow\n", "Jetzt (Tom) .da", NULL, "Jetzt\n(\\c\n.B ls\\c\n) .da\n"},
        {"man", "See\n.B ls\nnow\n", "Tom .da", NULL, ".B ls\n\\&.da\n"},
        {"man", "See\n.B ls\nor\n.BR cp (1).\n", "Boston Tom", NULL, ".BR cp (1)\n.B ls\n"},
        /* printf counts */
        {"text", "Copied %s to %s now.", "Nun Boston nach Tom.", NULL, "Nun %s nach %s."},
        {"text", "Copied %1$s to %2$s now.", "Nun Boston nach Tom.", NULL, "Nun %2$s nach %1$s."},
        /* a text that has the stand-in itself */
        {"text", "Tom reads %s.", "Tom liest Boston.", NULL, "Tom liest %s."},
        /* a tag around nothing but a span goes with it */
        {"markdown", "See [`x`](y) and **z**\n", "Z und Tom", "0-2 1-2 2-1 3-0",
         "**Z** und [`x`](y)\n"},
    };
    CHECK_PUTS(cases);
}
END_TEST

START_TEST(lines_are_broken_as_they_were) {
    static const struct put_case cases[] = {
        {"text", "  - A bullet whose text is so long that it has\n    another line.\n",
         "Ein Punkt, dessen Text so lang ist, dass er noch eine Zeile hat, oder auch zwei.", NULL,
         "  - Ein Punkt, dessen Text so lang ist, dass\n    er noch eine Zeile hat, oder auch "
         "zwei.\n"},
        /* no line begins with what means something there */
        {"markdown", "> one two three\n> four\n", "eins zwei 3. vier - acht", NULL,
         "> eins zwei 3.\n> vier - acht\n"},
        {"html", "<p>\n  one two three\n  four\n</p>", "eins zwei drei vier f\xc3\xbcnf", NULL,
         "<p>\n  eins zwei\n  drei vier\n  f&#252;nf\n</p>"},
        {"srt", "1\n00:00:01,000 --> 00:00:02,000\none two\nthree four\n", "eins zwei drei vier",
         NULL, "1\n00:00:01,000 --> 00:00:02,000\neins zwei\ndrei vier\n"},
        {"srt",
         "1\n00:00:01,000 --> 00:00:02,000\nWhen he came,\n\n2\n00:00:02,000 --> 00:00:03,000\n"
         "he was\ntired.\n",
         "Als er kam, war er m\xc3\xbc"
         "de.",
         NULL,
         "1\n00:00:01,000 --> 00:00:02,000\nAls er kam,\n\n2\n00:00:02,000 --> 00:00:03,000\n"
         "war er\nm\xc3\xbc"
         "de.\n"},
        {"po", "msgid \"a\"\nmsgstr \"\"\n", "x \"y\" \\z", NULL,
         "msgid \"a\"\nmsgstr \"x \\\"y\\\" \\\\z\"\n"},
        {"po", "msgid \"a\\n\"\nmsgstr \"\"\n", "x", NULL, "msgid \"a\\n\"\nmsgstr \"x\\n\"\n"},
    };
    CHECK_PUTS(cases);
}
END_TEST

START_TEST(what_a_put_says) {
    static const char text[] = "The file %s is here.";
    tolka_document *document = document_of("text", text, sizeof text - 1);
    tolka_result *lost = translation_of("Da.", 3, NULL);
    tolka_error err = {TOLKA_OK, ""};
    size_t n;
    ck_assert_int_eq(tolka_document_needs_alignment(document, 0), 0);
    ck_assert_int_ne(tolka_document_has_marks(document), 0);
    ck_assert_str_eq(tolka_document_text(document, 0, NULL), "The file Tom is here.");
    ck_assert_int_eq(tolka_document_put(document, 0, lost, &err), TOLKA_INPUT);
    ck_assert_msg(strstr(err.text, "line 1: 1 stand-ins") != NULL, "%s", err.text);
    ck_assert_str_eq(tolka_document_text(document, 0, NULL), "The file is here.");
    ck_assert_int_ne(tolka_document_needs_alignment(document, 0), 0);
    char *out = written(document, &n);
    ck_assert_str_eq(out, text);
    tolka_free(out);
    ck_assert_int_eq(tolka_document_put(document, 0, lost, &err), TOLKA_OK);
    tolka_result_free(lost);
    tolka_document_free(document);
}
END_TEST

/* A message with several texts is filled when all of them are there. */
START_TEST(half_a_message_is_none) {
    static const char bytes[] = "msgid \"-a    one\\n\"\n\"-b    two\\n\"\nmsgstr \"\"\n";
    tolka_document *document = document_of("po", bytes, sizeof bytes - 1);
    size_t n, count = tolka_document_count(document);
    ck_assert_uint_eq(count, 2);
    for (size_t i = 0; i < count; i++) {
        char *out = written(document, &n);
        ck_assert_str_eq(out, bytes);
        tolka_free(out);
        tolka_result *result = translation_of("x", 1, NULL);
        ck_assert_int_eq(tolka_document_put(document, i, result, NULL), TOLKA_OK);
        tolka_result_free(result);
    }
    char *out = written(document, &n);
    ck_assert_ptr_nonnull(strstr(out, "msgstr \"\"\n\"-a    x\\n\"\n\"-b    x\\n\"\n"));
    tolka_free(out);
    tolka_document_free(document);
}
END_TEST

TCase *formats_texts_case(void) {
    TCase *texts = tcase_create("texts");
    tcase_add_test(texts, texts_of_formats);
    tcase_add_test(texts, formats_of_file_names);
    tcase_add_test(texts, lines_of_texts);
    tcase_add_test(texts, marks_move_with_their_words);
    tcase_add_test(texts, spans_come_out_once);
    tcase_add_test(texts, lines_are_broken_as_they_were);
    tcase_add_test(texts, what_a_put_says);
    tcase_add_test(texts, half_a_message_is_none);
    return texts;
}
