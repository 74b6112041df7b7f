/* The public face of translation: checks inputs, forms batches, shares them out among workers. */
#define _POSIX_C_SOURCE 200809L
#include "engine/open.h"
#include "engine/pool.h"
#include "engine/search.h"
#include "engine/shortlist.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MAX_BEAM = 64,
    MAX_THREADS = 256,
    MAX_BATCH = 4096,
    /* Very long sentences are not batched beyond this: they fill the machine by themselves. */
    MAX_BATCH_TOKENS = 8192,
    MAX_SOURCE_TOKENS = 1 << 20,
    MAX_OUTPUT_TOKENS = 1 << 20,
};

struct tolka_translator {
    const tolka_model *model;
    struct search_options options;
    int max_length, batch;
    const struct kernels *kernels;
    struct pool *pool;
    struct worker *workers; /* one a thread */
};

/* ---- making one ------------------------------------------------------------------------------ */

static tolka_status check_options(const tolka_model *model, tolka_options *options,
                                  tolka_error *err) {
    const struct config *config = &model->model.config;
    if (options->beam == 0) options->beam = (int)config->beam;
    if (options->n_best == 0) options->n_best = 1;
    if (options->length_penalty < 0) options->length_penalty = config->length_penalty;
    if (options->max_length == 0) options->max_length = (int)config->max_length;
    if (options->threads == 0) options->threads = available_cores();
    if (options->batch == 0) options->batch = 32;
    if (options->beam < 1 || options->beam > MAX_BEAM)
        return fail(err, TOLKA_ARGUMENT, "beam is %d; expected 1 to %d", options->beam, MAX_BEAM);
    if (options->n_best < 1 || options->n_best > options->beam)
        return fail(err, TOLKA_ARGUMENT, "%d hypotheses wanted of a beam of %d", options->n_best,
                    options->beam);
    if (options->max_length < 1 || options->max_length > MAX_OUTPUT_TOKENS)
        return fail(err, TOLKA_ARGUMENT, "maximum length is %d; expected 1 to %d",
                    options->max_length, MAX_OUTPUT_TOKENS);
    if (options->threads < 1 || options->threads > MAX_THREADS)
        return fail(err, TOLKA_ARGUMENT, "%d threads; expected 1 to %d", options->threads,
                    MAX_THREADS);
    if (options->batch < 1 || options->batch > MAX_BATCH)
        return fail(err, TOLKA_ARGUMENT, "batches of %d; expected 1 to %d", options->batch,
                    MAX_BATCH);
    return TOLKA_OK;
}

static enum early_stopping early_stopping(const struct config *config, const tolka_options *given) {
    switch (given->stop) {
    case TOLKA_STOP_HEURISTIC:
        return STOP_HEURISTIC;
    case TOLKA_STOP_WHEN_FULL:
        return STOP_WHEN_FULL;
    case TOLKA_STOP_NEVER:
        return STOP_NEVER_EARLY;
    case TOLKA_STOP_DEFAULT:
        break;
    }
    return given->beam == 0 ? config->early_stopping : STOP_HEURISTIC;
}

static tolka_options known_options(const tolka_options *given) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    size_t size = given->size < sizeof options ? given->size : sizeof options;
    memcpy(&options, given, size);
    return options;
}

tolka_status tolka_translator_new(tolka_translator **out, const tolka_model *model,
                                  const tolka_options *given, tolka_error *err) {
    *out = NULL;
    tolka_options options = known_options(given);
    enum early_stopping stop = early_stopping(&model->model.config, &options);
    tolka_status status = check_options(model, &options, err);
    if (status != TOLKA_OK) return status;
    const struct kernels *kernels = kernels_select(options.isa);
    if (!kernels)
        return fail(err, TOLKA_ARGUMENT, "instruction set %s is not known, or not on this machine",
                    options.isa);
    tolka_translator *translator = calloc(1, sizeof *translator);
    if (!translator) return fail(err, TOLKA_NOMEM, "out of memory");
    *translator = (tolka_translator){.model = model, .kernels = kernels};
    translator->options = (struct search_options){.beam = options.beam,
                                                  .n_best = options.n_best,
                                                  .length_penalty = options.length_penalty,
                                                  .early_stopping = stop,
                                                  .want_scores = options.want_scores != 0,
                                                  .no_shortlist = options.no_shortlist != 0};
    translator->max_length = options.max_length;
    translator->batch = options.batch;
    translator->pool = pool_new(options.threads);
    translator->workers = calloc((size_t)options.threads, sizeof *translator->workers);
    if (!translator->pool || !translator->workers) {
        tolka_translator_free(translator);
        return fail(err, TOLKA_NOMEM, "cannot start %d threads", options.threads);
    }
    for (int i = 0; i < options.threads; i++) {
        translator->workers[i].model = &model->model;
        translator->workers[i].kernels = kernels;
    }
    *out = translator;
    return TOLKA_OK;
}

void tolka_translator_free(tolka_translator *translator) {
    if (!translator) return;
    int n_workers = translator->workers && translator->pool ? pool_threads(translator->pool) : 0;
    for (int i = 0; i < n_workers; i++) worker_free(&translator->workers[i]);
    pool_free(translator->pool);
    free(translator->workers);
    free(translator);
}

const char *tolka_translator_isa(const tolka_translator *translator) {
    return translator->kernels->name;
}

int tolka_translator_threads(const tolka_translator *translator) {
    return pool_threads(translator->pool);
}

void tolka_translator_stats(const tolka_translator *translator, tolka_stats *stats) {
    *stats = (tolka_stats){0};
    for (int i = 0; i < pool_threads(translator->pool); i++) {
        const struct worker *worker = &translator->workers[i];
        stats->source_tokens += worker->stats.source_tokens;
        stats->target_tokens += worker->stats.target_tokens;
        stats->sentences += worker->stats.sentences;
        stats->decoder_steps += worker->stats.steps;
        stats->encoder_seconds += worker->stats.encoder_seconds;
        stats->decoder_seconds += worker->stats.decoder_seconds;
    }
}

/* ---- one call: inputs in order of length, taken from the front by all workers ---------------- */

struct job {
    tolka_translator *translator;
    struct search_options options;
    const tolka_input *inputs;
    size_t *order; /* accepted inputs, longest first */
    size_t n_order;
    size_t n_steps;     /* greatest output limit of all */
    atomic_size_t next; /* place in `order` of the next sentence to be taken */
    tolka_done done;
    void *user;
};

/* Tokens generated at most for this input. */
static size_t output_limit(const struct job *job, const tolka_input *input) {
    const struct config *config = &job->translator->model->model.config;
    size_t limit = job->options.teacher ? input->n_target : (size_t)job->translator->max_length;
    if (!job->options.teacher && config->max_length_ratio > 0) {
        /* In single precision, as Marian computes it. */
        float most = ceilf(config->max_length_ratio * (float)input->n_ids);
        if (most < (float)limit) limit = most < 1 ? 1 : (size_t)most;
    }
    if (config->max_positions && limit > config->max_positions) limit = config->max_positions;
    return limit;
}

static tolka_status check_ids(const int32_t *ids, size_t n, uint32_t vocab, const char *what,
                              tolka_error *err) {
    for (size_t i = 0; i < n; i++)
        if (ids[i] < 0 || (uint32_t)ids[i] >= vocab)
            return fail(err, TOLKA_INPUT, "%s token %zu is %d; the vocabulary has %u", what, i + 1,
                        ids[i], vocab);
    return TOLKA_OK;
}

static tolka_status check_input(const struct job *job, const tolka_input *input, tolka_error *err) {
    const struct config *config = &job->translator->model->model.config;
    size_t most = config->max_positions ? config->max_positions : MAX_SOURCE_TOKENS;
    if (input->n_ids == 0) return fail(err, TOLKA_INPUT, "no source tokens");
    if (input->n_ids > most)
        return fail(err, TOLKA_INPUT, "%zu source tokens; the model takes at most %zu",
                    input->n_ids, most);
    tolka_status status = check_ids(input->ids, input->n_ids, config->source_vocab, "source", err);
    if (status == TOLKA_OK && input->start < 0 && config->start_token < 0 &&
        !config->start_from_zero)
        status = fail(err, TOLKA_INPUT, "the model has no start token: choose a target language");
    if (status == TOLKA_OK && input->start >= 0)
        status = check_ids(&input->start, 1, config->target_vocab, "start", err);
    if (status == TOLKA_OK && input->forced_first >= 0)
        status = check_ids(&input->forced_first, 1, config->target_vocab, "forced", err);
    if (status != TOLKA_OK || !job->options.teacher) return status;
    if (input->n_target == 0) return fail(err, TOLKA_INPUT, "no target tokens");
    most = config->max_positions ? config->max_positions : MAX_OUTPUT_TOKENS;
    if (input->n_target > most)
        return fail(err, TOLKA_INPUT, "%zu target tokens; the model takes at most %zu",
                    input->n_target, most);
    return check_ids(input->target, input->n_target, config->target_vocab, "target", err);
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

static tolka_status order_inputs(struct job *job, size_t n, tolka_error *err) {
    struct sort_key *keys = calloc(n, sizeof *keys);
    if (!keys) return fail(err, TOLKA_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        tolka_error why;
        if (check_input(job, &job->inputs[i], &why) != TOLKA_OK)
            job->done(job->user, i, result_failed(&why));
        else
            keys[job->n_order++] = (struct sort_key){job->inputs[i].n_ids, i};
    }
    for (size_t i = 0; i < job->n_order; i++) {
        size_t limit = output_limit(job, &job->inputs[keys[i].index]);
        if (limit > job->n_steps) job->n_steps = limit;
    }
    qsort(keys, job->n_order, sizeof *keys, compare_keys);
    for (size_t i = 0; i < job->n_order; i++) job->order[i] = keys[i].index;
    free(keys);
    return TOLKA_OK;
}

/* Takes up to n sentences from the front of the queue; *first is the place of the first. */
static size_t take(struct job *job, size_t n, size_t *first) {
    size_t at = atomic_load(&job->next), taken;
    do {
        taken = job->n_order - at < n ? job->n_order - at : n;
    } while (taken && !atomic_compare_exchange_weak(&job->next, &at, at + taken));
    *first = at;
    return taken;
}

static const tolka_input *input_at(const struct job *job, size_t place) {
    return &job->inputs[job->order[place]];
}

/* ---- one worker's share ---------------------------------------------------------------------- */

/* A full batch, but never so many sentences that another worker has none, and never so many tokens
 * that long texts fill the memory. */
static size_t first_batch(const struct job *job) {
    size_t threads = (size_t)pool_threads(job->translator->pool);
    size_t share = (job->n_order + threads - 1) / threads;
    size_t most = (size_t)job->translator->batch, at = atomic_load(&job->next);
    if (at >= job->n_order) return 0;
    if (share < most) most = share;
    size_t fit = MAX_BATCH_TOKENS / input_at(job, at)->n_ids;
    return fit == 0 ? 1 : fit < most ? fit : most;
}

struct share {
    struct job *job;
    size_t first, n; /* taken, but not placed yet */
};

static struct batch_shape measure_batch(const struct job *job, size_t first, size_t n) {
    const struct model *model = &job->translator->model->model;
    struct batch_shape shape = {.n_sentences = n,
                                .longest = input_at(job, first)->n_ids,
                                .n_steps = job->n_steps,
                                .beam = (size_t)job->options.beam,
                                .use_shortlist = model->shortlist.n_offsets > 0 &&
                                                 !job->options.no_shortlist &&
                                                 !job->options.teacher};
    shape.n_slots = n * shape.beam;
    for (size_t i = first; i < first + n; i++) {
        shape.n_tokens += input_at(job, i)->n_ids;
        shape.n_key_floats +=
            packed_keys_size(model->config.decoder_heads, config_decoder_head_dim(&model->config),
                             input_at(job, i)->n_ids);
    }
    return shape;
}

/* Gives every place in the batch its part of the memory. The sentences that come later are not
 * longer, so they fit any of them. */
static void lay_out_memory(struct worker *worker, const struct job *job, size_t first, size_t n) {
    const struct config *config = &worker->model->config;
    size_t value_row = 0, key_offset = 0;
    for (size_t s = 0; s < n; s++) {
        size_t n_ids = input_at(job, first + s)->n_ids;
        worker->sentences[s] = (struct memory){.key_offset = key_offset, .value_row = value_row};
        value_row += n_ids;
        key_offset +=
            packed_keys_size(config->decoder_heads, config_decoder_head_dim(config), n_ids);
    }
}

static void choose_outputs(struct worker *worker, struct sentence_search *sentence, size_t s) {
    const struct model *model = worker->model;
    int32_t *ids = worker->output_ids + s * model->config.target_vocab;
    size_t n = shortlist_candidates(model, sentence->input->ids, sentence->input->n_ids, ids,
                                    worker->seen);
    sentence->output =
        gather_output(&model->output, ids, n, worker->outputs + s * worker->output_size);
    sentence->output_ids = ids;
}

static void place_sentence(struct worker *worker, const struct job *job, size_t place, size_t s) {
    const tolka_input *input = input_at(job, place);
    struct sentence_search *sentence = &worker->search->sentences[s];
    worker->sentences[s].ids = input->ids;
    worker->sentences[s].n_keys = input->n_ids;
    sentence->input = input;
    sentence->index = job->order[place];
    sentence->limit = (uint32_t)output_limit(job, input);
    if (worker->shape.use_shortlist) choose_outputs(worker, sentence, s);
    worker->stats.source_tokens += input->n_ids;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Long sentences come first, in small batches: once much shorter ones are next, a new batch with
 * more places is better than more rounds of this one. */
static bool batch_is_too_small(const struct worker *worker, const struct job *job) {
    size_t next = atomic_load(&job->next);
    return worker->shape.n_sentences < (size_t)job->translator->batch && next < job->n_order &&
           input_at(job, next)->n_ids <= worker->shape.longest / 2;
}

static size_t refill(void *user, struct worker *worker, const size_t *vacant, size_t n) {
    struct share *share = user;
    struct job *job = share->job;
    if (share->n == 0 && !batch_is_too_small(worker, job)) share->n = take(job, n, &share->first);
    n = share->n;
    share->n = 0;
    if (n == 0) return 0;
    double begin = seconds();
    for (size_t i = 0; i < n; i++) place_sentence(worker, job, share->first + i, vacant[i]);
    encode(worker, vacant, n);
    worker->stats.encoder_seconds += seconds() - begin;
    return n;
}

static void done(void *user, size_t index, tolka_result *result) {
    const struct job *job = ((struct share *)user)->job;
    job->done(job->user, index, result);
}

static void fail_batch(struct job *job, size_t first, size_t n) {
    tolka_error err;
    fail(&err, TOLKA_NOMEM, "no memory for a batch of %zu sentences of up to %zu tokens", n,
         input_at(job, first)->n_ids);
    for (size_t i = first; i < first + n; i++)
        job->done(job->user, job->order[i], result_failed(&err));
}

static void run_share(void *user, size_t item, int worker_index) {
    (void)item;
    struct share share = {.job = user};
    struct job *job = user;
    struct worker *worker = &job->translator->workers[worker_index];
    struct feed feed = {refill, done, &share};
    while ((share.n = take(job, first_batch(job), &share.first)) > 0) {
        struct batch_shape shape = measure_batch(job, share.first, share.n);
        if (!worker_reserve(worker, &shape)) {
            fail_batch(job, share.first, share.n);
            continue;
        }
        lay_out_memory(worker, job, share.first, share.n);
        double begin = seconds(), encoding = worker->stats.encoder_seconds;
        search(worker, &job->options, &feed);
        worker->stats.decoder_seconds +=
            seconds() - begin - (worker->stats.encoder_seconds - encoding);
    }
}

static tolka_status run(tolka_translator *translator, const tolka_input *inputs, size_t n,
                        bool teacher, tolka_done done, void *user, tolka_error *err) {
    struct job job = {.translator = translator,
                      .options = translator->options,
                      .inputs = inputs,
                      .done = done,
                      .user = user};
    if (teacher) {
        job.options.teacher = true;
        job.options.want_scores = true;
        job.options.beam = job.options.n_best = 1;
    }
    if (n == 0) return TOLKA_OK;
    job.order = calloc(n, sizeof *job.order);
    tolka_status status = TOLKA_OK;
    if (!job.order) status = fail(err, TOLKA_NOMEM, "out of memory");
    if (status == TOLKA_OK) status = order_inputs(&job, n, err);
    if (status == TOLKA_OK && job.n_order == 1) {
        /* One sentence: the other threads have nothing of their own to do. */
        translator->workers[0].team = translator->pool;
        run_share(&job, 0, 0);
        translator->workers[0].team = NULL;
    } else if (status == TOLKA_OK) {
        pool_run(translator->pool, (size_t)pool_threads(translator->pool), run_share, &job);
    }
    free(job.order);
    return status;
}

tolka_status tolka_translate(tolka_translator *translator, const tolka_input *inputs, size_t n,
                             tolka_done done, void *user, tolka_error *err) {
    return run(translator, inputs, n, false, done, user, err);
}

tolka_status tolka_score(tolka_translator *translator, const tolka_input *inputs, size_t n,
                         tolka_done done, void *user, tolka_error *err) {
    return run(translator, inputs, n, true, done, user, err);
}

struct parallel {
    void (*job)(void *user, size_t i);
    void *user;
};

static void run_parallel(void *user, size_t item, int worker) {
    (void)worker;
    const struct parallel *parallel = user;
    parallel->job(parallel->user, item);
}

void tolka_parallel(tolka_translator *translator, size_t n, void (*job)(void *user, size_t i),
                    void *user) {
    struct parallel parallel = {job, user};
    pool_run(translator->pool, n, run_parallel, &parallel);
}
