/* generation_config.json, and what config.json said before there was one. */
#include "models/generation.h"

#include "models/reading.h"

#include <string.h>

static bool has_generation(const struct checkpoint *checkpoint) {
    return checkpoint->file(checkpoint->user, "generation_config.json");
}

/* Where a key is looked up: generation_config.json, or config.json for exports that are older than
 * the former. Where both are there, what config.json says about generating is void. */
static struct reading where(const struct checkpoint *checkpoint, const char *key,
                            tolka_error *err) {
    bool newer = has_generation(checkpoint);
    /* Asked in any case, so that it does not count as unread. */
    (void)settings_has(checkpoint->config, key);
    return (struct reading){newer ? checkpoint->generation : checkpoint->config, TOLKA_OK, err};
}

/* The same for tokens that a model cannot do without: there config.json still helps out. */
static struct reading where_token(const struct checkpoint *checkpoint, const char *key,
                                  tolka_error *err) {
    bool newer = settings_has(checkpoint->generation, key);
    (void)settings_has(checkpoint->config, key);
    return (struct reading){newer ? checkpoint->generation : checkpoint->config, TOLKA_OK, err};
}

static int32_t read_first(const struct checkpoint *checkpoint, struct reading r, const char *key,
                          int32_t absent, tolka_status *status) {
    char first[64];
    size_t n = settings_length(r.settings, key);
    if (n > 1)
        checkpoint->warn(checkpoint->user,
                         "%s: key %s lists %zu tokens; tolka heeds the first only",
                         settings_name(r.settings), key, n);
    if (n > 0) {
        strcpy(first, key);
        strcat(first, ".0");
        key = first;
    }
    int32_t token = read_token(&r, key, absent);
    if (*status == TOLKA_OK) *status = r.status;
    return token;
}

static int32_t generation_token(const struct checkpoint *checkpoint, const char *key,
                                int32_t absent, tolka_status *status, tolka_error *err) {
    return read_first(checkpoint, where_token(checkpoint, key, err), key, absent, status);
}

/* A token that is generated whatever the model says; config.json counts in old exports only. */
static int32_t forced_token(const struct checkpoint *checkpoint, const char *key, int32_t absent,
                            tolka_status *status, tolka_error *err) {
    if (has_generation(checkpoint)) absent = -1;
    return read_first(checkpoint, where(checkpoint, key, err), key, absent, status);
}

static tolka_status read_bad_words(const struct checkpoint *checkpoint, struct config *config,
                                   tolka_error *err) {
    struct reading r = where(checkpoint, "bad_words_ids", err);
    size_t n = settings_length(r.settings, "bad_words_ids");
    for (size_t i = 0; i < n; i++) {
        char key[64] = "bad_words_ids.";
        char digits[16];
        size_t d = sizeof digits, value = i, n_ids;
        digits[--d] = 0;
        do {
            digits[--d] = (char)('0' + value % 10);
        } while (value /= 10);
        strcat(key, digits + d);
        int64_t id;
        tolka_status status = settings_integers(r.settings, key, &id, 1, &n_ids, err);
        if (status != TOLKA_OK) return status;
        if (n_ids != 1)
            checkpoint->warn(checkpoint->user,
                             "%s: %s forbids a sequence of %zu tokens; tolka forbids single tokens "
                             "only",
                             settings_name(r.settings), key, n_ids);
        else if (id < 0 || id >= config->target_vocab || config->n_suppressed == MAX_SUPPRESSED)
            return fail(err, TOLKA_FORMAT, "%s: %s: token %lld cannot be forbidden",
                        settings_name(r.settings), key, (long long)id);
        else
            config->suppressed[config->n_suppressed++] = (int32_t)id;
    }
    return TOLKA_OK;
}

static tolka_status read_lengths(const struct checkpoint *checkpoint, struct config *config,
                                 tolka_error *err) {
    struct reading r = where(checkpoint, "max_new_tokens", err);
    uint32_t most = read_u32(&r, "max_new_tokens", 0);
    if (r.status != TOLKA_OK) return r.status;
    r = where(checkpoint, "max_length", err);
    uint32_t length = read_u32(&r, "max_length", 0);
    if (r.status != TOLKA_OK) return r.status;
    /* max_length counts the start token. Its absence means 20 to transformers, which cuts nearly
     * everything: our default is longer. */
    if (!most && length > 1) most = length - 1;
    if (most) config->max_length = most;
    return TOLKA_OK;
}

static tolka_status read_early_stopping(const struct checkpoint *checkpoint, struct config *config,
                                        tolka_error *err) {
    struct reading r = where(checkpoint, "early_stopping", err);
    const char *text;
    tolka_error ignored;
    if (settings_string(r.settings, "early_stopping", NULL, &text, &ignored) == TOLKA_OK && text) {
        if (strcmp(text, "never") != 0)
            return fail(err, TOLKA_UNSUPPORTED, "%s: early_stopping is \"%s\"",
                        settings_name(r.settings), text);
        config->early_stopping = STOP_NEVER_EARLY;
        return TOLKA_OK;
    }
    config->early_stopping =
        read_flag(&r, "early_stopping", false) ? STOP_WHEN_FULL : STOP_HEURISTIC;
    return r.status;
}

/* Keys that change what the reference generates and that tolka does not follow. */
static void warn_of_ignored_numbers(const struct checkpoint *checkpoint) {
    static const struct {
        const char *key;
        double neutral;
    } keys[] = {{"no_repeat_ngram_size", 0},
                {"repetition_penalty", 1},
                {"min_length", 0},
                {"min_new_tokens", 0},
                {"num_beam_groups", 1},
                {"diversity_penalty", 0},
                {"encoder_no_repeat_ngram_size", 0},
                {"encoder_repetition_penalty", 1},
                {"exponential_decay_length_penalty", 0}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct reading r = where(checkpoint, keys[i].key, NULL);
        double value;
        if (settings_number(r.settings, keys[i].key, keys[i].neutral, &value, NULL) != TOLKA_OK ||
            value != keys[i].neutral)
            checkpoint->warn(checkpoint->user, "%s: key %s is set; tolka does not follow it",
                             settings_name(r.settings), keys[i].key);
    }
}

static void warn_of_ignored_lists(const struct checkpoint *checkpoint) {
    static const char *const lists[] = {"suppress_tokens", "begin_suppress_tokens",
                                        "forced_decoder_ids", "sequence_bias", "force_words_ids"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct reading r = where(checkpoint, lists[i], NULL);
        if (settings_length(r.settings, lists[i]) > 0)
            checkpoint->warn(checkpoint->user, "%s: key %s is set; tolka does not follow it",
                             settings_name(r.settings), lists[i]);
    }
}

static void warn_of_sampling(const struct checkpoint *checkpoint) {
    struct reading r = where(checkpoint, "do_sample", NULL);
    if (read_flag(&r, "do_sample", false))
        checkpoint->warn(checkpoint->user, "%s: do_sample is set; tolka searches instead",
                         settings_name(r.settings));
}

tolka_status read_generation(const struct checkpoint *checkpoint, struct config *config,
                             tolka_error *err) {
    tolka_status status = TOLKA_OK;
    struct reading r = where(checkpoint, "num_beams", err);
    config->beam = read_u32(&r, "num_beams", 1);
    if (r.status != TOLKA_OK) return r.status;
    r = where(checkpoint, "length_penalty", err);
    config->length_penalty = read_f32(&r, "length_penalty", 1);
    if (r.status != TOLKA_OK) return r.status;
    r = where(checkpoint, "renormalize_logits", err);
    config->renormalize = read_flag(&r, "renormalize_logits", false);
    if (r.status != TOLKA_OK) return r.status;

    config->end_token =
        generation_token(checkpoint, "eos_token_id", config->end_token, &status, err);
    config->pad_token =
        generation_token(checkpoint, "pad_token_id", config->pad_token, &status, err);
    int32_t bos = generation_token(checkpoint, "bos_token_id", -1, &status, err);
    config->start_token =
        generation_token(checkpoint, "decoder_start_token_id",
                         config->start_token >= 0 ? config->start_token : bos, &status, err);
    /* What BART's oldest exports say instead of forced_bos_token_id. */
    r = (struct reading){checkpoint->config, TOLKA_OK, err};
    if (read_flag(&r, "force_bos_token_to_be_generated", false)) config->forced_first = bos;
    if (r.status != TOLKA_OK) return r.status;
    config->forced_first =
        forced_token(checkpoint, "forced_bos_token_id", config->forced_first, &status, err);
    config->forced_last =
        forced_token(checkpoint, "forced_eos_token_id", config->forced_last, &status, err);
    if (status == TOLKA_OK) status = read_lengths(checkpoint, config, err);
    if (status == TOLKA_OK) status = read_early_stopping(checkpoint, config, err);
    if (status == TOLKA_OK) status = read_bad_words(checkpoint, config, err);
    if (status != TOLKA_OK) return status;
    warn_of_ignored_numbers(checkpoint);
    warn_of_ignored_lists(checkpoint);
    warn_of_sampling(checkpoint);
    return TOLKA_OK;
}
