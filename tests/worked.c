#include "tests/worked.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines ----------------------------------------------------------------------------------- */

/* Splits "key = text" in place. */
static void parse_line(struct example *example, char *line) {
    char *equals = strstr(line, " =");
    ck_assert_msg(equals, "%s: \"%s\" is neither given nor computed", example->name, line);
    ck_assert_uint_lt(example->n_lines, MAX_EXAMPLE_LINES);
    struct example_line *out = &example->lines[example->n_lines++];
    bool computed = equals[2] == '>';
    *out = (struct example_line){.key = line, .text = equals + (computed ? 3 : 2)};
    out->computed = computed;
    out->text += strspn(out->text, " ");
    while (equals > line && equals[-1] == ' ') equals--;
    *equals = 0;
}

struct example *example_open(const char *name) {
    char info[64];
    snprintf(info, sizeof info, "numbers %s", name);
    struct example *example = calloc(1, sizeof *example);
    ck_assert_ptr_nonnull(example);
    example->name = name;
    example->document = document_open(TRANSFORMER_DOCUMENT);
    const struct block *block = document_block_called(example->document, info);
    for (size_t i = 0; i < block->n_lines; i++) parse_line(example, (char *)block->lines[i]);
    return example;
}

void example_close(struct example *example) {
    for (size_t i = 0; i < example->n_lines; i++)
        ck_assert_msg(example->lines[i].used, "%s: no test uses \"%s\"", example->name,
                      example->lines[i].key);
    example_discard(example);
}

void example_discard(struct example *example) {
    document_free(example->document);
    free(example);
}

static struct example_line *line_of(struct example *example, const char *key, bool computed) {
    for (size_t i = 0; i < example->n_lines; i++) {
        struct example_line *line = &example->lines[i];
        if (line->computed != computed || strcmp(line->key, key) != 0) continue;
        line->used = true;
        return line;
    }
    ck_abort_msg("%s: no line \"%s %s\"", example->name, key, computed ? "=>" : "=");
    return NULL;
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* Half of the last digit of "1.25", and a little for a float's own rounding. */
static double tolerance_of(const char *at, const char *end, float value) {
    const char *point = memchr(at, '.', (size_t)(end - at));
    double digit = point ? pow(10, -(double)(end - point - 1)) : 0;
    return 0.5 * digit + 1e-6 * (1 + fabs((double)value));
}

static void end_row(const struct example *example, const char *key, struct numbers *numbers,
                    size_t *start) {
    size_t n = numbers->n - *start;
    if (numbers->n_rows == 0) numbers->n_columns = n;
    ck_assert_msg(n > 0 && n == numbers->n_columns, "%s: rows of \"%s\" differ in length",
                  example->name, key);
    numbers->n_rows++;
    *start = numbers->n;
}

static const char *parse_number(const struct example *example, const char *key, const char *at,
                                struct numbers *numbers) {
    char *end;
    float value = strtof(at, &end);
    ck_assert_msg(end != at && numbers->n < MAX_NUMBERS, "%s: \"%s\" at \"%s\"", example->name, key,
                  at);
    numbers->tolerance[numbers->n] = isfinite(value) ? tolerance_of(at, end, value) : 0;
    numbers->at[numbers->n++] = value;
    return end;
}

static const struct numbers *numbers_of(const struct example *example, struct example_line *line) {
    struct numbers *numbers = &line->numbers;
    size_t start = 0;
    if (numbers->n > 0) return numbers;
    for (const char *at = line->text; *at; at += strspn(at, " ")) {
        if (*at == '|') {
            end_row(example, line->key, numbers, &start);
            at++;
        } else {
            at = parse_number(example, line->key, at, numbers);
        }
    }
    end_row(example, line->key, numbers, &start);
    return numbers;
}

/* ---- given ----------------------------------------------------------------------------------- */

const struct numbers *given(struct example *example, const char *key) {
    return numbers_of(example, line_of(example, key, false));
}

float given_number(struct example *example, const char *key) {
    return *given_floats(example, key, 1);
}

const char *given_text(struct example *example, const char *key) {
    return line_of(example, key, false)->text;
}

const float *given_floats(struct example *example, const char *key, size_t n) {
    const struct numbers *numbers = given(example, key);
    ck_assert_msg(numbers->n == n, "%s: \"%s\" has %zu numbers, not %zu", example->name, key,
                  numbers->n, n);
    return numbers->at;
}

struct linear given_linear(struct example *example, const char *key) {
    const struct numbers *numbers = given(example, key);
    return (struct linear){.w = {.type = DTYPE_F32,
                                 .layout = LAYOUT_ROWS,
                                 .n_out = numbers->n_rows,
                                 .n_in = numbers->n_columns,
                                 .data = numbers->at}};
}

/* ---- computed -------------------------------------------------------------------------------- */

static void expect_one(const struct example *example, const char *key,
                       const struct numbers *printed, size_t i, double found) {
    double want = (double)printed->at[i];
    if (found == want || fabs(found - want) <= printed->tolerance[i]) return;
    ck_abort_msg("%s: \"%s\", number %zu is printed as %g; it is %.6f", example->name, key, i + 1,
                 want, found);
}

static const struct numbers *printed_numbers(struct example *example, const char *key, size_t n) {
    const struct numbers *printed = numbers_of(example, line_of(example, key, true));
    ck_assert_msg(printed->n == n, "%s: \"%s\" has %zu numbers; there are %zu", example->name, key,
                  printed->n, n);
    return printed;
}

void expect_floats(struct example *example, const char *key, const float *found, size_t n) {
    const struct numbers *printed = printed_numbers(example, key, n);
    for (size_t i = 0; i < n; i++) expect_one(example, key, printed, i, (double)found[i]);
}

void expect_number(struct example *example, const char *key, double found) {
    expect_one(example, key, printed_numbers(example, key, 1), 0, found);
}

void expect_ids(struct example *example, const char *key, const int32_t *found, size_t n) {
    const struct numbers *printed = printed_numbers(example, key, n);
    for (size_t i = 0; i < n; i++) expect_one(example, key, printed, i, found[i]);
}

void expect_text(struct example *example, const char *key, const char *found) {
    const char *text = line_of(example, key, true)->text;
    ck_assert_msg(strcmp(text, found) == 0, "%s: \"%s\" is \"%s\" here, but %s", example->name, key,
                  text, found);
}
