/* The public face of translation: checks inputs, forms batches, shares them out among workers. */
#define _POSIX_C_SOURCE 200809L
#include "pool.h"
#include "search.h"
#include "shortlist.h"

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

/* ---- making one ------------------------------------------------------------------------------- */

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
    for (int i = 0; i < n_workers; i++)
        worker_free(&translator->workers[i]);
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

/* ---- one call: inputs in order of length, cut into batches ------------------------------------ */

struct job {
    tolka_translator *translator;
    struct search_options options;
    const tolka_input *inputs;
    size_t *order;   /* accepted inputs, longest first */
    size_t n_order;
    size_t *batches; /* first place in `order` of each batch; one more at the end */
    size_t n_batches;
    tolka_done done;
    void *user;
};

/* Tokens generated at most for this input. */
static size_t output_limit(const struct job *job, const tolka_input *input) {
    const struct config *config = &job->translator->model->model.config;
    size_t limit = job->options.teacher ? input->n_target : (size_t)job->translator->max_length;
    if (!job->options.teacher && config->max_length_ratio > 0) {
        double most = ceil((double)config->max_length_ratio * (double)input->n_ids);
        if (most < (double)limit) limit = most < 1 ? 1 : (size_t)most;
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
    qsort(keys, job->n_order, sizeof *keys, compare_keys);
    for (size_t i = 0; i < job->n_order; i++) job->order[i] = keys[i].index;
    free(keys);
    return TOLKA_OK;
}

/* Full batches, but never fewer batches than workers: an idle core is worse than a small batch. */
static void cut_batches(struct job *job) {
    size_t threads = (size_t)pool_threads(job->translator->pool);
    size_t most = (size_t)job->translator->batch;
    size_t share = (job->n_order + threads - 1) / threads;
    if (share && share < most) most = share;
    for (size_t i = 0; i < job->n_order;) {
        size_t tokens = 0, first = i;
        job->batches[job->n_batches++] = first;
        for (; i < job->n_order && i - first < most; i++) {
            tokens += job->inputs[job->order[i]].n_ids;
            if (i > first && tokens > MAX_BATCH_TOKENS) break;
        }
    }
    job->batches[job->n_batches] = job->n_order;
}

/* ---- one batch on one worker ------------------------------------------------------------------ */

static struct batch_shape measure_batch(const struct job *job, const size_t *order, size_t n) {
    const struct config *config = &job->translator->model->model.config;
    struct batch_shape shape = {.n_sentences = n,
                                .beam = (size_t)job->options.beam,
                                .use_shortlist =
                                    job->translator->model->model.shortlist.n_offsets > 0 &&
                                    !job->options.no_shortlist && !job->options.teacher};
    if (job->options.teacher) shape.beam = 1;
    shape.n_slots = n * shape.beam;
    for (size_t i = 0; i < n; i++) {
        const tolka_input *input = &job->inputs[order[i]];
        size_t limit = output_limit(job, input);
        shape.n_tokens += input->n_ids;
        shape.n_key_floats += packed_keys_size(config->decoder_heads,
                                               config_decoder_head_dim(config), input->n_ids);
        if (input->n_ids > shape.longest) shape.longest = input->n_ids;
        if (limit > shape.n_steps) shape.n_steps = limit;
    }
    return shape;
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

static void place_sentences(struct worker *worker, const struct job *job, const size_t *order,
                            size_t n, const int32_t **ids) {
    const struct config *config = &worker->model->config;
    size_t first_token = 0, key_offset = 0;
    for (size_t s = 0; s < n; s++) {
        const tolka_input *input = &job->inputs[order[s]];
        struct sentence_search *sentence = &worker->search->sentences[s];
        worker->sentences[s] = (struct memory){input->n_ids, first_token, key_offset};
        first_token += input->n_ids;
        key_offset += packed_keys_size(config->decoder_heads, config_decoder_head_dim(config),
                                       input->n_ids);
        sentence->input = input;
        sentence->index = order[s];
        sentence->limit = (uint32_t)output_limit(job, input);
        if (worker->shape.use_shortlist) choose_outputs(worker, sentence, s);
        ids[s] = input->ids;
    }
    worker->stats.source_tokens += first_token;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void run_batch(void *user, size_t item, int worker_index) {
    const struct job *job = user;
    struct worker *worker = &job->translator->workers[worker_index];
    const size_t *order = job->order + job->batches[item];
    size_t n = job->batches[item + 1] - job->batches[item];
    struct batch_shape shape = measure_batch(job, order, n);
    if (!worker_reserve(worker, &shape)) {
        tolka_error err;
        fail(&err, TOLKA_NOMEM, "no memory for a batch of %zu sentences of up to %zu tokens", n,
             shape.longest);
        for (size_t s = 0; s < n; s++) job->done(job->user, order[s], result_failed(&err));
        return;
    }
    double begin = seconds();
    place_sentences(worker, job, order, n, worker->ids);
    encode(worker, worker->ids);
    double middle = seconds();
    search(worker, &job->options, n, job->done, job->user);
    worker->stats.encoder_seconds += middle - begin;
    worker->stats.decoder_seconds += seconds() - middle;
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
    job.batches = calloc(n + 1, sizeof *job.batches);
    tolka_status status = TOLKA_OK;
    if (!job.order || !job.batches) status = fail(err, TOLKA_NOMEM, "out of memory");
    if (status == TOLKA_OK) status = order_inputs(&job, n, err);
    if (status == TOLKA_OK) {
        cut_batches(&job);
        pool_run(translator->pool, job.n_batches, run_batch, &job);
    }
    free(job.order);
    free(job.batches);
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
