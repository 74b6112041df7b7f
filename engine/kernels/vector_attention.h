/* Attention of short sentences: everything stays in registers and the first cache level. */
#ifndef VECTOR_ATTENTION_H
#define VECTOR_ATTENTION_H

#include "engine/kernels/vector_math.h"

#include <math.h>
#include <string.h>

/* Keys [j, j + 16) of one head, of which `n` exist, to [head_dim][16]. */
INLINE void pack_group(const float *keys, size_t stride, size_t n, size_t head_dim, float *out) {
    const float *rows[KEYS_LANES];
    for (size_t j = 0; j < KEYS_LANES; j++) rows[j] = keys + (j < n ? j : n - 1) * stride;
    size_t d = 0;
    for (; d + 4 <= head_dim; d += 4)
        for (size_t lane = 0; lane < KEYS_LANES; lane += LANES) {
            vec fours[4];
            for (size_t i = 0; i < 4; i++) fours[i] = load_fours(rows + lane + i, d);
            transpose_fours(fours);
            size_t kept = n < lane ? 0 : n - lane < LANES ? n - lane : LANES;
            for (size_t i = 0; i < 4; i++)
                store(out + (d + i) * KEYS_LANES + lane, keep_first(fours[i], kept, splat(0)));
        }
    for (; d < head_dim; d++)
        for (size_t j = 0; j < KEYS_LANES; j++) out[d * KEYS_LANES + j] = j < n ? rows[j][d] : 0;
}

static void pack_keys(const float *keys, size_t stride, size_t n_keys, size_t n_heads,
                      size_t head_dim, float *packed) {
    for (size_t h = 0; h < n_heads; h++)
        for (size_t j = 0; j < n_keys; j += KEYS_LANES, packed += head_dim * KEYS_LANES)
            pack_group(keys + j * stride + h * head_dim, stride,
                       n_keys - j < KEYS_LANES ? n_keys - j : KEYS_LANES, head_dim, packed);
}

/* x = softmax(x * scale + bias) over n keys; x has room for whole groups of 16, and what stands
 * behind the keys becomes 0. */
INLINE void softmax(float *x, size_t n, float scale, const float *bias) {
    vec max_value = splat(-INFINITY), sum = splat(0);
    for (size_t j = 0; j < n; j += LANES) {
        size_t rest = n - j;
        vec v = mul(load(x + j), splat(scale));
        if (bias) v = add(v, rest < LANES ? load_part(bias + j, rest) : load(bias + j));
        if (rest < LANES) v = keep_first(v, rest, splat(-INFINITY));
        store(x + j, v);
        max_value = max(v, max_value);
    }
    vec base = splat(reduce_max(max_value));
    for (size_t j = 0; j < n; j += LANES) {
        vec v = exponential(sub(load(x + j), base));
        store(x + j, v);
        sum = add(sum, v);
    }
    vec factor = splat(1 / reduce_sum(sum));
    for (size_t j = 0; j < n; j += LANES) store(x + j, mul(load(x + j), factor));
}

/* Dot products of `queries` queries with 16 packed keys. Even and odd dimensions have sums of
 * their own: one chain of additions would be waited for. */
INLINE void score_group(const struct attention *a, size_t queries, const float *q,
                        const float *keys, float *scores, size_t stride) {
    enum { VECTORS = KEYS_LANES / LANES };
    vec sums[QUERY_BLOCK][VECTORS][2];
    size_t head_dim = a->head_dim;
    UNROLL
    for (size_t i = 0; i < queries; i++) {
        UNROLL
        for (size_t v = 0; v < VECTORS; v++) sums[i][v][0] = sums[i][v][1] = splat(0);
    }
    size_t d = 0;
    for (; d + 2 <= head_dim; d += 2) {
        UNROLL
        for (size_t odd = 0; odd < 2; odd++) {
            UNROLL
            for (size_t v = 0; v < VECTORS; v++) {
                vec key = load(keys + (d + odd) * KEYS_LANES + v * LANES);
                UNROLL
                for (size_t i = 0; i < queries; i++)
                    sums[i][v][odd] =
                        madd(splat(q[i * a->q_stride + d + odd]), key, sums[i][v][odd]);
            }
        }
    }
    UNROLL
    for (size_t i = 0; i < queries; i++) {
        UNROLL
        for (size_t v = 0; v < VECTORS; v++) {
            vec sum = add(sums[i][v][0], sums[i][v][1]);
            if (d < head_dim)
                sum = madd(splat(q[i * a->q_stride + d]), load(keys + d * KEYS_LANES + v * LANES),
                           sum);
            store(scores + i * stride + v * LANES, sum);
        }
    }
}

/* out = sum over keys of weight * value, LANES dimensions of a head at a time. */
INLINE void mix_values(const struct attention *a, size_t queries, const float *values,
                       const float *weights, size_t stride, float *out) {
    for (size_t d = 0; d < a->head_dim; d += LANES) {
        size_t n = a->head_dim - d;
        vec sums[QUERY_BLOCK];
        UNROLL
        for (size_t i = 0; i < queries; i++) sums[i] = splat(0);
        for (size_t j = 0; j < a->n_keys; j++) {
            vec value = load_up_to(values + j * a->value_stride + d, n);
            UNROLL
            for (size_t i = 0; i < queries; i++)
                sums[i] = madd(splat(weights[i * stride + j]), value, sums[i]);
        }
        UNROLL
        for (size_t i = 0; i < queries; i++) store_up_to(out + i * a->out_stride + d, sums[i], n);
    }
}

INLINE void attend_head(const struct attention *a, size_t queries, size_t i, size_t h) {
    size_t stride = padded_keys(a->n_keys), head = h * a->head_dim;
    const float *keys = a->keys + stride * head;
    const float *q = a->q + i * a->q_stride + head;
    for (size_t j = 0; j < a->n_keys; j += KEYS_LANES)
        score_group(a, queries, q, keys + j * a->head_dim, a->scratch + j, stride);
    for (size_t k = 0; k < queries; k++) {
        const float *bias = a->bias ? a->bias + h * a->bias_stride - (ptrdiff_t)(i + k) : NULL;
        softmax(a->scratch + k * stride, a->n_keys, a->scale, bias);
        if (a->weights)
            memcpy(a->weights + (h * a->n_queries + i + k) * a->n_keys, a->scratch + k * stride,
                   a->n_keys * sizeof(float));
    }
    mix_values(a, queries, a->values + head, a->scratch, stride, a->out + i * a->out_stride + head);
}

static void attend(const struct attention *a) {
    for (size_t h = 0; h < a->n_heads; h++) {
        size_t i = 0;
        for (; i + QUERY_BLOCK <= a->n_queries; i += QUERY_BLOCK) attend_head(a, QUERY_BLOCK, i, h);
        for (; i < a->n_queries; i++) attend_head(a, 1, i, h);
    }
}

/* Scores of one head with keys [j, j + LANES), of which `n` exist. */
INLINE vec cached_scores(const struct cached_attention *a, size_t head, size_t j, size_t n) {
    vec sums[LANES];
    for (size_t k = 0; k < LANES; k++) {
        vec sum = splat(0);
        if (k < n) {
            const float *key = a->keys + (size_t)a->nodes[j + k] * a->cache_stride + head;
            for (size_t d = 0; d < a->head_dim; d += LANES)
                sum = madd(load_up_to(a->q + head + d, a->head_dim - d),
                           load_up_to(key + d, a->head_dim - d), sum);
        }
        sums[k] = sum;
    }
    return sum_lanes(sums);
}

INLINE void cached_values(const struct cached_attention *a, size_t head, const float *weights) {
    for (size_t d = 0; d < a->head_dim; d += LANES) {
        size_t n = a->head_dim - d;
        vec sum = splat(0);
        for (size_t j = 0; j < a->n_keys; j++)
            sum = madd(splat(weights[j]),
                       load_up_to(a->values + (size_t)a->nodes[j] * a->cache_stride + head + d, n),
                       sum);
        store_up_to(a->out + head + d, sum, n);
    }
}

static void attend_cached(const struct cached_attention *a) {
    size_t stride = padded_keys(a->n_keys);
    for (size_t h = 0; h < a->n_heads; h++) {
        size_t head = h * a->head_dim;
        float *weights = a->scratch + h * stride;
        for (size_t j = 0; j < a->n_keys; j += LANES) {
            size_t n = a->n_keys - j;
            store(weights + j, cached_scores(a, head, j, n < LANES ? n : LANES));
        }
        softmax(weights, a->n_keys, a->scale, a->bias ? a->bias + h * a->bias_stride : NULL);
        if (a->weights) memcpy(a->weights + h * a->n_keys, weights, a->n_keys * sizeof(float));
        cached_values(a, head, weights);
    }
}

#endif
