#include "tests/document.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading --------------------------------------------------------------------------------- */

struct parser {
    struct document *document;
    const char *heading;
    bool in_table, in_block;
};

char *document_text(const char *path) {
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file, "no %s", path);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    size_t n = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(n + 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(fread(text, 1, n, file), n);
    fclose(file);
    text[n] = 0;
    return text;
}

/* Takes blanks around a cell and all backquotes away. */
static const char *clean(char *cell) {
    char *out = cell;
    while (*cell == ' ') cell++;
    const char *start = out;
    for (; *cell; cell++)
        if (*cell != '`') *out++ = *cell;
    while (out > start && out[-1] == ' ') out--;
    *out = 0;
    return start;
}

static size_t split(char *line, const char *cells[MAX_COLUMNS]) {
    size_t n = 0;
    for (char *at = line + 1, *bar; (bar = strchr(at, '|')); at = bar + 1) {
        *bar = 0;
        ck_assert_msg(n < MAX_COLUMNS, "a table has more than %d columns", MAX_COLUMNS);
        cells[n++] = clean(at);
    }
    return n;
}

static void start_table(struct parser *parser, char *line) {
    struct document *document = parser->document;
    ck_assert_uint_lt(document->n_tables, MAX_TABLES);
    struct table *table = &document->tables[document->n_tables++];
    table->heading = parser->heading;
    table->n_columns = split(line, table->columns);
    parser->in_table = true;
}

static void add_row(struct parser *parser, char *line) {
    if (!parser->in_table) {
        start_table(parser, line);
        return;
    }
    if (strncmp(line, "| ---", 5) == 0) return;
    struct table *table = &parser->document->tables[parser->document->n_tables - 1];
    ck_assert_uint_lt(table->n_rows, MAX_ROWS);
    size_t n = split(line, table->cells[table->n_rows]);
    ck_assert_msg(n == table->n_columns, "%s: %s: %zu cells in a table of %zu columns",
                  table->heading, table->cells[table->n_rows][0], n, table->n_columns);
    table->n_rows++;
}

static void toggle_block(struct parser *parser, const char *info) {
    struct document *document = parser->document;
    parser->in_block = !parser->in_block;
    if (!parser->in_block) return;
    ck_assert_uint_lt(document->n_blocks, MAX_BLOCKS);
    document->blocks[document->n_blocks++] =
        (struct block){.heading = parser->heading, .info = info};
}

static void add_block_line(struct document *document, const char *line) {
    struct block *block = &document->blocks[document->n_blocks - 1];
    ck_assert_uint_lt(block->n_lines, MAX_BLOCK_LINES);
    block->lines[block->n_lines++] = line;
}

static void parse_line(struct parser *parser, char *line) {
    if (line[0] != '|') parser->in_table = false;
    if (strncmp(line, "```", 3) == 0)
        toggle_block(parser, line + 3);
    else if (parser->in_block)
        add_block_line(parser->document, line);
    else if (line[0] == '#')
        parser->heading = line + strspn(line, "# ");
    else if (line[0] == '|')
        add_row(parser, line);
}

struct document *document_open(const char *path) {
    struct document *document = calloc(1, sizeof *document);
    ck_assert_ptr_nonnull(document);
    document->text = document_text(path);
    struct parser parser = {.document = document, .heading = ""};
    for (char *line = document->text, *end; *line; line = end) {
        end = line + strcspn(line, "\n");
        if (*end) *end++ = 0;
        parse_line(&parser, line);
    }
    return document;
}

void document_free(struct document *document) {
    free(document->text);
    free(document);
}

/* ---- look-up --------------------------------------------------------------------------------- */

struct table *document_table(struct document *document, const char *heading, size_t n) {
    for (size_t i = 0; i < document->n_tables; i++)
        if (strcmp(document->tables[i].heading, heading) == 0 && n-- == 0)
            return &document->tables[i];
    ck_abort_msg("a table is missing under \"%s\"", heading);
    return NULL;
}

const struct block *document_block(const struct document *document, const char *heading, size_t n) {
    for (size_t i = 0; i < document->n_blocks; i++)
        if (strcmp(document->blocks[i].heading, heading) == 0 && n-- == 0)
            return &document->blocks[i];
    ck_abort_msg("a block of code is missing under \"%s\"", heading);
    return NULL;
}

const struct block *document_block_called(const struct document *document, const char *info) {
    for (size_t i = 0; i < document->n_blocks; i++)
        if (strcmp(document->blocks[i].info, info) == 0) return &document->blocks[i];
    ck_abort_msg("no block of code is called \"%s\"", info);
    return NULL;
}

bool has_column(const struct table *table, const char *column) {
    for (size_t i = 0; i < table->n_columns; i++)
        if (strcmp(table->columns[i], column) == 0) return true;
    return false;
}

const char *cell(const struct table *table, size_t row, const char *column) {
    for (size_t i = 0; i < table->n_columns; i++)
        if (strcmp(table->columns[i], column) == 0) return table->cells[row][i];
    ck_abort_msg("the table under \"%s\" has no column \"%s\"", table->heading, column);
    return NULL;
}

/* ---- numbers --------------------------------------------------------------------------------- */

size_t block_bytes(const struct block *block, unsigned char *out, size_t capacity) {
    size_t n = 0;
    for (size_t i = 0; i < block->n_lines; i++) {
        char *at, *end;
        unsigned long place = strtoul(block->lines[i], &at, 16);
        ck_assert_msg(*at == ':' && place == n, "%s: \"%s\" should be at %zx", block->heading,
                      block->lines[i], n);
        for (at++; *at; at = end, n++) {
            unsigned long byte = strtoul(at, &end, 16);
            ck_assert_msg(end == at + 3 && byte < 256 && n < capacity, "%s: \"%s\"", block->heading,
                          block->lines[i]);
            out[n] = (unsigned char)byte;
        }
    }
    return n;
}

size_t block_numbers(const struct block *block, float *out, size_t capacity) {
    size_t n = 0;
    for (size_t i = 0; i < block->n_lines; i++) {
        char *end;
        for (const char *at = block->lines[i]; *at; at = end) {
            ck_assert_uint_lt(n, capacity);
            out[n++] = strtof(at, &end);
            ck_assert_msg(end != at, "%s: \"%s\"", block->heading, block->lines[i]);
        }
    }
    return n;
}
