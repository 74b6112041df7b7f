/* The encoder: embeddings and positions, then layers of self-attention and feed-forward over all
 * tokens of a batch at once. Linear layers see one tall matrix; only attention knows sentences. */
#include "worker.h"

struct encoder_shape {
    size_t d_model, n_heads, head_dim, inner, n_rows;
    float scale;
};

static struct encoder_shape shape_of(const struct worker *worker) {
    const struct config *config = &worker->model->config;
    struct encoder_shape shape = {.d_model = config->d_model,
                                  .n_heads = config->encoder_heads,
                                  .head_dim = config_encoder_head_dim(config),
                                  .n_rows = worker->shape.n_tokens};
    shape.inner = shape.n_heads * shape.head_dim;
    shape.scale = config_attention_scale(config, shape.head_dim);
    return shape;
}

static void embed(struct worker *worker, const int32_t *const *ids) {
    const struct model *model = worker->model;
    const struct config *config = &model->config;
    for (size_t s = 0; s < worker->shape.n_sentences; s++) {
        const struct memory *sentence = &worker->sentences[s];
        for (size_t i = 0; i < sentence->n_keys; i++) {
            float *x = worker->x + (sentence->first_token + i) * config->d_model;
            matrix_read_row(&model->source_table, (size_t)ids[s][i], x);
            for (size_t j = 0; j < config->d_model; j++) x[j] *= config->embedding_scale;
            add_position(&worker->positions, config, &model->encoder_positions, (uint32_t)i, x,
                         worker->row);
        }
    }
    if (config->embedding_norm)
        normalize(worker, &model->encoder_embedding_norm, worker->x, worker->shape.n_tokens,
                  worker->x);
}

/* [rows][3 * inner] of queries, keys and values -> [rows][inner] of contexts. */
static void attend_sentences(struct worker *worker, const struct encoder_shape *shape,
                             uint32_t layer) {
    size_t stride = 3 * shape->inner;
    size_t n_distances = 2 * worker->shape.longest - 1;
    bool shared_bias = !worker->model->config.relative_bias_per_layer;
    for (size_t s = 0; s < worker->shape.n_sentences; s++) {
        const struct memory *sentence = &worker->sentences[s];
        const float *q = worker->qkv + sentence->first_token * stride;
        worker->kernels->pack_keys(q + shape->inner, stride, sentence->n_keys, shape->n_heads,
                                   shape->head_dim, worker->packed);
        struct attention attention = {
            .n_heads = shape->n_heads,
            .head_dim = shape->head_dim,
            .n_queries = sentence->n_keys,
            .n_keys = sentence->n_keys,
            .scale = shape->scale,
            .q = q,
            .q_stride = stride,
            .keys = worker->packed,
            .values = q + 2 * shape->inner,
            .value_stride = stride,
            .out = worker->context + sentence->first_token * shape->inner,
            .out_stride = shape->inner,
            .scratch = worker->scores,
        };
        if (worker->bias) {
            size_t table = shared_bias ? 0 : layer;
            attention.bias = worker->bias + table * shape->n_heads * n_distances +
                             (worker->shape.longest - 1);
            attention.bias_stride = n_distances;
        }
        worker->kernels->attend(&attention);
    }
}

static void self_attention(struct worker *worker, const struct encoder_shape *shape,
                           uint32_t layer) {
    const struct attention_weights *self = &worker->model->encoder[layer].self;
    bool pre = worker->model->config.norm_place == NORM_PRE;
    const float *input = worker->x;
    if (pre) {
        normalize(worker, &self->norm, worker->x, shape->n_rows, worker->normed);
        input = worker->normed;
    }
    struct operand x = operand_of(input, shape->d_model, shape->n_rows, shape->d_model);
    struct epilogue plain = {0};
    size_t stride = 3 * shape->inner;
    linear(worker, &x, &self->q, plain, worker->qkv, stride);
    linear(worker, &x, &self->k, plain, worker->qkv + shape->inner, stride);
    linear(worker, &x, &self->v, plain, worker->qkv + 2 * shape->inner, stride);
    attend_sentences(worker, shape, layer);

    struct operand context = operand_of(worker->context, shape->inner, shape->n_rows, shape->inner);
    struct epilogue add = {.residual = worker->x, .residual_stride = shape->d_model};
    linear(worker, &context, &self->out, add, worker->x, shape->d_model);
    if (!pre) normalize(worker, &self->norm, worker->x, shape->n_rows, worker->x);
}

static void fill_bias(struct worker *worker) {
    const struct config *config = &worker->model->config;
    size_t longest = worker->shape.longest;
    uint32_t layers = config->relative_bias_per_layer ? config->encoder_layers : 1;
    for (uint32_t i = 0; i < layers; i++)
        relative_bias(&worker->model->encoder[i].self.relative_bias, config, true, longest - 1,
                      longest - 1,
                      worker->bias + i * config->encoder_heads * (2 * longest - 1));
}

/* Keys and values of the finished encoder output, for every decoder layer, once a sentence. */
static void fill_memory(struct worker *worker, struct operand *x) {
    const struct model *model = worker->model;
    const struct config *config = &model->config;
    size_t head_dim = config_decoder_head_dim(config);
    size_t inner = config->decoder_heads * head_dim;
    struct epilogue plain = {0};
    for (uint32_t layer = 0; layer < config->decoder_layers; layer++) {
        const struct attention_weights *cross = &model->decoder[layer].cross;
        float *keys = worker->memory_keys + layer * worker->shape.n_key_floats;
        float *values = worker->memory_values + layer * worker->shape.n_tokens * inner;
        linear(worker, x, &cross->v, plain, values, inner);
        linear(worker, x, &cross->k, plain, worker->qkv, inner);
        for (size_t s = 0; s < worker->shape.n_sentences; s++) {
            const struct memory *sentence = &worker->sentences[s];
            worker->kernels->pack_keys(worker->qkv + sentence->first_token * inner, inner,
                                       sentence->n_keys, config->decoder_heads, head_dim,
                                       keys + sentence->key_offset);
        }
    }
}

void encode(struct worker *worker, const int32_t *const *ids) {
    const struct model *model = worker->model;
    const struct config *config = &model->config;
    struct encoder_shape shape = shape_of(worker);
    embed(worker, ids);
    if (worker->bias) fill_bias(worker);
    for (uint32_t layer = 0; layer < config->encoder_layers; layer++) {
        self_attention(worker, &shape, layer);
        feed_forward(worker, &model->encoder[layer].ffn, config->encoder_ffn, worker->x,
                     shape.n_rows);
    }
    if (config->final_norm)
        normalize(worker, &model->encoder_final_norm, worker->x, shape.n_rows, worker->x);
    struct operand x = operand_of(worker->x, shape.d_model, shape.n_rows, shape.d_model);
    fill_memory(worker, &x);
}
