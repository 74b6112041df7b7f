#include "engine/decoder.h"

#include "engine/embedding.h"
#include "engine/norm.h"

static void embed_targets(struct transformer *transformer, struct decoder_rows rows) {
    struct embedding embedding = target_embedding(transformer->model);
    size_t d_model = transformer->model->config.d_model;
    float *x = transformer->activations.x;
    for (size_t r = 0; r < rows.n; r++)
        embed(&embedding, &transformer->positions, rows.at[r].token, rows.at[r].position,
              x + r * d_model);
    embedding_finish(&embedding, transformer->products.kernels, x, rows.n);
}

static struct decoder_pass begin_pass(struct transformer *transformer, struct decoder_rows rows) {
    const struct model *model = transformer->model;
    return (struct decoder_pass){.model = model,
                                 .products = &transformer->products,
                                 .activations = &transformer->activations,
                                 .heads = decoder_heads(&model->config, &transformer->products,
                                                        &transformer->activations.attention),
                                 .rows = rows,
                                 .memory = &transformer->memory,
                                 .cache = &transformer->cache,
                                 .cells = &transformer->cells,
                                 .bias = transformer->positions.decoder_bias,
                                 .self_map = transformer->decoder_map,
                                 .cross_map = transformer->cross_map,
                                 .last_rows = transformer->seen.stride ? &transformer->seen : NULL};
}

/* T5 1.0 multiplies by d_model^-0.5 here, having left it out of attention. */
static void scale_output(float *x, size_t n, float scale) {
    if (scale == 1) return;
    for (size_t i = 0; i < n; i++) x[i] *= scale;
}

void decode_step(struct transformer *transformer, struct decoder_rows rows) {
    const struct model *model = transformer->model;
    const struct config *config = &model->config;
    float *x = transformer->activations.x;
    embed_targets(transformer, rows);
    struct decoder_pass pass = begin_pass(transformer, rows);
    for (uint32_t layer = 0; layer < config->decoder_layers; layer++) decoder_layer(&pass, layer);
    if (config->final_norm)
        normalize(transformer->products.kernels, config, &model->decoder_final_norm, x, rows.n, x);
    scale_output(x, rows.n * config->d_model, config->output_scale);
}
