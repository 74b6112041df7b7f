#include "engine/constraints.h"

#include <math.h>
#include <string.h>

/* ---- sequences ------------------------------------------------------------------------------- */

/* Do the tokens end with all of the sequence but its last token? One that is longer than what there
 * is so far never does. */
static bool stands_before(const struct row_context *row, const tolka_sequence *sequence) {
    size_t n = sequence->n - 1;
    if (sequence->n > row->n_tokens) return false;
    return memcmp(row->tokens + row->n_tokens - n, sequence->ids, n * sizeof *sequence->ids) == 0;
}

/* A sequence of one token stands alone: of several for the same token the last one counts. */
static void bias_single_tokens(const tolka_sequence *sequences, size_t n, float *scores) {
    for (size_t i = 0; i < n; i++) {
        if (sequences[i].n != 1) continue;
        bool is_last = true;
        for (size_t k = i + 1; k < n && is_last; k++)
            is_last = sequences[k].n != 1 || sequences[k].ids[0] != sequences[i].ids[0];
        if (is_last) scores[sequences[i].ids[0]] += sequences[i].bias;
    }
}

static void bias_sequences(const struct row_context *row, const tolka_sequence *sequences, size_t n,
                           float *scores) {
    for (size_t i = 0; i < n; i++)
        if (sequences[i].n > 1 && stands_before(row, &sequences[i]))
            scores[sequences[i].ids[sequences[i].n - 1]] += sequences[i].bias;
}

static void forbid_sequences(const struct row_context *row, const tolka_sequence *sequences,
                             size_t n, float *scores) {
    for (size_t i = 0; i < n; i++)
        if (sequences[i].n > 1 && stands_before(row, &sequences[i]))
            scores[sequences[i].ids[sequences[i].n - 1]] = -INFINITY;
}

/* ---- repetition ------------------------------------------------------------------------------ */

static bool contains(const int32_t *ids, size_t n, int32_t id) {
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id) return true;
    return false;
}

/* Each token that stands in a list once: Keskar et al. 2019, section 4.1. */
static void penalize(const int32_t *ids, size_t n, float penalty, float *scores, size_t vocab) {
    if (penalty == 1) return;
    for (size_t i = 0; i < n; i++) {
        if (ids[i] < 0 || (size_t)ids[i] >= vocab || contains(ids, i, ids[i])) continue;
        float *score = &scores[ids[i]];
        *score = *score < 0 ? *score * penalty : *score / penalty;
    }
}

/* Forbids what would complete an n-gram that `ids` has. */
static void forbid_ngrams(const struct row_context *row, const int32_t *ids, size_t n_ids, size_t n,
                          float *scores, size_t vocab) {
    if (n == 0 || row->n_tokens + 1 < n) return;
    const int32_t *before = row->tokens + row->n_tokens - (n - 1);
    for (size_t i = 0; i + n <= n_ids; i++) {
        int32_t last = ids[i + n - 1];
        if (last >= 0 && (size_t)last < vocab &&
            memcmp(ids + i, before, (n - 1) * sizeof *ids) == 0)
            scores[last] = -INFINITY;
    }
}

/* ---- lengths --------------------------------------------------------------------------------- */

/* The end token counts in it, and so does the source's. */
static bool is_too_short(const tolka_generation *g, const struct row_context *row, size_t n_new) {
    return (float)(n_new + 1) < ceilf(g->min_length_ratio * (float)row->n_source);
}

static void require_length(const tolka_generation *g, const struct row_context *row,
                           int32_t end_token, float *scores) {
    size_t n_new = row->n_tokens - row->n_prompt;
    if (row->n_tokens < (size_t)g->min_length || n_new < (size_t)g->min_new_tokens ||
        is_too_short(g, row, n_new))
        scores[end_token] = -INFINITY;
}

static void encourage_end(const tolka_generation *g, const struct row_context *row,
                          int32_t end_token, float *scores) {
    size_t start = row->n_prompt + (size_t)g->decay_start;
    if (g->decay_factor == 1 || row->n_tokens <= start) return;
    float power = powf(g->decay_factor, (float)(row->n_tokens - start));
    scores[end_token] += fabsf(scores[end_token]) * (power - 1);
}

static void suppress_beginning(const tolka_generation *g, const struct row_context *row,
                               float *scores) {
    size_t begin = row->n_prompt + (row->n_prompt == 1 && row->is_forced_first);
    if (row->n_tokens != begin) return;
    for (size_t i = 0; i < g->n_begin_suppress_tokens; i++)
        scores[g->begin_suppress_tokens[i]] = -INFINITY;
}

void constrain(const struct generation *generation, const struct row_context *row,
               int32_t end_token, float *scores, size_t vocab) {
    const tolka_generation *g = &generation->settings;
    bias_single_tokens(g->sequence_bias, g->n_sequence_bias, scores);
    bias_sequences(row, g->sequence_bias, g->n_sequence_bias, scores);
    penalize(row->source, row->n_source, 1 / g->encoder_repetition_penalty, scores, vocab);
    penalize(row->tokens, row->n_tokens, g->repetition_penalty, scores, vocab);
    forbid_ngrams(row, row->tokens, row->n_tokens, (size_t)g->no_repeat_ngram_size, scores, vocab);
    forbid_ngrams(row, row->source, row->n_source, (size_t)g->encoder_no_repeat_ngram_size, scores,
                  vocab);
    forbid_sequences(row, g->bad_words, g->n_bad_words, scores);
    require_length(g, row, end_token, scores);
    encourage_end(g, row, end_token, scores);
    for (size_t i = 0; i < generation->n_suppressed; i++)
        scores[generation->suppressed[i]] = -INFINITY;
    suppress_beginning(g, row, scores);
}
