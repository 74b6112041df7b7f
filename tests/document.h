/* A Markdown file as tests read it: its tables and its blocks of code, by the headings above them.
 * Functions fail the running test where something is missing. */
#ifndef DOCUMENT_H
#define DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

enum { MAX_COLUMNS = 8, MAX_ROWS = 96, MAX_TABLES = 24, MAX_BLOCK_LINES = 48, MAX_BLOCKS = 64 };

struct table {
    const char *heading;
    size_t n_columns, n_rows;
    const char *columns[MAX_COLUMNS];
    const char *cells[MAX_ROWS][MAX_COLUMNS]; /* without blanks around them and without ` */
};

struct block {
    const char *heading, *info; /* what stands behind the ``` that open it */
    size_t n_lines;
    const char *lines[MAX_BLOCK_LINES];
};

struct document {
    char *text; /* what all others point into */
    size_t n_tables, n_blocks;
    struct table tables[MAX_TABLES];
    struct block blocks[MAX_BLOCKS];
};

/* All of a file, with a NUL behind it; free it. */
char *document_text(const char *path);
struct document *document_open(const char *path);
void document_free(struct document *document);

/* The n-th table (from 0) under a heading. */
struct table *document_table(struct document *document, const char *heading, size_t n);
const struct block *document_block(const struct document *document, const char *heading, size_t n);
const struct block *document_block_called(const struct document *document, const char *info);

bool has_column(const struct table *table, const char *column);
const char *cell(const struct table *table, size_t row, const char *column);

/* The bytes of a block of lines "0010: 0a ff ..."; returns how many. */
size_t block_bytes(const struct block *block, unsigned char *out, size_t capacity);
/* All numbers of a block's lines. */
size_t block_numbers(const struct block *block, float *out, size_t capacity);

#endif
