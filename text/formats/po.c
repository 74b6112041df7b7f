#define _GNU_SOURCE /* memmem, strncasecmp */
#include "text/formats/po.h"

#include "engine/error.h"
#include "text/formats/builder.h"
#include "text/formats/plain_text.h"
#include "text/formats/po_strings.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FORMS = 8 };

enum part { PART_NONE, PART_CONTEXT, PART_ID, PART_PLURAL, PART_STRING };

/* An entry: its messages, and where its translations are. */
struct entry {
    struct growing id, plural; /* decoded */
    struct {
        size_t begin, end; /* of the string literals */
        bool filled;
    } forms[MOST_FORMS];
    int n_forms;
    bool has_plural;
    size_t line;
};

struct reading_po {
    struct tolka_document *document;
    struct builder builder;
    struct entry entry;
    enum part part;
    size_t line;
    tolka_error *err;
};

/* ---- an entry that is complete --------------------------------------------------------------- */

static void clear(struct entry *entry) {
    growing_free(&entry->id);
    growing_free(&entry->plural);
    *entry = (struct entry){.n_forms = 0};
}

/* A message behind the file's bytes, whose texts are translated into a form. */
static void add_form(struct reading_po *r, const struct growing *message, int form) {
    struct tolka_document *document = r->document;
    struct insertion *insertion;
    growing_char(&document->bytes, '\n');
    size_t from = document->bytes.n, first = document->texts.n / sizeof(struct text);
    growing_add(&document->bytes, message->bytes, message->n);
    if (document->bytes.failed || message->failed) return;
    plain_text_range(&r->builder, from, document->bytes.n);
    for (size_t i = first; i < document_n_texts(document); i++)
        document_texts(document)[i].line = r->entry.line;
    insertion = growing_item(&document->insertions, sizeof *insertion);
    if (insertion)
        *insertion = (struct insertion){r->entry.forms[form].begin, r->entry.forms[form].end, from,
                                        document->bytes.n};
}

/* What the header says about its encoding. */
static tolka_status check_header(const struct reading_po *r) {
    static const char key[] = "charset=";
    const char *bytes = r->document->bytes.bytes + r->entry.forms[0].begin;
    size_t n = r->entry.forms[0].end - r->entry.forms[0].begin;
    const char *found = memmem(bytes, n, key, sizeof key - 1);
    if (!found) return TOLKA_OK;
    found += sizeof key - 1;
    int length = 0;
    while (found + length < bytes + n &&
           (isalnum((unsigned char)found[length]) || strchr("-_", found[length])))
        length++;
    bool known = (length == 5 && strncasecmp(found, "utf-8", 5) == 0) ||
                 (length == 4 && strncasecmp(found, "utf8", 4) == 0) ||
                 (length == 7 && strncmp(found, "CHARSET", 7) == 0);
    if (known) return TOLKA_OK;
    return fail(r->err, TOLKA_FORMAT,
                "line %zu: the catalogue is in %.*s; convert it first (msgconv -t UTF-8)",
                r->entry.line, length > 40 ? 40 : length, found);
}

static tolka_status end_entry(struct reading_po *r) {
    struct entry *entry = &r->entry;
    bool header = entry->n_forms > 0 && entry->id.n == 0;
    tolka_status status = header ? check_header(r) : TOLKA_OK;
    for (int i = 0; i < entry->n_forms && !header; i++) {
        bool plural = entry->has_plural && (i > 0 || entry->n_forms == 1);
        if (!entry->forms[i].filled) add_form(r, plural ? &entry->plural : &entry->id, i);
    }
    clear(entry);
    r->part = PART_NONE;
    return status;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Adds a string literal to the part that is being read. */
static void add_literal(struct reading_po *r, size_t begin, size_t end) {
    struct entry *entry = &r->entry;
    const char *bytes = r->document->bytes.bytes;
    if (r->part == PART_ID) po_decode(&entry->id, bytes + begin + 1, end - begin - 2);
    if (r->part == PART_PLURAL) po_decode(&entry->plural, bytes + begin + 1, end - begin - 2);
    if (r->part != PART_STRING || entry->n_forms == 0) return;
    int form = entry->n_forms - 1;
    if (entry->forms[form].end == 0) entry->forms[form].begin = begin;
    entry->forms[form].end = end;
    entry->forms[form].filled |= end - begin > 2;
}

static bool starts(const char *bytes, size_t n, const char *word) {
    return n > strlen(word) && memcmp(bytes, word, strlen(word)) == 0 &&
           (isspace((unsigned char)bytes[strlen(word)]) || strchr("\"[", bytes[strlen(word)]));
}

static enum part part_of(const char *line, size_t n) {
    return starts(line, n, "msgctxt")        ? PART_CONTEXT
           : starts(line, n, "msgid")        ? PART_ID
           : starts(line, n, "msgid_plural") ? PART_PLURAL
           : starts(line, n, "msgstr")       ? PART_STRING
                                             : PART_NONE;
}

/* A part begins; what ended before it is an entry. */
static tolka_status begin_part(struct reading_po *r, enum part part) {
    tolka_status status = TOLKA_OK;
    if (r->part == PART_STRING && (part == PART_CONTEXT || part == PART_ID)) status = end_entry(r);
    r->part = part;
    if (part == PART_ID) r->entry.line = r->line;
    if (part == PART_PLURAL) r->entry.has_plural = true;
    if (part == PART_STRING && r->entry.n_forms++ == MOST_FORMS)
        return fail(r->err, TOLKA_FORMAT, "line %zu: more than %d forms of a message", r->line,
                    MOST_FORMS);
    return status;
}

static tolka_status read_line(struct reading_po *r, size_t begin, size_t end) {
    const char *bytes = r->document->bytes.bytes;
    while (end > begin && isspace((unsigned char)bytes[end - 1])) end--;
    while (begin < end && isspace((unsigned char)bytes[begin])) begin++;
    if (begin == end || bytes[begin] == '#')
        return r->part == PART_STRING ? end_entry(r) : TOLKA_OK;
    const char *quote = memchr(bytes + begin, '"', end - begin);
    size_t at = quote ? (size_t)(quote - bytes) : end;
    if (at == end || bytes[end - 1] != '"' || end - at < 2 || !po_is_literal(bytes + at, end - at))
        return fail(r->err, TOLKA_FORMAT,
                    "line %zu: no string in quotes, as a catalogue's lines have", r->line);
    enum part part = at > begin ? part_of(bytes + begin, end - begin) : r->part;
    if (part == PART_NONE)
        return fail(r->err, TOLKA_FORMAT, "line %zu: a string without msgid or msgstr", r->line);
    tolka_status status = at > begin ? begin_part(r, part) : TOLKA_OK;
    if (status == TOLKA_OK) add_literal(r, at, end);
    return status;
}

tolka_status po_parse(struct tolka_document *document, tolka_error *err) {
    struct reading_po r = {
        .document = document, .builder = builder_new(document), .err = err, .line = 1};
    tolka_status status = TOLKA_OK;
    size_t at =
        document->n_file >= 3 && memcmp(document->bytes.bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    r.builder.line_at = (size_t)-1; /* lines are the entries' */
    for (; at < document->n_file && status == TOLKA_OK; r.line++) {
        const char *bytes = document->bytes.bytes, *newline;
        newline = memchr(bytes + at, '\n', document->n_file - at);
        size_t end = newline ? (size_t)(newline - bytes) : document->n_file;
        status = read_line(&r, at, end);
        at = end + 1;
    }
    if (status == TOLKA_OK) status = end_entry(&r);
    clear(&r.entry);
    return status;
}

void po_insert(const struct tolka_document *document, const struct insertion *insertion,
               struct growing *out, const char *bytes, size_t n) {
    (void)insertion;
    po_encode(out, bytes, n, document->crlf ? "\r\n" : "\n");
}
