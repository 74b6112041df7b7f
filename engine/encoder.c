/* The encoder: embeddings and positions, then layers of self-attention and feed-forward over all
 * tokens of a batch at once. Linear layers see one tall matrix; only attention knows sentences. */
#include "engine/worker.h"

#include <string.h>

struct encoding {
    const size_t *sentences; /* places in worker->sentences */
    size_t n_sentences;
    size_t d_model, n_heads, head_dim, inner, n_rows;
    float scale;
};

/* Gives the sentences their rows, one after another. */
static struct encoding start(struct worker *worker, const size_t *sentences, size_t n) {
    const struct config *config = &worker->model->config;
    struct encoding encoding = {.sentences = sentences,
                                .n_sentences = n,
                                .d_model = config->d_model,
                                .n_heads = config->encoder_heads,
                                .head_dim = config_encoder_head_dim(config)};
    encoding.inner = encoding.n_heads * encoding.head_dim;
    encoding.scale = config_attention_scale(config, encoding.head_dim);
    for (size_t s = 0; s < n; s++) {
        worker->sentences[sentences[s]].first_row = encoding.n_rows;
        encoding.n_rows += worker->sentences[sentences[s]].n_keys;
    }
    return encoding;
}

static void embed(struct worker *worker, const struct encoding *encoding) {
    const struct model *model = worker->model;
    const struct config *config = &model->config;
    for (size_t s = 0; s < encoding->n_sentences; s++) {
        const struct memory *sentence = &worker->sentences[encoding->sentences[s]];
        for (size_t i = 0; i < sentence->n_keys; i++) {
            float *x = worker->x + (sentence->first_row + i) * config->d_model;
            matrix_read_row(&model->source_table, (size_t)sentence->ids[i], x);
            for (size_t j = 0; j < config->d_model; j++) x[j] *= config->embedding_scale;
            add_position(&worker->positions, config, &model->encoder_positions, (uint32_t)i, x,
                         worker->row);
        }
    }
    if (config->embedding_norm)
        normalize(worker, &model->encoder_embedding_norm, worker->x, encoding->n_rows, worker->x);
}

/* [rows][3 * inner] of queries, keys and values -> [rows][inner] of contexts. */
static void attend_sentences(struct worker *worker, const struct encoding *encoding,
                             uint32_t layer) {
    size_t stride = 3 * encoding->inner;
    size_t n_distances = 2 * worker->shape.longest - 1;
    bool shared_bias = !worker->model->config.relative_bias_per_layer;
    for (size_t s = 0; s < encoding->n_sentences; s++) {
        const struct memory *sentence = &worker->sentences[encoding->sentences[s]];
        const float *q = worker->qkv + sentence->first_row * stride;
        worker->kernels->pack_keys(q + encoding->inner, stride, sentence->n_keys, encoding->n_heads,
                                   encoding->head_dim, worker->packed);
        struct attention attention = {
            .n_heads = encoding->n_heads,
            .head_dim = encoding->head_dim,
            .n_queries = sentence->n_keys,
            .n_keys = sentence->n_keys,
            .scale = encoding->scale,
            .q = q,
            .q_stride = stride,
            .keys = worker->packed,
            .values = q + 2 * encoding->inner,
            .value_stride = stride,
            .out = worker->context + sentence->first_row * encoding->inner,
            .out_stride = encoding->inner,
            .scratch = worker->scores,
        };
        if (worker->bias) {
            size_t table = shared_bias ? 0 : layer;
            attention.bias = worker->bias + table * encoding->n_heads * n_distances +
                             (worker->shape.longest - 1);
            attention.bias_stride = n_distances;
        }
        worker->kernels->attend(&attention);
    }
}

static void self_attention(struct worker *worker, const struct encoding *encoding, uint32_t layer) {
    const struct attention_weights *self = &worker->model->encoder[layer].self;
    bool pre = worker->model->config.norm_place == NORM_PRE;
    const float *input = worker->x;
    if (pre) {
        normalize(worker, &self->norm, worker->x, encoding->n_rows, worker->normed);
        input = worker->normed;
    }
    struct operand x = operand_of(input, encoding->d_model, encoding->n_rows, encoding->d_model);
    struct epilogue plain = {0};
    size_t stride = 3 * encoding->inner;
    linear(worker, &x, &self->q, plain, worker->qkv, stride);
    struct operand raw =
        operand_of(worker->x, encoding->d_model, encoding->n_rows, encoding->d_model);
    struct operand *keys_of = worker->model->config.norm_keys ? &x : &raw;
    linear(worker, keys_of, &self->k, plain, worker->qkv + encoding->inner, stride);
    linear(worker, keys_of, &self->v, plain, worker->qkv + 2 * encoding->inner, stride);
    attend_sentences(worker, encoding, layer);

    struct operand context =
        operand_of(worker->context, encoding->inner, encoding->n_rows, encoding->inner);
    struct epilogue add = {.residual = worker->x, .residual_stride = encoding->d_model};
    linear(worker, &context, &self->out, add, worker->x, encoding->d_model);
    if (!pre) normalize(worker, &self->norm, worker->x, encoding->n_rows, worker->x);
}

static void fill_bias(struct worker *worker) {
    const struct config *config = &worker->model->config;
    size_t longest = worker->shape.longest;
    uint32_t layers = config->relative_bias_per_layer ? config->encoder_layers : 1;
    for (uint32_t i = 0; i < layers; i++)
        relative_bias(&worker->model->encoder[i].self.relative_bias, config, true, longest - 1,
                      longest - 1, worker->bias + i * config->encoder_heads * (2 * longest - 1));
}

/* Keys and values of the finished encoder output, for every decoder layer, once a sentence. */
static void fill_memory(struct worker *worker, const struct encoding *encoding) {
    const struct model *model = worker->model;
    const struct config *config = &model->config;
    size_t head_dim = config_decoder_head_dim(config);
    size_t inner = config->decoder_heads * head_dim;
    struct operand x =
        operand_of(worker->x, encoding->d_model, encoding->n_rows, encoding->d_model);
    struct epilogue plain = {0};
    for (uint32_t layer = 0; layer < config->decoder_layers; layer++) {
        const struct attention_weights *cross = &model->decoder[layer].cross;
        float *keys = worker->memory_keys + layer * worker->shape.n_key_floats;
        float *values = worker->memory_values + layer * worker->shape.n_tokens * inner;
        linear(worker, &x, &cross->k, plain, worker->qkv, 2 * inner);
        linear(worker, &x, &cross->v, plain, worker->qkv + inner, 2 * inner);
        for (size_t s = 0; s < encoding->n_sentences; s++) {
            const struct memory *sentence = &worker->sentences[encoding->sentences[s]];
            const float *row = worker->qkv + sentence->first_row * 2 * inner;
            worker->kernels->pack_keys(row, 2 * inner, sentence->n_keys, config->decoder_heads,
                                       head_dim, keys + sentence->key_offset);
            for (size_t i = 0; i < sentence->n_keys; i++)
                memcpy(values + (sentence->value_row + i) * inner, row + (2 * i + 1) * inner,
                       inner * sizeof *values);
        }
    }
}

void encode(struct worker *worker, const size_t *sentences, size_t n) {
    const struct model *model = worker->model;
    const struct config *config = &model->config;
    struct encoding encoding = start(worker, sentences, n);
    embed(worker, &encoding);
    if (worker->bias) fill_bias(worker);
    for (uint32_t layer = 0; layer < config->encoder_layers; layer++) {
        self_attention(worker, &encoding, layer);
        feed_forward(worker, &model->encoder[layer].ffn, config->encoder_ffn, worker->x,
                     encoding.n_rows);
    }
    if (config->final_norm)
        normalize(worker, &model->encoder_final_norm, worker->x, encoding.n_rows, worker->x);
    fill_memory(worker, &encoding);
}
