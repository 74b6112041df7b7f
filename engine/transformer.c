#include "engine/transformer.h"

/* The widest rows that a linear layer reads. */
static size_t max_inputs(const struct config *config) {
    size_t ffn = max_size(config->encoder_ffn, config->decoder_ffn);
    size_t width =
        max_size(encoder_heads(config, NULL, NULL).width, decoder_heads(config, NULL, NULL).width);
    return max_size(max_size(ffn, width), config->d_model);
}

static void take_activations(struct transformer *transformer, const struct batch_shape *shape,
                             size_t n_rows, struct arena *arena) {
    const struct config *config = &transformer->model->config;
    struct activations *activations = &transformer->activations;
    struct attention_sizes sizes = {n_rows, shape->longest, shape->n_steps};
    activations->x = arena_take(arena, n_rows, config->d_model * sizeof(float));
    activations->normed = arena_take(arena, n_rows, config->d_model * sizeof(float));
    attention_take(&activations->attention, config, &sizes, arena);
    ffn_take(&activations->ffn, config, n_rows, arena);
    ssru_take(&transformer->cells, &activations->ssru, config, shape->n_slots, arena);
}

static struct attention_rows take_seen(const struct config *config, const struct batch_shape *shape,
                                       struct arena *arena) {
    if (!shape->covers) return (struct attention_rows){.stride = 0};
    size_t n_keys = padded_keys(shape->longest);
    size_t n_heads = decoder_heads(config, NULL, NULL).n_heads;
    return (struct attention_rows){
        .weights = arena_take(arena, shape->n_slots, n_keys * sizeof(float)),
        .room = arena_take(arena, n_heads * shape->beam, n_keys * sizeof(float)),
        .stride = n_keys};
}

static size_t encoder_rows(const struct batch_shape *shape) {
    size_t n_rows = shape->n_tokens < ENCODER_ROWS ? shape->n_tokens : ENCODER_ROWS;
    return max_size(n_rows, shape->longest);
}

void transformer_take(struct transformer *transformer, const struct batch_shape *shape,
                      struct arena *arena) {
    const struct config *config = &transformer->model->config;
    size_t n_rows = max_size(encoder_rows(shape), shape->n_slots);
    take_activations(transformer, shape, n_rows, arena);
    products_take(&transformer->products, n_rows, max_inputs(config), arena);
    encoder_bias_take(&transformer->encoder_bias, config, shape->longest, arena);
    transformer->memory = (struct source_memory){.n_places = shape->n_sentences,
                                                 .n_key_floats = shape->n_key_floats,
                                                 .n_tokens = shape->n_tokens};
    memory_take(&transformer->memory, config, arena);
    transformer->seen = take_seen(config, shape, arena);
}
