#include "engine/attention.h"

#include <string.h>

/* ---- heads and buffers ----------------------------------------------------------------------- */

static struct multi_head heads_of(const struct config *config, size_t n_heads, size_t head_dim,
                                  struct products *products,
                                  const struct attention_buffers *buffers) {
    return (struct multi_head){.products = products,
                               .buffers = buffers,
                               .d_model = config->d_model,
                               .n_heads = n_heads,
                               .head_dim = head_dim,
                               .width = n_heads * head_dim,
                               .scale = config_attention_scale(config, head_dim),
                               .norm_keys = config->norm_keys};
}

struct multi_head encoder_heads(const struct config *config, struct products *products,
                                const struct attention_buffers *buffers) {
    return heads_of(config, config->encoder_heads, config_encoder_head_dim(config), products,
                    buffers);
}

struct multi_head decoder_heads(const struct config *config, struct products *products,
                                const struct attention_buffers *buffers) {
    return heads_of(config, config->decoder_heads, config_decoder_head_dim(config), products,
                    buffers);
}

void attention_take(struct attention_buffers *buffers, const struct config *config,
                    const struct attention_sizes *sizes, struct arena *arena) {
    struct multi_head encoder = encoder_heads(config, NULL, NULL);
    struct multi_head decoder = decoder_heads(config, NULL, NULL);
    size_t width = max_size(encoder.width, decoder.width);
    size_t n_heads = max_size(encoder.n_heads, decoder.n_heads);
    size_t head_dim = max_size(encoder.head_dim, decoder.head_dim);
    size_t longest = max_size(padded_keys(sizes->longest), padded_keys(sizes->n_steps));
    buffers->qkv = arena_take(arena, sizes->n_rows, 3 * width * sizeof(float));
    buffers->context = arena_take(arena, sizes->n_rows, width * sizeof(float));
    buffers->packed = arena_take(arena, padded_keys(sizes->longest), encoder.width * sizeof(float));
    buffers->scratch =
        arena_take(arena, max_size(attention_scratch(sizes->longest, head_dim), longest * n_heads),
                   sizeof(float));
    buffers->seen = arena_take(arena, longest * n_heads, sizeof(float));
}

/* Weights of one query, [n_heads][n] in buffers->seen, to its row of the map. */
static void see(const struct multi_head *heads, const struct attention_layer *layer, size_t query,
                size_t n) {
    const struct attention_map *map = layer->map;
    for (size_t h = 0; h < heads->n_heads; h++)
        memcpy(map_head(map, layer->number, h) + query * map->n_keys, heads->buffers->seen + h * n,
               n * sizeof(float));
}

/* ---- projections ----------------------------------------------------------------------------- */

/* Q = input W^Q + b^Q, and K, V likewise, into buffers->qkv: row r has Q at [r][0], K at [r][width]
 * and V at [r][2 width]. */
static void project_qkv(const struct multi_head *heads, const struct attention_weights *weights,
                        const float *input, const float *x, size_t n_rows) {
    struct epilogue plain = {0};
    float *qkv = heads->buffers->qkv;
    size_t stride = 3 * heads->width;
    struct operand rows = operand_begin(heads->products, input, n_rows, heads->d_model);
    linear(heads->products, &rows, &weights->q, plain, qkv, stride);
    /* Old pre-norm Marian models norm queries alone. */
    if (!heads->norm_keys) rows = operand_begin(heads->products, x, n_rows, heads->d_model);
    linear(heads->products, &rows, &weights->k, plain, qkv + heads->width, stride);
    linear(heads->products, &rows, &weights->v, plain, qkv + 2 * heads->width, stride);
}

/* x += Concat(head_1, ..., head_h) W^O + b^O */
static void project_out(const struct multi_head *heads, const struct attention_weights *weights,
                        size_t n_rows, float *x) {
    struct operand context =
        operand_begin(heads->products, heads->buffers->context, n_rows, heads->width);
    struct epilogue add = {.residual = x, .residual_stride = heads->d_model};
    linear(heads->products, &context, &weights->out, add, x, heads->d_model);
}

/* ---- the encoder's self-attention ------------------------------------------------------------ */

/* softmax(Q K^T * scale + bias) V of one sentence: buffers->qkv to buffers->context. */
static void attend_sentence(const struct multi_head *heads, const struct attention_layer *layer,
                            const struct source_rows *sentence) {
    const struct attention_buffers *buffers = heads->buffers;
    const struct kernels *kernels = heads->products->kernels;
    size_t stride = 3 * heads->width;
    const float *q = buffers->qkv + sentence->first * stride;
    kernels->pack_keys(q + heads->width, stride, sentence->n, heads->n_heads, heads->head_dim,
                       buffers->packed);
    struct attention attention = {
        .n_heads = heads->n_heads,
        .head_dim = heads->head_dim,
        .n_queries = sentence->n,
        .n_keys = sentence->n,
        .scale = heads->scale,
        .q = q,
        .q_stride = stride,
        .keys = buffers->packed,
        .values = q + 2 * heads->width,
        .value_stride = stride,
        .bias = layer->bias,
        .bias_stride = layer->bias_stride,
        .out = buffers->context + sentence->first * heads->width,
        .out_stride = heads->width,
        .weights = layer->map ? map_head(layer->map, layer->number, 0) : NULL,
        .scratch = buffers->scratch,
    };
    kernels->attend(&attention);
}

void self_attention(const struct multi_head *heads, const struct attention_layer *layer,
                    const struct source_rows *sentences, size_t n_sentences, const float *input,
                    float *x) {
    size_t n_rows = 0;
    for (size_t s = 0; s < n_sentences; s++) n_rows += sentences[s].n;
    project_qkv(heads, layer->weights, input, x, n_rows);
    for (size_t s = 0; s < n_sentences; s++) attend_sentence(heads, layer, &sentences[s]);
    project_out(heads, layer->weights, n_rows, x);
}

/* ---- the decoder's causal self-attention ----------------------------------------------------- */

void cache_take(struct decoder_cache *cache, const struct config *config, size_t n_slots,
                size_t n_steps, struct arena *arena) {
    size_t width = decoder_heads(config, NULL, NULL).width, layers = config->decoder_layers;
    size_t n_nodes = max_size(cache->n_nodes, n_steps * n_slots);
    *cache = (struct decoder_cache){.n_slots = n_slots, .n_nodes = n_nodes};
    if (config->decoder_kind == DECODER_SSRU) return;
    cache->keys = arena_take(arena, n_nodes * width, layers * sizeof(float));
    cache->values = arena_take(arena, n_nodes * width, layers * sizeof(float));
}

/* Attention of row r over its own history, whose nodes stand anywhere in the cache. */
static void attend_history(const struct multi_head *heads, const struct attention_layer *layer,
                           const struct decoder_row *row, size_t r, const float *keys,
                           const float *values) {
    struct cached_attention attention = {
        .n_heads = heads->n_heads,
        .head_dim = heads->head_dim,
        .n_keys = row->position + 1,
        .scale = heads->scale,
        .q = heads->buffers->qkv + r * 3 * heads->width,
        .keys = keys,
        .values = values,
        .cache_stride = heads->width,
        .nodes = row->nodes,
        /* Key 0 is `position` before the row: distance 0 is the row itself. */
        .bias = layer->bias ? layer->bias - row->position : NULL,
        .bias_stride = layer->bias_stride,
        .out = heads->buffers->context + r * heads->width,
        .weights = layer->map ? heads->buffers->seen : NULL,
        .scratch = heads->buffers->scratch,
    };
    heads->products->kernels->attend_cached(&attention);
    if (layer->map) see(heads, layer, row->position, row->position + 1);
}

/* Key and value of a row's new token become a node, so that the row sees itself too. */
static void remember(const struct multi_head *heads, size_t r, size_t node, float *keys,
                     float *values) {
    size_t width = heads->width;
    const float *qkv = heads->buffers->qkv + r * 3 * width;
    memcpy(keys + node * width, qkv + width, width * sizeof *keys);
    memcpy(values + node * width, qkv + 2 * width, width * sizeof *values);
}

void causal_self_attention(const struct multi_head *heads, const struct attention_layer *layer,
                           struct decoder_rows rows, struct decoder_cache *cache,
                           const float *input, float *x) {
    size_t layer_floats = cache->n_nodes * heads->width;
    float *keys = cache->keys + layer->number * layer_floats;
    float *values = cache->values + layer->number * layer_floats;
    project_qkv(heads, layer->weights, input, x, rows.n);
    for (size_t r = 0; r < rows.n; r++) {
        const struct decoder_row *row = &rows.at[r];
        remember(heads, r, cache_node(cache, row->position, row->slot), keys, values);
        attend_history(heads, layer, row, r, keys, values);
    }
    project_out(heads, layer->weights, rows.n, x);
}

/* ---- cross-attention ------------------------------------------------------------------------- */

size_t memory_key_floats(const struct config *config, size_t n_tokens) {
    return packed_keys_size(config->decoder_heads, config_decoder_head_dim(config), n_tokens);
}

void memory_take(struct source_memory *memory, const struct config *config, struct arena *arena) {
    size_t width = decoder_heads(config, NULL, NULL).width, layers = config->decoder_layers;
    memory->places = arena_take(arena, memory->n_places, sizeof *memory->places);
    memory->keys = arena_take(arena, memory->n_key_floats, layers * sizeof(float));
    memory->values = arena_take(arena, memory->n_tokens * width, layers * sizeof(float));
}

/* Keys and values of one sentence, from rows of [key, value] to where the layer keeps them. */
static void store_sentence(const struct multi_head *heads, const struct source_place *place,
                           const float *rows, float *keys, float *values) {
    size_t width = heads->width;
    heads->products->kernels->pack_keys(rows, 2 * width, place->n_keys, heads->n_heads,
                                        heads->head_dim, keys + place->key_offset);
    for (size_t i = 0; i < place->n_keys; i++)
        memcpy(values + (place->value_row + i) * width, rows + (2 * i + 1) * width,
               width * sizeof *values);
}

void memory_fill(struct source_memory *memory, const struct multi_head *heads,
                 const struct decoder_layer *layers, uint32_t n_layers,
                 const struct source_rows *sentences, size_t n_sentences, const float *encoded) {
    size_t width = heads->width, n_rows = 0;
    float *kv = heads->buffers->qkv; /* [n_rows][2 * width] */
    struct epilogue plain = {0};
    for (size_t s = 0; s < n_sentences; s++) {
        memory->places[sentences[s].place].n_keys = sentences[s].n;
        n_rows += sentences[s].n;
    }
    struct operand rows = operand_begin(heads->products, encoded, n_rows, heads->d_model);
    for (uint32_t layer = 0; layer < n_layers; layer++) {
        float *keys = memory->keys + layer * memory->n_key_floats;
        float *values = memory->values + layer * memory->n_tokens * width;
        linear(heads->products, &rows, &layers[layer].cross.k, plain, kv, 2 * width);
        linear(heads->products, &rows, &layers[layer].cross.v, plain, kv + width, 2 * width);
        for (size_t s = 0; s < n_sentences; s++)
            store_sentence(heads, &memory->places[sentences[s].place],
                           kv + sentences[s].first * 2 * width, keys, values);
    }
}

/* Rows [first, end) of one sentence over its place in the memory. */
static void attend_source(const struct multi_head *heads, const struct attention_layer *layer,
                          size_t first, size_t end, const struct source_place *place,
                          const float *keys, const float *values) {
    size_t width = heads->width;
    struct attention attention = {
        .n_heads = heads->n_heads,
        .head_dim = heads->head_dim,
        .n_queries = end - first,
        .n_keys = place->n_keys,
        .scale = heads->scale,
        .q = heads->buffers->qkv + first * width,
        .q_stride = width,
        .keys = keys + place->key_offset,
        .values = values + place->value_row * width,
        .value_stride = width,
        .out = heads->buffers->context + first * width,
        .out_stride = width,
        .weights = layer->map    ? heads->buffers->seen
                   : layer->rows ? layer->rows->room
                                 : NULL,
        .scratch = heads->buffers->scratch,
    };
    heads->products->kernels->attend(&attention);
}

/* The first head's weights of rows [first, end). */
static void keep_rows(const struct attention_rows *rows, size_t first, size_t end, size_t n_keys) {
    for (size_t r = first; r < end; r++)
        memcpy(rows->weights + r * rows->stride, rows->room + (r - first) * n_keys,
               n_keys * sizeof *rows->weights);
}

void cross_attention(const struct multi_head *heads, const struct attention_layer *layer,
                     struct decoder_rows rows, const struct source_memory *memory,
                     const float *input, float *x) {
    const float *keys = memory->keys + layer->number * memory->n_key_floats;
    const float *values = memory->values + layer->number * memory->n_tokens * heads->width;
    struct epilogue plain = {0};
    struct operand queries = operand_begin(heads->products, input, rows.n, heads->d_model);
    linear(heads->products, &queries, &layer->weights->q, plain, heads->buffers->qkv, heads->width);
    for (size_t r = 0, end; r < rows.n; r = end) {
        end = sentence_end(rows, r);
        const struct source_place *place = &memory->places[rows.at[r].sentence];
        attend_source(heads, layer, r, end, place, keys, values);
        if (layer->map) see(heads, layer, rows.at[r].position, place->n_keys);
        if (layer->rows) keep_rows(layer->rows, r, end, place->n_keys);
    }
    project_out(heads, layer->weights, rows.n, x);
}
