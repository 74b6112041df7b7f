#include "engine/token_lists.h"

#include "engine/gguf.h"

#include <math.h>
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

tolka_status token_lists_read(struct config *config, const struct gguf *gguf, tolka_error *err) {
    tolka_status status =
        read_ids(gguf, "tolka.token.suppressed", config->suppressed, &config->n_suppressed, err);
    if (status == TOLKA_OK)
        status = read_ids(gguf, "tolka.token.begin_suppressed", config->begin_suppressed,
                          &config->n_begin_suppressed, err);
    return status == TOLKA_OK ? read_sequences(config, gguf, err) : status;
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
    return status;
}
