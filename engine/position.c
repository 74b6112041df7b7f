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

void add_position(struct position_table *table, const struct config *config,
                  const struct matrix *learned, uint32_t position, float *out, float *scratch) {
    const float *row = scratch;
    if (config->position_kind == POSITION_LEARNED) {
        matrix_read_row(learned, position + config->position_offset, scratch);
    } else if (config->position_kind == POSITION_SINUSOIDAL) {
        for (; table->n_ready <= position; table->n_ready++)
            sinusoid((uint32_t)table->n_ready + config->position_offset, table->d,
                     config->sinusoid_order, config->sinusoid_angle,
                     table->rows + table->n_ready * table->d);
        row = table->rows + position * table->d;
    } else {
        return;
    }
    for (size_t i = 0; i < table->d; i++) out[i] += row[i];
}
