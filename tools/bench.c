/* tolka bench: how fast a model is on this machine, and how far from what the machine could do.
 * docs/performance.md says what each number includes. */
#define _POSIX_C_SOURCE 200809L
#include "tools/bench_report.h"

#include "tools/bench_text.h"
#include "tools/commands.h"
#include "tools/session.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_CALLS = 1000, MAX_LINES = 1 << 20 };

struct run {
    struct bench bench;
    struct session session;
    tolka_options decoding;
    const char *from;
    tolka_languages *languages;
    int lists[2][BENCH_LIST + 1]; /* threads, batches: ended by 0 */
    struct line *lines;
    size_t n_lines;
};

__attribute__((format(printf, 2, 3))) static void progress(const struct run *run,
                                                           const char *format, ...) {
    if (run->bench.options->quiet || !isatty(STDERR_FILENO)) return;
    va_list args;
    va_start(args, format);
    fputs("\r\033[K", stderr);
    vfprintf(stderr, format, args);
    fflush(stderr);
    va_end(args);
}

static int out_of_memory(void) {
    return complain(EXIT_MODEL, "out of memory");
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value below which `share` of them lie; sorts them. */
static double quantile(double *values, size_t n, double share) {
    qsort(values, n, sizeof *values, compare_doubles);
    size_t i = (size_t)(share * (double)n);
    return values[i < n ? i : n - 1];
}

static tolka_stats stats_since(const tolka_translator *translator, const tolka_stats *before) {
    tolka_stats now;
    tolka_translator_stats(translator, &now);
    now.source_tokens -= before->source_tokens;
    now.target_tokens -= before->target_tokens;
    now.sentences -= before->sentences;
    now.decoder_steps -= before->decoder_steps;
    now.encoder_seconds -= before->encoder_seconds;
    now.decoder_seconds -= before->decoder_seconds;
    return now;
}

/* ---- options, text, languages ---------------------------------------------------------------- */

static bool parse_list(const char *text, const char *option, long most, int *list) {
    size_t n = 0;
    for (const char *at = text; at;) {
        char *end;
        long value = strtol(at, &end, 10);
        if (end == at || value < 1 || value > most || (*end && *end != ',') || n == BENCH_LIST) {
            complain(EXIT_USAGE,
                     "--%s is \"%s\"; expected up to %d whole numbers from 1 to %ld, with commas "
                     "between them",
                     option, text, BENCH_LIST, most);
            return false;
        }
        list[n++] = (int)value;
        at = *end ? end + 1 : NULL;
    }
    list[n] = 0;
    return true;
}

static bool parse_lists(struct run *run, const struct options *options) {
    char cores[32];
    snprintf(cores, sizeof cores, run->bench.machine.cores > 1 ? "1,%d" : "%d",
             run->bench.machine.cores);
    return parse_list(options->threads ? options->threads : cores, "threads", TOLKA_MAX_THREADS,
                      run->lists[0]) &&
           parse_list(options->batches ? options->batches : "1,32", "batch", TOLKA_MAX_BATCH,
                      run->lists[1]);
}

static bool add_line(struct run *run, struct line line) {
    struct line *longer = realloc(run->lines, (run->n_lines + 1) * sizeof *longer);
    if (!line.bytes || !longer) {
        if (longer) run->lines = longer;
        free(line.bytes);
        return false;
    }
    run->lines = longer;
    run->lines[run->n_lines++] = line;
    return true;
}

static int read_text(struct run *run) {
    const struct options *options = run->bench.options;
    run->bench.text_name = options->input ? options->input : "built-in";
    for (size_t i = 0; !options->input && bench_sentences[i]; i++) {
        struct line line = {strdup(bench_sentences[i]), strlen(bench_sentences[i])};
        if (!add_line(run, line)) return out_of_memory();
    }
    if (!options->input) return EXIT_DONE;
    struct line_reader reader = line_reader(run->session.in);
    struct line line;
    int status = EXIT_DONE;
    while (status == EXIT_DONE && run->n_lines < MAX_LINES && lines_read(&reader, &line, 1)) {
        if (line.length == 0)
            free(line.bytes);
        else if (!add_line(run, line))
            status = out_of_memory();
    }
    if (reader.failed && status == EXIT_DONE)
        status = complain(EXIT_INPUT, "%s: cannot read it", options->input);
    line_reader_free(&reader);
    if (run->n_lines == 0 && status == EXIT_DONE)
        status = complain(EXIT_INPUT, "%s: no text in it", options->input);
    return status;
}

static bool is_english(const char *language) {
    return tolka_same_language(language, "en");
}

/* The built-in sentences are English and may become anything: where the user has no wish and the
 * file no default, that is the first language of the model that is not English. */
static void choose_languages(struct run *run) {
    const struct options *options = run->bench.options;
    run->from = options->from;
    run->bench.to = options->to;
    if (options->input ||
        tolka_model_languages(run->session.model, &run->languages, NULL) != TOLKA_OK)
        return;
    const tolka_languages *languages = run->languages;
    for (size_t i = 0; i < languages->n; i++) {
        const char *name = languages->names[i];
        if (is_english(name) && !run->from && !languages->default_from) run->from = "en";
        if (!is_english(name) && !run->bench.to && !languages->default_to) run->bench.to = name;
    }
}

/* ---- loading --------------------------------------------------------------------------------- */

static int open_tokenizer(const struct run *run, tolka_tokenizer **tokenizer,
                          const tolka_model *model) {
    tolka_error err;
    tolka_status status = tolka_tokenizer_new(tokenizer, model, run->from, run->bench.to, &err);
    if (status == TOLKA_OK) return EXIT_DONE;
    return complain(status == TOLKA_ARGUMENT ? EXIT_USAGE : EXIT_MODEL, "%s", err.text);
}

static int open_translator(const struct run *run, tolka_translator **translator,
                           const tolka_model *model, int threads, int batch) {
    tolka_error err;
    tolka_options decoding = run->decoding;
    decoding.threads = threads;
    decoding.batch = batch;
    tolka_status status = tolka_translator_new(translator, model, &decoding, &err);
    if (status == TOLKA_OK) return EXIT_DONE;
    return complain(status == TOLKA_ARGUMENT ? EXIT_USAGE : EXIT_MODEL, "%s", err.text);
}

/* Everything that a program does until it has its first translation: from a file that the system
 * has in its cache, but that this process has not touched. */
static int load_once(struct run *run, struct bench_load *load) {
    tolka_error err;
    tolka_model *model = NULL;
    tolka_tokenizer *tokenizer = NULL;
    tolka_translator *translator = NULL;
    char *translation = NULL;
    double at[5] = {seconds_now()};
    int status = EXIT_DONE;
    if (tolka_model_open(&model, run->session.file.path, &err) != TOLKA_OK)
        status = complain(EXIT_MODEL, "%s", err.text);
    at[1] = seconds_now();
    if (status == EXIT_DONE) status = open_tokenizer(run, &tokenizer, model);
    at[2] = seconds_now();
    if (status == EXIT_DONE) status = open_translator(run, &translator, model, 1, 1);
    at[3] = seconds_now();
    if (status == EXIT_DONE && tolka_translate_text(translator, tokenizer, run->lines[0].bytes,
                                                    &translation, &err) != TOLKA_OK)
        status = complain(EXIT_INPUT, "the first sentence: %s", err.text);
    at[4] = seconds_now();
    *load = (struct bench_load){at[1] - at[0], at[2] - at[1], at[3] - at[2], at[3] - at[0],
                                at[4] - at[3]};
    tolka_free(translation);
    tolka_translator_free(translator);
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
    return status;
}

static int measure_load(struct run *run) {
    size_t n = (size_t)run->bench.rounds;
    double *values = calloc(5 * n, sizeof *values);
    int status = values ? EXIT_DONE : out_of_memory();
    progress(run, "loading");
    for (size_t round = 0; round <= n && status == EXIT_DONE; round++) {
        struct bench_load load;
        status = load_once(run, &load);
        if (round == 0) continue; /* warms the system's file cache */
        values[round - 1] = load.model;
        values[n + round - 1] = load.tokenizer;
        values[2 * n + round - 1] = load.translator;
        values[3 * n + round - 1] = load.ready;
        values[4 * n + round - 1] = load.first_sentence;
    }
    if (status == EXIT_DONE)
        run->bench.load =
            (struct bench_load){quantile(values, n, 0.5), quantile(values + n, n, 0.5),
                                quantile(values + 2 * n, n, 0.5), quantile(values + 3 * n, n, 0.5),
                                quantile(values + 4 * n, n, 0.5)};
    free(values);
    return status;
}

/* ---- latency --------------------------------------------------------------------------------- */

/* Translates n lines spread evenly over the text, a call each; returns how many failed. */
static size_t translate_singly(const struct run *run, tolka_translator *translator, size_t n,
                               double *took) {
    size_t n_failed = 0;
    for (size_t i = 0; i < n; i++) {
        char *translation;
        double began = seconds_now();
        tolka_status status =
            tolka_translate_text(translator, run->session.tokenizer,
                                 run->lines[i * run->n_lines / n].bytes, &translation, NULL);
        took[i] = seconds_now() - began;
        n_failed += status != TOLKA_OK;
        tolka_free(translation);
    }
    return n_failed;
}

static int measure_latency(struct run *run) {
    enum { WARM_UP = 20 };
    struct bench_latency *latency = &run->bench.latency;
    tolka_translator *translator = NULL;
    tolka_stats before;
    size_t n = run->n_lines < MAX_CALLS ? run->n_lines : MAX_CALLS;
    size_t rounds = (size_t)run->bench.rounds;
    latency->n_calls = n * rounds;
    double *took = calloc(latency->n_calls, sizeof *took);
    int status =
        took ? open_translator(run, &translator, run->session.model, 1, 1) : out_of_memory();
    if (status == EXIT_DONE) {
        translate_singly(run, translator, n < WARM_UP ? n : WARM_UP, took);
        tolka_translator_stats(translator, &before);
        for (size_t round = 0; round < rounds; round++) {
            progress(run, "latency, round %zu of %zu", round + 1, rounds);
            run->bench.n_failed += translate_singly(run, translator, n, took + round * n);
        }
        latency->stats = stats_since(translator, &before);
        latency->p50 = quantile(took, latency->n_calls, 0.5);
        latency->p95 = quantile(took, latency->n_calls, 0.95);
        latency->max = took[latency->n_calls - 1];
        run->bench.isa = tolka_translator_isa(translator);
    }
    tolka_translator_free(translator);
    free(took);
    return status;
}

/* ---- throughput ------------------------------------------------------------------------------ */

static void count_failure(void *user, size_t index, tolka_result *result) {
    (void)index;
    *(size_t *)user += tolka_result_status(result, NULL) != TOLKA_OK;
    tolka_result_free(result);
}

/* Text to ids to ids to text, as a file is translated. */
static int translate_all(struct run *run, tolka_translator *translator, const tolka_text *texts,
                         size_t n, double *took) {
    tolka_error err;
    double began = seconds_now();
    tolka_status status = tolka_translate_texts(translator, run->session.tokenizer, texts, n,
                                                count_failure, &run->bench.n_failed, &err);
    *took = seconds_now() - began;
    return status == TOLKA_OK ? EXIT_DONE : complain(EXIT_MODEL, "%s", err.text);
}

static int measure_rounds(struct run *run, tolka_translator *translator, struct bench_cell *cell,
                          const tolka_text *texts, double *took) {
    tolka_stats before;
    size_t rounds = (size_t)run->bench.rounds;
    int status = EXIT_DONE;
    for (size_t round = 0; round <= rounds && status == EXIT_DONE; round++) {
        progress(run, "throughput, threads %d, batch %d, round %zu of %zu", cell->threads,
                 cell->batch, round, rounds);
        /* Round 0 warms up. */
        if (round == 1) tolka_translator_stats(translator, &before);
        status =
            translate_all(run, translator, texts, cell->n_sentences, &took[round ? round - 1 : 0]);
    }
    if (status != EXIT_DONE) return status;
    cell->stats = stats_since(translator, &before);
    cell->source_tokens = cell->stats.source_tokens / rounds;
    cell->target_tokens = cell->stats.target_tokens / rounds;
    cell->median = quantile(took, rounds, 0.5);
    cell->fastest = took[0];
    return EXIT_DONE;
}

static int measure_cell(struct run *run, struct bench_cell *cell) {
    /* The whole text, as often as every thread needs it to have two full batches. */
    size_t wanted = 2 * (size_t)cell->threads * (size_t)cell->batch;
    size_t n = (wanted + run->n_lines - 1) / run->n_lines * run->n_lines;
    cell->n_sentences = n;
    tolka_text *texts = calloc(n, sizeof *texts);
    double *took = calloc((size_t)run->bench.rounds, sizeof *took);
    tolka_translator *translator = NULL;
    int status = texts && took ? open_translator(run, &translator, run->session.model,
                                                 cell->threads, cell->batch)
                               : out_of_memory();
    for (size_t i = 0; texts && i < n; i++) {
        const struct line *line = &run->lines[i % run->n_lines];
        texts[i] = (tolka_text){.source = line->bytes, .source_length = line->length};
    }
    if (status == EXIT_DONE) status = measure_rounds(run, translator, cell, texts, took);
    tolka_translator_free(translator);
    free(texts);
    free(took);
    return status;
}

static int measure_throughput(struct run *run) {
    int status = EXIT_DONE;
    for (const int *threads = run->lists[0]; *threads; threads++)
        for (const int *batch = run->lists[1]; *batch && status == EXIT_DONE; batch++) {
            struct bench_cell *cell = &run->bench.cells[run->bench.n_cells++];
            *cell = (struct bench_cell){.threads = *threads, .batch = *batch};
            status = measure_cell(run, cell);
        }
    return status;
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* How much of the output layer the sentences' shortlists leave, on average. */
static double output_share(const tolka_stats *stats, size_t vocab) {
    double all = (double)stats->sentences * (double)vocab;
    return all > 0 ? (double)stats->candidates / all : 1;
}

static void measure_limits(struct run *run) {
    struct bench *bench = &run->bench;
    tolka_cost cost;
    progress(run, "limits of the machine");
    tolka_model_cost(run->session.model, &cost);
    bench->cost = bench_cost(&cost, output_share(&bench->latency.stats, cost.target_vocab));
    machine_measure(&bench->machine, run->decoding.isa);
    bench->read_limit = measure_reads((size_t)bench->cost.step_bytes);
    progress(run, "%s", "");
}

/* ---- the command ----------------------------------------------------------------------------- */

static int prepare(struct run *run) {
    const struct options *options = run->bench.options;
    /* --threads and --batch are lists here, which decoding_options would refuse. */
    struct options single = *options;
    single.threads = single.batches = NULL;
    single.json = false; /* would ask for scores too */
    if (options->n_arguments)
        return complain(EXIT_USAGE, "bench takes no arguments; text comes from -i FILE");
    if (!parse_lists(run, options) || !decoding_options(&single, &run->decoding)) return EXIT_USAGE;
    int status = open_model(&run->session.file, options, &run->session.model);
    if (status == EXIT_DONE) status = open_files(&run->session, &single);
    if (status == EXIT_DONE) status = read_text(run);
    if (status != EXIT_DONE) return status;
    choose_languages(run);
    struct stat info;
    run->bench.model_path = run->session.file.path;
    if (stat(run->session.file.path, &info) == 0) run->bench.model_bytes = (size_t)info.st_size;
    run->bench.n_sentences = run->n_lines;
    run->bench.rounds = options->rounds ? (int)options->rounds : 5;
    run->bench.beam =
        run->decoding.beam ? run->decoding.beam : tolka_model_default_beam(run->session.model);
    return open_tokenizer(run, &run->session.tokenizer, run->session.model);
}

static int measure(struct run *run) {
    int status = measure_load(run);
    if (status == EXIT_DONE) status = measure_latency(run);
    run->bench.peak_single = peak_memory();
    if (status == EXIT_DONE) status = measure_throughput(run);
    /* Before the limits, which need memory of their own. */
    run->bench.peak = peak_memory();
    if (status == EXIT_DONE) measure_limits(run);
    return status;
}

int run_bench(struct options *options) {
    struct run *run = calloc(1, sizeof *run);
    if (!run) return out_of_memory();
    run->bench.options = options;
    machine_describe(&run->bench.machine);
    int status = prepare(run);
    if (status == EXIT_DONE) status = measure(run);
    if (status == EXIT_DONE) bench_report(&run->bench);
    if (run->bench.n_failed)
        status = complain(EXIT_INPUT, "%zu translations failed, and count in no token rate",
                          run->bench.n_failed);
    session_close(&run->session);
    for (size_t i = 0; i < run->n_lines; i++) free(run->lines[i].bytes);
    free(run->lines);
    tolka_free(run->languages);
    free(run);
    return status;
}
