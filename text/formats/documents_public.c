/* Documents as tolka.h has them: taken apart, read, written. */
#include "text/formats/composition.h"
#include "text/formats/document_access.h"
#include "text/formats/formats.h"

#include "engine/error.h"
#include "tokenizer/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- new ------------------------------------------------------------------------------------- */

/* Where bytes are not UTF-8; `n` if they are. */
static size_t find_ill_formed(const char *bytes, size_t n) {
    for (size_t i = 0, length; i < n; i += length) {
        uint32_t c;
        length = utf8_decode(bytes + i, n - i, &c);
        bool spelled = length == 3 && memcmp(bytes + i, "\xef\xbf\xbd", 3) == 0;
        if (c == REPLACEMENT_CHARACTER && !spelled) return i;
    }
    return n;
}

static tolka_status check_encoding(const char *bytes, size_t n, tolka_error *err) {
    size_t at = find_ill_formed(bytes, n), line = 1;
    if (at == n) return TOLKA_OK;
    for (size_t i = 0; i < at; i++) line += bytes[i] == '\n';
    return fail(err, TOLKA_FORMAT,
                "line %zu: byte 0x%02x is not UTF-8; convert the document first (iconv -t UTF-8)",
                line, (unsigned)(unsigned char)bytes[at]);
}

static int compare_texts(const void *a, const void *b) {
    const struct text *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->end < y->end) - (x->end > y->end); /* what lies in another follows it */
}

static bool ends_lines_with_crlf(const char *bytes, size_t n) {
    const char *newline = n ? memchr(bytes, '\n', n) : NULL;
    return newline && newline > bytes && newline[-1] == '\r';
}

static tolka_status parse(tolka_document *document, const char *bytes, size_t n, tolka_error *err) {
    tolka_status status = check_encoding(bytes, n, err);
    if (status != TOLKA_OK) return status;
    growing_add(&document->bytes, bytes, n);
    document->n_file = n;
    document->crlf = ends_lines_with_crlf(bytes, n);
    if (!document->bytes.failed && n) status = document->format->parse(document, err);
    if (status == TOLKA_OK && (document->bytes.failed || document->pieces.failed ||
                               document->texts.failed || document->insertions.failed))
        status = fail(err, TOLKA_NOMEM, "out of memory for a document of %zu bytes", n);
    if (document->texts.n)
        qsort(document->texts.bytes, document_n_texts(document), sizeof(struct text),
              compare_texts);
    return status;
}

tolka_status tolka_document_new(tolka_document **out, const char *format, const void *bytes,
                                size_t n, tolka_error *err) {
    if (out) *out = NULL;
    tolka_status status = need_arguments(
        err, __func__,
        (const struct argument[]){
            {"out", out}, {"format", format}, {"bytes", bytes || n == 0}, {NULL, false}});
    if (status != TOLKA_OK) return status;
    long column;
    const struct format *found = format_named(format, &column);
    char names[200];
    format_names(names, sizeof names);
    if (!found) return fail(err, TOLKA_ARGUMENT, "no format \"%s\"; expected %s", format, names);
    tolka_document *document = calloc(1, sizeof *document);
    if (!document) return fail(err, TOLKA_NOMEM, "out of memory");
    document->format = found;
    document->column = column;
    status = parse(document, bytes, n, err);
    if (status == TOLKA_OK)
        *out = document;
    else
        tolka_document_free(document);
    return status;
}

void tolka_document_free(tolka_document *document) {
    if (!document) return;
    for (size_t i = 0; i < document_n_texts(document); i++) {
        struct text *text = text_number(document, i);
        free(text->seen);
        free(text->target);
        free(text->problem);
        growing_free(&text->placed);
    }
    growing_free(&document->bytes);
    growing_free(&document->pieces);
    growing_free(&document->texts);
    growing_free(&document->insertions);
    free(document);
}

const char *tolka_document_format(const char *path) {
    return format_of_file(path ? path : "")->name;
}

/* ---- texts ----------------------------------------------------------------------------------- */

size_t tolka_document_count(const tolka_document *document) {
    return document ? document_n_texts(document) : 0;
}

const char *tolka_document_text(tolka_document *document, size_t i, size_t *length) {
    struct text *text = text_number(document, i);
    bool ok = text && show_text(document, text);
    if (length) *length = ok ? text->n_seen : 0;
    return ok ? text->seen : NULL;
}

size_t tolka_document_line(const tolka_document *document, size_t i) {
    const struct text *text = text_number(document, i);
    return text ? text->line : 0;
}

int tolka_document_needs_alignment(const tolka_document *document, size_t i) {
    const struct text *text = text_number(document, i);
    return text && text_needs_alignment(document, text);
}

int tolka_document_has_marks(const tolka_document *document) {
    if (!document) return 0;
    const struct piece *pieces = (const void *)document->pieces.bytes;
    for (size_t i = 0; i < document->pieces.n / sizeof *pieces; i++)
        if (pieces[i].kind >= PIECE_OPEN) return 1;
    return 0;
}

const char *tolka_document_problem(const tolka_document *document, size_t i) {
    const struct text *text = text_number(document, i);
    return text ? text->problem : NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Have all texts of an insertion been put? Half a message would be worse than none. Texts and
 * insertions are in the same order: *next is the first text that may be in this one. */
static bool is_complete(const tolka_document *document, const struct insertion *insertion,
                        size_t *next) {
    const struct text *texts = document_texts(document);
    size_t n = document_n_texts(document), missing = 0, first;
    while (*next < n && texts[*next].begin < insertion->from) ++*next;
    for (first = *next; *next < n && texts[*next].begin < insertion->to; ++*next)
        missing += !texts[*next].target && !texts[*next].same;
    return missing == 0 && *next > first;
}

static void write_insertion(const tolka_document *document, const struct insertion *insertion,
                            struct growing *out) {
    struct growing content = {0};
    compose(document, insertion->from, insertion->to, &content);
    document->format->insert(document, insertion, out, content.bytes, content.n);
    out->failed |= content.failed;
    growing_free(&content);
}

tolka_status tolka_document_write(const tolka_document *document, char **bytes, size_t *n,
                                  tolka_error *err) {
    if (bytes) *bytes = NULL;
    if (n) *n = 0;
    tolka_status status =
        need_arguments(err, __func__,
                       (const struct argument[]){
                           {"document", document}, {"bytes", bytes}, {"n", n}, {NULL, false}});
    if (status != TOLKA_OK) return status;
    const struct insertion *list = (const void *)document->insertions.bytes;
    size_t n_insertions = document->insertions.n / sizeof *list, at = 0, next = 0;
    struct growing out = {0};
    for (size_t i = 0; i < n_insertions; i++) {
        if (!is_complete(document, &list[i], &next)) continue;
        compose(document, at, list[i].begin, &out);
        write_insertion(document, &list[i], &out);
        at = list[i].end;
    }
    compose(document, at, document->n_file, &out);
    *n = out.n;
    growing_char(&out, 0);
    if (out.failed) {
        growing_free(&out);
        return fail(err, TOLKA_NOMEM, "out of memory for a document of %zu bytes", *n);
    }
    *bytes = out.bytes;
    return TOLKA_OK;
}
