/* The output layer, and what is done with its logits: from the decoder's rows to choices. Unless a
 * choice needs it, a full row of logits is never stored, and a softmax never computed where an
 * argmax is enough. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "engine/linear.h"
#include "engine/row_choice.h"
#include "engine/rows.h"
#include "engine/shortlist.h"

/* Logits are made and consumed this many at a time, while they are in the nearest cache. */
enum { LOGITS_CHUNK = 1024 };

/* The output layer as one thread uses it. */
struct output {
    const struct model *model;
    struct products *products;
    const struct shortlists *shortlists; /* NULL: all of the vocabulary */
    float *logits;                       /* [n_rows][LOGITS_CHUNK] */
    struct candidate *found;             /* [LOGITS_CHUNK] */
    float *rows;   /* [n_rows][target_vocab], where rows are needed */
    size_t n_rows; /* that are there at once; where rows are kept, all */
    bool keeps_rows;
    struct row_room room;
};
void output_take(struct output *output, size_t n_rows, enum row_need need, struct arena *arena);

/* choices[rows.n] from x[rows.n][d_model], the decoder's output. */
void output_choices(const struct output *output, const float *x, struct decoder_rows rows,
                    const struct wanted *wanted, struct choice *choices);

#endif
