#include "engine/greedy.h"

/* ---- one hypothesis -------------------------------------------------------------------------- */

static bool go_on(const struct extending *extending, int32_t token, float log_prob, bool ends) {
    const struct hypothesis *parent = &extending->sentence->live[0];
    if (ends) {
        hypothesis_finish(extending, parent, token, log_prob, 1);
        return true;
    }
    hypothesis_extend(extending, parent, 0, token, log_prob);
    hypotheses_go_on(extending, 1);
    return false;
}

static bool ends_with(const struct extending *extending, int32_t token) {
    return token == extending->config->end_token || is_last_step(extending->sentence);
}

/* The token that comes now: the one that must, or the one chosen. */
static int32_t next_token(const struct extending *extending, const struct choice *choice,
                          float *log_prob) {
    int32_t forced = forced_token(extending);
    *log_prob = 0;
    if (forced >= 0) return forced;
    *log_prob = extending->options->want_scores ? choice_log_prob(choice, choice->best_logit) : NAN;
    return choice->best;
}

bool greedy_advance(const struct extending *extending, const struct choice *choice) {
    float log_prob;
    int32_t token = next_token(extending, choice, &log_prob);
    return go_on(extending, token, log_prob, ends_with(extending, token));
}

bool teacher_advance(const struct extending *extending, const struct choice *choice) {
    const struct sentence_search *sentence = extending->sentence;
    int32_t token = sentence->input->target[sentence->n_generated];
    bool forced = sentence->n_generated == 0 && token == sentence->forced_first;
    float log_prob = forced ? 0 : choice_log_prob(choice, choice->target_logit);
    return go_on(extending, token, log_prob, is_last_step(sentence));
}

/* ---- several, side by side ------------------------------------------------------------------- */

/* Parent by a token, among the next *n_next or among the finished. */
static void go_on_numbered(const struct extending *extending, const struct hypothesis *parent,
                           int32_t token, float log_prob, size_t *n_next) {
    if (ends_with(extending, token))
        hypothesis_finish_numbered(extending, parent, token, log_prob);
    else
        hypothesis_extend(extending, parent, (*n_next)++, token, log_prob);
}

void samples_start(const struct extending *extending) {
    struct sentence_search *sentence = extending->sentence;
    size_t n = (size_t)extending->options->n_best;
    for (size_t k = 1; k < n; k++) {
        sentence->live[k] = sentence->live[0];
        sentence->live[k].number = (uint32_t)k;
    }
    sentence->n_live = n;
}

bool samples_advance(const struct extending *extending, const struct choice *choices) {
    const struct sentence_search *sentence = extending->sentence;
    size_t n_next = 0;
    for (size_t k = 0; k < sentence->n_live; k++) {
        float log_prob;
        int32_t token = next_token(extending, &choices[k], &log_prob);
        go_on_numbered(extending, &sentence->live[k], token, log_prob, &n_next);
    }
    hypotheses_go_on(extending, n_next);
    return n_next == 0;
}

/* ---- alternatives ---------------------------------------------------------------------------- */

/* The first free token: each alternative gets one of the best. */
static size_t branch(const struct extending *extending, const struct choice *choice) {
    size_t n_next = 0;
    for (size_t k = 0; k < choice->n_top && k < (size_t)extending->options->n_best; k++) {
        struct hypothesis parent = extending->sentence->live[0];
        parent.number = (uint32_t)k;
        go_on_numbered(extending, &parent, choice->top[k].id,
                       choice_log_prob(choice, choice->top[k].value), &n_next);
    }
    return n_next;
}

bool alternatives_advance(const struct extending *extending, const struct choice *choices) {
    const struct sentence_search *sentence = extending->sentence;
    int32_t forced = forced_token(extending);
    bool branched =
        sentence->n_live > 1 || sentence->live[0].number > 0 || sentence->n_finished > 0;
    size_t n_next = 0;
    if (forced < 0 && !branched) {
        n_next = branch(extending, &choices[0]);
    } else {
        for (size_t k = 0; k < sentence->n_live; k++) {
            const struct candidate *best = &choices[k].top[0];
            int32_t token = forced >= 0 ? forced : best->id;
            float log_prob = forced >= 0 ? 0 : choice_log_prob(&choices[k], best->value);
            go_on_numbered(extending, &sentence->live[k], token, log_prob, &n_next);
        }
    }
    hypotheses_go_on(extending, n_next);
    return n_next == 0;
}
