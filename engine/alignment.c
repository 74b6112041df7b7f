#include "engine/alignment.h"

#include "engine/attention_map.h"

#include <stdlib.h>
#include <string.h>

/* ---- which layer and head -------------------------------------------------------------------- */

struct cross_heads cross_heads_of(const struct config *config) {
    return (struct cross_heads){config->decoder_layers, config->decoder_heads,
                                config->alignment_layer, config->alignment_head};
}

static tolka_status check_number(int number, size_t n, const char *what, const char *other,
                                 tolka_error *err) {
    if (number >= -1 && number <= (int)n) return TOLKA_OK;
    return fail(err, TOLKA_ARGUMENT,
                "alignment %s is %d; expected 1 to %zu, -1 (%s) or 0 (the model's choice)", what,
                number, n, other);
}

tolka_status alignment_choose(struct alignment_choice *out, struct cross_heads there, int layer,
                              int head, tolka_error *err) {
    tolka_status status = check_number(layer, there.n_layers, "layer", "the last", err);
    if (status == TOLKA_OK)
        status = check_number(head, there.n_heads, "head", "the average of all", err);
    if (status != TOLKA_OK) return status;
    if (layer == 0) layer = there.layer < 0 ? -1 : there.layer + 1;
    if (head == 0) head = there.head < 0 ? -1 : there.head + 1;
    out->layer = layer < 0 ? there.n_layers - 1 : (size_t)layer - 1;
    out->head = head < 0 ? -1 : head - 1;
    return TOLKA_OK;
}

/* ---- soft ------------------------------------------------------------------------------------ */

void alignment_soft(const struct attention_map *map, struct alignment_choice choice,
                    size_t n_target, float *soft) {
    size_t n = n_target * map->n_keys, first = choice.head < 0 ? 0 : (size_t)choice.head;
    size_t n_heads = choice.head < 0 ? map->n_heads : 1;
    memcpy(soft, map_head(map, choice.layer, first), n * sizeof *soft);
    if (n_heads == 1) return;
    for (size_t h = 1; h < n_heads; h++) {
        const float *rows = map_head(map, choice.layer, h);
        for (size_t i = 0; i < n; i++) soft[i] += rows[i];
    }
    for (size_t i = 0; i < n; i++) soft[i] /= (float)n_heads;
}

tolka_status tolka_soft_alignment(const tolka_attention *attention, int layer, int head,
                                  float **weights, size_t *n_target, size_t *n_source,
                                  tolka_error *err) {
    if (weights) *weights = NULL;
    tolka_status status = need_arguments(err, __func__,
                                         (const struct argument[]){{"attention", attention},
                                                                   {"weights", weights},
                                                                   {"n_target", n_target},
                                                                   {"n_source", n_source},
                                                                   {NULL, false}});
    if (status != TOLKA_OK) return status;
    *n_target = *n_source = 0;
    const struct attention_map *map = &attention->maps[TOLKA_CROSS_ATTENTION];
    struct cross_heads there = {map->n_layers, map->n_heads, attention->align_layer,
                                attention->align_head};
    struct alignment_choice choice;
    status = alignment_choose(&choice, there, layer, head, err);
    if (status != TOLKA_OK) return status;
    size_t n_rows = map->n_queries - 1;
    *weights = malloc(n_rows * map->n_keys * sizeof **weights);
    if (!*weights)
        return fail(err, TOLKA_NOMEM, "no memory for an alignment of %zu by %zu tokens", n_rows,
                    map->n_keys);
    alignment_soft(map, choice, n_rows, *weights);
    *n_target = n_rows;
    *n_source = map->n_keys;
    return TOLKA_OK;
}

/* ---- hard ------------------------------------------------------------------------------------ */

static int compare_links(const void *a, const void *b) {
    const tolka_link *x = a, *y = b;
    if (x->source != y->source) return x->source < y->source ? -1 : 1;
    return (x->target > y->target) - (x->target < y->target);
}

size_t alignment_sort(tolka_link *links, size_t n) {
    size_t kept = 0;
    qsort(links, n, sizeof *links, compare_links);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || compare_links(&links[kept - 1], &links[i]) != 0) links[kept++] = links[i];
    return kept;
}

/* The source token with the greatest weight; n_source: none counts. */
static size_t greatest(const float *row, size_t n_source, const uint8_t *counts) {
    size_t best = n_source;
    for (size_t j = 0; j < n_source; j++)
        if ((!counts || counts[j]) && (best == n_source || row[j] > row[best])) best = j;
    return best;
}

tolka_status tolka_hard_alignment(const float *weights, size_t n_target, size_t n_source,
                                  const uint8_t *source_counts, const uint8_t *target_counts,
                                  tolka_link **links, size_t *n, tolka_error *err) {
    if (links) *links = NULL;
    tolka_status status = need_arguments(
        err, __func__,
        (const struct argument[]){{"weights", weights || n_target == 0 || n_source == 0},
                                  {"links", links},
                                  {"n", n},
                                  {NULL, false}});
    if (status != TOLKA_OK) return status;
    *n = 0;
    *links = malloc((n_target + 1) * sizeof **links);
    if (!*links) return fail(err, TOLKA_NOMEM, "no memory for the links of %zu tokens", n_target);
    for (size_t i = 0; i < n_target; i++) {
        size_t j = greatest(weights + i * n_source, n_source, source_counts);
        if (j < n_source && (!target_counts || target_counts[i]))
            (*links)[(*n)++] = (tolka_link){(uint32_t)j, (uint32_t)i};
    }
    *n = alignment_sort(*links, *n);
    return TOLKA_OK;
}
