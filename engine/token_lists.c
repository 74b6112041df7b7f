#include "engine/token_lists.h"

#include "engine/force_words.h"
#include "engine/gguf.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- sequences ------------------------------------------------------------------------------- */

bool sequences_add(struct token_sequences *sequences, const int32_t *ids, size_t n, float bias) {
    if (n == 0 || sequences->n == MAX_SEQUENCES || n > MAX_SEQUENCE_IDS - sequences->n_ids)
        return false;
    memcpy(sequences->ids + sequences->n_ids, ids, n * sizeof *ids);
    sequences->n_ids += (uint32_t)n;
    sequences->end[sequences->n] = (uint16_t)sequences->n_ids;
    sequences->bias[sequences->n++] = bias;
    return true;
}

bool required_words_add(struct required_words *words, bool is_new, const int32_t *ids, size_t n) {
    if ((is_new && words->n == MAX_FORCE_WORDS) || !sequences_add(&words->sequences, ids, n, 0))
        return false;
    words->n += is_new;
    words->end[words->n - 1] = (uint16_t)words->sequences.n;
    return true;
}

size_t required_words_lists(const struct required_words *words, tolka_alternatives *lists,
                            tolka_sequence *phrases) {
    for (uint32_t i = 0; i < words->sequences.n; i++) {
        phrases[i].ids = sequence_ids(&words->sequences, i, &phrases[i].n);
        phrases[i].bias = 0;
    }
    for (uint32_t i = 0, first = 0; i < words->n; first = words->end[i++])
        lists[i] = (tolka_alternatives){phrases + first, words->end[i] - first};
    return words->n;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* An array of up to `max` elements of a type; *value is NULL if there is none. */
static tolka_status find_array(const struct gguf *gguf, const char *key, enum gguf_type element,
                               size_t max, const struct gguf_value **value, tolka_error *err) {
    *value = gguf_find(gguf, key);
    if (!*value) return TOLKA_OK;
    if ((*value)->type == GGUF_ARRAY && (*value)->element == element && (*value)->count <= max)
        return TOLKA_OK;
    return fail(err, TOLKA_FORMAT, "%s: key %s is not a list of up to %zu %s", gguf->name, key, max,
                element == GGUF_F32 ? "numbers" : "ids");
}

static tolka_status read_ids(const struct gguf *gguf, const char *key, int32_t *ids, uint32_t *n,
                             tolka_error *err) {
    const struct gguf_value *value;
    tolka_status status = find_array(gguf, key, GGUF_I32, MAX_SUPPRESSED, &value, err);
    if (status != TOLKA_OK || !value) return status;
    *n = (uint32_t)value->count;
    for (uint32_t i = 0; i < *n; i++) ids[i] = (int32_t)gguf_array_integer(value, i);
    return TOLKA_OK;
}

/* How many, ids, how many, ids, ...: as many lists as there are biases. */
static bool read_flat(struct token_sequences *sequences, const struct gguf_value *flat,
                      const struct gguf_value *biases) {
    size_t at = 0;
    for (size_t i = 0; i < biases->count; i++) {
        int32_t ids[MAX_SEQUENCE_IDS];
        int64_t n = at < flat->count ? gguf_array_integer(flat, at++) : 0;
        float bias;
        if (n < 1 || (uint64_t)n > flat->count - at || n > MAX_SEQUENCE_IDS) return false;
        for (size_t k = 0; k < (size_t)n; k++) ids[k] = (int32_t)gguf_array_integer(flat, at++);
        memcpy(&bias, biases->data + i * sizeof bias, sizeof bias);
        if (isnan(bias) || !sequences_add(sequences, ids, (size_t)n, bias)) return false;
    }
    return at == flat->count;
}

static tolka_status read_sequences(struct config *config, const struct gguf *gguf,
                                   tolka_error *err) {
    const struct gguf_value *flat, *biases;
    tolka_status status = find_array(gguf, "tolka.search.sequences", GGUF_I32,
                                     MAX_SEQUENCE_IDS + MAX_SEQUENCES, &flat, err);
    if (status == TOLKA_OK)
        status =
            find_array(gguf, "tolka.search.sequence_bias", GGUF_F32, MAX_SEQUENCES, &biases, err);
    if (status != TOLKA_OK || (!flat && !biases)) return status;
    if (flat && biases && read_flat(&config->sequences, flat, biases)) return TOLKA_OK;
    return fail(err, TOLKA_FORMAT,
                "%s: keys tolka.search.sequences and .sequence_bias do not fit each other",
                gguf->name);
}

/* Numbers of a flat list, one after another. */
struct flat {
    const struct gguf_value *value;
    size_t at;
};

/* -1 behind the last one, or for a number that is no id. */
static int64_t next_number(struct flat *flat) {
    int64_t n = flat->at < flat->value->count ? gguf_array_integer(flat->value, flat->at) : -1;
    flat->at++;
    return n;
}

static bool read_alternative(struct required_words *words, struct flat *flat, bool is_new) {
    int32_t ids[MAX_SEQUENCE_IDS];
    int64_t n = next_number(flat);
    if (n < 1 || n > MAX_SEQUENCE_IDS) return false;
    for (size_t k = 0; k < (size_t)n; k++) {
        int64_t id = next_number(flat);
        if (flat->at > flat->value->count) return false;
        ids[k] = (int32_t)id;
    }
    return required_words_add(words, is_new, ids, (size_t)n);
}

/* For each word how many alternatives, for each of these how many tokens, and the tokens. */
static tolka_status read_force_words(struct config *config, const struct gguf *gguf,
                                     tolka_error *err) {
    struct flat flat = {.at = 0};
    tolka_status status =
        find_array(gguf, "tolka.search.force_words", GGUF_I32,
                   MAX_SEQUENCE_IDS + MAX_SEQUENCES + MAX_FORCE_WORDS, &flat.value, err);
    if (status != TOLKA_OK || !flat.value) return status;
    while (flat.at < flat.value->count) {
        int64_t n = next_number(&flat);
        bool fits = n > 0 && n <= MAX_SEQUENCES;
        for (int64_t i = 0; fits && i < n; i++)
            fits = read_alternative(&config->force_words, &flat, i == 0);
        if (!fits)
            return fail(err, TOLKA_FORMAT,
                        "%s: key tolka.search.force_words is not made of words, their alternatives "
                        "and their tokens",
                        gguf->name);
    }
    return TOLKA_OK;
}

tolka_status token_lists_read(struct config *config, const struct gguf *gguf, tolka_error *err) {
    tolka_status status =
        read_ids(gguf, "tolka.token.suppressed", config->suppressed, &config->n_suppressed, err);
    if (status == TOLKA_OK)
        status = read_ids(gguf, "tolka.token.begin_suppressed", config->begin_suppressed,
                          &config->n_begin_suppressed, err);
    if (status == TOLKA_OK) status = read_sequences(config, gguf, err);
    return status == TOLKA_OK ? read_force_words(config, gguf, err) : status;
}

/* ---- checking -------------------------------------------------------------------------------- */

static tolka_status check_ids(const int32_t *ids, size_t n, uint32_t vocab, const char *what,
                              const char *name, tolka_error *err) {
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (uint32_t)ids[i] >= vocab)
            return fail(err, TOLKA_FORMAT, "%s: a %s token is %d, but the vocabulary has %u tokens",
                        name, what, ids[i], vocab);
    return TOLKA_OK;
}

static tolka_status check_force_words(const struct config *config, const char *name,
                                      tolka_error *err) {
    tolka_alternatives words[MAX_FORCE_WORDS];
    tolka_sequence phrases[MAX_SEQUENCES];
    char list[320];
    size_t n = required_words_lists(&config->force_words, words, phrases);
    snprintf(list, sizeof list, "%.300s: force_words_ids", name);
    return force_words_check(words, n, config, TOLKA_FORMAT, list, err);
}

tolka_status token_lists_check(const struct config *config, const char *name, tolka_error *err) {
    uint32_t vocab = config->target_vocab;
    tolka_status status =
        check_ids(config->suppressed, config->n_suppressed, vocab, "suppressed", name, err);
    if (status == TOLKA_OK)
        status = check_ids(config->begin_suppressed, config->n_begin_suppressed, vocab,
                           "suppressed first", name, err);
    if (status == TOLKA_OK)
        status = check_ids(config->sequences.ids, config->sequences.n_ids, vocab, "sequence's",
                           name, err);
    if (status == TOLKA_OK && config->n_suppressed >= vocab)
        status = fail(err, TOLKA_FORMAT, "%s: every token is suppressed", name);
    return status == TOLKA_OK ? check_force_words(config, name, err) : status;
}
