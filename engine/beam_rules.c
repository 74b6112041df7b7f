#include "engine/beam_rules.h"

#include "engine/extensions.h"

/* ---- candidates ------------------------------------------------------------------------------ */

static void insert_choices(struct extensions *best, const struct choice *choice, float sum,
                           uint32_t parent) {
    for (size_t i = 0; i < choice->n_top; i++) {
        float log_prob = choice_log_prob(choice, choice->top[i].value);
        if (!(log_prob > -INFINITY)) break;
        extensions_insert(best,
                          (struct extension){sum + log_prob, log_prob, choice->top[i].id, parent});
    }
}

void beam_collect(const struct extending *extending, const struct choice *choices,
                  struct extensions *best) {
    const struct sentence_search *sentence = extending->sentence;
    int32_t forced = forced_token(extending);
    best->n = 0;
    for (uint32_t b = 0; b < sentence->n_live; b++) {
        float sum = sentence->live[b].sum;
        if (forced >= 0)
            extensions_insert(best, (struct extension){sum, 0, forced, b});
        else
            insert_choices(best, &choices[b], sum, b);
    }
}

/* ---- transformers ---------------------------------------------------------------------------- */

bool beam_is_settled(const struct search_options *options, const struct sentence_search *sentence,
                     float best_sum, size_t keep) {
    if (sentence->n_finished < keep) return false;
    if (options->early_stopping == STOP_WHEN_FULL) return true;
    uint32_t length = sentence->n_generated + 1;
    if (options->early_stopping == STOP_NEVER_EARLY && options->length_penalty > 0)
        length = sentence->limit;
    float attainable =
        length_normalized(best_sum, scored_tokens(sentence, length), options->length_penalty);
    return attainable <= sentence->finished[keep - 1].score;
}

/* Those of the first `beam` candidates that end are kept if they are among the `beam` best ended
 * ones; the best `beam` that do not end go on. */
static bool huggingface(const struct extending *extending, const struct extensions *best,
                        size_t *n_next) {
    size_t beam = (size_t)extending->options->beam;
    bool last = is_last_step(extending->sentence);
    for (size_t i = 0; i < best->n; i++) {
        const struct extension *extension = &best->list[i];
        if (extension->token == extending->config->end_token || last) {
            if (i < beam) extension_ends(extending, extension, beam);
        } else if (*n_next < beam) {
            extension_goes_on(extending, (*n_next)++, extension);
        }
    }
    return *n_next == 0 || beam_is_settled(extending->options, extending->sentence,
                                           extending->history->next[0].sum, beam);
}

/* ---- CTranslate2 ----------------------------------------------------------------------------- */

static bool ctranslate2_is_done(const struct extending *extending, bool top_ended) {
    const struct search_options *options = extending->options;
    size_t n_finished = extending->sentence->n_finished;
    if (n_finished >= (size_t)options->beam) return true;
    if (options->generation->settings.coverage_penalty != 0) return false;
    return options->length_penalty == 0 && top_ended && n_finished >= (size_t)options->n_best;
}

/* Each of the first `beam` candidates that ends is stored; its place is taken by the next one that
 * does not end. Done when `beam` are stored. */
static bool ctranslate2(const struct extending *extending, const struct extensions *best,
                        size_t *n_next) {
    int32_t end_token = extending->config->end_token;
    size_t beam = (size_t)extending->options->beam, spare = beam;
    bool last = is_last_step(extending->sentence), top_ended = false;
    for (size_t i = 0; i < best->n && i < beam; i++) {
        const struct extension *extension = &best->list[i];
        if (extension->token == end_token || last) {
            extension_ends(extending, extension, beam);
            top_ended |= i == 0;
            while (spare < best->n && best->list[spare].token == end_token) spare++;
            if (last || spare >= best->n) continue;
            extension = &best->list[spare++];
        }
        extension_goes_on(extending, (*n_next)++, extension);
    }
    return last || *n_next == 0 || ctranslate2_is_done(extending, top_ended);
}

/* ---- Marian ---------------------------------------------------------------------------------- */

/* The beam narrows by one for every hypothesis that ends; what still runs at the end is stored. */
static bool marian(const struct extending *extending, const struct extensions *best,
                   size_t *n_next) {
    bool last = is_last_step(extending->sentence);
    for (size_t i = 0; i < best->n; i++) {
        const struct extension *extension = &best->list[i];
        if (last || extension->token == extending->config->end_token)
            extension_ends(extending, extension, (size_t)extending->options->beam);
        else
            extension_goes_on(extending, (*n_next)++, extension);
    }
    return *n_next == 0;
}

/* ---- by the book that the model asks for ----------------------------------------------------- */

static bool apply_rules(const struct extending *extending, const struct extensions *best,
                        size_t *n_next) {
    switch (extending->config->beam_rules) {
    case BEAM_HUGGINGFACE:
        return huggingface(extending, best, n_next);
    case BEAM_CTRANSLATE2:
        return ctranslate2(extending, best, n_next);
    case BEAM_MARIAN:
        break;
    }
    return marian(extending, best, n_next);
}

bool beam_advance(const struct extending *extending, const struct choice *choices) {
    struct extensions best = {.wanted = beam_candidates(extending->options->beam)};
    if (extending->config->beam_rules == BEAM_MARIAN)
        best.wanted = (size_t)extending->options->beam - extending->sentence->n_finished;
    beam_collect(extending, choices, &best);
    size_t n_next = 0;
    bool is_done = apply_rules(extending, &best, &n_next);
    hypotheses_go_on(extending, n_next);
    return is_done;
}
