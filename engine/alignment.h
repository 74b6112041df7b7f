/* Alignments: which source token each target token was translated from, as cross-attention tells.
 * Row i of cross-attention is what decoder input i looked at while it decided target token i. */
#ifndef ALIGNMENT_H
#define ALIGNMENT_H

#include "engine/attention.h"

/* The cross-attention that an alignment is read off. */
struct alignment_choice {
    size_t layer;
    int32_t head; /* -1: the average of all */
};

/* What there is to choose from, and what the model file chooses (-1: the last, the average). */
struct cross_heads {
    size_t n_layers, n_heads;
    int32_t layer, head;
};
struct cross_heads cross_heads_of(const struct config *config);

/* `layer` and `head` as tolka_options numbers them. */
tolka_status alignment_choose(struct alignment_choice *out, struct cross_heads there, int layer,
                              int head, tolka_error *err);

/* The first n_target rows of a choice to soft[n_target][map->n_keys]. */
void alignment_soft(const struct attention_map *map, struct alignment_choice choice,
                    size_t n_target, float *soft);

/* Sorts by source, then target, and leaves one of each link; returns how many there are. */
size_t alignment_sort(tolka_link *links, size_t n);

#endif
