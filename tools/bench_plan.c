#define _POSIX_C_SOURCE 200809L
#include "tools/bench_plan.h"

#include "tools/bench_text.h"
#include "tools/complain.h"
#include "tools/text_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LINES = 1 << 20 };

/* ---- lists ----------------------------------------------------------------------------------- */

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

/* 1, 2, 4, ... and `most`. */
static void double_up(int most, int *list) {
    size_t n = 0;
    for (int value = 1; value < most && n + 1 < BENCH_LIST; value *= 2) list[n++] = value;
    list[n++] = most;
    list[n] = 0;
}

/* A curve wants more points than a table wants rows. */
static void default_lists(struct bench_plan *plan, bool plots) {
    static const int few[] = {1, 32, 0};
    int cores = plan->machine.cores < TOLKA_MAX_THREADS ? plan->machine.cores : TOLKA_MAX_THREADS;
    memcpy(plan->batches, few, sizeof few);
    if (plots) {
        double_up(64, plan->batches);
        double_up(cores, plan->threads);
        return;
    }
    size_t n = 0;
    if (cores > 1) plan->threads[n++] = 1;
    plan->threads[n++] = cores;
    plan->threads[n] = 0;
}

static bool choose_lists(struct bench_plan *plan, const struct options *options) {
    default_lists(plan, options->plot != NULL);
    return (!options->threads ||
            parse_list(options->threads, "threads", TOLKA_MAX_THREADS, plan->threads)) &&
           (!options->batches ||
            parse_list(options->batches, "batch", TOLKA_MAX_BATCH, plan->batches));
}

size_t bench_cells(const struct bench_plan *plan) {
    size_t n_threads = 0, n_batches = 0;
    while (plan->threads[n_threads]) n_threads++;
    while (plan->batches[n_batches]) n_batches++;
    return n_threads * n_batches;
}

/* ---- text ------------------------------------------------------------------------------------ */

static int out_of_memory(void) {
    return complain(EXIT_MODEL, "out of memory");
}

static bool add_line(struct bench_plan *plan, struct line line) {
    struct line *longer = realloc(plan->lines, (plan->n_lines + 1) * sizeof *longer);
    if (longer) plan->lines = longer;
    if (!line.bytes || !longer) {
        free(line.bytes);
        return false;
    }
    plan->lines[plan->n_lines++] = line;
    return true;
}

static int take_built_in(struct bench_plan *plan) {
    plan->text_name = "built-in";
    for (size_t i = 0; bench_sentences[i]; i++) {
        struct line line = {strdup(bench_sentences[i]), strlen(bench_sentences[i])};
        if (!add_line(plan, line)) return out_of_memory();
    }
    return EXIT_DONE;
}

/* Empty lines take no time, and are left out. */
static int read_lines(struct bench_plan *plan, int in) {
    struct line_reader reader = line_reader(in);
    struct line line;
    int status = EXIT_DONE;
    while (status == EXIT_DONE && plan->n_lines < MAX_LINES && lines_read(&reader, &line, 1)) {
        if (line.length == 0)
            free(line.bytes);
        else if (!add_line(plan, line))
            status = out_of_memory();
    }
    if (reader.reason && status == EXIT_DONE)
        status = complain(EXIT_INPUT, "%s: cannot read it: %s", plan->text_name,
                          strerror(reader.reason));
    line_reader_free(&reader);
    return status;
}

static int read_file(struct bench_plan *plan, const char *path) {
    bool is_standard = strcmp(path, "-") == 0;
    plan->text_name = is_standard ? "standard input" : path;
    int in = STDIN_FILENO;
    int status = is_standard ? EXIT_DONE : text_file_open(path, &in);
    if (status != EXIT_DONE) return status;
    status = read_lines(plan, in);
    if (!is_standard) close(in);
    if (plan->n_lines == 0 && status == EXIT_DONE)
        status = complain(EXIT_INPUT, "%s: no text in it", plan->text_name);
    return status;
}

static bool is_blank(char byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

size_t bench_words(const struct line *line) {
    size_t n = 0;
    for (size_t i = 0; i < line->length; i++)
        n += !is_blank(line->bytes[i]) && (i == 0 || is_blank(line->bytes[i - 1]));
    return n;
}

/* ---- the plan -------------------------------------------------------------------------------- */

int bench_plan(struct bench_plan *plan, const struct options *options) {
    *plan = (struct bench_plan){.options = options,
                                .rounds = options->rounds ? (int)options->rounds : 5,
                                .on_terminal = !options->quiet && isatty(STDERR_FILENO)};
    machine_describe(&plan->machine);
    if (!choose_lists(plan, options)) return EXIT_USAGE;
    return options->input ? read_file(plan, options->input) : take_built_in(plan);
}

void bench_plan_free(struct bench_plan *plan) {
    for (size_t i = 0; i < plan->n_lines; i++) free(plan->lines[i].bytes);
    free(plan->lines);
}

void bench_progress(const struct bench_plan *plan, const char *format, ...) {
    if (!plan->on_terminal) return;
    va_list args;
    va_start(args, format);
    fputs("\r\033[K", stderr);
    vfprintf(stderr, format, args);
    fflush(stderr);
    va_end(args);
}
