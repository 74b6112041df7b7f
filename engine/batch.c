#include "engine/batch.h"

#include "engine/aligner.h"
#include "engine/clock.h"
#include "engine/encoder.h"
#include "engine/force_words.h"
#include "engine/input.h"

#include <stdlib.h>

enum {
    /* Very long sentences are not batched beyond this: they fill the machine by themselves. */
    MAX_BATCH_TOKENS = 8192,
};

/* ---- the queue of results -------------------------------------------------------------------- */

static void enqueue(struct job *job, size_t index, tolka_result *result) {
    pthread_mutex_lock(&job->mutex);
    job->results[job->n_finished++] = (struct job_result){index, result};
    job->has_result[index] = true;
    pthread_cond_signal(&job->finished);
    pthread_mutex_unlock(&job->mutex);
}

bool job_take(struct job *job, bool wait, struct job_result *out) {
    pthread_mutex_lock(&job->mutex);
    while (wait && job->n_taken == job->n_finished && job->n_taken < job->n_inputs)
        pthread_cond_wait(&job->finished, &job->mutex);
    bool there = job->n_taken < job->n_finished;
    if (there) *out = job->results[job->n_taken++];
    pthread_mutex_unlock(&job->mutex);
    return there;
}

/* ---- order ----------------------------------------------------------------------------------- */

/* Tokens generated at most for this input. */
static size_t output_limit(const struct job *job, const tolka_input *input) {
    const struct config *config = &job->model->config;
    const tolka_generation *generation = &job->options.search.generation->settings;
    bool teacher = job->options.search.teacher;
    size_t limit = teacher ? input->n_target : job->options.max_length;
    size_t max_new = (size_t)generation->max_new_tokens;
    if (!teacher && max_new > 0) limit = input->n_target + max_new;
    if (!teacher && generation->max_length_ratio > 0) {
        /* In single precision, as Marian computes it. */
        float max = ceilf(generation->max_length_ratio * (float)input->n_ids);
        if (max < (float)limit) limit = (size_t)max; /* 1 at least: it is rounded up */
    }
    if (config->max_positions && limit > config->max_positions) limit = config->max_positions;
    return limit;
}

/* Sorts places by length without a comparison that would need a global: keys come along. */
struct sort_key {
    size_t length, index;
};

static int compare_keys(const void *a, const void *b) {
    const struct sort_key *x = a, *y = b;
    if (x->length != y->length) return x->length < y->length ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

static void accept_inputs(struct job *job, struct sort_key *keys) {
    for (size_t i = 0; i < job->n_inputs; i++) {
        tolka_error why;
        if (check_input(&job->model->config, &job->inputs[i], job->options.search.teacher, &why) !=
            TOLKA_OK) {
            enqueue(job, i, result_failed(&why));
            continue;
        }
        size_t limit = output_limit(job, &job->inputs[i]);
        if (!job->options.search.teacher && job->inputs[i].n_target > 0 &&
            job->inputs[i].n_target + 1 > limit) {
            fail(&why, TOLKA_INPUT, "a prefix of %zu tokens; the translation has at most %zu",
                 job->inputs[i].n_target, limit);
            enqueue(job, i, result_failed(&why));
            continue;
        }
        keys[job->n_order++] = (struct sort_key){job->inputs[i].n_ids, i};
    }
}

static void count_steps(struct job *job) {
    size_t greatest = 0;
    for (size_t i = job->n_order; i-- > 0;) {
        greatest = max_size(greatest, output_limit(job, &job->inputs[job->order[i]]));
        job->n_steps[i] = greatest;
    }
}

tolka_status job_begin(struct job *job, const struct model *model,
                       const struct batch_options *options, const tolka_input *inputs, size_t n,
                       atomic_bool *stop, tolka_error *err) {
    *job = (struct job){
        .model = model, .options = *options, .inputs = inputs, .n_inputs = n, .stop = stop};
    pthread_mutex_init(&job->mutex, NULL);
    pthread_cond_init(&job->finished, NULL);
    job->order = calloc(n, 2 * sizeof *job->order); /* and n_steps behind */
    job->results = calloc(n, sizeof *job->results);
    job->has_result = calloc(n, sizeof *job->has_result);
    struct sort_key *keys = calloc(n, sizeof *keys);
    if (!job->order || !job->results || !job->has_result || !keys) {
        free(keys);
        job_end(job);
        return fail(err, TOLKA_NOMEM, "out of memory for %zu sentences", n);
    }
    job->n_steps = job->order + n;
    accept_inputs(job, keys);
    qsort(keys, job->n_order, sizeof *keys, compare_keys);
    for (size_t i = 0; i < job->n_order; i++) job->order[i] = keys[i].index;
    free(keys);
    count_steps(job);
    return TOLKA_OK;
}

void job_end(struct job *job) {
    for (size_t i = job->n_taken; i < job->n_finished; i++)
        tolka_result_free(job->results[i].result);
    free(job->order);
    free(job->results);
    free(job->has_result);
    pthread_cond_destroy(&job->finished);
    pthread_mutex_destroy(&job->mutex);
}

void job_finish_stopped(struct job *job) {
    tolka_error why;
    fail(&why, TOLKA_STOPPED, "stopped by the caller");
    for (size_t i = 0; i < job->n_inputs; i++)
        if (!job->has_result[i]) enqueue(job, i, result_failed(&why));
}

static const tolka_input *input_at(const struct job *job, size_t place) {
    return &job->inputs[job->order[place]];
}

/* Takes up to n sentences from the front; *first is the place of the first. */
static size_t take_sentences(struct job *job, size_t n, size_t *first) {
    size_t at = atomic_load(&job->next), taken;
    do {
        taken = job->n_order - at < n ? job->n_order - at : n;
    } while (taken && !atomic_compare_exchange_weak(&job->next, &at, at + taken));
    *first = at;
    return taken;
}

/* ---- forming a batch ------------------------------------------------------------------------- */

/* Required words are looked up in a row; groups of a beam change probabilities that are normalized
 * afterwards. */
static enum row_need row_need(const struct search_options *search) {
    if (search->teacher) return ROWS_NONE;
    if (search->generation->settings.n_force_words > 0) return ROWS_KEPT;
    if (search->groups > 1 && search->generation->settings.renormalize_logits) return ROWS_KEPT;
    return search->generation->needs_rows ? ROWS_PASSING : ROWS_NONE;
}

/* What scoring finds is given. */
static size_t n_phrases(const struct search_options *search) {
    const tolka_generation *settings = &search->generation->settings;
    return search->teacher ? 0
                           : force_words_phrases(settings->force_words, settings->n_force_words);
}

static struct batch_shape measure_batch(const struct job *job, size_t first, size_t n) {
    const struct search_options *search = &job->options.search;
    struct batch_shape shape = {.n_sentences = n,
                                .longest = input_at(job, first)->n_ids,
                                .n_steps = job->n_steps[first],
                                .beam = (size_t)search->beam,
                                .covers = !search->teacher &&
                                          search->generation->settings.coverage_penalty != 0,
                                .n_phrases = n_phrases(search),
                                .rows = row_need(search),
                                .use_shortlist = job->model->shortlist.n_offsets > 0 &&
                                                 !search->no_shortlist && !search->teacher};
    shape.n_slots = n * shape.beam;
    for (size_t i = first; i < first + n; i++) {
        shape.n_tokens += input_at(job, i)->n_ids;
        shape.n_key_floats += memory_key_floats(&job->model->config, input_at(job, i)->n_ids);
    }
    return shape;
}

static bool fits(const struct worker *worker, const struct batch_shape *shape) {
    return worker_may_hold(worker, worker_needs(worker, shape));
}

/* The most sentences from a place on that fit into the worker's memory, of up to `max`; 1 if not
 * even one does. Those of any later place fit as well: they are no longer, and no limit is greater.
 */
static size_t most_that_fit(const struct worker *worker, const struct job *job, size_t at,
                            size_t max) {
    size_t least = 1;
    while (least < max) {
        size_t middle = max - (max - least) / 2;
        struct batch_shape shape = measure_batch(job, at, middle);
        if (fits(worker, &shape))
            least = middle;
        else
            max = middle - 1;
    }
    return least;
}

/* A full batch, but never so many sentences that another worker has none, and never so many tokens
 * that long texts fill the memory. */
static size_t first_batch(const struct worker *worker, const struct job *job) {
    size_t n_workers = job->options.n_workers, at = atomic_load(&job->next);
    size_t share = (job->n_order + n_workers - 1) / n_workers;
    if (at >= job->n_order) return 0;
    size_t max = share < job->options.batch ? share : job->options.batch;
    size_t left = job->n_order - at, fit = MAX_BATCH_TOKENS / input_at(job, at)->n_ids;
    max = max < left ? max : left;
    return fit == 0 ? 1 : most_that_fit(worker, job, at, fit < max ? fit : max);
}

/* Gives every place of the batch its part of the memory. The sentences that come later are not
 * longer, so they fit any of them. */
static void lay_out_places(struct source_memory *memory, const struct job *job, size_t first) {
    size_t value_row = 0, key_offset = 0;
    for (size_t s = 0; s < memory->n_places; s++) {
        size_t n_ids = input_at(job, first + s)->n_ids;
        memory->places[s] = (struct source_place){.key_offset = key_offset, .value_row = value_row};
        value_row += n_ids;
        key_offset += memory_key_floats(&job->model->config, n_ids);
    }
}

static void fail_batch(const struct worker *worker, struct job *job, size_t first, size_t n,
                       const struct batch_shape *shape) {
    tolka_error err;
    if (!fits(worker, shape))
        worker_refuse(worker, shape, worker_needs(worker, shape), &err);
    else
        fail(&err, TOLKA_NOMEM, "no memory for a batch of %zu sentences of up to %zu tokens", n,
             shape->longest);
    log_say(worker->log, TOLKA_LOG_WARNING, "%s", err.text);
    for (size_t i = first; i < first + n; i++) enqueue(job, job->order[i], result_failed(&err));
}

static void say_batch(const struct worker *worker, size_t n) {
    const struct batch_shape *shape = &worker->shape;
    log_say(worker->log, TOLKA_LOG_DETAIL,
            "batch: sentences %zu, longest %zu tokens; room for %zu steps of %zu rows, %.1f MB", n,
            shape->longest, shape->n_steps, shape->n_slots, (double)worker_holds(worker) / 1e6);
}

/* Sentences for a worker that has none: *first is the place of the first; 0: none are left. */
static size_t begin_batch(struct worker *worker, struct job *job, size_t *first) {
    size_t n;
    while ((n = take_sentences(job, first_batch(worker, job), first)) > 0) {
        struct batch_shape shape = measure_batch(job, *first, n);
        worker->takes_more = fits(worker, &shape);
        /* Whether a sentence is refused must not depend on those behind it. */
        if (!worker->takes_more) shape.n_steps = output_limit(job, input_at(job, *first));
        if (worker_reserve(worker, &shape)) break;
        fail_batch(worker, job, *first, n, &shape);
    }
    if (n == 0) return 0;
    say_batch(worker, n);
    lay_out_places(&worker->transformer.memory, job, *first);
    search_begin(&worker->search, &job->model->config, &job->options.search);
    return n;
}

/* ---- filling places -------------------------------------------------------------------------- */

/* Long sentences come first, in small batches: once much shorter ones are next, a new batch with
 * more places is better than more rounds of this one. */
static bool batch_is_too_small(const struct worker *worker, const struct job *job) {
    size_t next = atomic_load(&job->next);
    return worker->shape.n_sentences < job->options.batch && next < job->n_order &&
           input_at(job, next)->n_ids <= worker->shape.longest / 2;
}

/* Further sentences for a batch that has vacant places. */
static size_t continue_batch(struct worker *worker, struct job *job, size_t *first) {
    if (!worker->takes_more || !search_wants_more(&worker->search)) return 0;
    size_t n_vacant = worker->search.n_vacant;
    size_t n = batch_is_too_small(worker, job) ? 0 : take_sentences(job, n_vacant, first);
    worker->takes_more = n > 0;
    return n;
}

static void place_sentence(struct worker *worker, const struct job *job, size_t at,
                           struct source_rows *source) {
    const tolka_input *input = input_at(job, at);
    const struct model *model = job->model;
    size_t place = search_place(&worker->search, input, job->order[at], output_limit(job, input));
    *source = (struct source_rows){.ids = input->ids, .n = input->n_ids, .place = place};
    worker->stats.source_tokens += input->n_ids;
    worker->stats.candidates += worker->shape.use_shortlist
                                    ? shortlists_choose(&worker->shortlists, model, place, input,
                                                        &job->options.search.generation->settings)
                                    : model->config.target_vocab;
}

/* Returns how many sentences have got a place; they stand in worker->sources. */
static size_t fill_places(struct worker *worker, struct job *job) {
    size_t first, n = continue_batch(worker, job, &first);
    if (worker->search.n_active == 0 && n == 0) n = begin_batch(worker, job, &first);
    for (size_t i = 0; i < n; i++) place_sentence(worker, job, first + i, &worker->sources[i]);
    return n;
}

/* ---- collecting the finished ----------------------------------------------------------------- */

static void collect(struct worker *worker, struct job *job) {
    const struct search *search = &worker->search;
    for (size_t i = 0; i < search->n_ended; i++) {
        const struct sentence_search *sentence = &search->sentences[search->ended[i]];
        if (sentence->n_finished) worker->stats.target_tokens += sentence->finished[0].n_tokens;
        worker->stats.sentences++;
        tolka_result *result = hypotheses_result(sentence, (size_t)search->options.n_best);
        if (worker->aligns) result = aligner_align(worker->aligner, sentence->input, result);
        enqueue(job, sentence->index, result);
    }
}

/* What the worker was at goes to the caller as it is. */
static void abandon(struct worker *worker, struct job *job) {
    struct search *search = &worker->search;
    for (size_t i = 0; i < search->n_active; i++) {
        const struct sentence_search *sentence = &search->sentences[search->active[i]];
        enqueue(job, sentence->index, hypotheses_stopped(&search->history, sentence));
    }
    search->n_active = 0;
    worker->takes_more = false;
}

/* ---- the loop -------------------------------------------------------------------------------- */

bool worker_turn(struct worker *worker, struct job *job) {
    if (atomic_load(job->stop)) {
        abandon(worker, job);
        return false;
    }
    double began = seconds();
    size_t n_new = fill_places(worker, job);
    if (n_new > 0) encode_sources(&worker->transformer, worker->sources, n_new);
    if (worker->search.n_active == 0) return false;
    double encoded = seconds();
    search_step(&worker->search, &worker->transformer, &worker->output);
    collect(worker, job);
    worker->stats.steps++;
    worker->stats.encoder_seconds += encoded - began;
    worker->stats.decoder_seconds += seconds() - encoded;
    worker_publish_stats(worker);
    return true;
}
