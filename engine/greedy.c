#include "engine/greedy.h"

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

bool greedy_advance(const struct extending *extending, const struct choice *choice) {
    int32_t token = forced_token(extending);
    float log_prob = 0;
    if (token < 0) {
        token = choice->best;
        log_prob =
            extending->options->want_scores ? choice_log_prob(choice, choice->best_logit) : NAN;
    }
    bool ends = token == extending->config->end_token || is_last_step(extending->sentence);
    return go_on(extending, token, log_prob, ends);
}

bool teacher_advance(const struct extending *extending, const struct choice *choice) {
    const struct sentence_search *sentence = extending->sentence;
    int32_t token = sentence->input->target[sentence->n_generated];
    bool forced = sentence->n_generated == 0 && token == sentence->forced_first;
    float log_prob = forced ? 0 : choice_log_prob(choice, choice->target_logit);
    return go_on(extending, token, log_prob, is_last_step(sentence));
}
