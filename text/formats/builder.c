#define _POSIX_C_SOURCE 200809L
#include "text/formats/builder.h"

#include "text/protected_spans.h"
#include "tokenizer/utf8.h"

#include <ctype.h>
#include <string.h>

/* A text with more tags than this stays as it is: no prose has so many, and the way in which tags
 * find their words takes time for each pair. */
enum { MOST_MARKS = 512, WIDEST = 200, USUAL = 100 };

struct builder builder_new(struct tolka_document *document) {
    return (struct builder){
        .document = document, .first_piece = document->pieces.n / sizeof(struct piece), .line = 1};
}

static struct piece *pieces_of(const struct builder *builder, size_t *n) {
    const struct growing *all = &builder->document->pieces;
    *n = all->n / sizeof(struct piece) - builder->first_piece;
    return *n ? (struct piece *)(void *)all->bytes + builder->first_piece : NULL;
}

struct piece *builder_piece(struct builder *builder, enum piece_kind kind, size_t begin,
                            size_t end) {
    static struct piece none;
    struct piece *piece = growing_item(&builder->document->pieces, sizeof *piece);
    if (!piece) return &none; /* the buffer has failed, which is noticed at the end */
    *piece = (struct piece){.kind = kind, .begin = begin, .end = end};
    return piece;
}

void builder_text(struct builder *builder, size_t begin, size_t end) {
    size_t n;
    struct piece *pieces = pieces_of(builder, &n);
    if (begin == end) return;
    if (n && pieces[n - 1].kind == PIECE_TEXT && pieces[n - 1].end == begin)
        pieces[n - 1].end = end;
    else
        builder_piece(builder, PIECE_TEXT, begin, end);
}

void builder_character(struct builder *builder, size_t begin, size_t end, const char *spelled) {
    struct piece *piece = builder_piece(builder, PIECE_CHARACTER, begin, end);
    memcpy(piece->spelled, spelled, strnlen(spelled, sizeof piece->spelled - 1));
}

void builder_spaced(struct builder *builder, size_t begin, size_t end) {
    const char *bytes = builder->document->bytes.bytes;
    for (size_t i = begin, from; i < end;) {
        for (from = i; i < end && !isspace((unsigned char)bytes[i]);) i++;
        builder_text(builder, from, i);
        for (from = i; i < end && isspace((unsigned char)bytes[i]);) i++;
        if (i > from) builder_piece(builder, PIECE_BLANK, from, i);
    }
}

/* ---- protected spans ------------------------------------------------------------------------- */

static bool is_spelled(const struct piece *piece) {
    return piece->kind == PIECE_TEXT || piece->kind == PIECE_CHARACTER;
}

/* One run of text without tags or blanks between its bytes: pieces [first, last). */
static void split_run(struct builder *builder, struct growing *out, const struct piece *pieces,
                      size_t first, size_t last) {
    const char *bytes = builder->document->bytes.bytes;
    size_t begin = pieces[first].begin, end = pieces[last - 1].end, i = first, at = begin;
    for (size_t from = begin; i < last;) {
        size_t n = pieces[i].kind == PIECE_TEXT
                       ? protected_length(bytes + begin, end - begin, at - begin)
                       : 0;
        bool piece_ends = at == pieces[i].end;
        if ((n || piece_ends) && at > from) {
            struct piece *piece = growing_item(out, sizeof *piece);
            if (!piece) return;
            *piece = pieces[i];
            piece->begin = from;
            piece->end = at;
        }
        if (piece_ends) {
            from = at;
            i++;
        } else if (n) {
            struct piece *piece = growing_item(out, sizeof *piece);
            if (!piece) return;
            *piece = (struct piece){.kind = PIECE_PROTECTED, .begin = at, .end = at + n};
            from = at += n;
            while (i < last && pieces[i].end <= at) i++;
        } else {
            at = pieces[i].kind == PIECE_TEXT ? at + 1 : pieces[i].end;
        }
    }
}

static void protect_spans(struct builder *builder) {
    struct growing out = {0};
    size_t n;
    struct piece *pieces = pieces_of(builder, &n);
    for (size_t i = 0; i < n;) {
        size_t last = i;
        while (last < n && is_spelled(&pieces[last]) &&
               (last == i || pieces[last].begin == pieces[last - 1].end))
            last++;
        if (last > i) {
            split_run(builder, &out, pieces, i, last);
            i = last;
        } else {
            growing_add(&out, &pieces[i++], sizeof *pieces);
        }
    }
    builder->document->pieces.n = builder->first_piece * sizeof *pieces;
    growing_add(&builder->document->pieces, out.bytes, out.n);
    builder->document->pieces.failed |= out.failed;
    growing_free(&out);
}

/* ---- which pieces are the text's --------------------------------------------------------------- */

static bool has_letter(const char *bytes, const struct piece *piece) {
    if (piece->kind == PIECE_CHARACTER) return piece->spelled[0] < 0 || isalpha(piece->spelled[0]);
    if (piece->kind != PIECE_TEXT) return false;
    for (size_t i = piece->begin; i < piece->end; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (isalpha(c) || c >= 0xc3) return true; /* from U+00C0: letters, for the most part */
    }
    return false;
}

/* Which tags belong together: the last one that is open. A tag without partner stands alone. */
static size_t match_marks(struct piece *pieces, size_t n) {
    size_t open = SIZE_MAX, marks = 0; /* a list of those that are open, through their partners */
    for (size_t i = 0; i < n; i++) {
        struct piece *piece = &pieces[i];
        if (piece->kind >= PIECE_OPEN && piece->kind <= PIECE_SINGLE) marks++;
        if (piece->kind == PIECE_OPEN) {
            piece->partner = open;
            open = i;
        } else if (piece->kind == PIECE_CLOSE && open != SIZE_MAX) {
            size_t outer = pieces[open].partner;
            pieces[open].partner = i;
            piece->partner = open;
            open = outer;
        } else if (piece->kind == PIECE_CLOSE) {
            piece->kind = PIECE_SINGLE;
        }
    }
    for (size_t outer; open != SIZE_MAX; open = outer) {
        outer = pieces[open].partner;
        pieces[open].kind = PIECE_SINGLE;
    }
    return marks;
}

/* A pair without a word in it is one piece, and protected if something in it is: an anchor, a link
 * around code. */
static size_t join_wordless(struct piece *pieces, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct piece piece = pieces[i];
        size_t inside = i + 1;
        bool protects = false;
        while (piece.kind == PIECE_OPEN && inside < piece.partner && !is_spelled(&pieces[inside]))
            protects |= pieces[inside++].kind == PIECE_PROTECTED;
        if (piece.kind == PIECE_OPEN && inside == piece.partner) {
            piece.kind = protects ? PIECE_PROTECTED : PIECE_SINGLE;
            piece.end = pieces[inside].end;
            i = inside;
        }
        pieces[kept++] = piece;
    }
    return kept;
}

/* Blanks and tags around all of the text are none of it: [*first, *last) is the rest. */
static void trim(const struct piece *pieces, size_t *first, size_t *last) {
    for (bool again = true; again && *first < *last;) {
        const struct piece *front = &pieces[*first], *back = &pieces[*last - 1];
        again = true;
        if (front->kind == PIECE_OPEN && front->partner == *last - 1)
            ++*first, --*last;
        else if (front->kind == PIECE_OPEN && front->partner == *first + 1)
            *first += 2;
        else if (back->kind == PIECE_CLOSE && back->partner + 2 == *last)
            *last -= 2;
        else if (front->kind == PIECE_BLANK || front->kind == PIECE_SINGLE)
            ++*first;
        else if (back->kind == PIECE_BLANK || back->kind == PIECE_SINGLE)
            --*last;
        else
            again = false;
    }
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Columns of bytes: characters. */
static size_t columns(const char *bytes, size_t begin, size_t end) {
    size_t n = 0;
    for (size_t i = begin; i < end && n < WIDEST; i++) n += (bytes[i] & 0xc0) != 0x80;
    return n;
}

static size_t line_start(const char *bytes, size_t at) {
    size_t least = at > WIDEST * 4 ? at - WIDEST * 4 : 0;
    while (at > least && bytes[at - 1] != '\n') at--;
    return at;
}

/* The widest line; one that an address makes longer than people write does not count if others
 * do. */
static size_t widest_line(const char *bytes, size_t begin, size_t end) {
    size_t widest = 0, usual = 0;
    for (size_t i = begin, from = begin; i < end; i++) {
        if (bytes[i] != '\n' && i + 1 < end) continue;
        size_t n = columns(bytes, from, i + (bytes[i] != '\n'));
        if (n > widest) widest = n;
        if (n > usual && n <= USUAL) usual = n;
        from = i + 1;
    }
    return usual >= USUAL / 2 ? usual : widest;
}

static struct layout wrapped(const struct tolka_document *document, const struct text *text,
                             const struct piece *pieces) {
    const char *bytes = document->bytes.bytes;
    size_t start = line_start(bytes, text->begin);
    struct layout layout = {LAYOUT_LINE, 0, columns(bytes, start, text->begin), 1, 0, 0};
    layout.width = widest_line(bytes, start, text->end);
    for (size_t i = 0; i < text->n_pieces && layout.kind == LAYOUT_LINE; i++) {
        const char *newline =
            pieces[i].kind == PIECE_BLANK
                ? memchr(bytes + pieces[i].begin, '\n', pieces[i].end - pieces[i].begin)
                : NULL;
        if (!newline) continue;
        layout.kind = LAYOUT_WRAP;
        layout.turn = (size_t)(newline - bytes);
        layout.turn -= layout.turn > pieces[i].begin && newline[-1] == '\r';
        layout.turn_end = pieces[i].end;
    }
    return layout;
}

static struct layout rows(const struct tolka_document *document, const struct text *text,
                          const struct piece *pieces) {
    const char *bytes = document->bytes.bytes;
    struct layout layout = {.kind = LAYOUT_ROWS, .rows = 1};
    for (size_t i = 0; i < text->n_pieces && pieces[i].kind != PIECE_BREAK; i++)
        if (pieces[i].kind == PIECE_BLANK &&
            memchr(bytes + pieces[i].begin, '\n', pieces[i].end - pieces[i].begin))
            layout.rows++;
    return layout;
}

/* Texts begin in the order of their lines, but for attributes and messages. */
static size_t line_of(struct builder *builder, size_t at) {
    const char *bytes = builder->document->bytes.bytes;
    if (at < builder->line_at) return builder->line;
    for (size_t i = builder->line_at; i < at; i++) builder->line += bytes[i] == '\n';
    builder->line_at = at;
    return builder->line;
}

/* ---- the end of a text ----------------------------------------------------------------------- */

static bool is_text(const struct builder *builder, const struct piece *pieces, size_t first,
                    size_t last) {
    const char *bytes = builder->document->bytes.bytes;
    bool letter = false;
    for (size_t i = first; i < last; i++) {
        letter |= has_letter(bytes, &pieces[i]);
        if (memchr(bytes + pieces[i].begin, 0, pieces[i].end - pieces[i].begin)) return false;
        if (i > first && pieces[i].begin != pieces[i - 1].end) return false;
    }
    return letter;
}

static void drop(struct builder *builder) {
    builder->document->pieces.n = builder->first_piece * sizeof(struct piece);
    builder->broken = false;
}

void builder_end(struct builder *builder, enum layout_kind layout) {
    struct tolka_document *document = builder->document;
    size_t n, first = 0;
    if (!builder->no_scan) protect_spans(builder);
    struct piece *pieces = pieces_of(builder, &n);
    bool fits = match_marks(pieces, n) <= MOST_MARKS && !builder->broken;
    if (fits) n = join_wordless(pieces, n);
    match_marks(pieces, n);
    size_t last = n;
    trim(pieces, &first, &last);
    if (!fits || document->pieces.failed || !is_text(builder, pieces, first, last)) {
        drop(builder);
        return;
    }
    for (size_t i = first; i < last; i++) pieces[i].partner -= first;
    struct text *text = growing_item(&document->texts, sizeof *text);
    if (!text) return;
    *text = (struct text){.begin = pieces[first].begin,
                          .end = pieces[last - 1].end,
                          .first_piece = builder->first_piece + first,
                          .n_pieces = last - first,
                          .line = line_of(builder, pieces[first].begin),
                          .attribute = builder->attribute};
    pieces += first;
    if (layout == LAYOUT_WRAP) text->layout = wrapped(document, text, pieces);
    if (layout == LAYOUT_ROWS) text->layout = rows(document, text, pieces);
    builder->first_piece += n;
}
