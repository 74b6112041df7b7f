/* Multi-head attention (section 3.2): self-attention of the encoder, causal self-attention of the
 * decoder, and cross-attention of the decoder to the source, with the memories that the last two
 * look at.
 *
 *     Attention(Q, K, V) = softmax(Q K^T / sqrt(d_k)) V                            (equation 1)
 *     MultiHead(Q, K, V) = Concat(head_1, ..., head_h) W^O                       (section 3.2.2)
 *         where head_i = Attention(Q W_i^Q, K W_i^K, V W_i^V)
 *
 * The W_i of all heads are one matrix, so that projections are one product each. Equation 1 for one
 * head after another is the kernel `attend`, or `attend_cached` where keys are a hypothesis's
 * history: engine/kernels/scalar.c has them in plain C.
 *
 * A sublayer here is given `input` [n_rows][d_model] and adds its result to the residual stream
 * x[n_rows][d_model]; layer.c says what input and x are to each other. */
#ifndef ATTENTION_H
#define ATTENTION_H

#include "engine/linear.h"
#include "engine/rows.h"

/* Room for what attention computes on its way. */
struct attention_buffers {
    float *qkv; /* [n_rows][3 * width]: query, key and value of each row side by side; where only
                       two of them, or queries alone, are asked for, rows are that much shorter */
    float *context; /* [n_rows][width]: what the heads give, concatenated */
    float *packed;  /* packed keys of one source sentence */
    float *scratch; /* scores on their way to weights */
    float *seen;    /* [n_heads][keys]: weights of one query on their way into a map */
};

/* The attention of one stack: how it is cut into heads, and what it computes with. */
struct multi_head {
    struct products *products;
    const struct attention_buffers *buffers;
    size_t d_model, n_heads, head_dim;
    size_t width;   /* n_heads * head_dim: of all queries, keys or values of a row; d_model in most
                       models, but not in T5 */
    float scale;    /* of q . k: 1 / sqrt(head_dim) unless the model says otherwise */
    bool norm_keys; /* pre-norm: keys and values see the norm's output, as queries do */
};

struct multi_head encoder_heads(const struct config *config, struct products *products,
                                const struct attention_buffers *buffers);
struct multi_head decoder_heads(const struct config *config, struct products *products,
                                const struct attention_buffers *buffers);

/* Sizes of a batch, as far as they matter to attention. */
struct attention_sizes {
    size_t n_rows;           /* at most, of encoder and decoder */
    size_t longest, n_steps; /* source tokens and generated tokens at most */
};
void attention_take(struct attention_buffers *buffers, const struct config *config,
                    const struct attention_sizes *sizes, struct arena *arena);

/* ---- weights for those who want to see them -------------------------------------------------- */

/* softmax(Q K^T / sqrt(d_k)) of one sentence alone: [n_layers][n_heads][n_queries][n_keys]. Only
 * what looks at attention (engine/attention_map.c) has one; searches have none, and pay nothing. */
struct attention_map {
    float *weights;
    size_t n_layers, n_heads, n_queries, n_keys;
};

/* [n_queries][n_keys] of a head. */
static inline float *map_head(const struct attention_map *map, size_t layer, size_t head) {
    return map->weights + (layer * map->n_heads + head) * map->n_queries * map->n_keys;
}

/* What the first head of a layer pays attention to in a step, for searches that want to know. */
struct attention_rows {
    float *weights; /* [n_rows][stride]: a row's weights of its source's tokens */
    float *room;    /* [n_heads][rows of a sentence][keys] */
    size_t stride;
};

/* What is particular to the attention of one layer. */
struct attention_layer {
    uint32_t number;
    const struct attention_weights *weights;
    const float *bias; /* relative bias of distance 0, heads bias_stride apart; NULL: none */
    size_t bias_stride;
    const struct attention_map *map;   /* NULL: nobody looks */
    const struct attention_rows *rows; /* of cross-attention; NULL: no search asks */
};

/* ---- the encoder's self-attention ------------------------------------------------------------ */

/* Every token of a sentence looks at every token of the same sentence. */
void self_attention(const struct multi_head *heads, const struct attention_layer *layer,
                    const struct source_rows *sentences, size_t n_sentences, const float *input,
                    float *x);

/* ---- the decoder's causal self-attention ----------------------------------------------------- */

/* Keys and values of all tokens that hypotheses have been given so far. A node is one decoder input
 * at one position; a hypothesis is a list of nodes, so beams with a common beginning share them and
 * nothing is ever copied. */
struct decoder_cache {
    float *keys, *values; /* [decoder_layers][n_nodes][width]; NULL: SSRU instead */
    size_t n_slots;
    size_t n_nodes; /* that a layer has room for: n_steps * n_slots at least */
};
/* Layers stay where they are until one needs more room than any before it, so that a batch touches
 * the pages that others have touched: the memory that batches take one after another is that of the
 * greatest, not of all. `cache` is as the last batch left it, or zero; the arena is its own. */
void cache_take(struct decoder_cache *cache, const struct config *config, size_t n_slots,
                size_t n_steps, struct arena *arena);

static inline size_t cache_node(const struct decoder_cache *cache, uint32_t position,
                                uint32_t slot) {
    return (size_t)position * cache->n_slots + slot;
}

/* Every row looks at its own history. There is no mask to find here: section 3.2.3 masks the future
 * because a whole target is computed at once; step by step, the nodes that a row lists are those of
 * its past and itself, and no others exist for it. */
void causal_self_attention(const struct multi_head *heads, const struct attention_layer *layer,
                           struct decoder_rows rows, struct decoder_cache *cache,
                           const float *input, float *x);

/* ---- cross-attention ------------------------------------------------------------------------- */

/* One encoded sentence. Its place in the memory stays when another sentence, not longer than the
 * first, takes it over. */
struct source_place {
    size_t n_keys;     /* source tokens */
    size_t key_offset; /* floats into the keys of a layer */
    size_t value_row;  /* row of the values of a layer */
};

/* The encoder's output as the decoder's layers see it: their keys and values of it, made once a
 * sentence. */
struct source_memory {
    struct source_place *places; /* [n_places] */
    size_t n_places;
    float *keys;         /* [decoder_layers][n_key_floats], packed (kernels.h) */
    float *values;       /* [decoder_layers][n_tokens][width] */
    size_t n_key_floats; /* of all places, one layer */
    size_t n_tokens;     /* of all places */
};

/* Floats that the packed keys of a sentence take in each decoder layer. */
size_t memory_key_floats(const struct config *config, size_t n_tokens);
void memory_take(struct source_memory *memory, const struct config *config, struct arena *arena);

/* Remembers sentences at their places: layer by layer, K = encoded W^K and V = encoded W^V, where
 * encoded[n_rows][d_model] is the encoder's output. */
void memory_fill(struct source_memory *memory, const struct multi_head *heads,
                 const struct decoder_layer *layers, uint32_t n_layers,
                 const struct source_rows *sentences, size_t n_sentences, const float *encoded);

/* Every row looks at all of its source sentence. */
void cross_attention(const struct multi_head *heads, const struct attention_layer *layer,
                     struct decoder_rows rows, const struct source_memory *memory,
                     const float *input, float *x);

#endif
