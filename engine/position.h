/* Where in the sentence: sinusoids (section 3.5 of "Attention Is All You Need"), learned tables,
 * relative biases. */
#ifndef POSITION_H
#define POSITION_H

#include "engine/arena.h"
#include "engine/model.h"

/* ---- sinusoidal and learned ------------------------------------------------------------------ */

/* The sinusoidal row of one position (offset included by the caller), d floats, computed in double.
 * For pair i of sine and cosine at position p, the angle is
 *
 *     p / 10000^(2i / d)                     ANGLE_PAPER: Vaswani et al. 2017, section 3.5
 *     p exp(-i ln(10000) / (d/2 - 1))        ANGLE_TENSOR2TENSOR
 *
 * and the pair stands at [2i], [2i + 1] (interleaved) or at [i], [d/2 + i] (halves). */
void sinusoid(uint32_t position, size_t d, enum sinusoid_order order, enum sinusoid_angle angle,
              float *out);

/* ---- relative -------------------------------------------------------------------------------- */

/* T5's bucket of a distance key - query (Raffel et al. 2020; relative_attention_bias of its
 * checkpoints): half of the buckets for exact small distances, the rest logarithmic up to
 * max_distance. */
uint32_t relative_bucket(int64_t distance, bool bidirectional, uint32_t n_buckets,
                         uint32_t max_distance);

/* Bias by distance for every head: out[h * (n_before + n_after + 1) + n_before + distance] for
 * distances -n_before .. n_after. `table` is [buckets][heads]. */
void relative_bias(const struct matrix *table, const struct config *config, bool bidirectional,
                   size_t n_before, size_t n_after, float *out);

/* Biases of the layers of a stack by distance: rows[tables][n_heads][width], where distance d
 * (key - query) stands at n_before + d. Layers share one table or have one each. */
struct bias_table {
    float *rows; /* NULL: the model has no relative positions */
    size_t n_heads, n_before, width;
    bool per_layer;
};

/* The bias of distance 0 for a layer's first head; the next head's stands `width` further. NULL:
 * none. */
const float *bias_of_layer(const struct bias_table *table, uint32_t layer);

/* ---- what outlives a batch ------------------------------------------------------------------- */

/* Positions are costly to compute and the same for every batch: kept until longer ones come. */
struct positions {
    struct arena arena;
    size_t capacity;                /* positions that there is room for */
    float *sinusoids;               /* [capacity][d_model], computed when first asked for */
    size_t n_ready;                 /* of them */
    struct bias_table decoder_bias; /* of the distances that causal attention sees: up to 0 */
};

/* Bytes that `capacity` positions take. */
size_t positions_size(const struct model *model, size_t capacity);
/* Room for `capacity` positions; false: no memory. */
bool positions_reserve(struct positions *positions, const struct model *model, size_t capacity);
void positions_free(struct positions *positions);

/* x[d_model] += the row of a position below the capacity. `learned` is the table for
 * POSITION_LEARNED; relative positions add nothing here. */
void add_position(struct positions *positions, const struct config *config,
                  const struct matrix *learned, uint32_t position, float *x);

/* Room for the encoder's biases of sentences up to `longest` tokens; filled once the model's
 * weights may be read. */
void encoder_bias_take(struct bias_table *table, const struct config *config, size_t longest,
                       struct arena *arena);
void encoder_bias_fill(const struct bias_table *table, const struct model *model);

#endif
