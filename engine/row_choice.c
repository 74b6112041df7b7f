#include "engine/row_choice.h"

#include "engine/sampling.h"

#include <string.h>

enum { COLLECTED_AT_ONCE = 1024 };

void row_room_take(struct row_room *room, size_t vocab, struct arena *arena) {
    room->raw = arena_take(arena, vocab, sizeof *room->raw);
    room->candidates = arena_take(arena, vocab, sizeof *room->candidates);
    room->numbers = arena_take(arena, 2 * vocab, sizeof *room->numbers);
}

/* ---- sums ------------------------------------------------------------------------------------ */

/* The softmax's denominator of a row. */
static void sum_row(const struct kernels *kernels, const float *scores, size_t vocab,
                    struct choice *choice) {
    kernels->argmax(scores, vocab, &choice->max);
    choice->sum_exp = choice->max > -INFINITY ? kernels->sum_exp(scores, vocab, choice->max) : 0;
}

/* scores = log softmax(scores); a denominator of 1 is left. */
static void normalize_row(const struct kernels *kernels, float *scores, size_t vocab,
                          struct choice *choice) {
    sum_row(kernels, scores, vocab, choice);
    float max = choice->max, log_sum = logf(choice->sum_exp); /* choice_log_prob, taken apart */
    for (size_t i = 0; i < vocab; i++) scores[i] = scores[i] - max - log_sum;
    choice->max = 0;
    choice->sum_exp = 1;
}

/* ---- choices --------------------------------------------------------------------------------- */

/* Chunk by chunk, as what is among the greatest so far leaves out most of what comes. */
static void choose_top(const struct kernels *kernels, const struct row_room *room,
                       const float *scores, size_t vocab, size_t n_top, struct choice *choice) {
    for (size_t i = 0; i < vocab; i += COLLECTED_AT_ONCE) {
        size_t n = vocab - i < COLLECTED_AT_ONCE ? vocab - i : COLLECTED_AT_ONCE;
        choice_collect(choice, kernels, n_top, scores + i, n, (int32_t)i, room->candidates);
    }
}

static void choose_best(const struct kernels *kernels, const float *scores, size_t vocab,
                        struct choice *choice) {
    float best;
    choice->best = (int32_t)kernels->argmax(scores, vocab, &best);
}

static void draw(const tolka_generation *generation, const struct row_room *room, double number,
                 const float *scores, size_t vocab, struct choice *choice) {
    size_t n = sampling_candidates(generation, scores, vocab, room->candidates, room->numbers);
    choice->best = n ? room->candidates[sampling_pick(room->candidates, n, number)].id : 0;
}

/* One token or several, and their log-probabilities: among all tokens, or among those left if the
 * model wants that. */
static void choose_by_logits(const struct kernels *kernels, const struct config *config,
                             const struct wanted *wanted, size_t r, const struct row_room *room,
                             float *scores, struct choice *choice) {
    const tolka_generation *g = &wanted->generation->settings;
    size_t vocab = config->target_vocab;
    memcpy(room->raw, scores, vocab * sizeof *scores);
    constrain(wanted->generation, &wanted->contexts[r], config->end_token, scores, vocab);
    if (g->do_sample)
        draw(g, room, wanted->numbers[r], scores, vocab, choice);
    else if (wanted->n_top)
        choose_top(kernels, room, scores, vocab, wanted->n_top, choice);
    else
        choose_best(kernels, scores, vocab, choice);
    const float *meant = g->renormalize_logits ? scores : room->raw;
    if (wanted->sum) sum_row(kernels, meant, vocab, choice);
    if (!wanted->n_top) choice->best_logit = meant[choice->best];
    for (size_t i = 0; i < choice->n_top; i++) choice->top[i].value = meant[choice->top[i].id];
}

void choose_from_row(const struct kernels *kernels, const struct config *config,
                     const struct wanted *wanted, size_t r, const struct row_room *room,
                     float *scores, struct choice *choice) {
    size_t vocab = config->target_vocab;
    if (!wanted->n_top || wanted->greedily) {
        choose_by_logits(kernels, config, wanted, r, room, scores, choice);
        return;
    }
    normalize_row(kernels, scores, vocab, choice);
    constrain(wanted->generation, &wanted->contexts[r], config->end_token, scores, vocab);
    if (wanted->generation->settings.renormalize_logits)
        normalize_row(kernels, scores, vocab, choice);
    choose_top(kernels, room, scores, vocab, wanted->n_top, choice);
}
