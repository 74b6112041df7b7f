/* The layers of figure 1: sublayers with a residual connection and a norm around each. */
#ifndef LAYER_H
#define LAYER_H

#include "engine/attention.h"
#include "engine/feed_forward.h"
#include "engine/position.h"
#include "engine/ssru.h"

/* What the rows of a batch are at the moment, and room for what sublayers compute on their way. */
struct activations {
    float *x;      /* [n_rows][d_model]: the residual stream, which all sublayers add to */
    float *normed; /* [n_rows][d_model]: its norm, where norms come first */
    struct attention_buffers attention;
    struct ffn_buffers ffn;
    struct ssru_buffers ssru;
};

/* A batch on its way through the encoder. */
struct encoder_pass {
    const struct model *model;
    struct products *products;
    const struct activations *activations;
    struct multi_head heads;
    const struct source_rows *sentences;
    size_t n_sentences, n_rows;
    struct bias_table bias;
    const struct attention_map *map; /* NULL unless somebody looks */
};

/* Figure 1, left: activations->x[n_rows][d_model] through one layer. */
void encoder_layer(const struct encoder_pass *pass, uint32_t layer);

/* One step of all hypotheses on their way through the decoder. */
struct decoder_pass {
    const struct model *model;
    struct products *products;
    const struct activations *activations;
    struct multi_head heads;
    struct decoder_rows rows;
    const struct source_memory *memory;
    struct decoder_cache *cache;
    struct ssru_cells *cells;
    struct bias_table bias;
    const struct attention_map *self_map, *cross_map; /* NULL unless somebody looks */
    const struct attention_rows *last_rows; /* of the last layer; NULL unless a search asks */
};

/* Figure 1, right: activations->x[rows.n][d_model] through one layer. */
void decoder_layer(const struct decoder_pass *pass, uint32_t layer);

#endif
