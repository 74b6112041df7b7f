#include "models/search_settings.h"

#include "models/generation_file.h"
#include "models/generation_lists.h"

#include <string.h>

/* generation_reading for tokens that a model cannot do without: there config.json still helps
 * out. */
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

/* A token that is generated whatever the model says; config.json counts in old exports only, where null
 * takes back what the family does by itself. */
static int32_t forced_token(const struct checkpoint *checkpoint, const char *key, int32_t absent,
                            tolka_status *status, tolka_error *err) {
    if (has_generation_file(checkpoint) || settings_is_null(checkpoint->config, key)) absent = -1;
    return read_first(checkpoint, generation_reading(checkpoint, key, err), key, absent, status);
}

static tolka_status read_lengths(const struct checkpoint *checkpoint, struct config *config,
                                 tolka_error *err) {
    struct reading r = generation_reading(checkpoint, "max_new_tokens", err);
    uint32_t most = read_u32(&r, "max_new_tokens", 0);
    if (r.status != TOLKA_OK) return r.status;
    r = generation_reading(checkpoint, "max_length", err);
    uint32_t length = read_u32(&r, "max_length", 0);
    if (r.status != TOLKA_OK) return r.status;
    /* max_length counts the start token. Its absence means 20 to transformers, which cuts nearly
     * everything: our default is longer. */
    if (!most && length > 1) most = length - 1;
    if (most > MAX_DEFAULT_LENGTH) {
        checkpoint->warn(checkpoint->user,
                         "%s: up to %u tokens are asked for; the default will be %d",
                         settings_name(r.settings), most, MAX_DEFAULT_LENGTH);
        most = MAX_DEFAULT_LENGTH;
    }
    if (most) config->max_length = most;
    return TOLKA_OK;
}

static tolka_status read_early_stopping(const struct checkpoint *checkpoint, struct config *config,
                                        tolka_error *err) {
    struct reading r = generation_reading(checkpoint, "early_stopping", err);
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

/* [start, factor] */
static tolka_status read_decay(const struct checkpoint *checkpoint, struct config *config,
                               tolka_error *err) {
    static const char key[] = "exponential_decay_length_penalty";
    struct reading r = generation_reading(checkpoint, key, err);
    if (!settings_has(r.settings, key)) return TOLKA_OK;
    config->decay_start = read_u32(&r, "exponential_decay_length_penalty.0", 0);
    config->decay_factor = read_f32(&r, "exponential_decay_length_penalty.1", 1);
    return r.status;
}

static tolka_status read_numbers(const struct checkpoint *checkpoint, struct config *config,
                                 tolka_error *err) {
    const struct {
        const char *key;
        uint32_t *whole;
        float *number;
        double absent;
    } keys[] = {
        {"num_beams", &config->beam, NULL, 1},
        {"length_penalty", NULL, &config->length_penalty, 1},
        {"min_length", &config->min_length, NULL, 0},
        {"min_new_tokens", &config->min_new_tokens, NULL, 0},
        {"repetition_penalty", NULL, &config->repetition_penalty, 1},
        {"encoder_repetition_penalty", NULL, &config->encoder_repetition_penalty, 1},
        {"no_repeat_ngram_size", &config->no_repeat_ngram_size, NULL, 0},
        {"encoder_no_repeat_ngram_size", &config->encoder_no_repeat_ngram_size, NULL, 0},
        {"temperature", NULL, &config->temperature, 1},
        {"top_k", &config->top_k, NULL, 50},
        {"top_p", NULL, &config->top_p, 1},
        {"min_p", NULL, &config->min_p, 0},
        {"typical_p", NULL, &config->typical_p, 1},
        {"epsilon_cutoff", NULL, &config->epsilon_cutoff, 0},
        {"eta_cutoff", NULL, &config->eta_cutoff, 0},
        {"num_beam_groups", &config->beam_groups, NULL, 1},
        {"diversity_penalty", NULL, &config->diversity_penalty, 0},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct reading r = generation_reading(checkpoint, keys[i].key, err);
        if (keys[i].whole)
            *keys[i].whole = read_u32(&r, keys[i].key, (uint32_t)keys[i].absent);
        else
            *keys[i].number = read_f32(&r, keys[i].key, (float)keys[i].absent);
        if (r.status != TOLKA_OK) return r.status;
    }
    return TOLKA_OK;
}

static tolka_status read_flags(const struct checkpoint *checkpoint, struct config *config,
                               tolka_error *err) {
    struct reading r = generation_reading(checkpoint, "renormalize_logits", err);
    config->renormalize = read_flag(&r, "renormalize_logits", false);
    if (r.status != TOLKA_OK) return r.status;
    r = generation_reading(checkpoint, "do_sample", err);
    config->do_sample = read_flag(&r, "do_sample", false);
    return r.status;
}

/* What changes what the reference generates, and tolka does not follow. */
static void warn_of_ignored(const struct checkpoint *checkpoint) {
    static const struct {
        const char *key;
        double neutral;
    } keys[] = {{"penalty_alpha", 0},
                {"guidance_scale", 1},
                {"top_h", 0},
                {"forced_decoder_ids", 0},
                {"constraints", 0}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct reading r = generation_reading(checkpoint, keys[i].key, NULL);
        double value;
        if (settings_number(r.settings, keys[i].key, keys[i].neutral, &value, NULL) != TOLKA_OK ||
            value != keys[i].neutral)
            checkpoint->warn(checkpoint->user, "%s: key %s is set; tolka does not follow it",
                             settings_name(r.settings), keys[i].key);
    }
}

static void warn_of_sampled_beams(const struct checkpoint *checkpoint,
                                  const struct config *config) {
    if (config->do_sample && config->beam > 1)
        checkpoint->warn(checkpoint->user,
                         "%s: do_sample and num_beams are set; tolka samples without beams",
                         settings_name(checkpoint->generation));
}

tolka_status read_generation(const struct checkpoint *checkpoint, struct config *config,
                             tolka_error *err) {
    tolka_status status = read_numbers(checkpoint, config, err);
    if (status == TOLKA_OK) status = read_flags(checkpoint, config, err);
    if (status != TOLKA_OK) return status;

    config->end_token =
        generation_token(checkpoint, "eos_token_id", config->end_token, &status, err);
    config->pad_token =
        generation_token(checkpoint, "pad_token_id", config->pad_token, &status, err);
    int32_t bos = generation_token(checkpoint, "bos_token_id", -1, &status, err);
    config->start_token =
        generation_token(checkpoint, "decoder_start_token_id",
                         config->start_token >= 0 ? config->start_token : bos, &status, err);
    /* What BART's oldest exports say instead of forced_bos_token_id. */
    struct reading r = {checkpoint->config, TOLKA_OK, err};
    if (read_flag(&r, "force_bos_token_to_be_generated", false)) config->forced_first = bos;
    if (r.status != TOLKA_OK) return r.status;
    config->forced_first =
        forced_token(checkpoint, "forced_bos_token_id", config->forced_first, &status, err);
    config->forced_last =
        forced_token(checkpoint, "forced_eos_token_id", config->forced_last, &status, err);
    if (status == TOLKA_OK) status = read_lengths(checkpoint, config, err);
    if (status == TOLKA_OK) status = read_early_stopping(checkpoint, config, err);
    if (status == TOLKA_OK) status = read_decay(checkpoint, config, err);
    if (status == TOLKA_OK) status = read_generation_lists(checkpoint, config, err);
    if (status != TOLKA_OK) return status;
    warn_of_ignored(checkpoint);
    warn_of_sampled_beams(checkpoint, config);
    return TOLKA_OK;
}
