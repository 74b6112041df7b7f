/* The public calls about translating ids. */
#include "engine/translator.h"

#include "engine/aligner.h"
#include "engine/attention_map.h"
#include "engine/batch.h"
#include "engine/clock.h"
#include "engine/open.h"
#include "engine/pool.h"
#include "engine/translator_options.h"

#include <stdlib.h>
#include <string.h>

struct tolka_translator {
    const tolka_model *model;
    tolka_options wanted; /* with defaults filled in */
    struct batch_options options;
    const struct kernels *kernels;
    struct pool *pool;
    struct worker *workers; /* one a thread; the first is the caller's */
    struct generation generation;
    struct log log;
    atomic_bool stop; /* the call that is under way */
    int n_entered;    /* calls under way, one made by the other */
    int n_calling;    /* callbacks under way, likewise */
};

/* ---- life ------------------------------------------------------------------------------------ */

/* Bytes that a worker may hold, or an aligner's; 0: any number. */
static size_t memory_share(const tolka_options *options) {
    size_t n = (size_t)options->threads * (options->want_alignments ? 2 : 1);
    return options->max_memory && options->max_memory < n ? 1 : options->max_memory / n;
}

static tolka_status make_aligners(tolka_translator *translator, const tolka_options *options,
                                  tolka_error *err) {
    const struct model *model = &translator->model->model;
    struct alignment_choice choice;
    tolka_status status = alignment_choose(&choice, cross_heads_of(&model->config),
                                           options->align_layer, options->align_head, err);
    if (status != TOLKA_OK || !options->want_alignments) return status;
    for (int i = 0; i < options->threads; i++) {
        struct aligner *aligner =
            aligner_new(model, translator->kernels, choice, memory_share(options));
        if (!aligner) return fail(err, TOLKA_NOMEM, "out of memory for alignments");
        if (options->allocator) worker_take_from(&aligner->worker, options->allocator);
        translator->workers[i].aligner = aligner;
        translator->workers[i].aligns = true;
    }
    return TOLKA_OK;
}

static tolka_status make_workers(tolka_translator *translator, const tolka_options *options,
                                 tolka_error *err) {
    int n = options->threads;
    translator->pool = pool_new(n);
    translator->workers = calloc((size_t)n, sizeof *translator->workers);
    if (!translator->pool || !translator->workers)
        return fail(err, TOLKA_NOMEM, "cannot start %d threads", n);
    for (int i = 0; i < n; i++) {
        struct worker *worker = &translator->workers[i];
        worker_init(worker, &translator->model->model, translator->kernels);
        if (options->allocator) worker_take_from(worker, options->allocator);
        worker->max_memory = memory_share(options);
        worker->log = &translator->log;
    }
    return TOLKA_OK;
}

/* What the caller wants as far as it knows the fields, or else what the model asks for. */
static tolka_status make_generation(tolka_translator *translator, const tolka_generation *given,
                                    tolka_error *err) {
    tolka_generation settings;
    tolka_model_generation(translator->model, &settings);
    if (given && given->size < sizeof given->size)
        return fail(err, TOLKA_ARGUMENT, "generation: a size of %zu", given->size);
    if (given)
        memcpy(&settings, given, given->size < sizeof settings ? given->size : sizeof settings);
    settings.size = sizeof settings;
    return generation_copy(&translator->generation, &settings, &translator->model->model.config,
                           err);
}

static tolka_status choose_kernels(tolka_translator *translator, const char *isa,
                                   tolka_error *err) {
    translator->kernels = kernels_select(isa);
    if (!translator->kernels)
        return fail(err, TOLKA_ARGUMENT, "instruction set %s is not known, or not on this machine",
                    isa);
    translator->wanted.isa = translator->kernels->name;
    if (!isa && strcmp(translator->kernels->name, "scalar") == 0)
        log_say(&translator->log, TOLKA_LOG_WARNING,
                "this processor has no instruction set that tolka knows: scalar kernels are slow");
    return TOLKA_OK;
}

static void say_what_was_chosen(tolka_translator *translator) {
    const tolka_options *options = &translator->wanted;
    tolka_cost cost;
    tolka_model_cost(translator->model, &cost);
    log_say(&translator->log, TOLKA_LOG_INFO,
            "%s weights, %s kernels; threads %d, batch %d, beam %d, max length %d", cost.type,
            options->isa, options->threads, options->batch, options->beam, options->max_length);
}

static tolka_status set_up(tolka_translator *translator, const tolka_options *given,
                           tolka_error *err) {
    const struct config *config = &translator->model->model.config;
    tolka_options options = options_known(given);
    enum early_stopping stop = options_stop(&options, config);
    log_init(&translator->log, options.log, options.log_user);
    tolka_status status = make_generation(translator, options.generation, err);
    if (status == TOLKA_OK)
        status = options_complete(&options, config, &translator->generation, err);
    if (status != TOLKA_OK) return status;
    translator->options = options_of_batch(&options, &translator->generation, stop);
    translator->wanted = options;
    translator->wanted.generation = &translator->generation.settings;
    status = choose_kernels(translator, options.isa, err);
    if (status == TOLKA_OK) status = make_workers(translator, &options, err);
    if (status == TOLKA_OK) status = make_aligners(translator, &options, err);
    if (status == TOLKA_OK) say_what_was_chosen(translator);
    translator->wanted.allocator = NULL; /* the caller's, and copied */
    return status;
}

tolka_status tolka_translator_new(tolka_translator **out, const tolka_model *model,
                                  const tolka_options *given, tolka_error *err) {
    if (out) *out = NULL;
    tolka_status status = need_arguments(
        err, __func__, (const struct argument[]){{"out", out}, {"model", model}, {NULL, false}});
    if (status != TOLKA_OK) return status;
    tolka_translator *translator = calloc(1, sizeof *translator);
    if (!translator) return fail(err, TOLKA_NOMEM, "out of memory");
    translator->model = model;
    status = set_up(translator, given, err);
    if (status == TOLKA_OK)
        *out = translator;
    else
        tolka_translator_free(translator);
    return status;
}

void tolka_translator_free(tolka_translator *translator) {
    if (!translator) return;
    int n_workers = translator->workers && translator->pool ? pool_threads(translator->pool) : 0;
    for (int i = 0; i < n_workers; i++) {
        aligner_free(translator->workers[i].aligner);
        worker_free(&translator->workers[i]);
    }
    pool_free(translator->pool);
    free(translator->workers);
    generation_free(&translator->generation);
    log_end(&translator->log);
    free(translator);
}

const char *tolka_translator_isa(const tolka_translator *translator) {
    return translator ? translator->kernels->name : NULL;
}

int tolka_available_threads(void) {
    return available_cores();
}

int tolka_translator_threads(const tolka_translator *translator) {
    return translator ? pool_threads(translator->pool) : 0;
}

void tolka_translator_stats(const tolka_translator *translator, tolka_stats *stats) {
    if (!stats) return;
    *stats = (tolka_stats){0};
    for (int i = 0; translator && i < pool_threads(translator->pool); i++) {
        struct worker_stats worker = worker_published_stats(&translator->workers[i]);
        stats->source_tokens += worker.source_tokens;
        stats->target_tokens += worker.target_tokens;
        stats->sentences += worker.sentences;
        stats->decoder_steps += worker.steps;
        stats->candidates += worker.candidates;
        stats->encoder_seconds += worker.encoder_seconds;
        stats->decoder_seconds += worker.decoder_seconds;
    }
}

/* ---- a call ---------------------------------------------------------------------------------- */

struct call {
    struct job job;
    tolka_translator *translator;
};

static void run_worker(void *user, size_t item, int worker) {
    (void)item;
    struct call *call = user;
    while (worker_turn(&call->translator->workers[worker], &call->job)) {
    }
}

/* Hands over the results that are there, or with `wait` all that are to come. */
static void deliver(struct call *call, bool wait, tolka_done done, void *user) {
    struct job_result next;
    while (job_take(&call->job, wait, &next)) {
        translator_call_begins(call->translator);
        done(user, next.index, next.result);
        translator_call_ends(call->translator);
    }
}

/* The caller is a worker too, and between its turns hands over what has been finished. */
static void work_and_deliver(struct call *call, tolka_done done, void *user) {
    struct worker *own = &call->translator->workers[0];
    struct pool *pool = call->translator->pool;
    bool alone = call->job.n_order < 2;
    /* For one sentence the other threads have nothing of their own to do: they share its
     * products. */
    own->transformer.products.team = alone ? pool : NULL;
    if (!alone) pool_start(pool, (size_t)pool_threads(pool) - 1, run_worker, call);
    do {
        deliver(call, false, done, user);
    } while (worker_turn(own, &call->job));
    /* Whatever was stopped has its results once nobody works on it any more. */
    if (atomic_load(call->job.stop)) {
        if (!alone) pool_finish(pool);
        job_finish_stopped(&call->job);
    }
    deliver(call, true, done, user);
    if (!alone) pool_finish(pool);
}

/* A call that was stopped before it began has results that say so. */
static tolka_status go_on(tolka_translator *translator, const struct batch_options *options,
                          const tolka_input *inputs, size_t n, tolka_done done, void *user,
                          tolka_error *err) {
    struct call call = {.translator = translator};
    if (n == 0) return TOLKA_OK;
    tolka_status status =
        job_begin(&call.job, &translator->model->model, options, inputs, n, &translator->stop, err);
    if (status != TOLKA_OK) return status;
    double began = seconds();
    work_and_deliver(&call, done, user);
    job_end(&call.job);
    log_say(&translator->log, TOLKA_LOG_INFO, "sentences: %zu in %.3f s", n, seconds() - began);
    return TOLKA_OK;
}

static tolka_status run(tolka_translator *translator, const struct batch_options *options,
                        const tolka_input *inputs, size_t n, tolka_done done, void *user,
                        tolka_error *err) {
    translator_enter(translator);
    tolka_status status = go_on(translator, options, inputs, n, done, user, err);
    translator_leave(translator);
    return status;
}

tolka_status tolka_translate(tolka_translator *translator, const tolka_input *inputs, size_t n,
                             tolka_done done, void *user, tolka_error *err) {
    tolka_status status = need_arguments(err, __func__,
                                         (const struct argument[]){{"translator", translator},
                                                                   {"inputs", inputs || n == 0},
                                                                   {"done", done},
                                                                   {NULL, false}});
    if (status == TOLKA_OK) status = translator_check_idle(translator, __func__, err);
    if (status != TOLKA_OK) return status;
    return run(translator, &translator->options, inputs, n, done, user, err);
}

tolka_status tolka_score(tolka_translator *translator, const tolka_input *inputs, size_t n,
                         tolka_done done, void *user, tolka_error *err) {
    tolka_status status = need_arguments(err, __func__,
                                         (const struct argument[]){{"translator", translator},
                                                                   {"inputs", inputs || n == 0},
                                                                   {"done", done},
                                                                   {NULL, false}});
    if (status == TOLKA_OK) status = translator_check_idle(translator, __func__, err);
    if (status != TOLKA_OK) return status;
    struct batch_options options = translator->options;
    options.search.teacher = true;
    options.search.want_scores = true;
    options.search.beam = options.search.n_best = 1;
    return run(translator, &options, inputs, n, done, user, err);
}

void tolka_translator_stop(tolka_translator *translator) {
    if (translator) atomic_store(&translator->stop, true);
}

/* ---- streaming ------------------------------------------------------------------------------- */

struct stream {
    struct call call;
    tolka_token *tokens; /* [limit] */
    size_t n_emitted;
    tolka_emit_tokens emit;
    void *user;
};

static void emit_up_to(struct stream *stream, const tolka_token *tokens, size_t n) {
    size_t from = stream->n_emitted;
    if (n <= from) return;
    stream->n_emitted = n;
    translator_call_begins(stream->call.translator);
    if (stream->emit(stream->user, tokens + from, n - from) != 0)
        tolka_translator_stop(stream->call.translator);
    translator_call_ends(stream->call.translator);
}

static void emit_settled(struct stream *stream) {
    const struct search *search = &stream->call.translator->workers[0].search;
    if (search->n_active != 1) return;
    emit_up_to(stream, stream->tokens, search_settled(search, search->active[0], stream->tokens));
}

/* What was not certain before the end. */
static void emit_rest(struct stream *stream, const tolka_result *result) {
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(result, 0, &n);
    if (tolka_result_status(result, NULL) == TOLKA_OK) emit_up_to(stream, tokens, n);
}

static tolka_result *run_stream(struct stream *stream) {
    struct worker *own = &stream->call.translator->workers[0];
    struct job_result result = {0, NULL};
    own->transformer.products.team = stream->call.translator->pool;
    while (worker_turn(own, &stream->call.job)) emit_settled(stream);
    job_finish_stopped(&stream->call.job);
    job_take(&stream->call.job, false, &result);
    return result.result;
}

static tolka_status stream_job(struct stream *stream, tolka_result **out, tolka_error *err) {
    stream->tokens = calloc(job_steps(&stream->call.job) + 1, sizeof *stream->tokens);
    if (stream->tokens) {
        *out = run_stream(stream);
        emit_rest(stream, *out);
    }
    free(stream->tokens);
    job_end(&stream->call.job);
    return *out ? TOLKA_OK : fail(err, TOLKA_NOMEM, "out of memory");
}

tolka_status tolka_stream(tolka_translator *translator, const tolka_input *input,
                          tolka_emit_tokens emit, void *user, tolka_result **out,
                          tolka_error *err) {
    struct stream stream = {.call = {.translator = translator}, .emit = emit, .user = user};
    if (out) *out = NULL;
    tolka_status status = need_arguments(err, __func__,
                                         (const struct argument[]){{"translator", translator},
                                                                   {"input", input},
                                                                   {"emit", emit},
                                                                   {"out", out},
                                                                   {NULL, false}});
    if (status == TOLKA_OK) status = translator_check_idle(translator, __func__, err);
    if (status != TOLKA_OK) return status;
    translator_enter(translator);
    status = job_begin(&stream.call.job, &translator->model->model, &translator->options, input, 1,
                       &translator->stop, err);
    if (status == TOLKA_OK) status = stream_job(&stream, out, err);
    translator_leave(translator);
    return status;
}

/* ---- attention ------------------------------------------------------------------------------- */

tolka_status tolka_attention_new(tolka_attention **out, tolka_translator *translator,
                                 const tolka_input *input, tolka_error *err) {
    if (out) *out = NULL;
    tolka_status status = need_arguments(
        err, __func__,
        (const struct argument[]){
            {"out", out}, {"translator", translator}, {"input", input}, {NULL, false}});
    if (status == TOLKA_OK) status = translator_check_idle(translator, __func__, err);
    if (status != TOLKA_OK) return status;
    return attention_record(out, &translator->workers[0], input, ATTENTION_ALL, err);
}

/* ---- for the rooms above --------------------------------------------------------------------- */

void translator_enter(tolka_translator *translator) {
    if (translator->n_entered++ == 0) atomic_store(&translator->stop, false);
}

void translator_leave(tolka_translator *translator) {
    translator->n_entered--;
}

struct log *translator_log(tolka_translator *translator) {
    return &translator->log;
}

void translator_call_begins(tolka_translator *translator) {
    translator->n_calling++;
}

void translator_call_ends(tolka_translator *translator) {
    translator->n_calling--;
}

tolka_status translator_check_idle(const tolka_translator *translator, const char *call,
                                   tolka_error *err) {
    if (translator->n_calling == 0) return TOLKA_OK;
    return fail(err, TOLKA_ARGUMENT, "%s: a callback cannot use the translator that calls it",
                call);
}

const tolka_options *translator_options(const tolka_translator *translator) {
    return &translator->wanted;
}

size_t translator_max_source(const tolka_translator *translator, size_t n_special) {
    const struct config *config = &translator->model->model.config;
    size_t n = (size_t)translator->wanted.max_source, positions = config->max_positions;
    if (positions > n_special && n > positions - n_special) n = positions - n_special;
    return n;
}

int translator_default_length(const tolka_translator *translator) {
    return tolka_model_default_max_length(translator->model);
}

int32_t translator_end_token(const tolka_translator *translator) {
    return translator->model->model.config.end_token;
}

bool translator_stopped(const tolka_translator *translator) {
    return atomic_load(&translator->stop);
}

tolka_status translator_search_again(tolka_translator *translator, const tolka_options *changed,
                                     const tolka_input *inputs, size_t n, tolka_done done,
                                     void *user, tolka_error *err) {
    const struct config *config = &translator->model->model.config;
    struct generation generation;
    tolka_status status = generation_copy(&generation, changed->generation, config, err);
    if (status == TOLKA_OK) status = options_check(changed, &generation, err);
    if (status == TOLKA_OK) {
        struct batch_options options =
            options_of_batch(changed, &generation, options_stop(changed, config));
        status = go_on(translator, &options, inputs, n, done, user, err);
    }
    generation_free(&generation);
    return status;
}

tolka_status translator_align(tolka_translator *translator, const tolka_input *pair, float **soft,
                              tolka_error *err) {
    const tolka_options *wanted = &translator->wanted;
    struct cross_heads heads = cross_heads_of(&translator->model->model.config);
    struct alignment_choice choice;
    *soft = NULL;
    tolka_status status =
        alignment_choose(&choice, heads, wanted->align_layer, wanted->align_head, err);
    if (status != TOLKA_OK) return status;
    return aligner_weights(&translator->workers[0], choice, pair, soft, err);
}

bool translator_set_aligning(tolka_translator *translator, bool aligns) {
    bool before = translator->workers[0].aligns;
    for (int i = 0; i < pool_threads(translator->pool); i++)
        translator->workers[i].aligns = aligns && translator->workers[i].aligner;
    translator->wanted.want_alignments = translator->workers[0].aligns;
    return before;
}

struct sharing {
    void (*job)(void *user, size_t i);
    void *user;
};

static void run_shared(void *user, size_t item, int worker) {
    (void)worker;
    const struct sharing *sharing = user;
    sharing->job(sharing->user, item);
}

void translator_share(tolka_translator *translator, size_t n, void (*job)(void *user, size_t i),
                      void *user) {
    struct sharing sharing = {job, user};
    pool_run(translator->pool, n, run_shared, &sharing);
}
