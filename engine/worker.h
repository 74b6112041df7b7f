/* What one worker thread computes with: scratch buffers for a batch, memory of the encoded
 * sentences, the decoder's caches. No other thread touches it. */
#ifndef WORKER_H
#define WORKER_H

#include "engine/arena.h"
#include "engine/model.h"
#include "engine/position.h"

/* Rows on their way into a linear layer, and the forms of them that have been made so far. */
struct operand {
    const float *x;
    size_t stride, n_rows, n;
    bool quantized, rounded; /* worker->q, worker->half hold this operand */
    float multiplier;        /* that it was quantized with */
};

/* One encoded sentence, for all decoder layers. Its place in memory stays when another sentence,
 * not longer than the first, takes it over. */
struct memory {
    const int32_t *ids; /* borrowed */
    size_t n_keys;      /* tokens */
    size_t first_row;   /* of the encoder's rows, while it is encoded */
    size_t key_offset;  /* floats into worker->memory_keys of a layer */
    size_t value_row;   /* row of worker->memory_values of a layer */
};

/* What a batch needs room for. */
struct batch_shape {
    size_t n_sentences; /* at a time */
    size_t n_tokens, longest;
    size_t n_key_floats; /* packed keys of all sentences, one layer */
    size_t n_slots;      /* decoder rows at most: sentences x beam */
    size_t n_steps;      /* generated tokens at most */
    size_t beam;
    bool use_shortlist;
};

struct worker {
    const struct model *model;
    const struct kernels *kernels;
    struct pool *team;  /* idle threads that may take a part of big products; NULL: none */
    struct arena arena; /* laid out anew for every batch */
    struct batch_shape shape;
    struct arena lasting; /* positions, decoder_bias: what outlives a batch */
    struct position_table positions;
    float *decoder_bias; /* [layers or 1][heads][capacity], by distance, farthest first */

    /* encoder: rows are tokens of all sentences of the batch, one after another */
    struct memory *sentences;
    float *x;       /* [rows][d_model], the residual stream */
    float *normed;  /* [rows][d_model], pre-norm input of a sublayer */
    float *qkv;     /* [rows][3 * inner] */
    float *context; /* [rows][inner], what attention gives */
    float *hidden;  /* [rows][ffn] */
    float *gate;    /* [rows][ffn], gated feed-forward only */
    float *packed;  /* packed keys of one sentence */
    float *scores;  /* attention scratch */
    float *bias;    /* relative bias by distance: encoder, [layers or 1][heads][2 longest - 1] */
    float *row;     /* one row, any width */

    /* cross-attention memory: [decoder_layers] of each */
    float *memory_keys, *memory_values;

    /* decoder cache: [decoder_layers][n_steps * n_slots][inner]; SSRU cells use [n_slots][d_model]
     * twice */
    float *cache_keys, *cache_values;
    float *cells;

    int8_t *q; /* quantized operand */
    float *q_scale;
    uint16_t *half; /* operand in bf16 */

    /* shortlists, if the model has them: [n_sentences] gathered output layers and their ids */
    uint8_t *outputs;
    int32_t *output_ids;
    uint8_t *seen;
    size_t output_size;

    float *logits;               /* [rows][LOGITS_CHUNK] */
    struct search_state *search; /* search.h */

    struct {
        unsigned long long source_tokens, target_tokens, sentences, steps;
        double encoder_seconds, decoder_seconds;
    } stats;
};

/* Logits are made and consumed this many at a time, while they are in the nearest cache. */
enum { LOGITS_CHUNK = 1024 };

/* Makes room for a batch; false: no memory. */
bool worker_reserve(struct worker *worker, const struct batch_shape *shape);
void worker_free(struct worker *worker);

/* ---- linear.c -------------------------------------------------------------------------------- */

/* Extras of a linear layer: y = activation(w x + b) + residual. */
struct epilogue {
    enum activation activation;
    const float *residual;
    size_t residual_stride;
};

static inline struct operand operand_of(const float *x, size_t stride, size_t n_rows, size_t n) {
    return (struct operand){.x = x, .stride = stride, .n_rows = n_rows, .n = n};
}
/* y[n_rows][n_out]. One operand at a time may be in use: preparing another overwrites its forms. */
void linear(struct worker *worker, struct operand *x, const struct linear *layer,
            struct epilogue epilogue, float *y, size_t y_stride);
/* The same for outputs [first, first + n) only; y[r][0] is output `first`. */
void linear_range(struct worker *worker, struct operand *x, const struct linear *layer,
                  size_t first, size_t n, float *y, size_t y_stride);
void normalize(const struct worker *worker, const struct norm *norm, const float *x, size_t n_rows,
               float *y);
/* x = x + ffn(x), normed before or after as the configuration says. */
void feed_forward(struct worker *worker, const struct ffn_weights *ffn, size_t n_ffn, float *x,
                  size_t n_rows);

/* ---- encoder.c, decoder.c -------------------------------------------------------------------- */

/* Runs the encoder over these of worker->sentences (ids, n_keys and the place in memory are set),
 * all at once; leaves its output in worker->x and fills the cross-attention memory of every decoder
 * layer. */
void encode(struct worker *worker, const size_t *sentences, size_t n);

/* One decoder row: a hypothesis about to be extended by one token. */
struct decoder_row {
    int32_t token;        /* last token; -1: a zero embedding */
    uint32_t position;    /* of that token */
    uint32_t sentence;    /* whose memory it looks at */
    uint32_t slot;        /* where its keys and values go: node position * n_slots + slot */
    const int32_t *nodes; /* history: nodes of positions 0 .. position, the new one included */
    uint32_t cell;        /* SSRU: slot whose cell it continues */
};

/* Runs one step for all rows; the decoder's output (after the last norm, scaled) is left in
 * worker->x [n_rows][d_model]. Rows of one sentence stand together. */
void decode_step(struct worker *worker, const struct decoder_row *rows, size_t n_rows);

#endif
