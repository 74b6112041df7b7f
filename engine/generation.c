#include "engine/generation.h"

#include "engine/force_words.h"
#include "engine/token_lists.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a model asks for ------------------------------------------------------------------- */

static void add_bad_word(struct generation_lists *lists, const int32_t *ids, size_t n) {
    lists->bad_words[lists->n_bad_words++] = (tolka_sequence){ids, n, -INFINITY};
}

void generation_lists_fill(struct generation_lists *lists, const struct config *config) {
    const struct token_sequences *sequences = &config->sequences;
    lists->n_bad_words = lists->n_sequence_bias = 0;
    lists->end_token = NULL;
    for (uint32_t i = 0; i < config->n_suppressed; i++)
        if (config->suppressed[i] == config->end_token) /* as a bad word it would be passed over */
            lists->end_token = &config->suppressed[i];
        else
            add_bad_word(lists, &config->suppressed[i], 1);
    for (uint32_t i = 0; i < sequences->n; i++) {
        size_t n;
        const int32_t *ids = sequence_ids(sequences, i, &n);
        if (sequences->bias[i] == -INFINITY)
            add_bad_word(lists, ids, n);
        else
            lists->sequence_bias[lists->n_sequence_bias++] =
                (tolka_sequence){ids, n, sequences->bias[i]};
    }
    lists->n_force_words =
        required_words_lists(&config->force_words, lists->force_words, lists->phrases);
}

tolka_generation generation_of(const struct config *config, const struct generation_lists *lists) {
    return (tolka_generation){
        .size = sizeof(tolka_generation),
        .min_length = (int)config->min_length,
        .min_new_tokens = (int)config->min_new_tokens,
        .repetition_penalty = config->repetition_penalty,
        .no_repeat_ngram_size = (int)config->no_repeat_ngram_size,
        .encoder_repetition_penalty = config->encoder_repetition_penalty,
        .encoder_no_repeat_ngram_size = (int)config->encoder_no_repeat_ngram_size,
        .sequence_bias = lists->sequence_bias,
        .n_sequence_bias = lists->n_sequence_bias,
        .bad_words = lists->bad_words,
        .n_bad_words = lists->n_bad_words,
        .suppress_tokens = lists->end_token,
        .n_suppress_tokens = lists->end_token != NULL,
        .begin_suppress_tokens = config->begin_suppressed,
        .n_begin_suppress_tokens = config->n_begin_suppressed,
        .forced_bos_token_id = config->forced_first,
        .forced_eos_token_id = config->forced_last,
        .decay_start = (int)config->decay_start,
        .decay_factor = config->decay_factor,
        .renormalize_logits = config->renormalize,
        .do_sample = config->do_sample,
        .temperature = config->temperature,
        .top_k = (int)config->top_k,
        .top_p = config->top_p,
        .min_p = config->min_p,
        .typical_p = config->typical_p,
        .epsilon_cutoff = config->epsilon_cutoff,
        .eta_cutoff = config->eta_cutoff,
        .max_length_ratio = config->max_length_ratio,
        .min_length_ratio = config->min_length_ratio,
        .num_beam_groups = (int)config->beam_groups,
        .diversity_penalty = config->diversity_penalty,
        .coverage_penalty = config->coverage_penalty,
        .force_words = lists->force_words,
        .n_force_words = lists->n_force_words,
    };
}

/* ---- checks ---------------------------------------------------------------------------------- */

static tolka_status check_numbers(const tolka_generation *g, tolka_error *err) {
    const struct {
        const char *key;
        double value, min, max;
    } numbers[] = {
        {"min_length", g->min_length, 0, TOLKA_MAX_LENGTH},
        {"min_new_tokens", g->min_new_tokens, 0, TOLKA_MAX_LENGTH},
        {"max_new_tokens", g->max_new_tokens, 0, TOLKA_MAX_LENGTH},
        {"repetition_penalty", (double)g->repetition_penalty, 1e-6, 1e6},
        {"encoder_repetition_penalty", (double)g->encoder_repetition_penalty, 1e-6, 1e6},
        {"no_repeat_ngram_size", g->no_repeat_ngram_size, 0, 1024},
        {"encoder_no_repeat_ngram_size", g->encoder_no_repeat_ngram_size, 0, 1024},
        {"the start of exponential_decay_length_penalty", g->decay_start, 0, TOLKA_MAX_LENGTH},
        {"the factor of exponential_decay_length_penalty", (double)g->decay_factor, 1e-6, 1e6},
        {"temperature", (double)g->temperature, 1e-6, 1e6},
        {"top_k", g->top_k, 0, MAX_VOCAB},
        {"top_p", (double)g->top_p, 0, 1},
        {"min_p", (double)g->min_p, 0, 1},
        {"typical_p", (double)g->typical_p, 0, 1},
        {"epsilon_cutoff", (double)g->epsilon_cutoff, 0, 1},
        {"eta_cutoff", (double)g->eta_cutoff, 0, 1},
        {"max_length_ratio", (double)g->max_length_ratio, 0, 1e6},
        {"min_length_ratio", (double)g->min_length_ratio, 0, 1e6},
        {"num_beam_groups", g->num_beam_groups, 0, TOLKA_MAX_BEAM},
        {"diversity_penalty", (double)g->diversity_penalty, 0, 1e6},
        {"coverage_penalty", (double)g->coverage_penalty, 0, 1e6},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!(numbers[i].value >= numbers[i].min && numbers[i].value <= numbers[i].max))
            return fail(err, TOLKA_ARGUMENT, "%s is %.10g; expected %.10g to %.10g", numbers[i].key,
                        numbers[i].value, numbers[i].min, numbers[i].max);
    return TOLKA_OK;
}

static tolka_status check_ids(const int32_t *ids, size_t n, const char *key, uint32_t vocab,
                              tolka_error *err) {
    if (!ids && n > 0) return fail(err, TOLKA_ARGUMENT, "%s: a list of ids is NULL", key);
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (uint32_t)ids[i] >= vocab)
            return fail(err, TOLKA_ARGUMENT, "%s: token %d; the vocabulary has %u", key, ids[i],
                        vocab);
    return TOLKA_OK;
}

static tolka_status check_sequences(const tolka_sequence *sequences, size_t n, const char *key,
                                    uint32_t vocab, tolka_error *err) {
    if (!sequences && n > 0) return fail(err, TOLKA_ARGUMENT, "%s: the list is NULL", key);
    for (size_t i = 0; i < n; i++) {
        if (sequences[i].n == 0) return fail(err, TOLKA_ARGUMENT, "%s: an empty list", key);
        if (isnan(sequences[i].bias) || sequences[i].bias == INFINITY)
            return fail(err, TOLKA_ARGUMENT, "%s: a bias is %g", key, (double)sequences[i].bias);
        tolka_status status = check_ids(sequences[i].ids, sequences[i].n, key, vocab, err);
        if (status != TOLKA_OK) return status;
    }
    return TOLKA_OK;
}

static tolka_status check_forced(int32_t token, const char *key, uint32_t vocab, tolka_error *err) {
    return token < 0 ? TOLKA_OK : check_ids(&token, 1, key, vocab, err);
}

static tolka_status check(const tolka_generation *g, const struct config *config,
                          tolka_error *err) {
    uint32_t vocab = config->target_vocab;
    tolka_status status = check_numbers(g, err);
    if (status == TOLKA_OK)
        status = check_sequences(g->sequence_bias, g->n_sequence_bias, "sequence_bias", vocab, err);
    if (status == TOLKA_OK)
        status = check_sequences(g->bad_words, g->n_bad_words, "bad_words_ids", vocab, err);
    if (status == TOLKA_OK)
        status = check_ids(g->suppress_tokens, g->n_suppress_tokens, "suppress_tokens", vocab, err);
    if (status == TOLKA_OK)
        status = check_ids(g->begin_suppress_tokens, g->n_begin_suppress_tokens,
                           "begin_suppress_tokens", vocab, err);
    if (status == TOLKA_OK)
        status = check_forced(g->forced_bos_token_id, "forced_bos_token_id", vocab, err);
    if (status == TOLKA_OK)
        status = check_forced(g->forced_eos_token_id, "forced_eos_token_id", vocab, err);
    if (status == TOLKA_OK)
        status = force_words_check(g->force_words, g->n_force_words, config, TOLKA_ARGUMENT,
                                   "force_words_ids", err);
    return status;
}

/* ---- copies ---------------------------------------------------------------------------------- */

/* NULL if there is no memory; n may be 0. */
static void *copy_array(const void *from, size_t n, size_t width) {
    void *copy = malloc(n * width + 1);
    if (copy && n > 0) memcpy(copy, from, n * width);
    return copy;
}

/* The list and its ids in one block. */
static tolka_sequence *copy_sequences(const tolka_sequence *from, size_t n) {
    size_t n_ids = 0;
    for (size_t i = 0; i < n; i++) n_ids += from[i].n;
    tolka_sequence *copy = malloc(n * sizeof *copy + n_ids * sizeof(int32_t) + 1);
    if (!copy) return NULL;
    int32_t *ids = (int32_t *)(copy + n);
    for (size_t i = 0; i < n; i++) {
        copy[i] = (tolka_sequence){memcpy(ids, from[i].ids, from[i].n * sizeof *ids), from[i].n,
                                   from[i].bias};
        ids += from[i].n;
    }
    return copy;
}

/* Forbidden single tokens, of which all but the end token are suppressed: as in transformers, a
 * list of bad words cannot forbid that. */
static bool list_suppressed(struct generation *generation, int32_t end_token) {
    const tolka_generation *g = &generation->settings;
    int32_t *ids = malloc((g->n_bad_words + g->n_suppress_tokens) * sizeof *ids + 1);
    size_t n = 0;
    if (!ids) return false;
    for (size_t i = 0; i < g->n_bad_words; i++)
        if (g->bad_words[i].n == 1 && g->bad_words[i].ids[0] != end_token)
            ids[n++] = g->bad_words[i].ids[0];
    for (size_t i = 0; i < g->n_suppress_tokens; i++) ids[n++] = g->suppress_tokens[i];
    generation->suppressed = ids;
    generation->n_suppressed = n;
    return true;
}

static bool has_long(const tolka_sequence *sequences, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (sequences[i].n > 1) return true;
    return false;
}

static bool needs_rows(const tolka_generation *g) {
    return g->min_length > 0 || g->min_new_tokens > 0 || g->min_length_ratio > 0 ||
           g->repetition_penalty != 1 || g->encoder_repetition_penalty != 1 ||
           g->no_repeat_ngram_size > 0 || g->encoder_no_repeat_ngram_size > 0 ||
           g->n_sequence_bias > 0 || g->n_begin_suppress_tokens > 0 || g->decay_factor != 1 ||
           g->do_sample || g->n_force_words > 0 ||
           (g->num_beam_groups > 1 && g->renormalize_logits) ||
           has_long(g->bad_words, g->n_bad_words);
}

static bool copy_lists(struct generation *out, const tolka_generation *g) {
    tolka_generation *s = &out->settings;
    s->sequence_bias = copy_sequences(g->sequence_bias, g->n_sequence_bias);
    s->bad_words = copy_sequences(g->bad_words, g->n_bad_words);
    s->suppress_tokens = copy_array(g->suppress_tokens, g->n_suppress_tokens, sizeof(int32_t));
    s->begin_suppress_tokens =
        copy_array(g->begin_suppress_tokens, g->n_begin_suppress_tokens, sizeof(int32_t));
    s->force_words = force_words_copy(g->force_words, g->n_force_words);
    return s->sequence_bias && s->bad_words && s->suppress_tokens && s->begin_suppress_tokens &&
           s->force_words;
}

tolka_status generation_copy(struct generation *out, const tolka_generation *given,
                             const struct config *config, tolka_error *err) {
    *out = (struct generation){0};
    tolka_status status = check(given, config, err);
    if (status != TOLKA_OK) return status;
    out->settings = *given;
    if (!copy_lists(out, given) || !list_suppressed(out, config->end_token)) {
        generation_free(out);
        return fail(err, TOLKA_NOMEM, "out of memory");
    }
    if (out->n_suppressed >= config->target_vocab) {
        generation_free(out);
        return fail(err, TOLKA_ARGUMENT, "every token is suppressed");
    }
    out->needs_rows = needs_rows(&out->settings);
    return TOLKA_OK;
}

void generation_free(struct generation *generation) {
    free((void *)generation->settings.sequence_bias);
    free((void *)generation->settings.bad_words);
    free((void *)generation->settings.suppress_tokens);
    free((void *)generation->settings.begin_suppress_tokens);
    free((void *)generation->settings.force_words);
    free(generation->suppressed);
    *generation = (struct generation){0};
}
