#include "engine/output.h"

#include <string.h>

/* Rows whose logits are all there at once: the output matrix, which may be much larger than a cache, is
 * read once for so many. */
enum { ROWS_BYTES = 32 << 20, FEWEST_ROWS = 16 };

static size_t rows_at_once(size_t n_rows, size_t vocab) {
    size_t fit = max_size(ROWS_BYTES / (vocab * sizeof(float)), FEWEST_ROWS);
    return n_rows < fit ? n_rows : fit;
}

void output_take(struct output *output, size_t n_rows, enum row_need need, struct arena *arena) {
    size_t vocab = output->model->config.target_vocab;
    output->keeps_rows = need == ROWS_KEPT;
    output->logits = arena_take(arena, n_rows, LOGITS_CHUNK * sizeof *output->logits);
    output->found = arena_take(arena, LOGITS_CHUNK, sizeof *output->found);
    if (need == ROWS_NONE) return;
    output->n_rows = need == ROWS_KEPT ? n_rows : rows_at_once(n_rows, vocab);
    output->rows = arena_take(arena, output->n_rows, vocab * sizeof *output->rows);
    row_room_take(&output->room, vocab, arena);
}

/* ---- one chunk of one row's logits ----------------------------------------------------------- */

static void collect_best(const struct kernels *kernels, struct choice *choice, const float *logits,
                         size_t n, int32_t first) {
    float best;
    int32_t i = (int32_t)kernels->argmax(logits, n, &best);
    if (best > choice->best_logit || choice->best < 0) {
        choice->best = first + i;
        choice->best_logit = best;
    }
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

/* A token that must not be chosen gets -inf. ids (or NULL) are the outputs' ids, ascending. */
static void suppress_token(int32_t token, float *logits, size_t n, int32_t first,
                           const int32_t *ids) {
    if (!ids && token >= first && (size_t)(token - first) < n) logits[token - first] = -INFINITY;
    for (size_t i = 0; ids && i < n; i++)
        if (ids[i] == token) logits[i] = -INFINITY;
}

static void suppress(const struct config *config, const struct generation *generation,
                     bool first_step, float *logits, size_t n, int32_t first, const int32_t *ids) {
    for (size_t k = 0; k < generation->n_suppressed; k++)
        suppress_token(generation->suppressed[k], logits, n, first, ids);
    if (first_step && config->suppress_end_first)
        suppress_token(config->end_token, logits, n, first, ids);
}

static void consume_target(const struct kernels *kernels, struct choice *choice, int32_t target,
                           const float *logits, size_t n, int32_t first) {
    if (target >= first && (size_t)(target - first) < n)
        choice->target_logit = logits[target - first];
    add_to_sum(kernels, choice, logits, n);
}

static void consume(const struct output *output, const struct wanted *wanted, struct choice *choice,
                    bool first_step, float *logits, size_t n, int32_t first, const int32_t *ids) {
    const struct config *config = &output->model->config;
    const struct kernels *kernels = output->products->kernels;
    bool renormalize = wanted->generation->settings.renormalize_logits != 0;
    if (wanted->sum && !renormalize) add_to_sum(kernels, choice, logits, n);
    suppress(config, wanted->generation, first_step, logits, n, first, ids);
    if (wanted->sum && renormalize) add_to_sum(kernels, choice, logits, n);
    if (wanted->n_top)
        choice_collect(choice, kernels, wanted->n_top, logits, n, first, output->found);
    else
        collect_best(kernels, choice, logits, n, first);
}

/* ---- rows that share an output layer --------------------------------------------------------- */

struct run {
    const float *x; /* of row `first` */
    size_t first, n;
    const struct linear *layer;
    const int32_t *ids; /* of its outputs; NULL: they are ids */
};

static void consume_chunk(const struct output *output, const struct run *run,
                          struct decoder_rows rows, const struct wanted *wanted, size_t first,
                          size_t n, struct choice *choices) {
    for (size_t i = 0; i < run->n; i++) {
        size_t r = run->first + i;
        float *logits = output->logits + i * LOGITS_CHUNK;
        if (wanted->targets)
            consume_target(output->products->kernels, &choices[r], wanted->targets[r], logits, n,
                           (int32_t)first);
        else
            consume(output, wanted, &choices[r], rows.at[r].position == 0, logits, n,
                    (int32_t)first, run->ids ? run->ids + first : NULL);
    }
}

static void project(const struct output *output, const struct run *run, struct decoder_rows rows,
                    const struct wanted *wanted, struct choice *choices) {
    struct operand x =
        operand_begin(output->products, run->x, run->n, output->model->config.d_model);
    size_t n_outputs = run->layer->w.n_out;
    for (size_t first = 0; first < n_outputs; first += LOGITS_CHUNK) {
        size_t n = n_outputs - first < LOGITS_CHUNK ? n_outputs - first : LOGITS_CHUNK;
        linear_range(output->products, &x, run->layer, first, n, output->logits, LOGITS_CHUNK);
        consume_chunk(output, run, rows, wanted, first, n, choices);
    }
}

/* ---- whole rows ------------------------------------------------------------------------------ */

/* Where row i of a run stands. */
static float *row_at(const struct output *output, const struct run *run, size_t i) {
    size_t place = output->keeps_rows ? run->first + i : i;
    return output->rows + place * output->model->config.target_vocab;
}

/* A chunk of logits to where its tokens stand in the rows. */
static void store_chunk(const struct output *output, const struct run *run, size_t first,
                        size_t n) {
    for (size_t i = 0; i < run->n; i++) {
        const float *logits = output->logits + i * LOGITS_CHUNK;
        float *row = row_at(output, run, i);
        if (!run->ids) memcpy(row + first, logits, n * sizeof *row);
        for (size_t k = 0; run->ids && k < n; k++) row[run->ids[first + k]] = logits[k];
    }
}

/* What a shortlist leaves out cannot come. */
static void clear_rows(const struct output *output, const struct run *run) {
    size_t n = run->n * output->model->config.target_vocab;
    float *rows = row_at(output, run, 0);
    for (size_t i = 0; run->ids && i < n; i++) rows[i] = -INFINITY;
}

static void compute_rows(const struct output *output, const struct run *run) {
    size_t n_outputs = run->layer->w.n_out;
    struct operand x =
        operand_begin(output->products, run->x, run->n, output->model->config.d_model);
    clear_rows(output, run);
    for (size_t first = 0; first < n_outputs; first += LOGITS_CHUNK) {
        size_t n = n_outputs - first < LOGITS_CHUNK ? n_outputs - first : LOGITS_CHUNK;
        linear_range(output->products, &x, run->layer, first, n, output->logits, LOGITS_CHUNK);
        store_chunk(output, run, first, n);
    }
}

static void choose_by_rows(const struct output *output, const struct run *all,
                           struct decoder_rows rows, const struct wanted *wanted,
                           struct choice *choices) {
    const struct config *config = &output->model->config;
    for (size_t done = 0; done < all->n; done += output->n_rows) {
        size_t n = all->n - done < output->n_rows ? all->n - done : output->n_rows;
        struct run run = {all->x + done * config->d_model, all->first + done, n, all->layer,
                          all->ids};
        compute_rows(output, &run);
        for (size_t i = 0; i < n; i++) {
            float *row = row_at(output, &run, i);
            if (config->suppress_end_first && rows.at[run.first + i].position == 0)
                row[config->end_token] = -INFINITY;
            choose_from_row(output->products->kernels, config, wanted, run.first + i, &output->room,
                            row, &choices[run.first + i]);
            choices[run.first + i].row = output->keeps_rows ? row : NULL;
        }
    }
}

/* ---- all rows -------------------------------------------------------------------------------- */

/* From places in a sentence's shortlist to token ids. */
static void rename_outputs(struct choice *choice, const int32_t *ids) {
    if (choice->best >= 0) choice->best = ids[choice->best];
    for (size_t i = 0; i < choice->n_top; i++) choice->top[i].id = ids[choice->top[i].id];
}

static void clear(struct choice *choice) {
    choice->max = choice->best_logit = choice->target_logit = -INFINITY;
    choice->sum_exp = 0;
    choice->best = -1;
    choice->n_top = 0;
    choice->row = NULL;
}

void output_choices(const struct output *output, const float *x, struct decoder_rows rows,
                    const struct wanted *wanted, struct choice *choices) {
    bool needs_rows = wanted->contexts != NULL;
    for (size_t r = 0; r < rows.n; r++) clear(&choices[r]);
    if (!output->shortlists) {
        struct run all = {x, 0, rows.n, &output->model->output, NULL};
        (needs_rows ? choose_by_rows : project)(output, &all, rows, wanted, choices);
        return;
    }
    for (size_t r = 0, end; r < rows.n; r = end) {
        end = sentence_end(rows, r);
        const struct shortlist_place *place = &output->shortlists->places[rows.at[r].sentence];
        struct run run = {x + r * output->model->config.d_model, r, end - r, &place->output,
                          place->ids};
        (needs_rows ? choose_by_rows : project)(output, &run, rows, wanted, choices);
        for (size_t i = r; !needs_rows && i < end; i++) rename_outputs(&choices[i], place->ids);
    }
}
