/* What the rows of a batch stand for. No batch is padded: linear layers see one tall matrix of real
 * rows, and attention alone knows which of them belong together. */
#ifndef ROWS_H
#define ROWS_H

#include <stddef.h>
#include <stdint.h>

/* A sentence on its way through the encoder, whose rows are the tokens of all its sentences, one
 * sentence after another. */
struct source_rows {
    const int32_t *ids; /* borrowed */
    size_t n;           /* tokens */
    size_t place;       /* in the source memory */
    size_t first;       /* of its rows; encode_sources sets it */
};

/* A decoder row: a hypothesis that is about to get one more token. */
struct decoder_row {
    int32_t token;        /* its last token; -1: a zero embedding */
    uint32_t position;    /* of that token */
    uint32_t sentence;    /* place in the source memory of the sentence that it translates */
    uint32_t slot;        /* where its keys and values go: node position * n_slots + slot */
    const int32_t *nodes; /* its history: nodes of positions 0 .. position, the new one included */
    uint32_t cell;        /* SSRU: slot whose cell it continues */
};

/* A step's rows; those of one sentence stand together. */
struct decoder_rows {
    const struct decoder_row *at;
    size_t n;
};

/* The end of the run of rows, from row r on, that belong to r's sentence. */
static inline size_t sentence_end(struct decoder_rows rows, size_t r) {
    size_t end = r + 1;
    while (end < rows.n && rows.at[end].sentence == rows.at[r].sentence) end++;
    return end;
}

/* What choices need of whole rows of logits: some at a time, or all of a step until it is over. */
enum row_need { ROWS_NONE, ROWS_PASSING, ROWS_KEPT };

#endif
