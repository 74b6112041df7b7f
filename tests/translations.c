#include "engine/result.h" /* before check.h, which has a fail() of its own */

#include "tests/translations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct fixture_document fixture_documents[] = {
    {"tmux.txt", "text"},
    {"googletest.md", "markdown"},
    {"users-and-groups.html", "html"},
    {"capability-tester.srt", "srt"},
    {"sample.vtt", "vtt"},
    {"cue-tags.vtt", "vtt"},
    {"styles-colours.vtt", "vtt"},
    {"regions.vtt", "vtt"},
    {"comments.vtt", "vtt"},
    {"hello.pot", "po"},
    {"hello-de.po", "po"},
    {"xzless.1", "man"},
    {"bzip2.1", "man"},
    {NULL, NULL},
};

/* ---- results --------------------------------------------------------------------------------- */

static void read_links(struct result_alignment *alignment, const char *links) {
    size_t n = strlen(links) / 2 + 1;
    alignment->word_links = calloc(n, sizeof *alignment->word_links);
    for (char *end; *links; links = end + strspn(end, " ")) {
        tolka_link *link = &alignment->word_links[alignment->n_word_links++];
        link->source = (uint32_t)strtoul(links, &end, 10);
        link->target = (uint32_t)strtoul(end + 1, &end, 10);
    }
}

tolka_result *translation_of(const char *text, size_t n, const char *links) {
    tolka_result *result = result_new(1, 0);
    ck_assert_ptr_nonnull(result);
    struct result_hypothesis *hypothesis = &result->hypotheses[0];
    hypothesis->text = calloc(n + 1, 1);
    memcpy(hypothesis->text, text, n);
    hypothesis->text_length = n;
    if (links) read_links(&hypothesis->alignment, links);
    return result;
}

tolka_result *translation_reversed(const char *text, size_t n) {
    tolka_result *result = translation_of(text, n, "");
    struct result_alignment *alignment = &result->hypotheses[0].alignment;
    char *out = result->hypotheses[0].text;
    size_t end = n, n_words = 0, at = 0;
    free(alignment->word_links);
    alignment->word_links = calloc(n + 1, sizeof *alignment->word_links);
    for (size_t i = 0; i < n; i++) n_words += text[i] != ' ' && (i == 0 || text[i - 1] == ' ');
    for (size_t word = 0; word < n_words; word++) {
        while (text[end - 1] == ' ') end--;
        size_t begin = end;
        while (begin > 0 && text[begin - 1] != ' ') begin--;
        if (word) out[at++] = ' ';
        memcpy(out + at, text + begin, end - begin);
        at += end - begin;
        end = begin;
    }
    result->hypotheses[0].text_length = at;
    for (size_t i = 0; i < n_words; i++)
        alignment->word_links[i] = (tolka_link){(uint32_t)i, (uint32_t)(n_words - 1 - i)};
    alignment->n_word_links = n_words;
    return result;
}

/* ---- documents ------------------------------------------------------------------------------- */

char *read_document(const char *name, size_t *n) {
    char path[200];
    snprintf(path, sizeof path, "tests/fixtures/documents/%s", name);
    FILE *file = fopen(path, "rb");
    char *bytes = calloc(1, 1 << 16);
    ck_assert_msg(file != NULL, "%s", path);
    *n = fread(bytes, 1, (1 << 16) - 1, file);
    ck_assert_uint_gt(*n, 0);
    fclose(file);
    return bytes;
}

tolka_document *document_of(const char *format, const char *bytes, size_t n) {
    tolka_document *document;
    tolka_error err = {TOLKA_OK, ""};
    ck_assert_msg(tolka_document_new(&document, format, bytes, n, &err) == TOLKA_OK, "%s: %s",
                  format, err.text);
    return document;
}

char *written(const tolka_document *document, size_t *n) {
    char *bytes;
    ck_assert_int_eq(tolka_document_write(document, &bytes, n, NULL), TOLKA_OK);
    ck_assert_int_eq(bytes[*n], 0);
    return bytes;
}

static void put_one(tolka_document *document, size_t i, enum how how) {
    size_t n;
    tolka_error err = {TOLKA_OK, ""};
    tolka_status status = TOLKA_INPUT;
    for (int attempt = 0; attempt < 3 && status == TOLKA_INPUT; attempt++) {
        const char *text = tolka_document_text(document, i, &n);
        tolka_result *result =
            how == REVERSED ? translation_reversed(text, n) : translation_of(text, n, NULL);
        status = tolka_document_put(document, i, result, &err);
        tolka_result_free(result);
    }
    ck_assert_msg(status == TOLKA_OK, "%s", err.text);
}

char *put_all(const char *format, const char *bytes, size_t n, enum how how, size_t *n_out) {
    tolka_document *document = document_of(format, bytes, n);
    for (size_t i = 0; how != AS_THEY_ARE && i < tolka_document_count(document); i++)
        put_one(document, i, how);
    char *out = written(document, n_out);
    tolka_document_free(document);
    return out;
}
