#include "tools/attention_data.h"

#include <stdlib.h>
#include <string.h>

/* ---- maps ------------------------------------------------------------------------------------ */

static bool map_new(struct map *map, size_t layers, size_t heads, size_t slots, size_t n_queries,
                    size_t n_keys) {
    *map = (struct map){layers, heads, slots, n_queries, n_keys, NULL};
    map->at = calloc(layers * slots * n_queries * n_keys + 1, sizeof *map->at);
    return map->at != NULL;
}

static void average_heads(struct map *map, size_t layer) {
    size_t n = map->n_queries * map->n_keys;
    float *average = map_at(map, layer, average_slot(map));
    for (size_t head = 0; head < map->heads; head++)
        for (size_t i = 0; i < n; i++)
            average[i] += map_at(map, layer, head)[i] / (float)map->heads;
}

/* Of the decoder's rows the first n_queries, which decide the target's tokens; they see as many
 * keys of their own. */
static bool read_map(struct map *map, const tolka_attention *attention, tolka_attention_kind kind,
                     size_t n_queries) {
    size_t found_queries, found_keys;
    size_t layers = tolka_attention_layers(attention, kind);
    size_t heads = tolka_attention_heads(attention, kind);
    if (!tolka_attention_weights(attention, kind, 0, 0, &found_queries, &found_keys)) return true;
    size_t n_keys = kind == TOLKA_DECODER_ATTENTION ? n_queries : found_keys;
    size_t slots = heads + (kind == TOLKA_DECODER_ATTENTION ? 1 : 2);
    if (!map_new(map, layers, heads, slots, n_queries, n_keys)) return false;
    for (size_t layer = 0; layer < layers; layer++) {
        for (size_t head = 0; head < heads; head++) {
            const float *from =
                tolka_attention_weights(attention, kind, layer, head, &found_queries, &found_keys);
            for (size_t i = 0; i < n_queries; i++)
                memcpy(map_at(map, layer, head) + i * n_keys, from + i * found_keys,
                       n_keys * sizeof *from);
        }
        average_heads(map, layer);
    }
    return true;
}

/* ---- rollout --------------------------------------------------------------------------------- */

/* out[n][m] = a[n][k] b[k][m] */
static void multiply(float *out, const float *a, const float *b, size_t n, size_t k, size_t m) {
    memset(out, 0, n * m * sizeof *out);
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < k; l++)
            for (size_t j = 0; j < m; j++) out[i * m + j] += a[i * k + l] * b[l * m + j];
}

/* Abnar and Zuidema, 2020: half of what a position knows comes from itself (the residual), half
 * from where it looks; multiplied through the layers, what it knows of each input. */
static bool roll_encoder(struct map *map) {
    size_t n = map->n_keys;
    float *mixed = malloc((n * n + 1) * sizeof *mixed);
    if (!mixed) return false;
    for (size_t layer = 0; layer < map->layers; layer++) {
        const float *average = map_at(map, layer, average_slot(map));
        float *rollout = map_at(map, layer, rollout_slot(map));
        for (size_t i = 0; i < n * n; i++)
            mixed[i] = 0.5f * average[i] + (i % (n + 1) == 0 ? 0.5f : 0);
        if (layer == 0)
            memcpy(rollout, mixed, n * n * sizeof *mixed);
        else
            multiply(rollout, mixed, map_at(map, layer - 1, rollout_slot(map)), n, n, n);
    }
    free(mixed);
    return true;
}

/* The decoder looks at the encoder's output; rolled through the encoder, at the source itself. */
static void roll_cross(struct map *cross, const struct map *encoder) {
    if (!encoder->at || encoder->layers == 0) return;
    const float *through = map_at(encoder, encoder->layers - 1, rollout_slot(encoder));
    for (size_t layer = 0; layer < cross->layers; layer++)
        multiply(map_at(cross, layer, rollout_slot(cross)),
                 map_at(cross, layer, average_slot(cross)), through, cross->n_queries,
                 cross->n_keys, encoder->n_keys);
}

/* ---- from tokens to words -------------------------------------------------------------------- */

static void join_slot(float *out, size_t n_words, const float *in, const struct map *map,
                      const size_t *query_word, const size_t *key_word) {
    for (size_t i = 0; i < map->n_queries; i++) {
        size_t first = i, end = i + 1;
        while (first > 0 && query_word[first - 1] == query_word[i]) first--;
        while (end < map->n_queries && query_word[end] == query_word[i]) end++;
        float share = 1 / (float)(end - first);
        for (size_t j = 0; j < map->n_keys; j++)
            out[query_word[i] * n_words + key_word[j]] += share * in[i * map->n_keys + j];
    }
}

/* The average of a word's rows, the sum of a word's columns: rows still sum to one. */
static bool join_map(struct map *out, const struct map *in, const size_t *query_word,
                     const size_t *key_word) {
    if (!in->at) return true;
    if (!map_new(out, in->layers, in->heads, in->slots, query_word[in->n_queries - 1] + 1,
                 key_word[in->n_keys - 1] + 1))
        return false;
    for (size_t layer = 0; layer < in->layers; layer++)
        for (size_t slot = 0; slot < in->slots; slot++)
            join_slot(map_at(out, layer, slot), out->n_keys, map_at(in, layer, slot), in,
                      query_word, key_word);
    return true;
}

static bool join_maps(struct looked *looked, const size_t *input_word) {
    const size_t *source = looked->source->word, *target = looked->target->word;
    const struct map *in = looked->pieces.maps;
    struct map *out = looked->words.maps;
    return join_map(&out[TOLKA_ENCODER_ATTENTION], &in[TOLKA_ENCODER_ATTENTION], source, source) &&
           join_map(&out[TOLKA_CROSS_ATTENTION], &in[TOLKA_CROSS_ATTENTION], target, source) &&
           join_map(&out[TOLKA_DECODER_ATTENTION], &in[TOLKA_DECODER_ATTENTION], target,
                    input_word) &&
           join_map(&looked->words.aligning, &looked->pieces.aligning, target, source);
}

/* ---- labels ---------------------------------------------------------------------------------- */

const struct labels *view_rows(const struct view *view, tolka_attention_kind kind) {
    return kind == TOLKA_ENCODER_ATTENTION ? &view->source : &view->target;
}

const struct labels *view_columns(const struct view *view, tolka_attention_kind kind) {
    return kind == TOLKA_DECODER_ATTENTION ? &view->inputs : &view->source;
}

static bool labels_new(struct labels *labels, size_t n) {
    labels->n = n;
    labels->texts = calloc(n + 1, sizeof *labels->texts);
    labels->special = calloc(n + 1, sizeof *labels->special);
    return labels->texts && labels->special;
}

static bool label_pieces(struct labels *labels, const tolka_pieces *pieces) {
    if (!labels_new(labels, pieces->n)) return false;
    for (size_t i = 0; i < pieces->n; i++) {
        labels->texts[i] = pieces->pieces[i];
        labels->special[i] = pieces->special[pieces->word[i]];
    }
    return true;
}

static bool label_words(struct labels *labels, const tolka_pieces *pieces) {
    if (!labels_new(labels, pieces->n_words)) return false;
    for (size_t i = 0; i < pieces->n_words; i++) {
        labels->texts[i] = pieces->words[i];
        labels->special[i] = pieces->special[i];
    }
    return true;
}

/* The start token, then the first n - 1 of the target's labels. */
static bool label_inputs(struct labels *labels, const struct labels *target, size_t n) {
    if (!labels_new(labels, n)) return false;
    labels->texts[0] = "<start>";
    labels->special[0] = true;
    for (size_t i = 1; i < n; i++) {
        labels->texts[i] = target->texts[i - 1];
        labels->special[i] = target->special[i - 1];
    }
    return true;
}

static bool label_view(struct view *view, const struct looked *looked, bool words,
                       size_t n_inputs) {
    bool (*label)(struct labels *, const tolka_pieces *) = words ? label_words : label_pieces;
    return label(&view->source, looked->source) && label(&view->target, looked->target) &&
           label_inputs(&view->inputs, &view->target, n_inputs);
}

/* ---- alignment ------------------------------------------------------------------------------- */

/* The layer and head that the model file chooses, or else the last layer's average. */
static bool read_aligning(struct map *map, const tolka_attention *attention) {
    size_t n_target, n_source;
    float *weights;
    if (tolka_soft_alignment(attention, 0, 0, &weights, &n_target, &n_source, NULL) != TOLKA_OK)
        return false;
    bool ok = map_new(map, 1, 1, 1, n_target, n_source);
    if (ok) memcpy(map->at, weights, n_target * n_source * sizeof *weights);
    tolka_free(weights);
    return ok;
}

/* 1 for what is part of the text. */
static uint8_t *list_counts(const struct labels *labels) {
    uint8_t *counts = malloc(labels->n + 1);
    for (size_t i = 0; counts && i < labels->n; i++) counts[i] = !labels->special[i];
    return counts;
}

static bool add_links(struct view *view, const tolka_link *links, size_t n) {
    view->links = calloc(n + 1, sizeof *view->links);
    if (!view->links) return false;
    for (size_t i = 0; i < n; i++)
        view->links[view->n_links++] = (struct link){
            links[i].source, links[i].target,
            view->aligning.at[links[i].target * view->aligning.n_keys + links[i].source]};
    return true;
}

static bool align(struct view *view) {
    uint8_t *sources = list_counts(&view->source), *targets = list_counts(&view->target);
    tolka_link *links = NULL;
    size_t n;
    bool ok =
        sources && targets &&
        tolka_hard_alignment(view->aligning.at, view->aligning.n_queries, view->aligning.n_keys,
                             sources, targets, &links, &n, NULL) == TOLKA_OK &&
        add_links(view, links, n);
    tolka_free(links);
    free(sources);
    free(targets);
    return ok;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool fill_pieces(struct looked *looked) {
    struct view *view = &looked->pieces;
    size_t n = looked->target->n;
    struct map *encoder = &view->maps[TOLKA_ENCODER_ATTENTION];
    struct map *cross = &view->maps[TOLKA_CROSS_ATTENTION];
    const tolka_attention *from = looked->attention;
    if (!read_map(encoder, from, TOLKA_ENCODER_ATTENTION, looked->source->n) ||
        !read_map(&view->maps[TOLKA_DECODER_ATTENTION], from, TOLKA_DECODER_ATTENTION, n) ||
        !read_map(cross, from, TOLKA_CROSS_ATTENTION, n) || !roll_encoder(encoder) ||
        !read_aligning(&view->aligning, from))
        return false;
    roll_cross(cross, encoder);
    return label_view(view, looked, false, n) && align(view);
}

static bool fill_words(struct looked *looked) {
    size_t n = looked->target->n;
    size_t *input_word = calloc(n, sizeof *input_word);
    if (!input_word) return false;
    for (size_t i = 1; i < n; i++) input_word[i] = looked->target->word[i - 1] + 1;
    bool ok = join_maps(looked, input_word) &&
              label_view(&looked->words, looked, true, input_word[n - 1] + 1) &&
              align(&looked->words);
    free(input_word);
    return ok;
}

bool looked_fill(struct looked *looked) {
    return fill_pieces(looked) && fill_words(looked);
}

static void free_labels(struct labels *labels) {
    free(labels->texts);
    free(labels->special);
}

static void free_view(struct view *view) {
    free_labels(&view->source);
    free_labels(&view->target);
    free_labels(&view->inputs);
    for (size_t i = 0; i < N_MAPS; i++) free(view->maps[i].at);
    free(view->aligning.at);
    free(view->links);
}

void looked_free(struct looked *looked) {
    free_view(&looked->pieces);
    free_view(&looked->words);
}
