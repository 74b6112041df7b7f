#include "text/formats/composition.h"

#include "text/formats/line_layout.h"

#include <ctype.h>
#include <string.h>

/* ---- which texts are in a range -------------------------------------------------------------- */

/* Texts are sorted by where they begin; one that lies in a tag of another follows that. */
static size_t first_text(const struct tolka_document *document, size_t begin) {
    const struct text *texts = document_texts(document);
    size_t low = 0, high = document_n_texts(document);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (texts[middle].begin < begin)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- one text -------------------------------------------------------------------------------- */

struct composing {
    const struct tolka_document *document;
    const struct text *text;
    const struct piece *pieces;
    struct unbroken *unbroken;
    enum { LINE_OF_TEXT, LINE_OPEN, LINE_DONE } line; /* of a piece that has one for itself */
    enum line_end line_end;
};

/* A line ends here, for what needs lines of its own. */
static void write_turn(struct composing *c) {
    struct growing *out = &c->unbroken->bytes;
    size_t *blank = growing_item(&c->unbroken->blanks, sizeof *blank);
    if (blank) *blank = out->n;
    growing_char(out, '\n');
    c->line = LINE_OF_TEXT;
}

/* ... where a reader shall see no blank: \c says so, within the quotes of a last argument. */
static void interrupt_line(struct composing *c) {
    struct growing *out = &c->unbroken->bytes;
    bool quoted = c->line == LINE_DONE && out->bytes[out->n - 1] == '"';
    if (quoted) out->n--;
    growing_string(out, "\\c");
    if (quoted) growing_char(out, '"');
    write_turn(c);
}

/* Something is written without a blank: behind a line that is done, or not. */
static void go_on(struct composing *c) {
    struct growing *out = &c->unbroken->bytes;
    if (c->line != LINE_DONE || out->n == 0) return;
    if (c->line_end == LINE_INTERRUPTED) {
        interrupt_line(c);
        return;
    }
    if (c->line_end == LINE_NEXT_ARGUMENT) growing_char(out, ' ');
    c->line_end = LINE_GROWS;
}

static bool starts_line(const struct composing *c) {
    const struct growing *out = &c->unbroken->bytes;
    return out->n == 0 || out->bytes[out->n - 1] == '\n';
}

static void write_bytes(struct composing *c, const struct piece *piece) {
    const char *bytes = c->document->bytes.bytes;
    go_on(c);
    if (c->document->format->requests && piece->line_end == LINE_NONE && starts_line(c) &&
        piece->end > piece->begin && strchr(".'", bytes[piece->begin]))
        growing_string(&c->unbroken->bytes, "\\&");
    compose(c->document, piece->begin, piece->end, &c->unbroken->bytes);
}

/* A blank is where a line may end, or has to; in a macro's line it may not. */
static void add_blank(struct composing *c) {
    struct growing *out = &c->unbroken->bytes;
    if (c->line == LINE_DONE) {
        write_turn(c);
        return;
    }
    size_t *blank = c->line == LINE_OPEN ? NULL : growing_item(&c->unbroken->blanks, sizeof *blank);
    if (blank) *blank = out->n;
    growing_char(out, ' ');
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n';
}

/* Bytes of the translation: blanks are where lines may end. */
static void write_target(struct composing *c, size_t begin, size_t end) {
    const char *target = c->text->target;
    struct growing *out = &c->unbroken->bytes;
    for (size_t i = begin; i < end;) {
        size_t from = i;
        while (i < end && target[i] != ' ') i++;
        if (i > from) go_on(c);
        c->document->format->encode(c->document, c->text, out, target + from, i - from,
                                    starts_line(c));
        if (i == end) break;
        add_blank(c);
        i++;
    }
}

static void write_blank(struct composing *c) {
    struct growing *out = &c->unbroken->bytes;
    if (out->n == 0 || is_space(out->bytes[out->n - 1])) return;
    add_blank(c);
}

/* Takes away the blank at the end, which something else is written instead of. */
static void unwrite_blank(const struct composing *c) {
    struct growing *out = &c->unbroken->bytes, *blanks = &c->unbroken->blanks;
    if (out->n == 0 || out->bytes[out->n - 1] != ' ') return;
    out->n--;
    if (blanks->n && ((size_t *)(void *)blanks->bytes)[blanks->n / sizeof(size_t) - 1] == out->n)
        blanks->n -= sizeof(size_t);
}

static void write_break(const struct composing *c, const struct piece *piece) {
    struct growing *out = &c->unbroken->bytes;
    unwrite_blank(c);
    compose(c->document, piece->begin, piece->end, out);
    struct break_after *after = growing_item(&c->unbroken->breaks, sizeof *after);
    if (after) *after = (struct break_after){out->n, piece->rows};
}

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c < 0;
}

/* Was there a blank beside the piece, in front of it (step -1) or behind it (1)? */
static bool had_blank(const struct composing *c, size_t piece, int step) {
    size_t beside = piece + (size_t)step;
    return beside < c->text->n_pieces && c->pieces[beside].kind == PIECE_BLANK;
}

/* Is there a letter or a digit at a byte of the document? Before the first one and behind the last
 * one there is none. */
static bool letter_at(const struct composing *c, size_t at) {
    return at < c->document->bytes.n && is_word(c->document->bytes.bytes[at]);
}

/* A piece that stood between blanks does so again, and one that no letter stood beside does not get
 * one. `next` is the character that follows. */
static void write_alone(struct composing *c, const struct placed *placed, char next) {
    const struct piece *piece = &c->pieces[placed->piece];
    struct growing *out = &c->unbroken->bytes;
    bool span = piece->kind == PIECE_PROTECTED;
    bool meets = span && out->n && is_word(out->bytes[out->n - 1]) && letter_at(c, piece->begin) &&
                 !letter_at(c, piece->begin - 1);
    bool met = span && is_word(next) && letter_at(c, piece->end - 1) && !letter_at(c, piece->end);
    if (meets || had_blank(c, placed->piece, -1)) write_blank(c);
    write_bytes(c, piece);
    if (met || (had_blank(c, placed->piece, 1) && next && !strchr(" .,;:!?)", next)))
        write_blank(c);
}

/* A piece that begins, ends or is a line. */
static void write_line(struct composing *c, const struct placed *placed, char next) {
    const struct piece *piece = &c->pieces[placed->piece];
    struct growing *out = &c->unbroken->bytes;
    if (piece->kind != PIECE_CLOSE) {
        bool alone = placed->length == 0 && piece->kind == PIECE_PROTECTED;
        if (alone && had_blank(c, placed->piece, -1)) write_blank(c);
        bool blank = out->n && out->bytes[out->n - 1] == ' ';
        unwrite_blank(c);
        if (blank)
            write_turn(c);
        else if (!starts_line(c))
            interrupt_line(c);
    }
    compose(c->document, piece->begin, piece->end, out);
    c->line = piece->kind == PIECE_OPEN ? LINE_OPEN : LINE_DONE;
    c->line_end = piece->line_end;
    if (placed->length == 0 && piece->kind == PIECE_PROTECTED && next && !strchr(" .,;:!?)", next))
        write_turn(c);
}

static void write_placed(struct composing *c, const struct placed *placed, char next) {
    const struct piece *piece = &c->pieces[placed->piece];
    if (piece->kind == PIECE_BREAK)
        write_break(c, piece);
    else if (piece->line_end)
        write_line(c, placed, next);
    else if (placed->length == 0 && piece->kind != PIECE_OPEN && piece->kind != PIECE_CLOSE)
        write_alone(c, placed, next);
    else
        write_bytes(c, piece);
}

/* Blanks behind what ends a line, or is itself one. */
static size_t skip_blanks(const struct composing *c, size_t at) {
    const struct growing *out = &c->unbroken->bytes;
    bool at_start = out->n && out->bytes[out->n - 1] == '\n';
    while (at_start && at < c->text->n_target && c->text->target[at] == ' ') at++;
    return at;
}

static void write_translation(struct composing *c) {
    const struct placed *placed = (const void *)c->text->placed.bytes;
    size_t n = c->text->placed.n / sizeof *placed, at = 0;
    for (size_t i = 0; i < n; i++) {
        if (placed[i].at > at) write_target(c, at, placed[i].at);
        if (placed[i].at > at) at = placed[i].at;
        size_t next = at + placed[i].length;
        write_placed(c, &placed[i], next < c->text->n_target ? c->text->target[next] : 0);
        at = skip_blanks(c, next);
    }
    if (at < c->text->n_target) write_target(c, at, c->text->n_target);
}

static void compose_text(const struct tolka_document *document, const struct text *text,
                         struct growing *out) {
    struct unbroken unbroken = {.bytes = {0}};
    struct composing c = {document,  text,         text_pieces(document, text),
                          &unbroken, LINE_OF_TEXT, LINE_NONE};
    write_translation(&c);
    lay_out(document, &text->layout, &unbroken, out);
    out->failed |= unbroken.bytes.failed || unbroken.blanks.failed || unbroken.breaks.failed;
    unbroken_free(&unbroken);
}

/* ---- all of them ----------------------------------------------------------------------------- */

void compose(const struct tolka_document *document, size_t begin, size_t end, struct growing *out) {
    const struct text *texts = document_texts(document);
    size_t n = document_n_texts(document), at = begin;
    for (size_t i = first_text(document, begin); i < n && texts[i].begin < end; i++) {
        const struct text *text = &texts[i];
        if (text->begin < at || text->end > end || !text->target) continue;
        growing_add(out, document->bytes.bytes + at, text->begin - at);
        compose_text(document, text, out);
        at = text->end;
    }
    if (end > at) growing_add(out, document->bytes.bytes + at, end - at); /* none may be nowhere */
}
