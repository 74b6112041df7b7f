/* The decoder, one step at a time: every row is a hypothesis about to get one more token. */
#include "engine/worker.h"

#include <string.h>

struct step {
    const struct decoder_row *rows;
    size_t n_rows, d_model, n_heads, head_dim, inner;
    float scale;
};

static void embed(struct worker *worker, const struct step *step) {
    const struct model *model = worker->model;
    const struct config *config = &model->config;
    for (size_t r = 0; r < step->n_rows; r++) {
        const struct decoder_row *row = &step->rows[r];
        float *x = worker->x + r * step->d_model;
        if (row->token < 0)
            memset(x, 0, step->d_model * sizeof *x);
        else
            matrix_read_row(&model->target_table, (size_t)row->token, x);
        for (size_t j = 0; j < step->d_model; j++) x[j] *= config->embedding_scale;
        add_position(&worker->positions, config, &model->decoder_positions, row->position, x,
                     worker->row);
    }
    if (config->embedding_norm)
        normalize(worker, &model->decoder_embedding_norm, worker->x, step->n_rows, worker->x);
}

/* Input of a sublayer: the residual stream, normed first if the norm comes first. */
static struct operand sublayer_input(struct worker *worker, const struct step *step,
                                     const struct norm *norm) {
    const float *input = worker->x;
    if (worker->model->config.norm_place == NORM_PRE) {
        normalize(worker, norm, worker->x, step->n_rows, worker->normed);
        input = worker->normed;
    }
    return operand_of(input, step->d_model, step->n_rows, step->d_model);
}

/* x += projection of worker->context, normed afterwards if the norm comes last. */
static void sublayer_output(struct worker *worker, const struct step *step,
                            const struct attention_weights *weights) {
    struct operand context = operand_of(worker->context, step->inner, step->n_rows, step->inner);
    struct epilogue add = {.residual = worker->x, .residual_stride = step->d_model};
    linear(worker, &context, &weights->out, add, worker->x, step->d_model);
    if (worker->model->config.norm_place == NORM_POST)
        normalize(worker, &weights->norm, worker->x, step->n_rows, worker->x);
}

/* Causal by construction: a row sees the nodes of its own history. Its new key and value go into
 * the cache first, so that it sees itself too. */
static void self_attention(struct worker *worker, const struct step *step, uint32_t layer) {
    const struct attention_weights *self = &worker->model->decoder[layer].self;
    struct operand x = sublayer_input(worker, step, &self->norm);
    struct epilogue plain = {0};
    size_t stride = 3 * step->inner;
    linear(worker, &x, &self->q, plain, worker->qkv, stride);
    struct operand raw = operand_of(worker->x, step->d_model, step->n_rows, step->d_model);
    struct operand *keys_of = worker->model->config.norm_keys ? &x : &raw;
    linear(worker, keys_of, &self->k, plain, worker->qkv + step->inner, stride);
    linear(worker, keys_of, &self->v, plain, worker->qkv + 2 * step->inner, stride);

    size_t layer_nodes = worker->shape.n_steps * worker->shape.n_slots;
    float *keys = worker->cache_keys + layer * layer_nodes * step->inner;
    float *values = worker->cache_values + layer * layer_nodes * step->inner;
    for (size_t r = 0; r < step->n_rows; r++) {
        const struct decoder_row *row = &step->rows[r];
        const float *q = worker->qkv + r * stride;
        size_t node = (size_t)row->position * worker->shape.n_slots + row->slot;
        memcpy(keys + node * step->inner, q + step->inner, step->inner * sizeof *keys);
        memcpy(values + node * step->inner, q + 2 * step->inner, step->inner * sizeof *values);
        struct cached_attention attention = {
            .n_heads = step->n_heads,
            .head_dim = step->head_dim,
            .n_keys = row->position + 1,
            .scale = step->scale,
            .q = q,
            .keys = keys,
            .values = values,
            .cache_stride = step->inner,
            .nodes = row->nodes,
            .out = worker->context + r * step->inner,
            .scratch = worker->scores,
        };
        if (worker->decoder_bias) {
            size_t capacity = worker->positions.capacity;
            size_t table = worker->model->config.relative_bias_per_layer ? layer : 0;
            attention.bias = worker->decoder_bias + table * step->n_heads * capacity +
                             (capacity - 1 - row->position);
            attention.bias_stride = capacity;
        }
        worker->kernels->attend_cached(&attention);
    }
    sublayer_output(worker, step, self);
}

/* Simpler simple recurrent unit (Kim et al. 2019) in the place of self-attention. Cells alternate
 * between two halves so that hypotheses that share a parent read it before it is overwritten. */
static void ssru(struct worker *worker, const struct step *step, uint32_t layer) {
    const struct ssru_weights *weights = &worker->model->decoder[layer].ssru;
    struct operand x = sublayer_input(worker, step, &weights->norm);
    struct epilogue plain = {0};
    size_t d = step->d_model, half = worker->shape.n_slots * d;
    float *w = worker->qkv, *forget = worker->qkv + step->n_rows * d;
    linear(worker, &x, &weights->w, plain, w, d);
    linear(worker, &x, &weights->forget, plain, forget, d);
    float *cells = worker->cells + layer * 2 * half;
    for (size_t r = 0; r < step->n_rows; r++) {
        const struct decoder_row *row = &step->rows[r];
        size_t now = row->position % 2, before = 1 - now;
        float *cell = cells + now * half + row->slot * d;
        if (row->position == 0)
            memset(cell, 0, d * sizeof *cell);
        else
            memcpy(cell, cells + before * half + row->cell * d, d * sizeof *cell);
        worker->kernels->ssru(forget + r * d, w + r * d, cell, worker->context + r * d, d);
    }
    if (weights->out.w.data) {
        struct operand y = operand_of(worker->context, d, step->n_rows, d);
        struct epilogue add = {.residual = worker->x, .residual_stride = d};
        linear(worker, &y, &weights->out, add, worker->x, d);
    } else {
        for (size_t i = 0; i < step->n_rows * d; i++) worker->x[i] += worker->context[i];
    }
    if (worker->model->config.norm_place == NORM_POST)
        normalize(worker, &weights->norm, worker->x, step->n_rows, worker->x);
}

static void cross_attention(struct worker *worker, const struct step *step, uint32_t layer) {
    const struct attention_weights *cross = &worker->model->decoder[layer].cross;
    struct operand x = sublayer_input(worker, step, &cross->norm);
    struct epilogue plain = {0};
    linear(worker, &x, &cross->q, plain, worker->qkv, step->inner);
    const float *keys = worker->memory_keys + layer * worker->shape.n_key_floats;
    const float *values = worker->memory_values + layer * worker->shape.n_tokens * step->inner;
    for (size_t r = 0, end; r < step->n_rows; r = end) {
        uint32_t s = step->rows[r].sentence;
        for (end = r + 1; end < step->n_rows && step->rows[end].sentence == s; end++) {
        }
        const struct memory *sentence = &worker->sentences[s];
        struct attention attention = {
            .n_heads = step->n_heads,
            .head_dim = step->head_dim,
            .n_queries = end - r,
            .n_keys = sentence->n_keys,
            .scale = step->scale,
            .q = worker->qkv + r * step->inner,
            .q_stride = step->inner,
            .keys = keys + sentence->key_offset,
            .values = values + sentence->value_row * step->inner,
            .value_stride = step->inner,
            .out = worker->context + r * step->inner,
            .out_stride = step->inner,
            .scratch = worker->scores,
        };
        worker->kernels->attend(&attention);
    }
    sublayer_output(worker, step, cross);
}

void decode_step(struct worker *worker, const struct decoder_row *rows, size_t n_rows) {
    const struct model *model = worker->model;
    const struct config *config = &model->config;
    struct step step = {.rows = rows,
                        .n_rows = n_rows,
                        .d_model = config->d_model,
                        .n_heads = config->decoder_heads,
                        .head_dim = config_decoder_head_dim(config)};
    step.inner = step.n_heads * step.head_dim;
    step.scale = config_attention_scale(config, step.head_dim);
    embed(worker, &step);
    for (uint32_t layer = 0; layer < config->decoder_layers; layer++) {
        if (config->decoder_kind == DECODER_SSRU)
            ssru(worker, &step, layer);
        else
            self_attention(worker, &step, layer);
        cross_attention(worker, &step, layer);
        feed_forward(worker, &model->decoder[layer].ffn, config->decoder_ffn, worker->x, n_rows);
    }
    if (config->final_norm)
        normalize(worker, &model->decoder_final_norm, worker->x, n_rows, worker->x);
    if (config->output_scale != 1)
        for (size_t i = 0; i < n_rows * config->d_model; i++) worker->x[i] *= config->output_scale;
    worker->stats.steps++;
}
