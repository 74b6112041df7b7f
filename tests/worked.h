/* Worked examples of docs/transformer.md, which a test reads and computes again. An example is a
 * block of code that opens with ```numbers NAME. Its lines are
 *
 *     key =  numbers        given
 *     key => numbers        what comes out, to the last digit that is printed
 *
 * with | between the rows of a matrix. Functions fail the running test where something is missing
 * or differs. */
#ifndef WORKED_H
#define WORKED_H

#include "engine/model.h"
#include "tests/document.h"

#define TRANSFORMER_DOCUMENT "docs/transformer.md"

enum { MAX_NUMBERS = 96, MAX_EXAMPLE_LINES = 32 };

struct numbers {
    size_t n, n_rows, n_columns;
    float at[MAX_NUMBERS];
    double tolerance[MAX_NUMBERS]; /* half of the last printed digit; whole numbers are exact */
};

struct example_line {
    const char *key, *text; /* text: what stands behind = or => */
    bool computed, used;
    struct numbers numbers; /* of the text, once asked for */
};

struct example {
    const char *name;
    struct document *document;
    size_t n_lines;
    struct example_line lines[MAX_EXAMPLE_LINES];
};

struct example *example_open(const char *name);
/* Fails if there is a line that nobody asked for: every number is used or checked. */
void example_close(struct example *example);
void example_discard(struct example *example); /* looks at nothing */

/* "key = ...": numbers, the first of them, or the text. They live as long as the example. */
const struct numbers *given(struct example *example, const char *key);
float given_number(struct example *example, const char *key);
const char *given_text(struct example *example, const char *key);
/* The same as exactly n floats, and as the weights of a linear layer without a bias. */
const float *given_floats(struct example *example, const char *key, size_t n);
struct linear given_linear(struct example *example, const char *key);

/* "key => ...": exactly so many numbers as were found, each within its tolerance. */
void expect_floats(struct example *example, const char *key, const float *found, size_t n);
void expect_number(struct example *example, const char *key, double found);
void expect_ids(struct example *example, const char *key, const int32_t *found, size_t n);
void expect_text(struct example *example, const char *key, const char *found);

#endif
