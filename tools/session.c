#define _POSIX_C_SOURCE 200809L
#include "tools/session.h"

#include "tools/complain.h"
#include "tools/memory_size.h"
#include "tools/require.h"
#include "tools/text_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool whole_number(const char *text, const char *option, long min, long max, int *out) {
    if (!text) return true;
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (end == text || *end || errno || n < min || n > max) {
        complain(EXIT_USAGE, "--%s is \"%s\"; expected a whole number from %ld to %ld", option,
                 text, min, max);
        return false;
    }
    *out = (int)n;
    return true;
}

static bool stop_rule(const char *text, tolka_stop *stop) {
    static const char *const names[] = {"heuristic", "full", "never"};
    *stop = TOLKA_STOP_DEFAULT;
    if (!text) return true;
    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            *stop = (tolka_stop)(TOLKA_STOP_HEURISTIC + i);
            return true;
        }
    complain(EXIT_USAGE, "--early-stopping is \"%s\"; expected heuristic, full or never", text);
    return false;
}

static bool unknown_characters(const char *text, tolka_unknown *unknown) {
    static const char *const names[] = {"copy", "drop", "mark"};
    *unknown = TOLKA_UNKNOWN_COPY;
    if (!text) return true;
    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            *unknown = (tolka_unknown)i;
            return true;
        }
    complain(EXIT_USAGE, "--unknown is \"%s\"; expected copy, drop or mark", text);
    return false;
}

/* Said by any thread, whole lines. */
static void say_line(void *user, tolka_log_level level, const char *line) {
    (void)user;
    complain(EXIT_DONE, "%s%s", level == TOLKA_LOG_WARNING ? "warning: " : "", line);
}

bool decoding_options(const struct options *options, tolka_options *decoding) {
    *decoding = (tolka_options)TOLKA_OPTIONS_INIT;
    decoding->threads = 0;
    decoding->beam = (int)options->beam;
    decoding->n_best = options->nbest ? (int)options->nbest : 1;
    decoding->max_length = (int)options->max_length;
    decoding->length_penalty = (float)options->length_penalty;
    if (options->alternatives) {
        decoding->n_best = (int)options->alternatives;
        decoding->alternatives = 1;
    }
    decoding->want_scores = options->json || options->nbest || options->alternatives;
    decoding->no_shortlist = options->no_shortlist;
    decoding->max_source = (int)options->max_source;
    /* A word is required of a line, not of each of its sentences. */
    if (requires_words(options)) decoding->split = TOLKA_SPLIT_NEVER;
    if (options->split) decoding->split = TOLKA_SPLIT_ALWAYS;
    if (options->no_split) decoding->split = TOLKA_SPLIT_NEVER;
    decoding->no_guards = options->no_guards;
    decoding->want_alignments = shows_alignments(options);
    decoding->align_layer = (int)options->align_layer;
    decoding->align_head = (int)options->align_head;
    decoding->log = options->verbose ? say_line : NULL;
    decoding->isa = getenv("TOLKA_ISA");
    if (decoding->isa && !*decoding->isa) decoding->isa = NULL;
    return stop_rule(options->stop, &decoding->stop) &&
           unknown_characters(options->unknown, &decoding->unknown) &&
           whole_number(options->threads, "threads", 1, TOLKA_MAX_THREADS, &decoding->threads) &&
           whole_number(options->batches, "batch", 1, TOLKA_MAX_BATCH, &decoding->batch) &&
           memory_size(options->max_memory, "max-memory", &decoding->max_memory);
}

int open_files(struct session *session, const struct options *options) {
    tolka_error err;
    session->in = STDIN_FILENO;
    if (options->input && strcmp(options->input, "-") != 0) {
        int status = text_file_open(options->input, &session->in);
        if (status != EXIT_DONE) return status;
    }
    if (output_open(&session->output, options->output, OUTPUT_REPLACE | OUTPUT_LINES, &err) !=
        TOLKA_OK) {
        return complain(EXIT_USAGE, "%s", err.text);
    }
    output_reads(&session->output, session->in);
    return EXIT_DONE;
}

/* An argument as JSON: a number however people write it (.5, +2), a word, or else text, which no
 * setting with an option of its own takes. */
static json_t *argument_value(const char *text) {
    char *end;
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    if (end != text && !*end && !errno) return json_integer(whole);
    double number = strtod(text, &end);
    if (end != text && !*end && isfinite(number)) return json_real(number);
    return strcmp(text, "true") == 0 ? json_true() : json_string(text);
}

static bool apply_setting(struct generation_set *set, const struct setting *setting) {
    char why[SET_WHY] = "not UTF-8";
    bool ok;
    if (setting->key) {
        json_t *value = argument_value(setting->value);
        ok = value && generation_set_json(set, setting->key, value, why);
        json_decref(value);
    } else {
        ok = generation_set_text(set, setting->value, why);
    }
    if (!ok) complain(EXIT_USAGE, "--%s: %s", setting->option, why);
    return ok;
}

/* Filters of sampling without sampling are a mistake. */
static bool check_sampling(const struct options *options, const struct generation_set *set) {
    static const char *const names[] = {"temperature", "top-k", "top-p", "min-p", "seed"};
    for (int i = 0; i < options->n_settings && !set->generation.do_sample; i++)
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            if (strcmp(options->settings[i].option, names[k]) == 0) {
                complain(EXIT_USAGE, "--%s goes with --sample", names[k]);
                return false;
            }
    return true;
}

static bool check_requirements(const struct options *options, const struct generation_set *set) {
    const char *other = set->generation.do_sample             ? "--sample"
                        : options->alternatives               ? "--alternatives"
                        : set->options->beam == 1             ? "--beam 1"
                        : set->generation.num_beam_groups > 1 ? "num_beam_groups"
                                                              : NULL;
    if (!requires_words(options) || !other) return true;
    return complain(EXIT_USAGE, "--require does not go with %s: it takes a beam of 2 or more",
                    other),
           false;
}

/* So is one way of choosing beside another. */
static bool check_ways(const struct options *options, const struct generation_set *set) {
    const char *other = set->generation.do_sample ? "--sample"
                        : options->nbest          ? "--nbest"
                        : set->options->beam > 1  ? "--beam"
                                                  : NULL;
    if (options->alternatives && other)
        return complain(EXIT_USAGE, "--alternatives does not go with %s", other), false;
    if (set->generation.do_sample && set->options->beam > 1)
        return complain(EXIT_USAGE, "--sample does not go with --beam"), false;
    return check_requirements(options, set);
}

static bool apply_settings(struct session *session, const struct options *options,
                           tolka_options *decoding) {
    enum { NOT_SAID = -1 };
    struct generation_set *set = &session->set;
    generation_set_init(set, session->model, decoding);
    int by_default = set->generation.do_sample;
    set->generation.do_sample = NOT_SAID;
    for (int i = 0; i < options->n_settings; i++)
        if (!is_requirement(&options->settings[i]) && !apply_setting(set, &options->settings[i]))
            return false;
    /* Who asks for beams, words or alternatives does not want a model's samples. */
    if (set->generation.do_sample == NOT_SAID)
        set->generation.do_sample =
            decoding->beam == 0 && !options->alternatives && !requires_words(options) && by_default;
    if (!check_sampling(options, set) || !check_ways(options, set)) return false;
    decoding->want_scores |= decoding->n_best > 1;
    decoding->generation = &set->generation;
    return true;
}

/* What comes out for plain text is nonsense that may look like a translation. */
static void warn_of_tokens(const struct session *session, const struct options *options) {
    if (options->quiet || options->ids || !tolka_tokenizer_takes_tokens(session->tokenizer)) return;
    complain(EXIT_DONE,
             "warning: %s takes tokens with blanks between them, not plain text: its "
             "checkpoint had a vocabulary, but no SentencePiece model",
             session->file.path);
}

int session_open(struct session *session, const struct options *options, tolka_options *decoding) {
    tolka_error err;
    *session = (struct session){.output.fd = STDOUT_FILENO};
    int status = open_model(&session->file, options, &session->model);
    if (status != EXIT_DONE) return status;
    if (!apply_settings(session, options, decoding)) return EXIT_USAGE;
    /* With --ids a language is still welcome: it chooses the start or forced token. */
    bool wants_tokenizer = !options->ids || options->to || options->from;
    if (wants_tokenizer) {
        tolka_status made = tolka_tokenizer_new(&session->tokenizer, session->model, options->from,
                                                options->to, &err);
        if (made != TOLKA_OK)
            return complain(made == TOLKA_ARGUMENT ? EXIT_USAGE : EXIT_MODEL, "%s", err.text);
        warn_of_tokens(session, options);
    }
    if (!require_words(&session->set, session->tokenizer, options)) return EXIT_USAGE;
    tolka_status made = tolka_translator_new(&session->translator, session->model, decoding, &err);
    if (made != TOLKA_OK)
        return complain(made == TOLKA_ARGUMENT ? EXIT_USAGE : EXIT_MODEL, "%s", err.text);
    return open_files(session, options); /* last: a mistake leaves FILE of --output as it was */
}

void session_close(struct session *session) {
    tolka_translator_free(session->translator);
    tolka_tokenizer_free(session->tokenizer);
    generation_set_free(&session->set);
    tolka_model_free(session->model);
    model_file_close(&session->file);
    if (session->in > STDIN_FILENO) close(session->in);
    output_discard(&session->output);
}
