#include "text/formats/markdown.h"

#include "engine/error.h"
#include "text/formats/entities.h"
#include "text/formats/html_text.h"
#include "text/formats/markdown_spans.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

/* More marks than this without text between them are no prose. */
enum { MOST_EVENTS = 64 };

struct reading_markdown {
    struct builder builder;
    size_t from;    /* where what MD4C reads begins: behind the front matter */
    size_t at;      /* behind the last text of the block */
    bool in_text;   /* the block has had a text */
    bool skips;     /* it is no prose: code, HTML */
    size_t code;    /* where a code span begins, */
    size_t code_at; /* and behind what was read of it; SIZE_MAX: none is open */
    size_t link;    /* where an address in <> or without anything begins, or SIZE_MAX */
    struct span_event events[MOST_EVENTS];
    size_t n_events;
};

/* ---- pieces ---------------------------------------------------------------------------------- */

static void add_event(struct reading_markdown *r, int what, MD_SPANTYPE type) {
    if (r->n_events < MOST_EVENTS)
        r->events[r->n_events++] = (struct span_event){what, type};
    else
        r->builder.broken = true;
}

/* Makes pieces of what stands between the last text and `begin`; returns where the new one begins,
 * which is before `begin` if a backslash belongs to it. */
static size_t take_gap(struct reading_markdown *r, size_t begin) {
    size_t at = r->at;
    if (!r->in_text) at = spans_before(&r->builder, begin, r->events, r->n_events);
    size_t first = 0;
    if (!r->in_text) /* marks that ended before the first text are none of it */
        for (size_t i = 0; i < r->n_events; i++)
            if (r->events[i].what != SPAN_ENTER) first = i + 1;
    at = spans_between(&r->builder, at, begin, r->events + first, r->n_events - first);
    r->n_events = 0;
    r->in_text = true;
    return at;
}

static void finish(struct reading_markdown *r) {
    if (r->in_text && r->n_events && !r->builder.broken)
        spans_between(&r->builder, r->at, SIZE_MAX, r->events, r->n_events);
    builder_end(&r->builder, LAYOUT_WRAP);
    r->n_events = 0;
    r->in_text = false;
    r->code = r->link = SIZE_MAX;
}

static void add_text(struct reading_markdown *r, MD_TEXTTYPE type, size_t begin, size_t end) {
    const char *bytes = r->builder.document->bytes.bytes;
    char spelled[5] = {0};
    size_t at = take_gap(r, begin);
    if (r->builder.broken) return;
    if (type == MD_TEXT_HTML) {
        html_mark(&r->builder, begin, end);
    } else if (type == MD_TEXT_ENTITY && entity_read(bytes + begin, end - begin, spelled)) {
        builder_character(&r->builder, begin, end, spelled);
    } else if (at < begin) {
        spelled[0] = bytes[begin];
        builder_character(&r->builder, at, begin + 1, spelled);
        builder_spaced(&r->builder, begin + 1, end);
    } else {
        builder_spaced(&r->builder, begin, end);
    }
    r->at = end;
}

/* ---- code and addresses ---------------------------------------------------------------------- */

/* Where a code span begins whose content is at `at`: behind the backticks may be a blank. */
static size_t code_begin(const char *bytes, size_t least, size_t at) {
    while (at > least && bytes[at - 1] != '`' && isspace((unsigned char)bytes[at - 1])) at--;
    while (at > least && bytes[at - 1] == '`') at--;
    return at;
}

static size_t code_end(const char *bytes, size_t n, size_t at, size_t ticks) {
    while (at < n && bytes[at] != '`' && (isspace((unsigned char)bytes[at]) || bytes[at] == '>'))
        at++;
    size_t i = at;
    while (i < n && bytes[i] == '`') i++;
    return i - at == ticks ? i : 0;
}

static void end_code(struct reading_markdown *r) {
    const char *bytes = r->builder.document->bytes.bytes;
    size_t begin = r->code, ticks = 0;
    while (bytes[begin + ticks] == '`') ticks++;
    size_t end = code_end(bytes, r->builder.document->n_file, r->code_at, ticks);
    r->code = SIZE_MAX;
    if (end == 0) {
        r->builder.broken = true;
        return;
    }
    builder_piece(&r->builder, PIECE_PROTECTED, begin, end);
    r->at = end;
}

static bool in_code(const struct reading_markdown *r) {
    return r->n_events && r->events[r->n_events - 1].type == MD_SPAN_CODE &&
           r->events[r->n_events - 1].what == SPAN_ENTER;
}

static void add_code(struct reading_markdown *r, size_t begin, size_t end) {
    const char *bytes = r->builder.document->bytes.bytes;
    if (in_code(r)) {
        r->n_events--;
        size_t start = code_begin(bytes, r->in_text ? r->at : r->from, begin);
        if (take_gap(r, start) != start) r->builder.broken = true;
        r->code = start;
    }
    r->code_at = end;
}

/* <http://...> is kept with its brackets. */
static void add_address(struct reading_markdown *r, size_t begin, size_t end) {
    const char *bytes = r->builder.document->bytes.bytes;
    r->n_events--;
    size_t start = begin - 1;
    if (take_gap(r, start) != start || bytes[end] != '>') r->builder.broken = true;
    if (!r->builder.broken) builder_piece(&r->builder, PIECE_PROTECTED, start, end + 1);
    r->at = end + 1;
    r->link = start;
}

static bool begins_address(const struct reading_markdown *r, size_t begin) {
    const struct span_event *last = r->n_events ? &r->events[r->n_events - 1] : NULL;
    return last && last->what == SPAN_ENTER && last->type == MD_SPAN_A && begin > r->from &&
           r->builder.document->bytes.bytes[begin - 1] == '<';
}

/* ---- what MD4C says -------------------------------------------------------------------------- */

static bool is_kept(MD_BLOCKTYPE type) {
    return type == MD_BLOCK_CODE || type == MD_BLOCK_HTML;
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *user) {
    struct reading_markdown *r = user;
    (void)detail;
    finish(r);
    r->skips = is_kept(type);
    return r->builder.document->pieces.failed;
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *user) {
    struct reading_markdown *r = user;
    (void)type, (void)detail;
    finish(r);
    r->skips = false;
    return 0;
}

static int enter_span(MD_SPANTYPE type, void *detail, void *user) {
    (void)detail;
    add_event(user, SPAN_ENTER, type);
    return 0;
}

static int leave_span(MD_SPANTYPE type, void *detail, void *user) {
    struct reading_markdown *r = user;
    (void)detail;
    if (type == MD_SPAN_CODE && r->code != SIZE_MAX)
        end_code(r);
    else if (type == MD_SPAN_A && r->link != SIZE_MAX)
        r->link = SIZE_MAX;
    else
        add_event(r, SPAN_LEAVE, type);
    return 0;
}

static int take_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *user) {
    struct reading_markdown *r = user;
    const struct tolka_document *document = r->builder.document;
    uintptr_t at = (uintptr_t)text, first = (uintptr_t)document->bytes.bytes + r->from;
    if (r->skips || r->builder.broken) return 0;
    if (type == MD_TEXT_SOFTBR) {
        add_event(r, SPAN_BREAK, MD_SPAN_EM);
    } else if (type == MD_TEXT_BR) {
        finish(r);
    } else if (at >= first && at + size <= (uintptr_t)document->bytes.bytes + document->n_file) {
        size_t begin = (size_t)(text - document->bytes.bytes);
        if (type == MD_TEXT_CODE)
            add_code(r, begin, begin + size);
        else if (begins_address(r, begin))
            add_address(r, begin, begin + size);
        else
            add_text(r, type, begin, begin + size);
    } else if (type != MD_TEXT_CODE) {
        r->builder.broken = true; /* a character that is not in the document */
    }
    return 0;
}

/* ---- the document ---------------------------------------------------------------------------- */

/* "---" ... "---" at the beginning, or "+++". */
static size_t front_matter(const char *bytes, size_t n) {
    if (n < 4 || (memcmp(bytes, "---", 3) != 0 && memcmp(bytes, "+++", 3) != 0)) return 0;
    for (size_t at = 0; at < n;) {
        const char *newline = memchr(bytes + at, '\n', n - at);
        size_t end = newline ? (size_t)(newline - bytes) : n, last = end;
        while (last > at && isspace((unsigned char)bytes[last - 1])) last--;
        bool fence = last - at == 3 && memcmp(bytes + at, bytes, 3) == 0;
        if (at == 0 && !fence) return 0;
        if (at > 0 && fence) return newline ? end + 1 : n;
        at = end + 1;
    }
    return 0;
}

tolka_status markdown_parse(struct tolka_document *document, tolka_error *err) {
    static const MD_PARSER parser = {.flags =
                                         MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS,
                                     .enter_block = enter_block,
                                     .leave_block = leave_block,
                                     .enter_span = enter_span,
                                     .leave_span = leave_span,
                                     .text = take_text};
    struct reading_markdown r = {.builder = builder_new(document),
                                 .from = front_matter(document->bytes.bytes, document->n_file),
                                 .code = SIZE_MAX,
                                 .link = SIZE_MAX};
    size_t n = document->n_file - r.from;
    if (n > UINT32_MAX / 2) return fail(err, TOLKA_FORMAT, "Markdown of more than 2 GiB");
    if (md_parse(document->bytes.bytes + r.from, (MD_SIZE)n, &parser, &r) != 0)
        return fail(err, TOLKA_NOMEM, "out of memory for a document of %zu bytes", n);
    return TOLKA_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Has the text a character as itself, so that its translation may? */
static bool has_plain(const struct tolka_document *document, const struct text *text, char c) {
    const struct piece *pieces = text_pieces(document, text);
    for (size_t i = 0; i < text->n_pieces; i++)
        if (pieces[i].kind == PIECE_TEXT &&
            memchr(document->bytes.bytes + pieces[i].begin, c, pieces[i].end - pieces[i].begin))
            return true;
    return false;
}

/* The byte of a word that would make a heading, a list or a quotation of the line that it begins;
 * SIZE_MAX: it is no such word. */
static size_t block_sign(const char *word, size_t n) {
    size_t i = 0;
    if (n && strchr("-+>#=|~", word[0])) return 0;
    while (i < n && isdigit((unsigned char)word[i])) i++;
    return i && i < n && strchr(".)", word[i]) ? i : SIZE_MAX;
}

void markdown_encode(const struct tolka_document *document, const struct text *text,
                     struct growing *out, const char *bytes, size_t n, bool starts_line) {
    size_t sign = starts_line ? block_sign(bytes, n) : SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        bool special = bytes[i] && strchr("*_`[]<>\\&~|", bytes[i]);
        if (i == sign || (special && !has_plain(document, text, bytes[i]))) growing_char(out, '\\');
        growing_char(out, bytes[i]);
    }
}
