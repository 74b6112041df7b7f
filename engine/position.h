/* Where in the sentence: sinusoids, learned tables, relative biases. */
#ifndef POSITION_H
#define POSITION_H

#include "engine/model.h"

/* The sinusoidal row of one position (offset included by the caller), d floats, computed in double:
 * Vaswani et al. 2017, section 3.5, or tensor2tensor's angles; interleaved or in halves. */
void sinusoid(uint32_t position, size_t d, enum sinusoid_order order, enum sinusoid_angle angle,
              float *out);

/* T5's bucket of a distance key - query (Raffel et al. 2020; formats of relative_attention_bias):
 * half of the buckets for exact small distances, the rest logarithmic up to max_distance. */
uint32_t relative_bucket(int64_t distance, bool bidirectional, uint32_t n_buckets,
                         uint32_t max_distance);

/* Bias by distance for every head: out[h * (n_before + n_after + 1) + n_before + distance] for
 * distances -n_before .. n_after. `table` is [buckets][heads]. */
void relative_bias(const struct matrix *table, const struct config *config, bool bidirectional,
                   size_t n_before, size_t n_after, float *out);

/* Sinusoidal rows, computed when first asked for. */
struct position_table {
    float *rows;
    size_t d, n_ready, capacity;
};

/* out[d] += the position's row. `learned` is used for POSITION_LEARNED. position < capacity. */
void add_position(struct position_table *table, const struct config *config,
                  const struct matrix *learned, uint32_t position, float *out, float *scratch);

#endif
