/* docs/transformer.md explains a transformer by this engine, and this is what keeps it true: every
 * file, function and test that it names is there, and every worked example is computed again. */
#include "tests/check_transformer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- every example has its test -------------------------------------------------------------- */

START_TEST(examples_are_known) {
    static const char *const known[] = {"model",          "sentence",        "encoder",
                                        "decoder",        "embedding",       "positions",
                                        "buckets",        "softmax",         "attention",
                                        "multi-head",     "causal",          "norm",
                                        "layer",          "feed-forward",    "gated feed-forward",
                                        "ssru",           "cross-attention", "search",
                                        "length penalty", "chunks",          "int8"};
    struct document *document = document_open(TRANSFORMER_DOCUMENT);
    size_t n = 0;
    for (size_t i = 0; i < document->n_blocks; i++) {
        const char *info = document->blocks[i].info;
        bool found = strncmp(info, "numbers ", 8) != 0;
        n += !found;
        for (size_t k = 0; !found && k < sizeof known / sizeof *known; k++)
            found = strcmp(info + 8, known[k]) == 0;
        ck_assert_msg(found, "no test computes \"%s\"", info);
    }
    ck_assert_uint_eq(n, sizeof known / sizeof *known);
    document_free(document);
}
END_TEST

/* ---- names ----------------------------------------------------------------------------------- */

/* In the text, `attend` in `engine/kernels/scalar.c` names a function and its file, and so does a
 * list: `self_attention` and `cross_attention` in `engine/attention.c`. A name that is given its
 * file once may stand alone elsewhere. */
enum { MAX_SPANS = 1024, MAX_SPAN = 64 };

struct span {
    char text[MAX_SPAN];
    const char *start, *end; /* the backquotes, in the document */
    bool placed;             /* has a file */
};

struct spans {
    size_t n;
    struct span at[MAX_SPANS];
};

static void add_span(struct spans *spans, const char *start, const char *end) {
    size_t length = (size_t)(end - start - 1);
    ck_assert_msg(length > 0 && length < MAX_SPAN, "a strange name: %.40s", start);
    ck_assert_uint_lt(spans->n, MAX_SPANS);
    struct span *span = &spans->at[spans->n++];
    *span = (struct span){.start = start, .end = end};
    memcpy(span->text, start + 1, length);
}

static const char *after_block(const char *fence) {
    const char *end = strstr(fence + 3, "\n```");
    ck_assert_msg(end, "a block of code has no end");
    return end + 4;
}

static struct spans *find_spans(const char *text) {
    struct spans *spans = calloc(1, sizeof *spans);
    ck_assert_ptr_nonnull(spans);
    for (const char *at = text; (at = strchr(at, '`'));) {
        if (strncmp(at, "```", 3) == 0) {
            at = after_block(at);
            continue;
        }
        const char *end = strchr(at + 1, '`');
        ck_assert_msg(end, "a name has no end");
        add_span(spans, at, end);
        at = end + 1;
    }
    return spans;
}

static bool is_path(const struct span *span) {
    size_t n = strlen(span->text);
    return strchr(span->text, '/') && !strchr(span->text, ' ') && n > 2 && span->text[n - 2] == '.';
}

static bool is_name_character(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

static bool is_name(const struct span *span) {
    const char *at = span->text;
    while (is_name_character(*at)) at++;
    return !*at && !isdigit((unsigned char)span->text[0]);
}

/* Does what stands between two spans join them: ", " or " and " or " in "? */
static bool joined(const struct span *a, const struct span *b, const char *with) {
    char between[16] = "";
    size_t n = (size_t)(b->start - a->end - 1), k = 0;
    if (n >= sizeof between) return false;
    for (size_t i = 0; i < n; i++) /* a line may end there, and a link begin */
        if (a->end[1 + i] != '[') between[k++] = a->end[1 + i] == '\n' ? ' ' : a->end[1 + i];
    return strcmp(between, with) == 0;
}

static bool has_word(const char *text, const char *word, const char *before, const char *behind) {
    size_t n = strlen(word), n_before = strlen(before), n_behind = strlen(behind);
    for (const char *at = text; (at = strstr(at, word)); at += n)
        if ((at == text || !is_name_character(at[-1])) && !is_name_character(at[n]) &&
            (size_t)(at - text) >= n_before && strncmp(at - n_before, before, n_before) == 0 &&
            strncmp(at + n, behind, n_behind) == 0)
            return true;
    return false;
}

/* Names in tests are tests; in the engine's files they are words of the code. */
static void check_name(const char *name, const char *path) {
    char *text = document_text(path);
    bool is_test = strncmp(path, "tests/", 6) == 0;
    bool found = has_word(text, name, is_test ? "START_TEST(" : "", is_test ? ")" : "");
    free(text);
    ck_assert_msg(found, "there is no %s in %s", name, path);
}

/* The names before spans->at[path], back to where the list begins. */
static void place_names(struct spans *spans, size_t path) {
    for (size_t i = path; i > 0; i--) {
        struct span *span = &spans->at[i - 1], *next = &spans->at[i];
        bool last = i == path;
        if (!is_name(span)) return;
        if (last ? !joined(span, next, " in ")
                 : !joined(span, next, ", ") && !joined(span, next, " and "))
            return;
        check_name(span->text, spans->at[path].text);
        span->placed = true;
    }
}

static bool is_placed(const struct spans *spans, const char *name) {
    for (size_t i = 0; i < spans->n; i++)
        if (spans->at[i].placed && strcmp(spans->at[i].text, name) == 0) return true;
    return false;
}

START_TEST(names_are_there) {
    char *text = document_text(TRANSFORMER_DOCUMENT);
    struct spans *spans = find_spans(text);
    size_t n_placed = 0;
    for (size_t i = 0; i < spans->n; i++)
        if (is_path(&spans->at[i])) {
            ck_assert_msg(access(spans->at[i].text, R_OK) == 0, "no file %s", spans->at[i].text);
            place_names(spans, i);
        }
    for (size_t i = 0; i < spans->n; i++) {
        const struct span *span = &spans->at[i];
        n_placed += span->placed;
        if (is_name(span) && !is_placed(spans, span->text))
            ck_abort_msg("the document does not say which file %s is in", span->text);
    }
    ck_assert_uint_gt(n_placed, 40);
    free(spans);
    free(text);
}
END_TEST

/* Links to files are from docs/. */
START_TEST(links_lead_somewhere) {
    char *text = document_text(TRANSFORMER_DOCUMENT), path[128];
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, "](")); n++) {
        at += 2;
        int length = (int)strcspn(at, ")");
        if (strncmp(at, "https:", 6) == 0) continue;
        snprintf(path, sizeof path, "docs/%.*s", length, at);
        ck_assert_msg(access(path, R_OK) == 0, "no file %s", path);
    }
    ck_assert_uint_gt(n, 10);
    free(text);
}
END_TEST

Suite *transformer_suite(void) {
    Suite *suite = suite_create("transformer");
    TCase *names = tcase_create("names");
    tcase_add_test(names, examples_are_known);
    tcase_add_test(names, names_are_there);
    tcase_add_test(names, links_lead_somewhere);
    suite_add_tcase(suite, names);
    suite_add_tcase(suite, transformer_attention_case());
    suite_add_tcase(suite, transformer_parts_case());
    suite_add_tcase(suite, transformer_search_case());
    suite_add_tcase(suite, transformer_sentence_case());
    return suite;
}
