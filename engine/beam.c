/* Beam search by three rule books. They agree on what a step's candidates are (sums of
 * log-probabilities) and differ in which of them end, which go on, and when to stop. */
#include "engine/search.h"

struct extension {
    float sum, log_prob;
    int32_t token;
    uint32_t parent;
};

enum { MAX_EXTENSIONS = 2 * 64 };

struct extensions {
    size_t n, wanted;
    struct extension list[MAX_EXTENSIONS]; /* descending; ties: lower parent, lower token first */
};

static void insert(struct extensions *best, struct extension extension) {
    size_t i = best->n;
    if (i < best->wanted)
        best->n++;
    else if (extension.sum > best->list[i - 1].sum)
        i--;
    else
        return;
    for (; i > 0 && best->list[i - 1].sum < extension.sum; i--) best->list[i] = best->list[i - 1];
    best->list[i] = extension;
}

/* The `wanted` best ways to extend this sentence's live hypotheses. */
static void collect(const struct config *config, const struct sentence_search *sentence,
                    const struct choice *choices, struct extensions *best) {
    int32_t forced = forced_token(config, sentence);
    best->n = 0;
    for (uint32_t b = 0; b < sentence->n_live; b++) {
        float sum = sentence->live[b].sum;
        if (forced >= 0) {
            insert(best, (struct extension){sum, 0, forced, b});
            continue;
        }
        const struct choice *choice = &choices[b];
        for (size_t i = 0; i < choice->n_top; i++) {
            float log_prob = choice_log_prob(choice, choice->top[i].value);
            if (!(log_prob > -INFINITY)) break;
            insert(best, (struct extension){sum + log_prob, log_prob, choice->top[i].id, b});
        }
    }
}

static void go_on(struct worker *worker, struct sentence_search *sentence, size_t place,
                  const struct extension *extension) {
    extend_hypothesis(worker, sentence, &sentence->live[extension->parent], place, extension->token,
                      extension->log_prob);
}

static void end(struct worker *worker, const struct search_options *options,
                struct sentence_search *sentence, const struct extension *extension, size_t keep) {
    finish_hypothesis(worker, options, sentence, &sentence->live[extension->parent],
                      extension->token, extension->log_prob, keep);
}

/* Those of the first `beam` candidates that end are kept if they are among the `beam` best ended
 * ones; the best `beam` that do not end go on. */
static bool huggingface(struct worker *worker, const struct search_options *options,
                        struct sentence_search *sentence, const struct extensions *best,
                        size_t *n_next) {
    const struct config *config = &worker->model->config;
    size_t beam = (size_t)options->beam;
    uint32_t n = sentence->n_generated + 1;
    for (size_t i = 0; i < best->n; i++) {
        const struct extension *extension = &best->list[i];
        if (extension->token == config->end_token || n == sentence->limit) {
            if (i < beam) end(worker, options, sentence, extension, beam);
        } else if (*n_next < beam) {
            go_on(worker, sentence, (*n_next)++, extension);
        }
    }
    if (*n_next == 0) return true;
    if (sentence->n_finished < beam) return false;
    if (options->early_stopping == STOP_WHEN_FULL) return true;
    uint32_t length = n;
    if (options->early_stopping == STOP_NEVER_EARLY && options->length_penalty > 0)
        length = sentence->limit;
    float attainable =
        length_normalized(worker->search->next[0].sum, length, options->length_penalty);
    return attainable <= sentence->finished[beam - 1].score;
}

/* Each of the first `beam` candidates that ends is stored; its place is taken by the next one that
 * does not end. Done when `beam` are stored. */
static bool ctranslate2(struct worker *worker, const struct search_options *options,
                        struct sentence_search *sentence, const struct extensions *best,
                        size_t *n_next) {
    const struct config *config = &worker->model->config;
    size_t beam = (size_t)options->beam, keep = 2 * beam, spare = beam;
    bool last = sentence->n_generated + 1 == sentence->limit, top_ended = false;
    for (size_t i = 0; i < best->n && i < beam; i++) {
        const struct extension *extension = &best->list[i];
        bool ends = extension->token == config->end_token;
        if (ends || last) {
            end(worker, options, sentence, extension, keep);
            top_ended |= i == 0;
            while (spare < best->n && best->list[spare].token == config->end_token) spare++;
            if (last || spare >= best->n) continue;
            extension = &best->list[spare++];
        }
        go_on(worker, sentence, (*n_next)++, extension);
    }
    if (last || *n_next == 0 || sentence->n_finished >= beam) return true;
    return options->length_penalty == 0 && top_ended &&
           sentence->n_finished >= (size_t)options->n_best;
}

/* The beam narrows by one for every hypothesis that ends; what still runs at the end is stored. */
static bool marian(struct worker *worker, const struct search_options *options,
                   struct sentence_search *sentence, const struct extensions *best,
                   size_t *n_next) {
    const struct config *config = &worker->model->config;
    bool last = sentence->n_generated + 1 == sentence->limit;
    for (size_t i = 0; i < best->n; i++) {
        const struct extension *extension = &best->list[i];
        if (last || extension->token == config->end_token)
            end(worker, options, sentence, extension, 2 * (size_t)options->beam);
        else
            go_on(worker, sentence, (*n_next)++, extension);
    }
    return *n_next == 0;
}

bool beam_advance(struct worker *worker, const struct search_options *options,
                  struct sentence_search *sentence, const struct choice *choices) {
    const struct config *config = &worker->model->config;
    struct extensions best = {.wanted = 2 * (size_t)options->beam};
    if (config->beam_rules == BEAM_MARIAN)
        best.wanted = (size_t)options->beam - sentence->n_finished;
    collect(config, sentence, choices, &best);
    size_t n_next = 0;
    bool is_done = false;
    switch (config->beam_rules) {
    case BEAM_HUGGINGFACE:
        is_done = huggingface(worker, options, sentence, &best, &n_next);
        break;
    case BEAM_CTRANSLATE2:
        is_done = ctranslate2(worker, options, sentence, &best, &n_next);
        break;
    case BEAM_MARIAN:
        is_done = marian(worker, options, sentence, &best, &n_next);
        break;
    }
    for (size_t i = 0; i < n_next; i++) sentence->live[i] = worker->search->next[i];
    sentence->n_live = n_next;
    return is_done;
}
