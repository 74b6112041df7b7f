#include "models/generation_lists.h"

#include "engine/token_lists.h"
#include "models/generation_file.h"

#include <math.h>
#include <stdio.h>

/* One list of ids, by its path in the settings. */
struct id_list {
    const struct settings *settings;
    const char *key;
    int32_t ids[MAX_SEQUENCE_IDS];
    size_t n;
};

static tolka_status too_long(const struct settings *settings, const char *key, tolka_error *err) {
    return fail(err, TOLKA_UNSUPPORTED, "%s: key %s lists more tokens than tolka has room for",
                settings_name(settings), key);
}

/* Ids of the vocabulary, as many as there is room for. */
static tolka_status read_ids(struct id_list *list, const struct settings *settings, const char *key,
                             const struct config *config, tolka_error *err) {
    int64_t ids[MAX_SEQUENCE_IDS];
    list->settings = settings;
    list->key = key;
    tolka_status status = settings_integers(settings, key, ids, MAX_SEQUENCE_IDS, &list->n, err);
    if (status != TOLKA_OK) return status;
    if (list->n > MAX_SEQUENCE_IDS) return too_long(settings, key, err);
    for (size_t i = 0; i < list->n; i++)
        if (ids[i] < 0 || ids[i] >= config->target_vocab)
            return fail(err, TOLKA_FORMAT, "%s: key %s has token %lld; the vocabulary has %u",
                        settings_name(settings), key, (long long)ids[i], config->target_vocab);
        else
            list->ids[i] = (int32_t)ids[i];
    return TOLKA_OK;
}

static tolka_status no_tokens(const struct id_list *list, tolka_error *err) {
    return fail(err, TOLKA_FORMAT, "%s: key %s lists no tokens", settings_name(list->settings),
                list->key);
}

static tolka_status add_tokens(const struct id_list *list, int32_t *tokens, uint32_t *n,
                               tolka_error *err) {
    if (list->n > MAX_SUPPRESSED - *n) return too_long(list->settings, list->key, err);
    for (size_t i = 0; i < list->n; i++) tokens[(*n)++] = list->ids[i];
    return TOLKA_OK;
}

static tolka_status add_sequence(const struct id_list *list, float bias, struct config *config,
                                 tolka_error *err) {
    if (list->n == 0) return no_tokens(list, err);
    if (sequences_add(&config->sequences, list->ids, list->n, bias)) return TOLKA_OK;
    return too_long(list->settings, list->key, err);
}

static tolka_status read_tokens(const struct checkpoint *checkpoint, const char *key,
                                const struct config *config, int32_t *tokens, uint32_t *n,
                                tolka_error *err) {
    struct reading r = generation_reading(checkpoint, key, err);
    struct id_list list;
    tolka_status status = read_ids(&list, r.settings, key, config, err);
    return status == TOLKA_OK ? add_tokens(&list, tokens, n, err) : status;
}

/* To transformers, too, nothing is said by forbidding the end token alone. */
static tolka_status read_bad_words(const struct checkpoint *checkpoint, struct config *config,
                                   tolka_error *err) {
    struct reading r = generation_reading(checkpoint, "bad_words_ids", err);
    size_t n = settings_length(r.settings, "bad_words_ids");
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < n && status == TOLKA_OK; i++) {
        char key[64];
        struct id_list list;
        snprintf(key, sizeof key, "bad_words_ids.%zu", i);
        status = read_ids(&list, r.settings, key, config, err);
        if (status != TOLKA_OK) break;
        if (list.n != 1)
            status = add_sequence(&list, -INFINITY, config, err);
        else if (list.ids[0] != config->end_token)
            status = add_tokens(&list, config->suppressed, &config->n_suppressed, err);
    }
    return status;
}

/* [[[ids], bias], ...] */
static tolka_status read_sequence_bias(const struct checkpoint *checkpoint, struct config *config,
                                       tolka_error *err) {
    struct reading r = generation_reading(checkpoint, "sequence_bias", err);
    size_t n = settings_length(r.settings, "sequence_bias");
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < n && status == TOLKA_OK; i++) {
        char ids[64], bias[64];
        struct id_list list;
        double value = 0;
        snprintf(ids, sizeof ids, "sequence_bias.%zu.0", i);
        snprintf(bias, sizeof bias, "sequence_bias.%zu.1", i);
        status = read_ids(&list, r.settings, ids, config, err);
        if (status == TOLKA_OK) status = settings_number(r.settings, bias, 0, &value, err);
        if (status == TOLKA_OK) status = add_sequence(&list, (float)value, config, err);
    }
    return status;
}

static tolka_status add_alternative(const struct id_list *list, bool is_new, struct config *config,
                                    tolka_error *err) {
    if (list->n == 0) return no_tokens(list, err);
    if (required_words_add(&config->force_words, is_new, list->ids, list->n)) return TOLKA_OK;
    return too_long(list->settings, list->key, err);
}

/* One word: [ids], or [[ids], [ids], ...], its alternatives. */
static tolka_status read_required_word(const struct settings *settings, size_t i,
                                       struct config *config, tolka_error *err) {
    char key[64];
    struct id_list list;
    snprintf(key, sizeof key, "force_words_ids.%zu.0", i);
    bool has_alternatives = settings_length(settings, key) > 0;
    size_t n = 1;
    tolka_status status = TOLKA_OK;
    snprintf(key, sizeof key, "force_words_ids.%zu", i);
    if (has_alternatives) n = settings_length(settings, key);
    for (size_t k = 0; k < n && status == TOLKA_OK; k++) {
        if (has_alternatives) snprintf(key, sizeof key, "force_words_ids.%zu.%zu", i, k);
        status = read_ids(&list, settings, key, config, err);
        if (status == TOLKA_OK) status = add_alternative(&list, k == 0, config, err);
    }
    return status;
}

static tolka_status read_force_words(const struct checkpoint *checkpoint, struct config *config,
                                     tolka_error *err) {
    struct reading r = generation_reading(checkpoint, "force_words_ids", err);
    size_t n = settings_length(r.settings, "force_words_ids");
    tolka_status status = TOLKA_OK;
    if (n == 0 && settings_has(r.settings, "force_words_ids"))
        return fail(err, TOLKA_FORMAT, "%s: key force_words_ids is no list of words",
                    settings_name(r.settings));
    for (size_t i = 0; i < n && status == TOLKA_OK; i++)
        status = read_required_word(r.settings, i, config, err);
    return status;
}

tolka_status read_generation_lists(const struct checkpoint *checkpoint, struct config *config,
                                   tolka_error *err) {
    tolka_status status = read_bad_words(checkpoint, config, err);
    if (status == TOLKA_OK)
        status = read_tokens(checkpoint, "suppress_tokens", config, config->suppressed,
                             &config->n_suppressed, err);
    if (status == TOLKA_OK)
        status = read_tokens(checkpoint, "begin_suppress_tokens", config, config->begin_suppressed,
                             &config->n_begin_suppressed, err);
    if (status == TOLKA_OK) status = read_sequence_bias(checkpoint, config, err);
    return status == TOLKA_OK ? read_force_words(checkpoint, config, err) : status;
}
