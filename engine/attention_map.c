#include "engine/attention_map.h"

#include "engine/decoder.h"
#include "engine/encoder.h"
#include "engine/input.h"

#include <stdint.h>
#include <stdlib.h>

/* ---- making one ------------------------------------------------------------------------------ */

/* Of what is not wanted there are no layers. */
static void measure_maps(struct attention_map maps[3], const struct config *config,
                         enum attention_wanted wanted, size_t n_source, size_t n_steps) {
    size_t encoder_layers = config->encoder_layers, decoder_layers = config->decoder_layers;
    size_t self_layers = config->decoder_kind == DECODER_SSRU ? 0 : decoder_layers;
    if (wanted == ATTENTION_ALIGNS) encoder_layers = self_layers = 0;
    maps[TOLKA_ENCODER_ATTENTION] =
        (struct attention_map){NULL, encoder_layers, config->encoder_heads, n_source, n_source};
    maps[TOLKA_DECODER_ATTENTION] =
        (struct attention_map){NULL, self_layers, config->decoder_heads, n_steps, n_steps};
    maps[TOLKA_CROSS_ATTENTION] =
        (struct attention_map){NULL, decoder_layers, config->decoder_heads, n_steps, n_source};
}

/* Of [layers][heads][queries], each at most 2^20 or so: no overflow. */
static size_t map_rows(const struct attention_map *map) {
    return map->n_layers * map->n_heads * map->n_queries;
}

static bool make_map(struct attention_map *map) {
    if (map->n_layers == 0) return true;
    map->weights = calloc(map_rows(map), map->n_keys * sizeof *map->weights);
    return map->weights != NULL;
}

static tolka_attention *make_maps(const struct config *config,
                                  const struct attention_map measured[3]) {
    tolka_attention *attention = calloc(1, sizeof *attention);
    if (!attention) return NULL;
    attention->align_layer = config->alignment_layer;
    attention->align_head = config->alignment_head;
    for (int i = 0; i < 3; i++) {
        attention->maps[i] = measured[i];
        if (make_map(&attention->maps[i])) continue;
        tolka_attention_free(attention);
        return NULL;
    }
    return attention;
}

static struct batch_shape shape_of(const struct config *config, size_t n_source, size_t n_steps) {
    return (struct batch_shape){.n_sentences = 1,
                                .n_tokens = n_source,
                                .longest = n_source,
                                .n_key_floats = memory_key_floats(config, n_source),
                                .n_slots = 1,
                                .n_steps = n_steps,
                                .beam = 1};
}

/* Bytes of a sentence's batch with its maps. */
static size_t needs(const struct worker *worker, const struct batch_shape *shape,
                    const struct attention_map maps[3]) {
    size_t n = worker_needs(worker, shape);
    for (int i = 0; i < 3 && n < SIZE_MAX; i++) {
        size_t rows = map_rows(&maps[i]), width = maps[i].n_keys * sizeof(float);
        n = width && rows > (SIZE_MAX - n) / width ? SIZE_MAX : n + rows * width;
    }
    return n;
}

/* ---- running --------------------------------------------------------------------------------- */

/* The decoder's inputs are the start token and the target; one slot, so a node is a position. */
static void run_decoder(struct transformer *transformer, const tolka_input *input, size_t n_steps,
                        int32_t *nodes) {
    for (size_t i = 0; i < n_steps; i++) {
        nodes[i] = (int32_t)i;
        struct decoder_row row = {.position = (uint32_t)i, .nodes = nodes};
        row.token = i ? input->target[i - 1] : first_token(&transformer->model->config, input);
        decode_step(transformer, (struct decoder_rows){&row, 1});
    }
}

static const struct attention_map *seen(const struct attention_map *map) {
    return map->n_layers ? map : NULL;
}

static void run(struct worker *worker, const tolka_input *input, const struct attention_map maps[3],
                int32_t *nodes) {
    struct transformer *transformer = &worker->transformer;
    struct source_rows source = {.ids = input->ids, .n = input->n_ids};
    transformer->memory.places[0] = (struct source_place){.n_keys = input->n_ids};
    transformer->encoder_map = seen(&maps[TOLKA_ENCODER_ATTENTION]);
    transformer->decoder_map = seen(&maps[TOLKA_DECODER_ATTENTION]);
    transformer->cross_map = seen(&maps[TOLKA_CROSS_ATTENTION]);
    encode_sources(transformer, &source, 1);
    run_decoder(transformer, input, maps[TOLKA_CROSS_ATTENTION].n_queries, nodes);
    transformer->encoder_map = transformer->decoder_map = transformer->cross_map = NULL;
}

tolka_status attention_record(struct tolka_attention **out, struct worker *worker,
                              const tolka_input *input, enum attention_wanted wanted,
                              tolka_error *err) {
    const struct config *config = &worker->transformer.model->config;
    size_t n_steps = input->n_target + (wanted == ATTENTION_ALL);
    *out = NULL;
    tolka_status status = check_input(config, input, true, err);
    if (status != TOLKA_OK) return status;
    if (config->max_positions && n_steps > config->max_positions)
        return fail(err, TOLKA_INPUT, "%zu target tokens and a start token; the model takes %u",
                    input->n_target, config->max_positions);
    struct batch_shape shape = shape_of(config, input->n_ids, n_steps);
    struct attention_map maps[3];
    measure_maps(maps, config, wanted, input->n_ids, n_steps);
    size_t n_bytes = needs(worker, &shape, maps);
    if (!worker_may_hold(worker, n_bytes)) return worker_refuse(worker, &shape, n_bytes, err);
    int32_t *nodes = calloc(n_steps, sizeof *nodes);
    tolka_attention *attention = make_maps(config, maps);
    if (nodes && attention && worker_reserve(worker, &shape)) {
        run(worker, input, attention->maps, nodes);
        *out = attention;
    } else {
        tolka_attention_free(attention);
        status = fail(err, TOLKA_NOMEM, "no memory for the attention of %zu by %zu tokens",
                      input->n_ids, n_steps);
    }
    free(nodes);
    return status;
}

/* ---- what it holds --------------------------------------------------------------------------- */

void tolka_attention_free(tolka_attention *attention) {
    for (int i = 0; attention && i < 3; i++) free(attention->maps[i].weights);
    free(attention);
}

size_t tolka_attention_layers(const tolka_attention *attention, tolka_attention_kind kind) {
    return attention && (unsigned)kind < 3 ? attention->maps[kind].n_layers : 0;
}

size_t tolka_attention_heads(const tolka_attention *attention, tolka_attention_kind kind) {
    return attention && (unsigned)kind < 3 ? attention->maps[kind].n_heads : 0;
}

const float *tolka_attention_weights(const tolka_attention *attention, tolka_attention_kind kind,
                                     size_t layer, size_t head, size_t *n_queries, size_t *n_keys) {
    const struct attention_map *map =
        attention && (unsigned)kind < 3 ? &attention->maps[kind] : NULL;
    bool there = map && layer < map->n_layers && head < map->n_heads;
    if (n_queries) *n_queries = there ? map->n_queries : 0;
    if (n_keys) *n_keys = there ? map->n_keys : 0;
    if (!there) return NULL;
    return map_head(map, layer, head);
}
