/* A model and what one thread computes it with: buffers for a batch, the memory of the sources, the
 * decoder's caches. No other thread touches it. */
#ifndef TRANSFORMER_H
#define TRANSFORMER_H

#include "engine/layer.h"

struct transformer {
    const struct model *model;
    struct products products;
    struct positions positions; /* outlive a batch; the rest is laid out anew for each */
    struct activations activations;
    struct bias_table encoder_bias;
    struct source_memory memory;
    struct decoder_cache cache;
    struct ssru_cells cells;
    struct attention_rows seen; /* by the last layer in a step; stride 0: no search asks */
    /* Where the weights of one sentence alone go, for those who look at attention; else NULL. */
    const struct attention_map *encoder_map, *decoder_map, *cross_map;
};

/* What a batch needs room for. */
struct batch_shape {
    size_t n_sentences;       /* at a time */
    size_t n_tokens, longest; /* of their sources: in all, and of one */
    size_t n_key_floats;      /* memory_key_floats of all sources */
    size_t n_slots;           /* decoder rows at most: sentences x beam */
    size_t n_steps;           /* generated tokens at most */
    size_t beam;
    size_t n_phrases; /* of the words that translations must have; 0: they need not */
    bool use_shortlist;
    bool covers;        /* scores count coverage */
    enum row_need rows; /* what choices need */
};

/* Rows that the encoder computes at once, if sentences are no longer: as many as weights pay for being
 * read, while activations stay in the caches and need no room for all of a batch. */
enum { ENCODER_ROWS = 512 };

/* Lays out everything that a batch needs, but for the decoder's cache. */
void transformer_take(struct transformer *transformer, const struct batch_shape *shape,
                      struct arena *arena);

#endif
