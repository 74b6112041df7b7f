#include "engine/translator_options.h"

#include "engine/error.h"
#include "engine/pool.h"

#include <string.h>

/* What Marian models were trained with, and many others. */
enum { DEFAULT_MAX_SOURCE = 512 };

tolka_options options_known(const tolka_options *given) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    size_t size = !given ? 0 : given->size < sizeof options ? given->size : sizeof options;
    memcpy(&options, given ? given : &options, size);
    return options;
}

enum early_stopping options_stop(const tolka_options *given, const struct config *config) {
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

/* Whoever requires words, but has no wish for a beam, gets one all the same. */
static int default_beam(const struct config *config, const struct generation *generation) {
    return config->beam == 1 && generation->settings.n_force_words > 0 ? 4 : (int)config->beam;
}

static void set_defaults(tolka_options *options, const struct config *config,
                         const struct generation *generation) {
    if (options->beam == 0) options->beam = default_beam(config, generation);
    if (options->n_best == 0) options->n_best = 1;
    if (options->length_penalty < 0) options->length_penalty = config->length_penalty;
    if (options->max_length == 0) options->max_length = (int)config->max_length;
    if (options->max_source == 0) options->max_source = (int)config->max_source;
    if (options->max_source == 0) options->max_source = DEFAULT_MAX_SOURCE;
    if (options->threads == 0) options->threads = available_cores();
    if (options->batch == 0) options->batch = 32;
}

static tolka_status check_numbers(const tolka_options *options, tolka_error *err) {
    if (options->beam < 1 || options->beam > TOLKA_MAX_BEAM)
        return fail(err, TOLKA_ARGUMENT, "beam is %d; expected 1 to %d", options->beam,
                    TOLKA_MAX_BEAM);
    if (options->n_best < 1 || options->n_best > options->beam)
        return fail(err, TOLKA_ARGUMENT, "%d hypotheses wanted of a beam of %d", options->n_best,
                    options->beam);
    if (options->max_length < 1 || options->max_length > TOLKA_MAX_LENGTH)
        return fail(err, TOLKA_ARGUMENT, "maximum length is %d; expected 1 to %d",
                    options->max_length, TOLKA_MAX_LENGTH);
    if (options->max_source < 1 || options->max_source > TOLKA_MAX_LENGTH)
        return fail(err, TOLKA_ARGUMENT, "longest sentence is %d tokens; expected 1 to %d",
                    options->max_source, TOLKA_MAX_LENGTH);
    if ((unsigned)options->unknown > TOLKA_UNKNOWN_MARK)
        return fail(err, TOLKA_ARGUMENT,
                    "unknown characters are treated in way %d; expected 0 to 2",
                    (int)options->unknown);
    if (options->threads < 1 || options->threads > TOLKA_MAX_THREADS)
        return fail(err, TOLKA_ARGUMENT, "%d threads; expected 1 to %d", options->threads,
                    TOLKA_MAX_THREADS);
    if (options->batch < 1 || options->batch > TOLKA_MAX_BATCH)
        return fail(err, TOLKA_ARGUMENT, "batches of %d; expected 1 to %d", options->batch,
                    TOLKA_MAX_BATCH);
    return TOLKA_OK;
}

static tolka_status check_hooks(const tolka_options *options, tolka_error *err) {
    const tolka_allocator *allocator = options->allocator;
    if (!allocator || (allocator->take && allocator->give_back)) return TOLKA_OK;
    return fail(err, TOLKA_ARGUMENT, "an allocator without %s",
                allocator->take ? "give_back" : "take");
}

/* Groups are a beam's: without one they are not heeded. */
static int groups_of(const tolka_options *options, const struct generation *generation) {
    const tolka_generation *settings = &generation->settings;
    bool is_beam = options->beam > 1 && !options->alternatives && !settings->do_sample;
    return is_beam && settings->num_beam_groups > 1 ? settings->num_beam_groups : 1;
}

static tolka_status check_groups(const tolka_options *options, const struct generation *generation,
                                 tolka_error *err) {
    int groups = groups_of(options, generation);
    if (options->beam % groups == 0) return TOLKA_OK;
    return fail(err, TOLKA_ARGUMENT, "a beam of %d cannot be split into %d groups", options->beam,
                groups);
}

/* Required words are a beam's business. */
static tolka_status check_words(const tolka_options *options, const struct generation *generation,
                                tolka_error *err) {
    const tolka_generation *settings = &generation->settings;
    const char *asked = settings->do_sample             ? "samples"
                        : options->alternatives         ? "alternatives"
                        : options->beam == 1            ? "a beam of 1"
                        : settings->num_beam_groups > 1 ? "groups of a beam"
                                                        : NULL;
    if (settings->n_force_words == 0 || !asked) return TOLKA_OK;
    return fail(err, TOLKA_ARGUMENT,
                "required words (force_words_ids) do not go with %s: they need a beam of 2 or "
                "more, and neither samples, alternatives nor groups",
                asked);
}

/* Samples and alternatives are as many as are wanted, and no beam. */
static void set_width(tolka_options *options, const struct generation *generation) {
    if (!generation->settings.do_sample && !options->alternatives) return;
    options->beam = options->n_best > 1 ? options->n_best : 1;
}

tolka_status options_check(const tolka_options *options, const struct generation *generation,
                           tolka_error *err) {
    tolka_status status = check_numbers(options, err);
    return status == TOLKA_OK ? check_groups(options, generation, err) : status;
}

tolka_status options_complete(tolka_options *options, const struct config *config,
                              const struct generation *generation, tolka_error *err) {
    tolka_status status = check_words(options, generation, err);
    if (status == TOLKA_OK) status = check_hooks(options, err);
    if (status != TOLKA_OK) return status;
    set_width(options, generation);
    set_defaults(options, config, generation);
    return options_check(options, generation, err);
}

struct batch_options options_of_batch(const tolka_options *options,
                                      const struct generation *generation,
                                      enum early_stopping stop) {
    return (struct batch_options){
        .search = {.beam = options->beam,
                   .groups = groups_of(options, generation),
                   .n_best = options->n_best,
                   .length_penalty = options->length_penalty,
                   .early_stopping = stop,
                   .want_scores = options->want_scores != 0,
                   .alternatives = options->alternatives && !generation->settings.do_sample,
                   .no_shortlist = options->no_shortlist != 0,
                   .generation = generation},
        .max_length = (size_t)options->max_length,
        .batch = (size_t)options->batch,
        .n_workers = (size_t)options->threads,
    };
}
