#include "engine/search.h"

#include <string.h>

struct search_state *search_take(const struct batch_shape *shape, struct arena *arena) {
    size_t n = shape->n_sentences, beam = shape->beam, slots = shape->n_slots;
    size_t n_top = beam > 1 ? 2 * beam : 0;
    struct search_state *state = arena_take(arena, 1, sizeof *state);
    struct search_state layout = {
        .sentences = arena_take(arena, n, sizeof *layout.sentences),
        .active = arena_take(arena, n, sizeof *layout.active),
        .vacant = arena_take(arena, n, sizeof *layout.vacant),
        .rows = arena_take(arena, slots, sizeof *layout.rows),
        .choices = arena_take(arena, slots, sizeof *layout.choices),
        .node_token = arena_take(arena, slots * shape->n_steps, sizeof(int32_t)),
        .node_log_prob = arena_take(arena, slots * shape->n_steps, sizeof(float)),
        .next = arena_take(arena, beam, sizeof *layout.next),
        .scratch = arena_take(arena, LOGITS_CHUNK, sizeof *layout.scratch),
    };
    for (int i = 0; i < 2; i++)
        layout.paths[i] = arena_take(arena, slots * shape->n_steps, sizeof(int32_t));
    struct hypothesis *live = arena_take(arena, slots, sizeof *live);
    struct finished *finished = arena_take(arena, slots * 2, sizeof *finished);
    tolka_token *tokens = arena_take(arena, slots * 2 * shape->n_steps, sizeof *tokens);
    struct candidate *top = arena_take(arena, slots * n_top, sizeof *top);
    if (!state) return NULL;
    *state = layout;
    for (size_t s = 0; s < n; s++) {
        state->sentences[s] =
            (struct sentence_search){.live = live + s * beam, .finished = finished + s * 2 * beam};
        for (size_t k = 0; k < 2 * beam; k++)
            state->sentences[s].finished[k].tokens = tokens + (s * 2 * beam + k) * shape->n_steps;
    }
    for (size_t r = 0; r < slots; r++) state->choices[r].top = top + r * n_top;
    return state;
}

/* ---- hypotheses ------------------------------------------------------------------------------ */

/* Position of the decoder input that will produce generated token number n (from 0) is n. */
static void add_node(struct worker *worker, struct hypothesis *hypothesis, uint32_t position,
                     float log_prob) {
    size_t node = (size_t)position * worker->shape.n_slots + hypothesis->slot;
    hypothesis->nodes[position] = (int32_t)node;
    worker->search->node_token[node] = hypothesis->token;
    worker->search->node_log_prob[node] = log_prob;
}

static int32_t *path_of(struct worker *worker, uint32_t position, uint32_t slot) {
    return worker->search->paths[position % 2] + (size_t)slot * worker->shape.n_steps;
}

void extend_hypothesis(struct worker *worker, struct sentence_search *sentence,
                       const struct hypothesis *parent, size_t place, int32_t token,
                       float log_prob) {
    uint32_t position = sentence->n_generated + 1;
    size_t s = (size_t)(sentence - worker->search->sentences);
    struct hypothesis *child = &worker->search->next[place];
    child->sum = parent->sum + log_prob;
    child->token = token;
    child->cell = parent->slot;
    child->slot = (uint32_t)(s * worker->shape.beam + place);
    child->nodes = path_of(worker, position, child->slot);
    memcpy(child->nodes, parent->nodes, position * sizeof *child->nodes);
    add_node(worker, child, position, log_prob);
}

float length_normalized(float sum, uint32_t n_tokens, float length_penalty) {
    if (length_penalty == 0 || n_tokens == 0) return sum;
    return sum / powf((float)n_tokens, length_penalty);
}

void finish_hypothesis(struct worker *worker, const struct search_options *options,
                       struct sentence_search *sentence, const struct hypothesis *parent,
                       int32_t token, float log_prob, size_t keep) {
    uint32_t n_tokens = sentence->n_generated + (token >= 0);
    float sum = parent->sum + (token >= 0 ? log_prob : 0);
    float score = length_normalized(sum, n_tokens, options->length_penalty);
    struct finished *list = sentence->finished;
    if (sentence->n_finished == keep) {
        if (!(score > list[keep - 1].score)) return;
        sentence->n_finished--;
    }
    struct finished entry = list[sentence->n_finished];
    entry.sum = sum;
    entry.score = score;
    entry.n_tokens = n_tokens;
    for (uint32_t i = 0; i < sentence->n_generated; i++) {
        int32_t node = parent->nodes[i + 1];
        entry.tokens[i] =
            (tolka_token){worker->search->node_token[node], worker->search->node_log_prob[node]};
    }
    if (token >= 0) entry.tokens[n_tokens - 1] = (tolka_token){token, log_prob};
    size_t i = sentence->n_finished++;
    for (; i > 0 && list[i - 1].score < score; i--) list[i] = list[i - 1];
    list[i] = entry;
}

int32_t forced_token(const struct config *config, const struct sentence_search *sentence) {
    if (sentence->n_generated == 0 && sentence->forced_first >= 0) return sentence->forced_first;
    if (sentence->n_generated + 1 == sentence->limit) return config->forced_last;
    return -1;
}

/* ---- one token at a time: greedy and teacher forcing ----------------------------------------- */

static bool greedy_advance(struct worker *worker, const struct search_options *options,
                           struct sentence_search *sentence, const struct choice *choice) {
    const struct config *config = &worker->model->config;
    int32_t token = forced_token(config, sentence);
    float log_prob = 0;
    if (token < 0) {
        token = choice->best;
        log_prob = options->want_scores ? choice_log_prob(choice, choice->best_logit) : NAN;
    }
    if (token == config->end_token || sentence->n_generated + 1 == sentence->limit) {
        finish_hypothesis(worker, options, sentence, &sentence->live[0], token, log_prob, 1);
        return true;
    }
    extend_hypothesis(worker, sentence, &sentence->live[0], 0, token, log_prob);
    sentence->live[0] = worker->search->next[0];
    return false;
}

static bool teacher_advance(struct worker *worker, const struct search_options *options,
                            struct sentence_search *sentence, const struct choice *choice) {
    int32_t token = sentence->input->target[sentence->n_generated];
    bool forced = sentence->n_generated == 0 && token == sentence->forced_first;
    float log_prob = forced ? 0 : choice_log_prob(choice, choice->target_logit);
    if (sentence->n_generated + 1 == sentence->limit) {
        finish_hypothesis(worker, options, sentence, &sentence->live[0], token, log_prob, 1);
        return true;
    }
    extend_hypothesis(worker, sentence, &sentence->live[0], 0, token, log_prob);
    sentence->live[0] = worker->search->next[0];
    return false;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void start(struct worker *worker, size_t s) {
    const struct config *config = &worker->model->config;
    struct sentence_search *sentence = &worker->search->sentences[s];
    struct hypothesis *first = &sentence->live[0];
    uint32_t slot = (uint32_t)(s * worker->shape.beam);
    int32_t token = sentence->input->start >= 0 ? sentence->input->start : config->start_token;
    *first = (struct hypothesis){.slot = slot, .cell = slot, .nodes = path_of(worker, 0, slot)};
    first->token = config->start_from_zero && sentence->input->start < 0 ? -1 : token;
    add_node(worker, first, 0, 0);
    sentence->n_live = 1;
    sentence->n_finished = 0;
    sentence->n_generated = 0;
    sentence->forced_first =
        sentence->input->forced_first >= 0 ? sentence->input->forced_first : config->forced_first;
}

static struct tolka_result *make_result(const struct sentence_search *sentence, size_t n_best) {
    size_t n = sentence->n_finished < n_best ? sentence->n_finished : n_best, n_tokens = 0;
    for (size_t k = 0; k < n; k++) n_tokens += sentence->finished[k].n_tokens;
    struct tolka_result *result = result_new(n, n_tokens);
    if (!result) return NULL;
    tolka_token *tokens = n ? result->hypotheses[0].tokens : NULL;
    for (size_t k = 0; k < n; k++) {
        const struct finished *finished = &sentence->finished[k];
        result->hypotheses[k] =
            (struct result_hypothesis){finished->score, finished->n_tokens, tokens};
        memcpy(tokens, finished->tokens, finished->n_tokens * sizeof *tokens);
        tokens += finished->n_tokens;
    }
    return result;
}

static size_t gather_rows(struct worker *worker, const size_t *active, size_t n_active) {
    struct search_state *state = worker->search;
    size_t n_rows = 0;
    for (size_t i = 0; i < n_active; i++) {
        const struct sentence_search *sentence = &state->sentences[active[i]];
        for (size_t k = 0; k < sentence->n_live; k++) {
            const struct hypothesis *live = &sentence->live[k];
            state->rows[n_rows++] = (struct decoder_row){.token = live->token,
                                                         .position = sentence->n_generated,
                                                         .sentence = (uint32_t)active[i],
                                                         .slot = live->slot,
                                                         .nodes = live->nodes,
                                                         .cell = live->cell};
        }
    }
    return n_rows;
}

static bool advance(struct worker *worker, const struct search_options *options,
                    struct sentence_search *sentence, const struct choice *choices) {
    if (options->teacher) return teacher_advance(worker, options, sentence, choices);
    if (options->beam == 1) return greedy_advance(worker, options, sentence, choices);
    return beam_advance(worker, options, sentence, choices);
}

/* Extends all active sentences; returns how many stay active. */
static size_t step(struct worker *worker, const struct search_options *options,
                   const struct feed *feed, size_t n_active, size_t *n_vacant) {
    struct search_state *state = worker->search;
    struct projection projection = {
        .options = options,
        .n_top = options->beam > 1 && !options->teacher ? 2 * (size_t)options->beam : 0,
        .need_sum = options->beam > 1 || options->want_scores,
    };
    size_t n_rows = gather_rows(worker, state->active, n_active), r = 0, n_left = 0;
    decode_step(worker, state->rows, n_rows);
    project(worker, &projection, n_rows);
    for (size_t i = 0; i < n_active; i++) {
        size_t s = state->active[i];
        struct sentence_search *sentence = &state->sentences[s];
        size_t n_live = sentence->n_live;
        bool is_done = advance(worker, options, sentence, &state->choices[r]);
        r += n_live;
        sentence->n_generated++;
        if (!is_done) {
            state->active[n_left++] = s;
            continue;
        }
        state->vacant[(*n_vacant)++] = s;
        if (sentence->n_finished) worker->stats.target_tokens += sentence->finished[0].n_tokens;
        worker->stats.sentences++;
        feed->done(feed->user, sentence->index, make_result(sentence, (size_t)options->n_best));
    }
    return n_left;
}

/* Encoding few sentences costs nearly as much as encoding several: places are collected. */
static bool worth_refilling(const struct worker *worker, size_t n_vacant) {
    size_t n = worker->shape.n_sentences;
    return n_vacant == n || n_vacant >= (n + 3) / 4;
}

void search(struct worker *worker, const struct search_options *options, const struct feed *feed) {
    struct search_state *state = worker->search;
    size_t n_active = 0, n_vacant = worker->shape.n_sentences;
    bool more = true;
    for (size_t s = 0; s < n_vacant; s++) state->vacant[s] = s;
    while (n_active || more) {
        if (more && worth_refilling(worker, n_vacant)) {
            size_t n = feed->refill(feed->user, worker, state->vacant, n_vacant);
            more = n > 0;
            for (size_t i = 0; i < n; i++) {
                start(worker, state->vacant[i]);
                state->active[n_active++] = state->vacant[i];
            }
            n_vacant -= n;
            memmove(state->vacant, state->vacant + n, n_vacant * sizeof *state->vacant);
        }
        if (n_active) n_active = step(worker, options, feed, n_active, &n_vacant);
    }
}
