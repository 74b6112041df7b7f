/* The output layer and what is done with its logits, a chunk at a time: a full row of logits is
 * never stored, and a softmax never computed where an argmax is enough. */
#include "engine/search.h"

/* Inserts into a descending list of at most n_top; equal values stay in order of arrival. */
static void insert_top(struct choice *choice, size_t n_top, struct candidate candidate) {
    size_t i = choice->n_top;
    if (i < n_top)
        choice->n_top++;
    else
        i--;
    for (; i > 0 && choice->top[i - 1].value < candidate.value; i--)
        choice->top[i] = choice->top[i - 1];
    choice->top[i] = candidate;
}

static void collect_top(struct worker *worker, struct choice *choice, size_t n_top,
                        const float *logits, size_t n, int32_t first) {
    struct candidate *found = worker->search->scratch;
    float least = choice->n_top < n_top ? -INFINITY : choice->top[n_top - 1].value;
    size_t n_found = worker->kernels->above(logits, n, least, first, found);
    for (size_t i = 0; i < n_found; i++)
        if (choice->n_top < n_top || found[i].value > choice->top[n_top - 1].value)
            insert_top(choice, n_top, found[i]);
}

static void add_to_sum(const struct kernels *kernels, struct choice *choice, const float *logits,
                       size_t n) {
    float max;
    kernels->argmax(logits, n, &max);
    if (max > choice->max) {
        choice->sum_exp *= expf(choice->max - max);
        choice->max = max;
    }
    if (choice->max > -INFINITY) choice->sum_exp += kernels->sum_exp(logits, n, choice->max);
}

/* Sets what must not be chosen to -inf. ids (or NULL) are the outputs' ids, ascending. */
static void mask(const struct config *config, bool first_step, float *logits, size_t n,
                 int32_t first, const int32_t *ids) {
    for (uint32_t k = 0; k <= config->n_suppressed; k++) {
        int32_t id = k < config->n_suppressed                   ? config->suppressed[k]
                     : first_step && config->suppress_end_first ? config->end_token
                                                                : -1;
        if (!ids && id >= first && (size_t)(id - first) < n) logits[id - first] = -INFINITY;
        for (size_t i = 0; ids && id >= 0 && i < n; i++)
            if (ids[i] == id) logits[i] = -INFINITY;
    }
}

static void consume(struct worker *worker, const struct projection *projection, size_t r,
                    float *logits, size_t n, size_t first, const int32_t *ids) {
    const struct config *config = &worker->model->config;
    struct search_state *state = worker->search;
    struct choice *choice = &state->choices[r];
    const struct decoder_row *row = &state->rows[r];
    if (projection->options->teacher) {
        const struct sentence_search *sentence = &state->sentences[row->sentence];
        int32_t target = sentence->input->target[sentence->n_generated];
        if (target >= (int32_t)first && (size_t)target - first < n)
            choice->target_logit = logits[(size_t)target - first];
        add_to_sum(worker->kernels, choice, logits, n);
        return;
    }
    if (projection->need_sum && !config->renormalize)
        add_to_sum(worker->kernels, choice, logits, n);
    mask(config, row->position == 0, logits, n, (int32_t)first, ids);
    if (projection->need_sum && config->renormalize) add_to_sum(worker->kernels, choice, logits, n);
    if (projection->n_top) {
        collect_top(worker, choice, projection->n_top, logits, n, (int32_t)first);
        return;
    }
    float best;
    size_t i = worker->kernels->argmax(logits, n, &best);
    if (best > choice->best_logit || choice->best < 0) {
        choice->best = (int32_t)(first + i);
        choice->best_logit = best;
    }
}

static void project_rows(struct worker *worker, const struct projection *projection,
                         size_t first_row, size_t n_rows, const struct linear *output,
                         const int32_t *ids) {
    size_t d_model = worker->model->config.d_model, n_outputs = output->w.n_out;
    struct operand x = operand_of(worker->x + first_row * d_model, d_model, n_rows, d_model);
    for (size_t first = 0; first < n_outputs; first += LOGITS_CHUNK) {
        size_t n = n_outputs - first < LOGITS_CHUNK ? n_outputs - first : LOGITS_CHUNK;
        linear_range(worker, &x, output, first, n, worker->logits, LOGITS_CHUNK);
        for (size_t r = 0; r < n_rows; r++)
            consume(worker, projection, first_row + r, worker->logits + r * LOGITS_CHUNK, n, first,
                    ids ? ids + first : NULL);
    }
}

/* From places in a sentence's shortlist to token ids. */
static void rename_outputs(struct choice *choice, const int32_t *ids) {
    if (choice->best >= 0) choice->best = ids[choice->best];
    for (size_t i = 0; i < choice->n_top; i++) choice->top[i].id = ids[choice->top[i].id];
}

void project(struct worker *worker, const struct projection *projection, size_t n_rows) {
    struct search_state *state = worker->search;
    for (size_t r = 0; r < n_rows; r++) {
        struct choice *choice = &state->choices[r];
        choice->max = choice->best_logit = -INFINITY;
        choice->target_logit = -INFINITY;
        choice->sum_exp = 0;
        choice->best = -1;
        choice->n_top = 0;
    }
    if (n_rows && !state->sentences[state->rows[0].sentence].output_ids) {
        project_rows(worker, projection, 0, n_rows, &worker->model->output, NULL);
        return;
    }
    for (size_t r = 0, end; r < n_rows; r = end) {
        const struct sentence_search *sentence = &state->sentences[state->rows[r].sentence];
        for (end = r + 1; end < n_rows && state->rows[end].sentence == state->rows[r].sentence;
             end++) {
        }
        project_rows(worker, projection, r, end - r, &sentence->output, sentence->output_ids);
        for (size_t i = r; i < end; i++) rename_outputs(&state->choices[i], sentence->output_ids);
    }
}
