#include "tools/generation_set.h"

#include "tools/suggest.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void generation_set_init(struct generation_set *set, const tolka_model *model,
                         tolka_options *options) {
    *set = (struct generation_set){.options = options};
    tolka_model_generation(model, &set->generation);
}

void generation_set_free(struct generation_set *set) {
    for (size_t i = 0; i < set->n_owned; i++) free(set->owned[i]);
    free(set->owned);
    *set = (struct generation_set){.n_owned = 0};
}

static void *own(struct generation_set *set, void *memory) {
    void **owned = realloc(set->owned, (set->n_owned + 1) * sizeof *owned);
    if (owned) set->owned = owned;
    if (owned && memory) return set->owned[set->n_owned++] = memory;
    free(memory);
    return NULL;
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* Ids of an array; NULL if it is none, or empty (then *n is 0 and *ok true). */
static int32_t *read_ids(struct generation_set *set, const json_t *array, size_t *n, bool *ok) {
    *n = json_array_size(array);
    *ok = json_is_array(array);
    int32_t *ids = *ok ? own(set, malloc((*n + 1) * sizeof *ids)) : NULL;
    for (size_t i = 0; ids && i < *n; i++) {
        const json_t *id = json_array_get(array, i);
        json_int_t value = json_integer_value(id);
        *ok &= json_is_integer(id) && value >= 0 && value <= INT32_MAX;
        ids[i] = *ok ? (int32_t)value : 0;
    }
    *ok &= ids != NULL;
    return ids;
}

static bool set_ids(struct generation_set *set, const json_t *value, const int32_t **ids,
                    size_t *n) {
    bool ok = true;
    *n = 0;
    if (json_is_null(value)) return true;
    *ids = read_ids(set, value, n, &ok);
    return ok;
}

/* [[1, 2], [3]] or, with biases, [[[1, 2], -2.5], [[3], 1.0]]. */
static bool set_sequences(struct generation_set *set, const json_t *value, bool with_bias,
                          const tolka_sequence **out, size_t *n) {
    *n = json_array_size(value);
    if (json_is_null(value)) return true;
    tolka_sequence *list = json_is_array(value) ? own(set, calloc(*n + 1, sizeof *list)) : NULL;
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < *n; i++) {
        const json_t *entry = json_array_get(value, i);
        const json_t *ids = with_bias ? json_array_get(entry, 0) : entry;
        const json_t *bias = with_bias ? json_array_get(entry, 1) : NULL;
        list[i].ids = read_ids(set, ids, &list[i].n, &ok);
        list[i].bias = with_bias ? (float)json_number_value(bias) : -INFINITY;
        ok &=
            list[i].n > 0 && (!with_bias || (json_is_number(bias) && json_array_size(entry) == 2));
    }
    *out = list;
    return ok;
}

/* [[5, 7], ...], of each the one phrase, or [[[5, 7], [9]], ...], its alternatives. */
static bool read_alternatives(struct generation_set *set, const json_t *entry,
                              tolka_alternatives *out) {
    bool has_several = json_is_array(json_array_get(entry, 0));
    json_t *alone = has_several ? NULL : json_pack("[O]", entry);
    bool ok = set_sequences(set, has_several ? entry : alone, false, &out->phrases, &out->n);
    json_decref(alone);
    return ok && out->n > 0;
}

bool generation_set_require(struct generation_set *set, const tolka_sequence *phrases, size_t n) {
    tolka_generation *g = &set->generation;
    tolka_alternatives *list = own(set, malloc((g->n_force_words + 1) * sizeof *list));
    tolka_sequence *copy = own(set, malloc((n + 1) * sizeof *copy));
    bool ok = list && copy;
    for (size_t i = 0; ok && i < n; i++) {
        int32_t *ids = own(set, malloc(phrases[i].n * sizeof *ids));
        ok = ids != NULL;
        if (ok) memcpy(ids, phrases[i].ids, phrases[i].n * sizeof *ids);
        copy[i] = (tolka_sequence){ids, phrases[i].n, 0};
    }
    if (!ok) return false;
    for (size_t i = 0; i < g->n_force_words; i++) list[i] = g->force_words[i];
    list[g->n_force_words++] = (tolka_alternatives){copy, n};
    g->force_words = list;
    return true;
}

static bool set_force_words(struct generation_set *set, const json_t *value) {
    size_t n = json_array_size(value);
    tolka_alternatives *list = own(set, calloc(n + 1, sizeof *list));
    bool ok = list && (json_is_array(value) || json_is_null(value));
    for (size_t i = 0; ok && i < n; i++)
        ok = read_alternatives(set, json_array_get(value, i), &list[i]);
    set->generation.force_words = list;
    set->generation.n_force_words = ok ? n : 0;
    return ok;
}

/* ---- keys ------------------------------------------------------------------------------------ */

enum kind {
    KIND_INTEGER,
    KIND_NUMBER,
    KIND_FLAG,
    KIND_TOKEN, /* null: none */
    KIND_BY_HAND,
};

struct key {
    const char *name;
    enum kind kind;
    size_t offset; /* in tolka_generation */
    bool (*set)(struct generation_set *set, const json_t *value);
    const char *expected;
};

static bool set_suppressed(struct generation_set *set, const json_t *value) {
    return set_ids(set, value, &set->generation.suppress_tokens,
                   &set->generation.n_suppress_tokens);
}

static bool set_begin_suppressed(struct generation_set *set, const json_t *value) {
    return set_ids(set, value, &set->generation.begin_suppress_tokens,
                   &set->generation.n_begin_suppress_tokens);
}

static bool set_bad_words(struct generation_set *set, const json_t *value) {
    return set_sequences(set, value, false, &set->generation.bad_words,
                         &set->generation.n_bad_words);
}

static bool set_sequence_bias(struct generation_set *set, const json_t *value) {
    return set_sequences(set, value, true, &set->generation.sequence_bias,
                         &set->generation.n_sequence_bias);
}

static bool to_int(const json_t *value, int *out) {
    json_int_t n = json_integer_value(value);
    *out = (int)n;
    return json_is_integer(value) && n >= -INT32_MAX && n <= INT32_MAX;
}

static bool set_decay(struct generation_set *set, const json_t *value) {
    const json_t *start = json_array_get(value, 0), *factor = json_array_get(value, 1);
    set->generation.decay_factor = json_is_null(value) ? 1 : (float)json_number_value(factor);
    return json_is_null(value) || (to_int(start, &set->generation.decay_start) &&
                                   json_is_number(factor) && json_array_size(value) == 2);
}

static bool set_num_beams(struct generation_set *set, const json_t *value) {
    return to_int(value, &set->options->beam) && set->options->beam > 0;
}

static bool set_returned(struct generation_set *set, const json_t *value) {
    return to_int(value, &set->options->n_best) && set->options->n_best > 0;
}

/* There the start token counts. */
static bool set_max_length(struct generation_set *set, const json_t *value) {
    int n;
    if (!to_int(value, &n) || n < 2) return false;
    set->options->max_length = n - 1;
    return true;
}

static bool set_length_penalty(struct generation_set *set, const json_t *value) {
    set->options->length_penalty = (float)json_number_value(value);
    return json_is_number(value) && set->options->length_penalty >= 0;
}

static bool set_early_stopping(struct generation_set *set, const json_t *value) {
    const char *text = json_string_value(value);
    if (text && strcmp(text, "never") != 0) return false;
    set->options->stop = text                  ? TOLKA_STOP_NEVER
                         : json_is_true(value) ? TOLKA_STOP_WHEN_FULL
                                               : TOLKA_STOP_HEURISTIC;
    return text || json_is_boolean(value);
}

/* Not one of transformers' keys: there the caller seeds a generator. */
static bool set_seed(struct generation_set *set, const json_t *value) {
    set->generation.seed = (uint64_t)json_integer_value(value);
    return json_is_integer(value);
}

static const struct key keys[] = {
    {"seed", KIND_BY_HAND, 0, set_seed, "a whole number"},
    {"num_beams", KIND_BY_HAND, 0, set_num_beams, "a number of beams"},
    {"num_return_sequences", KIND_BY_HAND, 0, set_returned, "a number of translations"},
    {"max_length", KIND_BY_HAND, 0, set_max_length, "a length, start token included"},
    {"length_penalty", KIND_BY_HAND, 0, set_length_penalty, "a number of 0 or more"},
    {"early_stopping", KIND_BY_HAND, 0, set_early_stopping, "true, false or \"never\""},
    {"min_length", KIND_INTEGER, offsetof(tolka_generation, min_length), NULL, NULL},
    {"min_new_tokens", KIND_INTEGER, offsetof(tolka_generation, min_new_tokens), NULL, NULL},
    {"max_new_tokens", KIND_INTEGER, offsetof(tolka_generation, max_new_tokens), NULL, NULL},
    {"repetition_penalty", KIND_NUMBER, offsetof(tolka_generation, repetition_penalty), NULL, NULL},
    {"no_repeat_ngram_size", KIND_INTEGER, offsetof(tolka_generation, no_repeat_ngram_size), NULL,
     NULL},
    {"encoder_repetition_penalty", KIND_NUMBER,
     offsetof(tolka_generation, encoder_repetition_penalty), NULL, NULL},
    {"encoder_no_repeat_ngram_size", KIND_INTEGER,
     offsetof(tolka_generation, encoder_no_repeat_ngram_size), NULL, NULL},
    {"sequence_bias", KIND_BY_HAND, 0, set_sequence_bias, "[[[5, 7], -2.5], ...]"},
    {"bad_words_ids", KIND_BY_HAND, 0, set_bad_words, "[[5, 7], [9], ...]"},
    {"force_words_ids", KIND_BY_HAND, 0, set_force_words,
     "[[5, 7], ...] or with alternatives [[[5, 7], [9]], ...]"},
    {"suppress_tokens", KIND_BY_HAND, 0, set_suppressed, "[5, 7, ...]"},
    {"begin_suppress_tokens", KIND_BY_HAND, 0, set_begin_suppressed, "[5, 7, ...]"},
    {"forced_bos_token_id", KIND_TOKEN, offsetof(tolka_generation, forced_bos_token_id), NULL,
     NULL},
    {"forced_eos_token_id", KIND_TOKEN, offsetof(tolka_generation, forced_eos_token_id), NULL,
     NULL},
    {"exponential_decay_length_penalty", KIND_BY_HAND, 0, set_decay, "[start, factor]"},
    {"renormalize_logits", KIND_FLAG, offsetof(tolka_generation, renormalize_logits), NULL, NULL},
    {"do_sample", KIND_FLAG, offsetof(tolka_generation, do_sample), NULL, NULL},
    {"temperature", KIND_NUMBER, offsetof(tolka_generation, temperature), NULL, NULL},
    {"top_k", KIND_INTEGER, offsetof(tolka_generation, top_k), NULL, NULL},
    {"top_p", KIND_NUMBER, offsetof(tolka_generation, top_p), NULL, NULL},
    {"min_p", KIND_NUMBER, offsetof(tolka_generation, min_p), NULL, NULL},
    {"typical_p", KIND_NUMBER, offsetof(tolka_generation, typical_p), NULL, NULL},
    {"epsilon_cutoff", KIND_NUMBER, offsetof(tolka_generation, epsilon_cutoff), NULL, NULL},
    {"eta_cutoff", KIND_NUMBER, offsetof(tolka_generation, eta_cutoff), NULL, NULL},
    {"max_length_ratio", KIND_NUMBER, offsetof(tolka_generation, max_length_ratio), NULL, NULL},
    {"min_length_ratio", KIND_NUMBER, offsetof(tolka_generation, min_length_ratio), NULL, NULL},
    {"num_beam_groups", KIND_INTEGER, offsetof(tolka_generation, num_beam_groups), NULL, NULL},
    {"diversity_penalty", KIND_NUMBER, offsetof(tolka_generation, diversity_penalty), NULL, NULL},
    {"coverage_penalty", KIND_NUMBER, offsetof(tolka_generation, coverage_penalty), NULL, NULL},
};
enum { N_KEYS = sizeof keys / sizeof *keys };

/* ---- values ---------------------------------------------------------------------------------- */

static bool set_field(struct generation_set *set, const struct key *key, const json_t *value) {
    void *at = (char *)&set->generation + key->offset;
    switch (key->kind) {
    case KIND_INTEGER:
        return to_int(value, at);
    case KIND_NUMBER:
        *(float *)at = (float)json_number_value(value);
        return json_is_number(value);
    case KIND_FLAG:
        *(int *)at = json_is_true(value);
        return json_is_boolean(value);
    case KIND_TOKEN:
        if (json_is_null(value)) return *(int32_t *)at = -1, true;
        return to_int(value, at) && *(int32_t *)at >= 0;
    case KIND_BY_HAND:
        break;
    }
    return key->set(set, value);
}

static bool no_such_key(const char *name, char why[SET_WHY]) {
    const char *names[N_KEYS];
    for (size_t i = 0; i < N_KEYS; i++) names[i] = keys[i].name;
    const char *meant = suggest(name, names, N_KEYS);
    if (meant)
        snprintf(why, SET_WHY, "no setting is called %.60s; did you mean %s?", name, meant);
    else
        snprintf(why, SET_WHY, "no setting is called %.60s", name);
    return false;
}

bool generation_set_json(struct generation_set *set, const char *name, const json_t *value,
                         char why[SET_WHY]) {
    static const char *const expected[] = {"a whole number", "a number", "true or false",
                                           "a token id or null"};
    const struct key *key = keys;
    while (key < keys + N_KEYS && strcmp(key->name, name) != 0) key++;
    if (key == keys + N_KEYS) return no_such_key(name, why);
    if (set_field(set, key, value)) return true;
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));
    snprintf(why, SET_WHY, "%s is %.60s; expected %s", name, text ? text : "?",
             key->expected ? key->expected : expected[key->kind]);
    free(text);
    return false;
}

bool generation_set_text(struct generation_set *set, const char *assignment, char why[SET_WHY]) {
    char name[64];
    const char *equals = strchr(assignment, '=');
    size_t n = equals ? (size_t)(equals - assignment) : 0;
    if (n == 0 || n >= sizeof name) {
        snprintf(why, SET_WHY, "\"%.60s\"; expected key=value", assignment);
        return false;
    }
    memcpy(name, assignment, n);
    name[n] = 0;
    json_error_t error;
    json_t *value = json_loads(equals + 1, JSON_DECODE_ANY, &error);
    if (!value) {
        bool too_big = json_error_code(&error) == json_error_numeric_overflow;
        snprintf(why, SET_WHY, "%s is %.60s, which is %s", name, equals + 1,
                 too_big ? "too big a number" : "not JSON");
        return false;
    }
    bool ok = generation_set_json(set, name, value, why);
    json_decref(value);
    return ok;
}
