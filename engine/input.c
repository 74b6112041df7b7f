#include "engine/input.h"

enum { MAX_SOURCE_TOKENS = 1 << 20 };

static tolka_status check_ids(const int32_t *ids, size_t n, uint32_t vocab, const char *what,
                              tolka_error *err) {
    if (!ids) return fail(err, TOLKA_ARGUMENT, "the list of %s tokens is NULL", what);
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (uint32_t)ids[i] >= vocab)
            return fail(err, TOLKA_INPUT, "%s token %zu is %d; the vocabulary has %u", what, i + 1,
                        ids[i], vocab);
    return TOLKA_OK;
}

static tolka_status check_count(size_t n, size_t max, const char *what, tolka_error *err) {
    if (n == 0) return fail(err, TOLKA_INPUT, "no %s tokens", what);
    if (n > max)
        return fail(err, TOLKA_INPUT, "%zu %s tokens; the model takes at most %zu", n, what, max);
    return TOLKA_OK;
}

static tolka_status check_source(const struct config *config, const tolka_input *input,
                                 tolka_error *err) {
    size_t max = config->max_positions ? config->max_positions : MAX_SOURCE_TOKENS;
    tolka_status status = check_count(input->n_ids, max, "source", err);
    if (status != TOLKA_OK) return status;
    return check_ids(input->ids, input->n_ids, config->source_vocab, "source", err);
}

/* The tokens that a translation begins with. */
static tolka_status check_beginning(const struct config *config, const tolka_input *input,
                                    tolka_error *err) {
    if (input->start < 0 && config->start_token < 0 && !config->start_from_zero)
        return fail(err, TOLKA_INPUT, "the model has no start token: choose a target language");
    tolka_status status = TOLKA_OK;
    if (input->start >= 0) status = check_ids(&input->start, 1, config->target_vocab, "start", err);
    if (status == TOLKA_OK && input->forced_first >= 0)
        status = check_ids(&input->forced_first, 1, config->target_vocab, "forced", err);
    return status;
}

static tolka_status check_target(const struct config *config, const tolka_input *input,
                                 tolka_error *err) {
    size_t max = config->max_positions ? config->max_positions : TOLKA_MAX_LENGTH;
    tolka_status status = check_count(input->n_target, max, "target", err);
    if (status != TOLKA_OK) return status;
    return check_ids(input->target, input->n_target, config->target_vocab, "target", err);
}

tolka_status check_input(const struct config *config, const tolka_input *input, bool with_target,
                         tolka_error *err) {
    tolka_status status = check_source(config, input, err);
    if (status == TOLKA_OK) status = check_beginning(config, input, err);
    if (status != TOLKA_OK || (!with_target && input->n_target == 0)) return status;
    return check_target(config, input, err);
}

int32_t first_token(const struct config *config, const tolka_input *input) {
    if (input->start >= 0) return input->start;
    return config->start_from_zero ? -1 : config->start_token;
}
