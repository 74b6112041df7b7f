#include "engine/position.h"

#include <math.h>

void sinusoid(uint32_t position, size_t d, enum sinusoid_order order, enum sinusoid_angle angle,
              float *out) {
    /* Of an odd size, the paper's tables have one more sine; tensor2tensor's end with a zero. */
    size_t n_sines = angle == ANGLE_PAPER ? d - d / 2 : d / 2, n_cosines = d / 2;
    for (size_t i = 0; i < n_sines; i++) {
        double rate;
        if (angle == ANGLE_PAPER)
            rate = pow(10000.0, -2.0 * (double)i / (double)d);
        else
            rate = n_sines > 1 ? exp(-(double)i * log(10000.0) / (double)(n_sines - 1)) : 1.0;
        double x = position * rate;
        out[order == SINUSOID_INTERLEAVED ? 2 * i : i] = (float)sin(x);
        if (i < n_cosines)
            out[order == SINUSOID_INTERLEAVED ? 2 * i + 1 : n_sines + i] = (float)cos(x);
    }
    if (n_sines + n_cosines < d) out[d - 1] = 0;
}

uint32_t relative_bucket(int64_t distance, bool bidirectional, uint32_t n_buckets,
                         uint32_t max_distance) {
    uint32_t base = 0;
    uint64_t n;
    if (bidirectional) {
        n_buckets /= 2;
        if (distance > 0) base = n_buckets;
        n = (uint64_t)(distance < 0 ? -distance : distance);
    } else {
        n = (uint64_t)(distance < 0 ? -distance : 0);
    }
    uint32_t exact = n_buckets / 2;
    if (n < exact) return base + (uint32_t)n;
    double share = log((double)n / exact) / log((double)max_distance / exact);
    uint32_t bucket = exact + (uint32_t)(share * (n_buckets - exact));
    return base + (bucket < n_buckets ? bucket : n_buckets - 1);
}

void relative_bias(const struct matrix *table, const struct config *config, bool bidirectional,
                   size_t n_before, size_t n_after, float *out) {
    size_t n_heads = table->n_in, width = n_before + n_after + 1;
    for (size_t i = 0; i < width; i++) {
        float row[1024]; /* config.c allows no more heads */
        int64_t distance = (int64_t)i - (int64_t)n_before;
        matrix_read_row(table,
                        relative_bucket(distance, bidirectional, config->relative_buckets,
                                        config->relative_max_distance),
                        row);
        for (size_t h = 0; h < n_heads; h++) out[h * width + i] = row[h];
    }
}

const float *bias_of_layer(const struct bias_table *table, uint32_t layer) {
    if (!table->rows) return NULL;
    size_t each = table->n_heads * table->width;
    return table->rows + (table->per_layer ? layer : 0) * each + table->n_before;
}

static size_t n_tables(const struct config *config, uint32_t n_layers) {
    return config->relative_bias_per_layer ? n_layers : 1;
}

/* ---- the encoder's biases -------------------------------------------------------------------- */

void encoder_bias_take(struct bias_table *table, const struct config *config, size_t longest,
                       struct arena *arena) {
    *table = (struct bias_table){.n_heads = config->encoder_heads,
                                 .n_before = longest - 1,
                                 .width = 2 * longest - 1,
                                 .per_layer = config->relative_bias_per_layer};
    if (config->position_kind == POSITION_RELATIVE)
        table->rows = arena_take(arena, n_tables(config, config->encoder_layers),
                                 table->n_heads * table->width * sizeof(float));
}

void encoder_bias_fill(const struct bias_table *table, const struct model *model) {
    if (!table->rows) return;
    for (uint32_t i = 0; i < n_tables(&model->config, model->config.encoder_layers); i++)
        relative_bias(&model->encoder[i].self.relative_bias, &model->config, true, table->n_before,
                      table->n_before, table->rows + i * table->n_heads * table->width);
}

/* ---- what outlives a batch ------------------------------------------------------------------- */

static void positions_take(struct positions *positions, const struct config *config,
                           struct arena *arena) {
    struct bias_table *bias = &positions->decoder_bias;
    size_t capacity = positions->capacity;
    *bias = (struct bias_table){.n_heads = config->decoder_heads,
                                .n_before = capacity - 1,
                                .width = capacity,
                                .per_layer = config->relative_bias_per_layer};
    positions->sinusoids = NULL;
    if (config->position_kind == POSITION_SINUSOIDAL)
        positions->sinusoids = arena_take(arena, capacity, config->d_model * sizeof(float));
    if (config->position_kind == POSITION_RELATIVE && config->decoder_kind != DECODER_SSRU)
        bias->rows = arena_take(arena, n_tables(config, config->decoder_layers),
                                bias->n_heads * capacity * sizeof(float));
}

static void fill_decoder_bias(const struct bias_table *table, const struct model *model) {
    for (uint32_t i = 0; i < n_tables(&model->config, model->config.decoder_layers); i++)
        relative_bias(&model->decoder[i].self.relative_bias, &model->config, false, table->n_before,
                      0, table->rows + i * table->n_heads * table->width);
}

enum { MIN_CAPACITY = 512 };

size_t positions_size(const struct model *model, size_t capacity) {
    struct positions positions = {.capacity = max_size(capacity, MIN_CAPACITY)};
    struct arena measured = arena_measure();
    positions_take(&positions, &model->config, &measured);
    return measured.used;
}

bool positions_reserve(struct positions *positions, const struct model *model, size_t capacity) {
    if (capacity <= positions->capacity) return true;
    positions->capacity = max_size(capacity, MIN_CAPACITY);
    positions->n_ready = 0;
    struct arena measured = arena_measure();
    positions_take(positions, &model->config, &measured);
    if (!arena_reserve(&positions->arena, &measured)) {
        positions->capacity = 0;
        return false;
    }
    positions_take(positions, &model->config, &positions->arena);
    if (positions->decoder_bias.rows) fill_decoder_bias(&positions->decoder_bias, model);
    return true;
}

void positions_free(struct positions *positions) {
    arena_free(&positions->arena);
    *positions = (struct positions){.arena = positions->arena}; /* with its allocator */
}

static const float *sinusoid_row(struct positions *positions, const struct config *config,
                                 uint32_t position) {
    size_t d = config->d_model;
    for (; positions->n_ready <= position; positions->n_ready++)
        sinusoid((uint32_t)positions->n_ready + config->position_offset, d, config->sinusoid_order,
                 config->sinusoid_angle, positions->sinusoids + positions->n_ready * d);
    return positions->sinusoids + position * d;
}

static void add_learned(const struct config *config, const struct matrix *learned, uint32_t row,
                        float *x) {
    enum { PART = 256 }; /* a multiple of 32, as matrix_read_part wants */
    float part[PART];
    for (size_t first = 0; first < config->d_model; first += PART) {
        size_t n = config->d_model - first < PART ? config->d_model - first : PART;
        matrix_read_part(learned, row, first, n, part);
        for (size_t i = 0; i < n; i++) x[first + i] += part[i];
    }
}

void add_position(struct positions *positions, const struct config *config,
                  const struct matrix *learned, uint32_t position, float *x) {
    if (config->position_kind == POSITION_LEARNED) {
        add_learned(config, learned, position + config->position_offset, x);
    } else if (config->position_kind == POSITION_SINUSOIDAL) {
        const float *row = sinusoid_row(positions, config, position);
        for (size_t i = 0, d_model = config->d_model; i < d_model; i++) x[i] += row[i];
    }
}
