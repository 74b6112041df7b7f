/* Documents of other people, every text translated into its words the other way round: what their
 * formats' own programs and parsers find in them must be there still. */
#include "tests/check_formats.h"

#include "tests/command.h"

#include <cmark.h>
#include <libxml/HTMLparser.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- lists of what was found ----------------------------------------------------------------- */

enum { MOST = 4000, LONGEST = 400 };
struct found {
    char (*items)[LONGEST];
    size_t n, first; /* those from `first` on are in any order */
};

static void find(struct found *found, const char *format, ...) {
    va_list args;
    if (!found->items) found->items = calloc(MOST, sizeof *found->items);
    ck_assert_uint_lt(found->n, MOST);
    va_start(args, format);
    vsnprintf(found->items[found->n++], LONGEST, format, args);
    va_end(args);
}

static int compare_items(const void *a, const void *b) {
    return strcmp(a, b);
}

/* In a paragraph words and their tags may come in another order. */
static void end_block(struct found *found) {
    if (found->n > found->first)
        qsort(found->items[found->first], found->n - found->first, LONGEST, compare_items);
    found->first = found->n;
}

static void check_found(struct found *before, struct found *after, size_t least) {
    ck_assert_uint_ge(before->n, least);
    for (size_t i = 0; i < before->n && i < after->n; i++)
        ck_assert_str_eq(after->items[i], before->items[i]);
    ck_assert_uint_eq(after->n, before->n);
    free(before->items), free(after->items);
}

/* ---- Markdown, by cmark ---------------------------------------------------------------------- */

static const char *or_nothing(const char *text) {
    return text ? text : "";
}

static void find_markdown(struct found *found, const char *bytes, size_t n) {
    cmark_node *document = cmark_parse_document(bytes, n, CMARK_OPT_DEFAULT);
    cmark_iter *iter = cmark_iter_new(document);
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
        cmark_node *node = cmark_iter_get_node(iter);
        cmark_node_type type = cmark_node_get_type(node);
        if (type <= CMARK_NODE_LAST_BLOCK) end_block(found);
        if (event != CMARK_EVENT_ENTER || type == CMARK_NODE_TEXT || type == CMARK_NODE_SOFTBREAK)
            continue;
        const char *literal = or_nothing(cmark_node_get_literal(node));
        find(found, "%s %s %s %s", cmark_node_get_type_string(node), literal,
             or_nothing(cmark_node_get_url(node)), or_nothing(cmark_node_get_title(node)));
        if (type <= CMARK_NODE_LAST_BLOCK) end_block(found);
    }
    end_block(found);
    cmark_iter_free(iter);
    cmark_node_free(document);
}

START_TEST(markdown_for_cmark) {
    struct found before = {0}, after = {0};
    size_t n, n_out;
    char *bytes = read_document("googletest.md", &n);
    char *out = put_all("markdown", bytes, n, REVERSED, &n_out);
    ck_assert(n != n_out || memcmp(bytes, out, n) != 0);
    find_markdown(&before, bytes, n);
    find_markdown(&after, out, n_out);
    check_found(&before, &after, 100);
    free(bytes), tolka_free(out);
}
END_TEST

/* ---- HTML, by libxml2 ------------------------------------------------------------------------ */

static bool is_inline(const char *name) {
    static const char *const names[] = {"a", "b", "i", "em", "strong", "tt", "code", "span", "u"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

static void find_element(struct found *found, const xmlNode *node) {
    char attributes[LONGEST] = "";
    for (const xmlAttr *a = node->properties; a; a = a->next) {
        xmlChar *value = xmlNodeGetContent((const xmlNode *)(const void *)a);
        size_t n = strlen(attributes);
        if (strcmp((const char *)a->name, "title") != 0)
            snprintf(attributes + n, sizeof attributes - n, " %s=%s", a->name, value);
        xmlFree(value);
    }
    find(found, "%s%s", node->name, attributes);
}

/* Code stays with its content. */
static void find_html(struct found *found, const xmlNode *node) {
    for (; node; node = node->next) {
        bool element = node->type == XML_ELEMENT_NODE;
        bool block = element && !is_inline((const char *)node->name);
        if (block) end_block(found);
        if (element) find_element(found, node);
        if (element && strcmp((const char *)node->name, "tt") == 0) {
            xmlChar *content = xmlNodeGetContent(node);
            find(found, "tt %s", content);
            xmlFree(content);
        }
        if (block) end_block(found);
        if (element) find_html(found, node->children);
        if (block) end_block(found);
    }
}

static void parse_html(struct found *found, const char *bytes, size_t n) {
    htmlDocPtr document =
        htmlReadMemory(bytes, (int)n, "page", "UTF-8", HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING);
    ck_assert_ptr_nonnull(document);
    find_html(found, xmlDocGetRootElement(document));
    xmlFreeDoc(document);
}

START_TEST(html_for_libxml2) {
    struct found before = {0}, after = {0};
    size_t n, n_out;
    char *bytes = read_document("users-and-groups.html", &n);
    char *out = put_all("html", bytes, n, REVERSED, &n_out);
    ck_assert(n != n_out || memcmp(bytes, out, n) != 0);
    parse_html(&before, bytes, n);
    parse_html(&after, out, n_out);
    check_found(&before, &after, 300);
    free(bytes), tolka_free(out);
}
END_TEST

/* ---- subtitles ------------------------------------------------------------------------------- */

/* Everything but the cues' words: numbers, times, settings, notes; and how many lines a cue has. */
static void find_cues(struct found *found, const char *bytes) {
    bool in_cue = false;
    for (const char *line = bytes; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        int n = (int)strcspn(line, "\r\n");
        if (n == 0) in_cue = false;
        if (in_cue)
            find(found, "a line");
        else
            find(found, "%.*s", n, line);
        for (int i = 0; i + 3 <= n; i++) in_cue |= memcmp(line + i, "-->", 3) == 0;
        found->first = found->n;
    }
}

/* Tags of all cues, in any order. */
static void find_tags(struct found *found, const char *bytes) {
    for (const char *at = bytes; (at = strchr(at, '<'));) {
        size_t n = strcspn(at, ">\n");
        if (at[n] == '>') find(found, "%.*s", (int)n, at);
        at += n;
    }
    end_block(found);
}

START_TEST(subtitles_keep_their_times) {
    static const char *const names[] = {"capability-tester.srt", "sample.vtt",  "cue-tags.vtt",
                                        "styles-colours.vtt",    "regions.vtt", "comments.vtt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct found before = {0}, after = {0};
        size_t n, n_out;
        char *bytes = read_document(names[i], &n);
        char *out = put_all(tolka_document_format(names[i]), bytes, n, REVERSED, &n_out);
        find_cues(&before, bytes);
        find_cues(&after, out);
        find_tags(&before, bytes);
        find_tags(&after, out);
        check_found(&before, &after, 5);
        free(bytes), tolka_free(out);
    }
}
END_TEST

/* ---- catalogues, by gettext's programs -------------------------------------------------------- */

static struct ran filter(const char *program, const char *const *arguments, const char *bytes,
                         size_t n) {
    struct ran ran = run_file(program, arguments, bytes, n);
    ck_assert_msg(ran.status == 0, "%s: %s", program, ran.err);
    return ran;
}

/* A template says CHARSET, which is none. */
static char *read_catalogue(size_t *n) {
    char *bytes = read_document("hello.pot", n);
    memcpy(strstr(bytes, "charset=CHARSET"), "charset=UTF-8  ", 15);
    return bytes;
}

/* msgen fills a catalogue with its own messages; of what we filled it fills what has no words. */
START_TEST(catalogue_as_msgen_fills_it) {
    static const char *const msgen[] = {"-", NULL};
    size_t n, n_out;
    char *bytes = read_catalogue(&n);
    char *out = put_all("po", bytes, n, THE_SAME, &n_out);
    struct ran wanted = filter("/usr/bin/msgen", msgen, bytes, n);
    struct ran ours = filter("/usr/bin/msgen", msgen, out, n_out);
    ck_assert_uint_gt(n_out, n + n / 4);
    ck_assert_uint_eq(ours.n_out, wanted.n_out);
    ck_assert(memcmp(ours.out, wanted.out, ours.n_out) == 0);
    ran_free(&wanted), ran_free(&ours);
    free(bytes), tolka_free(out);
}
END_TEST

/* msgfmt -c compares placeholders, and newlines at both ends. */
START_TEST(catalogue_for_msgfmt) {
    static const char *const msgfmt[] = {"-c", "--statistics", "-o", "/dev/null", "-", NULL};
    size_t n, n_out;
    char *bytes = read_catalogue(&n);
    char *out = put_all("po", bytes, n, REVERSED, &n_out);
    struct ran ran = filter("/usr/bin/msgfmt", msgfmt, out, n_out);
    /* "`" and "'" have no words */
    ck_assert_msg(strstr(ran.err, "28 translated messages, 2 untranslated messages") != NULL, "%s",
                  ran.err);
    ran_free(&ran);
    free(bytes), tolka_free(out);
}
END_TEST

/* ---- manual pages, by groff and mandoc --------------------------------------------------------- */

/* Requests, those that set a font in any order within a paragraph; tags of .TP with their words. */
static void find_requests(struct found *found, const char *bytes) {
    bool tag = false;
    for (const char *line = bytes; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        int n = (int)strcspn(line, "\n"), name = (int)strcspn(line, " \n");
        bool font = n > 1 && strchr("BIRS", line[1]) && name < 4 && strncmp(line, ".SH", 3) != 0 &&
                    strncmp(line, ".SS", 3) != 0;
        bool request = n && strchr(".'", *line);
        if (n == 0 || (request && !font)) end_block(found);
        if (n == 0 || tag) find(found, "%.*s", n, line);
        if (request && !tag) find(found, "%.*s", name, line);
        if (n == 0 || (request && !font)) end_block(found);
        tag = n == 3 && memcmp(line, ".TP", 3) == 0;
    }
    end_block(found);
}

/* How many lines a program complains in. */
static size_t complaints(const char *command, const char *bytes, size_t n) {
    const char *const arguments[] = {"-c", command, NULL};
    struct ran ran = run_file("/bin/sh", arguments, bytes, n);
    size_t lines = 0;
    for (size_t i = 0; i < ran.n_out; i++) lines += ran.out[i] == '\n';
    ran_free(&ran);
    return lines;
}

/* The characters that are shown, blanks left out, in any order. */
static void count_shown(const char *bytes, size_t n, size_t counts[256]) {
    const char *const arguments[] = {"-man", "-Tutf8", "-Kutf8", "-P-cbou", "-rHY=0", NULL};
    struct ran ran = filter("/usr/bin/groff", arguments, bytes, n);
    memset(counts, 0, 256 * sizeof *counts);
    for (size_t i = 0; i < ran.n_out; i++)
        if (ran.out[i] != ' ' && ran.out[i] != '\n') counts[(unsigned char)ran.out[i]]++;
    ran_free(&ran);
}

static void check_page(const char *bytes, size_t n, size_t least) {
    static const char *const commands[] = {"groff -ww -man -Tutf8 2>&1 >/dev/null",
                                           "mandoc -T lint -W warning"};
    struct found before = {0}, after = {0};
    size_t n_out, shown[256], wanted[256];
    char *out = put_all("man", bytes, n, REVERSED, &n_out);
    ck_assert(n != n_out || memcmp(bytes, out, n) != 0);
    find_requests(&before, bytes);
    find_requests(&after, out);
    check_found(&before, &after, least);
    for (size_t i = 0; i < 2; i++)
        ck_assert_uint_le(complaints(commands[i], out, n_out), complaints(commands[i], bytes, n));
    count_shown(bytes, n, wanted);
    count_shown(out, n_out, shown);
    for (size_t i = 0; i < 256; i++)
        ck_assert_msg(shown[i] == wanted[i], "%zu times '%c', and before %zu", shown[i], (int)i,
                      wanted[i]);
    tolka_free(out);
}

START_TEST(pages_for_groff_and_mandoc) {
    static const char *const names[] = {"xzless.1", "bzip2.1"};
    for (size_t i = 0; i < 2; i++) {
        size_t n;
        char *bytes = read_document(names[i], &n);
        check_page(bytes, n, 30);
        free(bytes);
    }
}
END_TEST

START_TEST(our_own_page) {
    static const char *const arguments[] = {"help", "--man", NULL};
    char path[4096];
    struct ran ran = run_file(built("tolka", path), arguments, "", 0);
    check_page(ran.out, ran.n_out, 100);
    ran_free(&ran);
}
END_TEST

TCase *formats_parsers_case(void) {
    TCase *parsers = tcase_create("parsers");
    tcase_add_test(parsers, markdown_for_cmark);
    tcase_add_test(parsers, html_for_libxml2);
    tcase_add_test(parsers, subtitles_keep_their_times);
    tcase_add_test(parsers, catalogue_as_msgen_fills_it);
    tcase_add_test(parsers, catalogue_for_msgfmt);
    tcase_add_test(parsers, pages_for_groff_and_mandoc);
    tcase_add_test(parsers, our_own_page);
    return parsers;
}
