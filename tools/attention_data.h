/* What tolka attention draws: attention weights between tokens, and between words, with their
 * averages and the attention rollout. */
#ifndef ATTENTION_DATA_H
#define ATTENTION_DATA_H

#include "engine/tolka.h"

#include <stdbool.h>
#include <stddef.h>

enum { N_MAPS = 3 }; /* one for each tolka_attention_kind */

/* [layer][slot][query][key]: the slots of a layer are its heads, their average and, where rows and
 * columns may be followed through the layers, the rollout. at NULL: the model has no such map. */
struct map {
    size_t layers, heads, slots, n_queries, n_keys;
    float *at;
};

static inline float *map_at(const struct map *map, size_t layer, size_t slot) {
    return map->at + (layer * map->slots + slot) * map->n_queries * map->n_keys;
}
static inline size_t average_slot(const struct map *map) {
    return map->heads;
}
static inline size_t rollout_slot(const struct map *map) {
    return map->heads + 1;
}

/* What the rows or the columns of a map stand for. */
struct labels {
    size_t n;
    const char **texts;
    bool *special; /* no part of the text: language tags, </s> */
};

/* A word of the translation and the one of the source that it comes from. */
struct link {
    size_t source, target;
    float weight;
};

/* Everything by pieces, or by words. */
struct view {
    struct labels source, target,
        inputs; /* inputs: the decoder's, which begin with its start token */
    struct map maps[N_MAPS];
    struct map aligning; /* the cross-attention that alignments are read off: one slot */
    size_t n_links;
    struct link *links;
};
const struct labels *view_rows(const struct view *view, tolka_attention_kind kind);
const struct labels *view_columns(const struct view *view, tolka_attention_kind kind);

struct looked {
    const char *model, *source_text, *target_text;
    const int32_t *source_ids, *target_ids;
    const tolka_pieces *source, *target;
    const tolka_attention *attention;
    struct view pieces, words;
    bool by_pieces; /* which of them to show first, or alone */
};

static inline const struct view *looked_view(const struct looked *looked) {
    return looked->by_pieces ? &looked->pieces : &looked->words;
}

/* Fills the views from what is above them; false if memory is short. */
bool looked_fill(struct looked *looked);
void looked_free(struct looked *looked); /* the views */

#endif
