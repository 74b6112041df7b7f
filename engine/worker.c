#include "engine/worker.h"

#include "engine/search.h"
#include "engine/shortlist.h"

static size_t greatest(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t align_inputs(size_t n) {
    return (n + INPUT_ALIGN - 1) / INPUT_ALIGN * INPUT_ALIGN;
}

struct widths {
    size_t inner, ffn, widest, rows;
};

static struct widths measure_widths(const struct config *config, const struct batch_shape *shape) {
    struct widths widths;
    widths.inner = greatest((size_t)config->encoder_heads * config_encoder_head_dim(config),
                            (size_t)config->decoder_heads * config_decoder_head_dim(config));
    widths.inner = greatest(widths.inner, config->d_model); /* SSRU uses these buffers too */
    widths.ffn = greatest(config->encoder_ffn, config->decoder_ffn);
    widths.widest = greatest(greatest(widths.inner, widths.ffn), config->d_model);
    widths.rows = greatest(shape->n_tokens, shape->n_slots);
    return widths;
}

static void take_row_buffers(struct worker *worker, struct arena *arena) {
    const struct config *config = &worker->model->config;
    const struct batch_shape *shape = &worker->shape;
    struct widths w = measure_widths(config, shape);
    worker->x = arena_take(arena, w.rows, config->d_model * sizeof(float));
    worker->normed = arena_take(arena, w.rows, config->d_model * sizeof(float));
    worker->qkv = arena_take(arena, w.rows, 3 * w.inner * sizeof(float));
    worker->context = arena_take(arena, w.rows, w.inner * sizeof(float));
    worker->hidden = arena_take(arena, w.rows, w.ffn * sizeof(float));
    worker->gate = config->gated_ffn ? arena_take(arena, w.rows, w.ffn * sizeof(float)) : NULL;
    worker->row = arena_take(arena, greatest(w.widest, 1024), sizeof(float));
    worker->q = arena_take(arena, w.rows, align_inputs(w.widest));
    worker->q_scale = arena_take(arena, w.rows, sizeof(float));
    worker->half = arena_take(arena, w.rows, align_inputs(w.widest) * sizeof(uint16_t));
    worker->logits = arena_take(arena, shape->n_slots, LOGITS_CHUNK * sizeof(float));
}

static void take_attention_buffers(struct worker *worker, struct arena *arena) {
    const struct config *config = &worker->model->config;
    const struct batch_shape *shape = &worker->shape;
    size_t longest_padded = packed_keys_size(1, 1, shape->longest);
    size_t steps_padded = packed_keys_size(1, 1, shape->n_steps);
    size_t heads = greatest(config->encoder_heads, config->decoder_heads);
    worker->packed =
        arena_take(arena, longest_padded,
                   (size_t)config->encoder_heads * config_encoder_head_dim(config) * sizeof(float));
    worker->scores = arena_take(
        arena,
        greatest(attention_scratch(shape->longest), greatest(longest_padded, steps_padded) * heads),
        sizeof(float));
    worker->bias = NULL;
    if (config->position_kind == POSITION_RELATIVE)
        worker->bias =
            arena_take(arena, config->relative_bias_per_layer ? config->encoder_layers : 1,
                       config->encoder_heads * 2 * shape->longest * sizeof(float));
}

static void take_decoder_buffers(struct worker *worker, struct arena *arena) {
    const struct config *config = &worker->model->config;
    const struct batch_shape *shape = &worker->shape;
    size_t inner = (size_t)config->decoder_heads * config_decoder_head_dim(config);
    size_t layers = config->decoder_layers;
    worker->sentences = arena_take(arena, shape->n_sentences, sizeof *worker->sentences);
    worker->memory_keys = arena_take(arena, shape->n_key_floats, layers * sizeof(float));
    worker->memory_values = arena_take(arena, shape->n_tokens * inner, layers * sizeof(float));
    worker->cache_keys = worker->cache_values = worker->cells = NULL;
    if (config->decoder_kind == DECODER_SSRU) {
        worker->cells =
            arena_take(arena, shape->n_slots * config->d_model, 2 * layers * sizeof(float));
        return;
    }
    size_t nodes = shape->n_steps * shape->n_slots;
    worker->cache_keys = arena_take(arena, nodes * inner, layers * sizeof(float));
    worker->cache_values = arena_take(arena, nodes * inner, layers * sizeof(float));
}

static void take_shortlist_buffers(struct worker *worker, struct arena *arena) {
    size_t n = worker->shape.n_sentences, vocab = worker->model->config.target_vocab;
    if (!worker->shape.use_shortlist) return;
    worker->output_size = gathered_size(&worker->model->output, vocab);
    worker->outputs = arena_take(arena, n, worker->output_size);
    worker->output_ids = arena_take(arena, n * vocab, sizeof(int32_t));
    worker->seen = arena_take(arena, vocab, 1);
}

static void lay_out(struct worker *worker, struct arena *arena) {
    take_row_buffers(worker, arena);
    take_attention_buffers(worker, arena);
    take_decoder_buffers(worker, arena);
    take_shortlist_buffers(worker, arena);
    worker->search = search_take(&worker->shape, arena);
}

static void lay_out_lasting(struct worker *worker, struct arena *arena) {
    const struct config *config = &worker->model->config;
    size_t capacity = worker->positions.capacity;
    if (config->position_kind == POSITION_SINUSOIDAL)
        worker->positions.rows = arena_take(arena, capacity, config->d_model * sizeof(float));
    if (config->position_kind == POSITION_RELATIVE)
        worker->decoder_bias =
            arena_take(arena, config->relative_bias_per_layer ? config->decoder_layers : 1,
                       config->decoder_heads * capacity * sizeof(float));
}

static void fill_decoder_bias(struct worker *worker) {
    const struct config *config = &worker->model->config;
    size_t capacity = worker->positions.capacity;
    uint32_t layers = config->relative_bias_per_layer ? config->decoder_layers : 1;
    for (uint32_t i = 0; i < layers; i++)
        relative_bias(&worker->model->decoder[i].self.relative_bias, config, false, capacity - 1, 0,
                      worker->decoder_bias + i * config->decoder_heads * capacity);
}

/* Positions are costly to compute and the same for every batch: kept until longer ones come. */
static bool reserve_lasting(struct worker *worker, size_t capacity) {
    const struct config *config = &worker->model->config;
    if (capacity <= worker->positions.capacity) return true;
    worker->positions =
        (struct position_table){.d = config->d_model, .capacity = greatest(capacity, 512)};
    struct arena measured = arena_measure();
    lay_out_lasting(worker, &measured);
    if (!arena_reserve(&worker->lasting, &measured)) {
        worker->positions.capacity = 0;
        return false;
    }
    lay_out_lasting(worker, &worker->lasting);
    if (worker->decoder_bias) fill_decoder_bias(worker);
    return true;
}

bool worker_reserve(struct worker *worker, const struct batch_shape *shape) {
    worker->shape = *shape;
    struct arena measured = arena_measure();
    lay_out(worker, &measured);
    if (!arena_reserve(&worker->arena, &measured)) return false;
    lay_out(worker, &worker->arena);
    return reserve_lasting(worker, greatest(shape->longest, shape->n_steps + 1));
}

void worker_free(struct worker *worker) {
    arena_free(&worker->arena);
    arena_free(&worker->lasting);
}
