#include "text/formats/table_lines.h"

#include "text/formats/builder.h"

#include <string.h>

/* The cell of a line: bytes [*begin, *end). Column 0: the line. */
static bool find_cell(const char *bytes, long column, size_t *begin, size_t *end) {
    for (long i = 1; i < column; i++) {
        const char *tab = memchr(bytes + *begin, '\t', *end - *begin);
        if (!tab) return false;
        *begin = (size_t)(tab - bytes) + 1;
    }
    const char *tab = column ? memchr(bytes + *begin, '\t', *end - *begin) : NULL;
    if (tab) *end = (size_t)(tab - bytes);
    return true;
}

static void parse_lines(struct tolka_document *document, long column) {
    struct builder builder = builder_new(document);
    const char *bytes = document->bytes.bytes;
    for (size_t at = 0; at < document->n_file;) {
        const char *newline = memchr(bytes + at, '\n', document->n_file - at);
        size_t next = newline ? (size_t)(newline - bytes) + 1 : document->n_file;
        size_t begin = at, end = newline ? next - 1 : next;
        if (end > begin && bytes[end - 1] == '\r') end--;
        if (find_cell(bytes, column, &begin, &end)) {
            builder_spaced(&builder, begin, end);
            builder_end(&builder, LAYOUT_LINE);
        }
        at = next;
    }
}

tolka_status lines_parse(struct tolka_document *document, tolka_error *err) {
    (void)err;
    parse_lines(document, 0);
    return TOLKA_OK;
}

tolka_status tsv_parse(struct tolka_document *document, tolka_error *err) {
    (void)err;
    parse_lines(document, document->column);
    return TOLKA_OK;
}

void lines_encode(const struct tolka_document *document, const struct text *text,
                  struct growing *out, const char *bytes, size_t n, bool starts_line) {
    (void)document, (void)text, (void)starts_line;
    for (size_t i = 0; i < n; i++) growing_char(out, bytes[i] == '\t' ? ' ' : bytes[i]);
}
