#include "text/formats/line_layout.h"

#include <ctype.h>
#include <string.h>

void unbroken_free(struct unbroken *unbroken) {
    growing_free(&unbroken->bytes);
    growing_free(&unbroken->blanks);
    growing_free(&unbroken->breaks);
}

static size_t columns(const char *bytes, size_t begin, size_t end) {
    size_t n = 0;
    for (size_t i = begin; i < end; i++) n += (bytes[i] & 0xc0) != 0x80;
    return n;
}

struct laying {
    const struct tolka_document *document;
    const struct layout *layout;
    const char *bytes;
    size_t n;
    const size_t *blanks;
    size_t n_blanks;
    struct growing *out;
};

static void turn(const struct laying *laying) {
    const struct layout *layout = laying->layout;
    if (layout->turn_end > layout->turn)
        growing_add(laying->out, laying->document->bytes.bytes + layout->turn,
                    layout->turn_end - layout->turn);
    else
        growing_string(laying->out, laying->document->crlf ? "\r\n" : "\n");
}

/* ---- as wide as it was ----------------------------------------------------------------------- */

/* A word that means something at the beginning of a line: a bullet, a number, a macro. */
static bool may_begin(const struct laying *laying, size_t at) {
    const char *word = laying->bytes + at;
    size_t n = laying->n - at, digits = 0;
    if (n == 0 || strchr("-+*#>=|.'~:`", word[0])) return false;
    while (digits < n && isdigit((unsigned char)word[digits])) digits++;
    return digits == 0 || digits == n || !strchr(".)", word[digits]);
}

static size_t turn_columns(const struct laying *laying) {
    const struct layout *layout = laying->layout;
    const char *bytes = laying->document->bytes.bytes;
    size_t begin = layout->turn;
    while (begin < layout->turn_end && (bytes[begin] == '\r' || bytes[begin] == '\n')) begin++;
    return columns(bytes, begin, layout->turn_end);
}

/* Turns at the last blank before a line gets too wide. */
static void wrap(const struct laying *laying) {
    size_t column = laying->layout->first_column, counted = 0, from = 0, last = 0;
    bool can_turn = false;
    for (size_t i = 0; i <= laying->n_blanks; i++) {
        size_t blank = i < laying->n_blanks ? laying->blanks[i] : laying->n;
        column += columns(laying->bytes, counted, blank);
        counted = blank;
        if (column > laying->layout->width && can_turn) {
            growing_add(laying->out, laying->bytes + from, last - from);
            turn(laying);
            from = last + 1;
            column = turn_columns(laying) + columns(laying->bytes, from, blank);
            can_turn = false;
        }
        if (blank < laying->n && laying->bytes[blank] == '\n') {
            growing_add(laying->out, laying->bytes + from, blank - from);
            turn(laying);
            from = blank + 1;
            counted = from;
            column = 0;
            can_turn = false;
        } else if (blank < laying->n && may_begin(laying, blank + 1)) {
            last = blank;
            can_turn = true;
        }
    }
    growing_add(laying->out, laying->bytes + from, laying->n - from);
}

/* ---- as many as there were ------------------------------------------------------------------- */

/* The blank in (from, end) that is nearest to byte `wanted`; `end`: there is none. */
static size_t nearest_blank(const struct laying *laying, size_t from, size_t end, size_t wanted) {
    size_t best = end;
    for (size_t i = 0; i < laying->n_blanks; i++) {
        size_t blank = laying->blanks[i];
        size_t away = blank > wanted ? blank - wanted : wanted - blank;
        size_t best_away = best > wanted ? best - wanted : wanted - best;
        if (blank > from && blank < end && (best == end || away < best_away)) best = blank;
    }
    return best;
}

static void write_rows(const struct laying *laying, size_t from, size_t end, size_t rows) {
    for (; rows > 1; rows--) {
        size_t blank = nearest_blank(laying, from, end, from + (end - from) / rows);
        if (blank == end) break;
        growing_add(laying->out, laying->bytes + from, blank - from);
        turn(laying);
        from = blank + 1;
    }
    growing_add(laying->out, laying->bytes + from, end - from);
}

static void lay_rows(const struct laying *laying, const struct growing *breaks) {
    const struct break_after *list = (const void *)breaks->bytes;
    size_t n = breaks->n / sizeof *list, from = 0, rows = laying->layout->rows;
    for (size_t i = 0; i < n; i++) {
        write_rows(laying, from, list[i].at, rows);
        from = list[i].at;
        rows = list[i].rows;
    }
    write_rows(laying, from, laying->n, rows);
}

void lay_out(const struct tolka_document *document, const struct layout *layout,
             const struct unbroken *unbroken, struct growing *out) {
    struct laying laying = {.document = document,
                            .layout = layout,
                            .bytes = unbroken->bytes.bytes,
                            .n = unbroken->bytes.n,
                            .blanks = (const void *)unbroken->blanks.bytes,
                            .n_blanks = unbroken->blanks.n / sizeof(size_t),
                            .out = out};
    if (layout->kind == LAYOUT_WRAP)
        wrap(&laying);
    else if (layout->kind == LAYOUT_ROWS)
        lay_rows(&laying, &unbroken->breaks);
    else
        growing_add(out, laying.bytes, laying.n);
}
