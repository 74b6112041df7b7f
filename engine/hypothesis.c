#include "engine/hypothesis.h"

#include "engine/coverage.h"
#include "engine/input.h"
#include "engine/sampling.h"

#include <math.h>
#include <string.h>

struct sentence_search *hypotheses_take(struct history *history, size_t n_sentences, size_t beam,
                                        size_t n_steps, struct arena *arena) {
    size_t n_slots = n_sentences * beam;
    *history = (struct history){.beam = beam, .n_slots = n_slots, .n_steps = n_steps};
    for (int i = 0; i < 2; i++)
        history->paths[i] = arena_take(arena, n_slots * n_steps, sizeof *history->paths[i]);
    history->node_token = arena_take(arena, n_slots * n_steps, sizeof *history->node_token);
    history->node_log_prob = arena_take(arena, n_slots * n_steps, sizeof *history->node_log_prob);
    history->next = arena_take(arena, beam, sizeof *history->next);
    struct sentence_search *sentences = arena_take(arena, n_sentences, sizeof *sentences);
    struct hypothesis *live = arena_take(arena, n_slots, sizeof *live);
    struct finished *finished = arena_take(arena, n_slots, sizeof *finished);
    tolka_token *tokens = arena_take(arena, n_slots * n_steps, sizeof *tokens);
    struct group_state *groups = arena_take(arena, n_slots, sizeof *groups);
    if (!sentences) return NULL;
    for (size_t s = 0; s < n_sentences; s++)
        sentences[s] = (struct sentence_search){
            .live = live + s * beam, .finished = finished + s * beam, .groups = groups + s * beam};
    for (size_t k = 0; k < n_slots; k++) finished[k].tokens = tokens + k * n_steps;
    return sentences;
}

void hypotheses_take_coverage(struct history *history, size_t n_source, struct arena *arena) {
    history->n_source = n_source;
    for (int i = 0; i < 2; i++)
        history->coverage[i] = arena_take(arena, history->n_slots, n_source * sizeof(float));
}

/* ---- live ------------------------------------------------------------------------------------ */

/* Position of the decoder input that will produce generated token number n (from 0) is n. */
static void add_node(struct history *history, struct hypothesis *hypothesis, uint32_t position,
                     float log_prob) {
    size_t node = (size_t)position * history->n_slots + hypothesis->slot;
    hypothesis->nodes[position] = (int32_t)node;
    history->node_token[node] = hypothesis->token;
    history->node_log_prob[node] = log_prob;
}

static int32_t *path_of(const struct history *history, uint32_t position, uint32_t slot) {
    return history->paths[position % 2] + (size_t)slot * history->n_steps;
}

static float *coverage_of(const struct history *history, uint32_t position, uint32_t slot) {
    if (history->n_source == 0) return NULL;
    return history->coverage[position % 2] + slot * history->n_source;
}

static void set_prefix(struct sentence_search *sentence, size_t n) {
    const int32_t *prefix = sentence->input->target;
    bool lacks_first = n > 0 && sentence->forced_first >= 0 && prefix[0] != sentence->forced_first;
    sentence->prefix = prefix;
    sentence->n_prefix = (uint32_t)(n + lacks_first);
}

void hypothesis_start(struct history *history, struct sentence_search *sentence, size_t place,
                      const struct config *config, const struct search_options *options) {
    const tolka_generation *generation = &options->generation->settings;
    const tolka_input *input = sentence->input;
    struct hypothesis *first = &sentence->live[0];
    uint32_t slot = (uint32_t)(place * history->beam);
    *first = (struct hypothesis){.slot = slot, .cell = slot, .nodes = path_of(history, 0, slot)};
    first->token = first_token(config, input);
    first->coverage = coverage_of(history, 0, slot);
    for (size_t i = 0; first->coverage && i < input->n_ids; i++) first->coverage[i] = 0;
    add_node(history, first, 0, 0);
    sentence->n_live = 1;
    sentence->n_finished = 0;
    sentence->n_generated = 0;
    sentence->is_broken = false;
    sentence->forced_first =
        input->forced_first >= 0 ? input->forced_first : generation->forced_bos_token_id;
    set_prefix(sentence, options->teacher ? 0 : input->n_target);
    sentence->source = generation->do_sample ? sampling_source(input->ids, input->n_ids) : 0;
}

void hypothesis_extend(const struct extending *extending, const struct hypothesis *parent, size_t k,
                       int32_t token, float log_prob) {
    struct history *history = extending->history;
    uint32_t position = extending->sentence->n_generated + 1;
    struct hypothesis *child = &history->next[k];
    child->sum = parent->sum + log_prob;
    child->token = token;
    child->cell = parent->slot;
    child->number = parent->number;
    child->slot = (uint32_t)(extending->place * history->beam + k);
    /* Behind the last token comes none: no decoder input, for which there would be no room. */
    if (position == extending->sentence->limit) return;
    child->nodes = path_of(history, position, child->slot);
    memcpy(child->nodes, parent->nodes, position * sizeof *child->nodes);
    child->coverage = coverage_of(history, position, child->slot);
    if (child->coverage)
        coverage_add(child->coverage, parent->coverage, parent->attention,
                     extending->sentence->input->n_ids);
    add_node(history, child, position, log_prob);
}

void hypotheses_go_on(const struct extending *extending, size_t n) {
    for (size_t i = 0; i < n; i++) extending->sentence->live[i] = extending->history->next[i];
    extending->sentence->n_live = n;
}

/* Tokens of the prefix that the caller gave. */
static uint32_t given_prefix(const struct extending *extending) {
    return extending->options->teacher ? 0 : (uint32_t)extending->sentence->input->n_target;
}

int32_t forced_token(const struct extending *extending) {
    const struct sentence_search *sentence = extending->sentence;
    uint32_t n = sentence->n_generated, added = sentence->n_prefix - given_prefix(extending);
    if (n == 0 && sentence->forced_first >= 0) return sentence->forced_first;
    if (n < sentence->n_prefix) return sentence->prefix[n - added];
    if (is_last_step(sentence)) return extending->options->generation->settings.forced_eos_token_id;
    return -1;
}

/* ---- finished -------------------------------------------------------------------------------- */

float length_normalized(float sum, uint32_t n_tokens, float length_penalty) {
    if (length_penalty == 0 || n_tokens == 0) return sum;
    return sum / powf((float)n_tokens, length_penalty);
}

/* The tokens of a live hypothesis, without the start token. */
static void copy_tokens(const struct history *history, const struct hypothesis *hypothesis,
                        uint32_t n, tolka_token *out) {
    for (uint32_t i = 0; i < n; i++) {
        int32_t node = hypothesis->nodes[i + 1];
        out[i] = (tolka_token){history->node_token[node], history->node_log_prob[node]};
    }
}

size_t hypothesis_tokens(const struct history *history, const struct hypothesis *hypothesis,
                         uint32_t n_generated, int32_t *out) {
    size_t n = 0;
    for (uint32_t i = 0; i <= n_generated; i++) {
        int32_t token = history->node_token[hypothesis->nodes[i]];
        if (token >= 0) out[n++] = token;
    }
    return n;
}

/* Parent + token as it would be kept, still without tokens. */
static struct finished summarize(const struct extending *extending, const struct hypothesis *parent,
                                 float log_prob) {
    const struct sentence_search *sentence = extending->sentence;
    uint32_t n_tokens = sentence->n_generated + 1;
    float sum = parent->sum + log_prob;
    float score = length_normalized(sum, scored_tokens(sentence, n_tokens),
                                    extending->options->length_penalty);
    if (parent->coverage)
        score += extending->options->generation->settings.coverage_penalty *
                 coverage_logs(parent->coverage, parent->attention, sentence->input->n_ids);
    return (struct finished){.sum = sum, .score = score, .n_tokens = n_tokens};
}

static void store(const struct extending *extending, const struct hypothesis *parent, int32_t token,
                  float log_prob, struct finished entry) {
    struct sentence_search *sentence = extending->sentence;
    struct finished *list = sentence->finished;
    entry.tokens = list[sentence->n_finished].tokens;
    copy_tokens(extending->history, parent, sentence->n_generated, entry.tokens);
    entry.tokens[entry.n_tokens - 1] = (tolka_token){token, log_prob};
    size_t i = sentence->n_finished++;
    for (; i > 0 && list[i - 1].order < entry.order; i--) list[i] = list[i - 1];
    list[i] = entry;
}

void hypothesis_finish(const struct extending *extending, const struct hypothesis *parent,
                       int32_t token, float log_prob, size_t keep) {
    struct sentence_search *sentence = extending->sentence;
    struct finished entry = summarize(extending, parent, log_prob);
    entry.order = entry.score;
    if (sentence->n_finished == keep) {
        if (!(entry.score > sentence->finished[keep - 1].score)) return;
        sentence->n_finished--;
    }
    store(extending, parent, token, log_prob, entry);
}

void hypothesis_finish_numbered(const struct extending *extending, const struct hypothesis *parent,
                                int32_t token, float log_prob) {
    struct finished entry = summarize(extending, parent, log_prob);
    entry.order = -(float)parent->number;
    store(extending, parent, token, log_prob, entry);
}

static tolka_result *broken_result(void) {
    tolka_error err;
    fail(&err, TOLKA_INPUT, "the model computes no finite numbers: its weights may be damaged");
    return result_failed(&err);
}

tolka_result *hypotheses_result(const struct sentence_search *sentence, size_t n_best) {
    if (sentence->is_broken) return broken_result();
    size_t n = sentence->n_finished < n_best ? sentence->n_finished : n_best, n_tokens = 0;
    for (size_t k = 0; k < n; k++) n_tokens += sentence->finished[k].n_tokens;
    tolka_result *result = result_new(n, n_tokens);
    if (!result) return NULL;
    tolka_token *tokens = n ? result->hypotheses[0].tokens : NULL;
    for (size_t k = 0; k < n; k++) {
        const struct finished *finished = &sentence->finished[k];
        result->hypotheses[k].score = finished->score;
        result->hypotheses[k].n_tokens = finished->n_tokens;
        result->hypotheses[k].tokens = tokens;
        memcpy(tokens, finished->tokens, finished->n_tokens * sizeof *tokens);
        tokens += finished->n_tokens;
    }
    return result;
}

tolka_result *hypotheses_stopped(const struct history *history,
                                 const struct sentence_search *sentence) {
    tolka_result *result = result_new(1, sentence->n_generated);
    if (!result) return NULL;
    result->status = TOLKA_STOPPED;
    result->reason = "stopped by the caller";
    result->hypotheses[0].score = NAN;
    result->hypotheses[0].n_tokens = sentence->n_generated;
    copy_tokens(history, &sentence->live[0], sentence->n_generated, result->hypotheses[0].tokens);
    return result;
}
