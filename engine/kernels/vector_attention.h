/* Attention: of short sentences everything stays in registers and the first cache level, of long
 * ones a block at a time does. */
#ifndef VECTOR_ATTENTION_H
#define VECTOR_ATTENTION_H

#include "engine/kernels/vector_math.h"

#include <math.h>
#include <string.h>

/* Keys whose vectors stay in the first cache level while a group of queries goes over them. */
enum { KEY_BLOCK = 128 };

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

/* Dot products of `queries` queries with `groups` times 16 packed keys. Even and odd dimensions have
 * sums of their own: one chain of additions would be waited for. */
INLINE void score_groups(const struct attention *a, size_t queries, size_t groups, const float *q,
                         const float *keys, float *scores, size_t stride) {
    enum { VECTORS = KEYS_LANES / LANES, MOST = SCORE_GROUPS * VECTORS };
    vec sums[QUERY_BLOCK][MOST][2];
    size_t head_dim = a->head_dim, n = groups * VECTORS, d = 0;
    const float *at[MOST];
    UNROLL
    for (size_t v = 0; v < n; v++)
        at[v] = keys + v / VECTORS * KEYS_LANES * head_dim + v % VECTORS * LANES;
    UNROLL
    for (size_t i = 0; i < queries; i++) {
        UNROLL
        for (size_t v = 0; v < n; v++) sums[i][v][0] = sums[i][v][1] = splat(0);
    }
    for (; d + 2 <= head_dim; d += 2) {
        UNROLL
        for (size_t odd = 0; odd < 2; odd++) {
            vec key[MOST];
            UNROLL
            for (size_t v = 0; v < n; v++) key[v] = load(at[v] + (d + odd) * KEYS_LANES);
            UNROLL
            for (size_t i = 0; i < queries; i++) {
                vec query = splat(q[i * a->q_stride + d + odd]);
                UNROLL
                for (size_t v = 0; v < n; v++)
                    sums[i][v][odd] = madd(query, key[v], sums[i][v][odd]);
            }
        }
    }
    UNROLL
    for (size_t i = 0; i < queries; i++) {
        UNROLL
        for (size_t v = 0; v < n; v++) {
            vec sum = add(sums[i][v][0], sums[i][v][1]);
            if (d < head_dim)
                sum = madd(splat(q[i * a->q_stride + d]), load(at[v] + d * KEYS_LANES), sum);
            store(scores + i * stride + v * LANES, sum);
        }
    }
}

/* Keys [begin, end) of a head and some of a group's queries, of which q is the first. */
INLINE void score_keys(const struct attention *a, size_t queries, const float *q, const float *keys,
                       size_t begin, size_t end, float *scores, size_t stride) {
    size_t j = begin;
    for (; j + SCORE_GROUPS * KEYS_LANES <= end; j += SCORE_GROUPS * KEYS_LANES)
        score_groups(a, queries, SCORE_GROUPS, q, keys + j * a->head_dim, scores + j, stride);
    for (; j < end; j += KEYS_LANES)
        score_groups(a, queries, 1, q, keys + j * a->head_dim, scores + j, stride);
}

/* Rows of one head's values. */
struct value_rows {
    const float *at;
    size_t stride;
};

/* out += sum over keys [begin, end) of weight * value, `vectors` times LANES dimensions of a head at
 * a time, of which `n` exist; with begin = 0, out is what comes of it. */
INLINE void mix_lanes(const struct attention *a, size_t queries, size_t vectors,
                      struct value_rows values, size_t begin, size_t end, const float *weights,
                      size_t stride, float *out, size_t n) {
    vec sums[QUERY_BLOCK][MIX_VECTORS];
    UNROLL
    for (size_t i = 0; i < queries; i++) {
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            sums[i][v] =
                begin ? load_up_to(out + i * a->out_stride + v * LANES, n - v * LANES) : splat(0);
    }
    for (size_t j = begin; j < end; j++) {
        vec value[MIX_VECTORS];
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            value[v] = load_up_to(values.at + j * values.stride + v * LANES, n - v * LANES);
        UNROLL
        for (size_t i = 0; i < queries; i++) {
            vec weight = splat(weights[i * stride + j]);
            UNROLL
            for (size_t v = 0; v < vectors; v++) sums[i][v] = madd(weight, value[v], sums[i][v]);
        }
    }
    UNROLL
    for (size_t i = 0; i < queries; i++) {
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            store_up_to(out + i * a->out_stride + v * LANES, sums[i][v], n - v * LANES);
    }
}

INLINE void mix_values(const struct attention *a, size_t queries, struct value_rows values,
                       size_t begin, size_t end, const float *weights, size_t stride, float *out) {
    size_t d = 0;
    for (; d + MIX_VECTORS * LANES <= a->head_dim;
         d += MIX_VECTORS * LANES, values.at += MIX_VECTORS * LANES)
        mix_lanes(a, queries, MIX_VECTORS, values, begin, end, weights, stride, out + d,
                  MIX_VECTORS * LANES);
    for (; d < a->head_dim; d += LANES, values.at += LANES)
        mix_lanes(a, queries, 1, values, begin, end, weights, stride, out + d, a->head_dim - d);
}

/* Queries [i, i + n) of one head. Keys and values are taken a block at a time, which stays in the
 * first cache level until all queries have had it; each sum still goes through its keys in order. */
INLINE void attend_group(const struct attention *a, size_t h, size_t i, size_t n,
                         struct value_rows values) {
    size_t stride = padded_keys(a->n_keys), head = h * a->head_dim;
    const float *keys = a->keys + stride * head, *q = a->q + i * a->q_stride + head;
    float *scores = a->scratch, *out = a->out + i * a->out_stride + head;
    for (size_t j = 0; j < a->n_keys; j += KEY_BLOCK) {
        size_t k = 0, end = min_size(j + KEY_BLOCK, a->n_keys);
        for (; k + QUERY_BLOCK <= n; k += QUERY_BLOCK)
            score_keys(a, QUERY_BLOCK, q + k * a->q_stride, keys, j, end, scores + k * stride,
                       stride);
        for (; k < n; k++)
            score_keys(a, 1, q + k * a->q_stride, keys, j, end, scores + k * stride, stride);
    }
    for (size_t k = 0; k < n; k++) {
        const float *bias = a->bias ? a->bias + h * a->bias_stride - (ptrdiff_t)(i + k) : NULL;
        softmax(scores + k * stride, a->n_keys, a->scale, bias);
        if (a->weights)
            memcpy(a->weights + (h * a->n_queries + i + k) * a->n_keys, scores + k * stride,
                   a->n_keys * sizeof(float));
    }
    for (size_t j = 0; j < a->n_keys; j += KEY_BLOCK) {
        size_t k = 0, end = min_size(j + KEY_BLOCK, a->n_keys);
        for (; k + QUERY_BLOCK <= n; k += QUERY_BLOCK)
            mix_values(a, QUERY_BLOCK, values, j, end, scores + k * stride, stride,
                       out + k * a->out_stride);
        for (; k < n; k++)
            mix_values(a, 1, values, j, end, scores + k * stride, stride, out + k * a->out_stride);
    }
}

/* A head's values where they lie, or beside each other where many queries read them: rows that are
 * pages apart push each other out of the cache. */
static struct value_rows values_of(const struct attention *a, size_t h) {
    const float *values = a->values + h * a->head_dim;
    float *packed = a->scratch + QUERY_GROUP * padded_keys(a->n_keys);
    if (a->n_queries <= QUERY_GROUP || a->n_keys <= KEY_BLOCK)
        return (struct value_rows){values, a->value_stride};
    for (size_t j = 0; j < a->n_keys; j++)
        memcpy(packed + j * a->head_dim, values + j * a->value_stride,
               a->head_dim * sizeof *packed);
    return (struct value_rows){packed, a->head_dim};
}

static void attend(const struct attention *a) {
    for (size_t h = 0; h < a->n_heads; h++) {
        struct value_rows values = values_of(a, h);
        for (size_t i = 0; i < a->n_queries; i += QUERY_GROUP)
            attend_group(a, h, i, min_size(QUERY_GROUP, a->n_queries - i), values);
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
