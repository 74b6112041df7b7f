#include "text/formats/plain_text.h"

#include "text/formats/builder.h"

#include <ctype.h>
#include <string.h>

/* Lines of a paragraph whose widest is narrower than this are lines of their own: names, verses,
 * tables of contents. A gap of so many blanks in a line separates columns. */
enum { NARROW = 45, COLUMN_GAP = 3 };

struct row {
    size_t begin, end; /* without what ends the line */
    size_t next;
    size_t text;               /* behind indentation and bullet */
    bool bullet, blank, apart; /* apart: its blanks are columns */
    bool command;              /* what a shell is told */
};

/* ---- one line -------------------------------------------------------------------------------- */

/* "- ", "* ", "1. ", "a) ", "[1] ": with the blanks behind it; 0: none. */
static size_t bullet_length(const char *line, size_t n) {
    size_t i = 0;
    if (n > 1 && strchr("-*+o#>", line[0]) && line[0]) i = 1;
    if (n > 3 && memcmp(line, "\xe2\x80\xa2", 3) == 0) i = 3;
    if (i == 0) {
        size_t open = n && (line[0] == '(' || line[0] == '[');
        size_t from = i = open;
        while (i < n && i < from + 4 && isdigit((unsigned char)line[i])) i++;
        if (i == from && i < n && isalpha((unsigned char)line[i])) i++;
        if (i == from || i >= n || !strchr(open ? ")]" : ".)", line[i])) return 0;
        if (isalpha((unsigned char)line[from]) && line[i] == '.') return 0; /* an initial */
        i++;
    }
    size_t blanks = i;
    while (i < n && (line[i] == ' ' || line[i] == '\t')) i++;
    return i > blanks && i < n ? i : 0;
}

static size_t gap_at(const char *bytes, size_t i, size_t end) {
    size_t n = 0;
    while (i + n < end && bytes[i + n] == ' ') n++;
    return n >= COLUMN_GAP || (i < end && bytes[i] == '\t') ? (n ? n : 1) : 0;
}

static struct row read_row(const char *bytes, size_t begin, size_t end) {
    struct row row = {.begin = begin, .end = begin};
    while (row.end < end && bytes[row.end] != '\n') row.end++;
    row.next = row.end + (row.end < end);
    if (row.end > begin && bytes[row.end - 1] == '\r') row.end--;
    row.text = begin;
    while (row.text < row.end && isspace((unsigned char)bytes[row.text])) row.text++;
    row.blank = row.text == row.end;
    row.command = row.end - row.text > 2 && memcmp(bytes + row.text, "$ ", 2) == 0;
    size_t bullet = bullet_length(bytes + row.text, row.end - row.text);
    row.bullet = bullet > 0;
    row.text += bullet;
    for (size_t i = row.text; i < row.end && !row.apart; i++) row.apart = gap_at(bytes, i, row.end);
    return row;
}

/* ---- paragraphs ------------------------------------------------------------------------------ */

/* Cells of a line, each a text. */
static void build_cells(struct builder *builder, const char *bytes, const struct row *row) {
    for (size_t i = row->text, from; i < row->end;) {
        size_t gap = gap_at(bytes, i, row->end);
        i += gap;
        for (from = i; i < row->end && !gap_at(bytes, i, row->end);) i++;
        builder_spaced(builder, from, i);
        builder_end(builder, LAYOUT_LINE);
    }
}

/* Does a line continue the paragraph? Its text begins where the second line's does. */
static bool continues(const char *bytes, const struct row *row, size_t begin, size_t second) {
    if (row->blank || row->bullet || row->apart || row->command) return false;
    return second == 0 || (row->text - row->begin == second - begin &&
                           memcmp(bytes + row->begin, bytes + begin, second - begin) == 0);
}

/* The end of the paragraph that begins with `first`, and the width of its widest line. */
static size_t paragraph_end(const char *bytes, const struct row *first, size_t end, size_t *width) {
    size_t at = first->next, last = first->end, begin = 0, second = 0;
    *width = first->end - first->begin;
    if (first->apart) return last;
    while (at < end) {
        struct row row = read_row(bytes, at, end);
        if (!continues(bytes, &row, begin, second)) break;
        if (second == 0) begin = row.begin, second = row.text;
        if (row.end - row.begin > *width) *width = row.end - row.begin;
        last = row.end;
        at = row.next;
    }
    return last;
}

/* Returns the first byte behind it. */
static size_t build_paragraph(struct builder *builder, const char *bytes, const struct row *first,
                              size_t end) {
    size_t width, last = paragraph_end(bytes, first, end, &width);
    struct row row = *first;
    if (!first->apart && width >= NARROW) {
        builder_spaced(builder, first->text, last);
        builder_end(builder, LAYOUT_WRAP);
        row = read_row(bytes, last, end); /* what is left of the last line */
        return row.next;
    }
    for (build_cells(builder, bytes, &row); row.end < last; build_cells(builder, bytes, &row))
        row = read_row(bytes, row.next, end);
    return row.next;
}

void plain_text_range(struct builder *builder, size_t begin, size_t end) {
    for (size_t at = begin; at < end;) {
        const char *bytes = builder->document->bytes.bytes;
        struct row row = read_row(bytes, at, end);
        at = row.blank || row.command ? row.next : build_paragraph(builder, bytes, &row, end);
    }
}

tolka_status plain_text_parse(struct tolka_document *document, tolka_error *err) {
    struct builder builder = builder_new(document);
    (void)err;
    plain_text_range(&builder, 0, document->n_file);
    return TOLKA_OK;
}

void plain_text_encode(const struct tolka_document *document, const struct text *text,
                       struct growing *out, const char *bytes, size_t n, bool starts_line) {
    (void)document, (void)text, (void)starts_line;
    growing_add(out, bytes, n);
}
