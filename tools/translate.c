/* tolka translate and tolka score: lines in, lines out, in order, each as soon as it and all lines
 * before it are done. */
#define _POSIX_C_SOURCE 200809L
#include "tools/commands.h"
#include "tools/show.h"
#include "tools/session.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MIN_WINDOW = 64, MAX_WINDOW = 8192, LINES_PER_SLOT = 32 };

struct item {
    struct line line;
    size_t source_length; /* of the line; score: up to the tab */
    int32_t *ids, *target;
    size_t n_ids, n_target;
    const char *problem; /* why it cannot be translated at all */
    struct buffer shown;
    bool ready;
};

struct run {
    const struct options *options;
    struct session session;
    bool scoring;
    size_t n_empty_ids; /* tokens of an empty text: none of them is content */
    struct item *items;
    size_t n_items, window;
    tolka_input *inputs;
    size_t *input_items; /* the item of each input */
    /* under the mutex: */
    pthread_mutex_t mutex;
    size_t n_flushed; /* of this window */
    bool write_failed;
    /* of the whole run */
    unsigned long long n_lines;
    int status;
    double began, shown_at;
    unsigned long long bytes_read, bytes_total;
};

/* ---- progress -------------------------------------------------------------------------------- */

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool wants_progress(const struct run *run) {
    return !run->options->quiet && isatty(STDERR_FILENO) && !isatty(run->session.out) &&
           run->options->n_arguments == 0;
}

static void show_progress(struct run *run, bool last) {
    double now = seconds();
    if (!wants_progress(run) || (!last && now - run->shown_at < 0.2)) return;
    run->shown_at = now;
    tolka_stats stats;
    tolka_translator_stats(run->session.translator, &stats);
    double elapsed = now - run->began;
    fprintf(stderr, "\r\033[K%llu lines  %.0f tokens/s", run->n_lines + run->n_flushed,
            elapsed > 0 ? (double)stats.target_tokens / elapsed : 0);
    if (run->bytes_total && run->bytes_read && !last) {
        double share = (double)run->bytes_read / (double)run->bytes_total;
        fprintf(stderr, "  %.0f%%  %.0f s left", 100 * share, elapsed * (1 - share) / share);
    }
    if (last) fputc('\n', stderr);
}

/* ---- one line -------------------------------------------------------------------------------- */

static size_t encode_text(const tolka_tokenizer *tokenizer, const char *text, size_t length,
                          size_t (*encode)(const tolka_tokenizer *, const char *, size_t, int32_t *,
                                           size_t),
                          int32_t **ids) {
    /* A token for every byte and some special ones is nearly always enough; if not, once more. */
    size_t capacity = length + 16, n;
    *ids = malloc(capacity * sizeof **ids);
    n = *ids ? encode(tokenizer, text, length, *ids, capacity) : 0;
    if (n <= capacity) return n;
    free(*ids);
    *ids = malloc(n * sizeof **ids);
    return *ids ? encode(tokenizer, text, length, *ids, n) : 0;
}

static void prepend_forced(const struct run *run, struct item *item) {
    int32_t forced = tolka_tokenizer_forced_first(run->session.tokenizer);
    if (forced < 0) return;
    int32_t *longer = malloc((item->n_target + 1) * sizeof *longer);
    if (!longer) return;
    longer[0] = forced;
    memcpy(longer + 1, item->target, item->n_target * sizeof *longer);
    free(item->target);
    item->target = longer;
    item->n_target++;
}

static void read_item(void *user, size_t i) {
    struct run *run = user;
    struct item *item = &run->items[i];
    const char *source = item->line.bytes, *tab = NULL;
    item->source_length = item->line.length;
    if (run->scoring) {
        tab = memchr(source, '\t', item->line.length);
        if (!tab) {
            item->problem = item->line.length ? "no tab between source and target" : NULL;
            return;
        }
        item->source_length = (size_t)(tab - source);
    }
    const char *target = tab ? tab + 1 : NULL;
    size_t target_length = tab ? item->line.length - item->source_length - 1 : 0;
    if (run->options->ids) {
        if (!parse_ids(source, item->source_length, &item->ids, &item->n_ids) ||
            (tab && !parse_ids(target, target_length, &item->target, &item->n_target)))
            item->problem = "not a list of token ids";
        return;
    }
    const tolka_tokenizer *tokenizer = run->session.tokenizer;
    item->n_ids = encode_text(tokenizer, source, item->source_length, tolka_encode, &item->ids);
    if (item->n_ids <= run->n_empty_ids) item->n_ids = 0;
    if (!tab) return;
    item->n_target =
        encode_text(tokenizer, target, target_length, tolka_encode_target, &item->target);
    prepend_forced(run, item);
}

static void finish_item(struct run *run, struct item *item, const tolka_result *result) {
    struct shown shown = {.source = item->line.bytes,
                          .source_length = item->source_length,
                          .source_ids = item->ids,
                          .n_source_ids = item->n_ids,
                          .tokenizer = run->options->ids ? NULL : run->session.tokenizer,
                          .result = result,
                          .json = run->options->json,
                          .all = run->options->nbest > 0};
    if (run->scoring && !run->options->json) {
        char score[48];
        int n = snprintf(score, sizeof score, "%.6f\n",
                         tolka_result_count(result) ? (double)tolka_result_score(result, 0) : 0.0);
        buffer_add(&item->shown, score, (size_t)n);
        return;
    }
    show(&item->shown, &shown);
}

static void free_item(struct item *item) {
    free(item->line.bytes);
    free(item->ids);
    free(item->target);
    buffer_free(&item->shown);
    *item = (struct item){0};
}

/* ---- a window of lines ----------------------------------------------------------------------- */

/* Writes all lines that are ready and have nothing unready before them. */
static void flush_ready(struct run *run) {
    struct buffer out = {0};
    size_t first = run->n_flushed;
    while (run->n_flushed < run->n_items && run->items[run->n_flushed].ready) {
        struct buffer *shown = &run->items[run->n_flushed++].shown;
        buffer_add(&out, shown->bytes, shown->n_bytes);
        buffer_free(shown);
    }
    if (run->n_flushed == first) return;
    if (out.failed || !write_all(run->session.out, out.bytes, out.n_bytes))
        run->write_failed = true;
    buffer_free(&out);
    show_progress(run, false);
}

static void mark_ready(struct run *run, size_t i, const char *problem) {
    pthread_mutex_lock(&run->mutex);
    run->items[i].ready = true;
    if (problem) {
        complain(EXIT_INPUT, "line %llu: %s", run->n_lines + i + 1, problem);
        run->status = EXIT_INPUT;
    }
    flush_ready(run);
    pthread_mutex_unlock(&run->mutex);
}

static void take_result(void *user, size_t index, tolka_result *result) {
    struct run *run = user;
    size_t i = run->input_items[index];
    const char *why;
    bool failed = tolka_result_status(result, &why) != TOLKA_OK;
    finish_item(run, &run->items[i], result);
    mark_ready(run, i, failed ? why : NULL);
    tolka_result_free(result);
}

static size_t collect_inputs(struct run *run) {
    size_t n_inputs = 0;
    const tolka_tokenizer *tokenizer = run->session.tokenizer;
    for (size_t i = 0; i < run->n_items; i++) {
        struct item *item = &run->items[i];
        if (item->problem || item->n_ids == 0 || (run->scoring && item->n_target == 0)) {
            finish_item(run, item, NULL);
            mark_ready(run, i, item->problem);
            continue;
        }
        run->input_items[n_inputs] = i;
        run->inputs[n_inputs++] = (tolka_input){
            .ids = item->ids,
            .n_ids = item->n_ids,
            .target = item->target,
            .n_target = item->n_target,
            .start = tokenizer ? tolka_tokenizer_start(tokenizer) : -1,
            .forced_first = tokenizer ? tolka_tokenizer_forced_first(tokenizer) : -1,
        };
    }
    return n_inputs;
}

static int run_window(struct run *run) {
    tolka_error err;
    run->n_flushed = 0;
    tolka_parallel(run->session.translator, run->n_items, read_item, run);
    size_t n_inputs = collect_inputs(run);
    tolka_status status = (run->scoring ? tolka_score : tolka_translate)(
        run->session.translator, run->inputs, n_inputs, take_result, run, &err);
    for (size_t i = 0; i < run->n_items; i++) {
        run->bytes_read += run->items[i].line.length + 1;
        free_item(&run->items[i]);
    }
    run->n_lines += run->n_items;
    if (status != TOLKA_OK) return complain(EXIT_MODEL, "%s", err.text);
    if (run->write_failed) return complain(EXIT_INPUT, "cannot write: %s", strerror(errno));
    return EXIT_DONE;
}

static int run_lines(struct run *run) {
    if (isatty(run->session.in) && !run->options->quiet)
        fputs("tolka: type lines to translate; Ctrl-D ends (tolka --help shows the options)\n",
              stderr);
    struct line_reader reader = line_reader(run->session.in);
    struct line *lines = calloc(run->window, sizeof *lines);
    int status = lines ? EXIT_DONE : complain(EXIT_MODEL, "out of memory");
    while (status == EXIT_DONE && (run->n_items = lines_read(&reader, lines, run->window)) > 0) {
        for (size_t i = 0; i < run->n_items; i++) run->items[i].line = lines[i];
        status = run_window(run);
    }
    if (reader.failed && status == EXIT_DONE)
        status = complain(EXIT_INPUT, "cannot read: %s", strerror(errno));
    line_reader_free(&reader);
    free(lines);
    return status;
}

/* The text given as arguments: joined by blanks, as the shell had cut it; a line a line. */
static int run_arguments(struct run *run) {
    size_t length = 0;
    for (int i = 0; i < run->options->n_arguments; i++)
        length += strlen(run->options->arguments[i]) + 1;
    char *text = malloc(length + 1), *at = text;
    if (!text) return complain(EXIT_MODEL, "out of memory");
    for (int i = 0; i < run->options->n_arguments; i++)
        at += sprintf(at, "%s%s", i ? " " : "", run->options->arguments[i]);
    int status = EXIT_DONE;
    for (at = text; status == EXIT_DONE && at;) {
        size_t n = strcspn(at, "\n");
        run->items[0].line = (struct line){strndup(at, n), n};
        run->n_items = 1;
        status = run->items[0].line.bytes ? run_window(run) : complain(EXIT_MODEL, "out of memory");
        at = at[n] && at[n + 1] ? at + n + 1 : NULL;
    }
    free(text);
    return status;
}

static void measure_input(struct run *run) {
    struct stat info;
    if (fstat(run->session.in, &info) == 0 && S_ISREG(info.st_mode))
        run->bytes_total = (unsigned long long)info.st_size;
}

static int prepare(struct run *run, const tolka_options *decoding) {
    int threads = tolka_translator_threads(run->session.translator);
    run->window = (size_t)decoding->batch * (size_t)threads * LINES_PER_SLOT;
    if (run->window < MIN_WINDOW) run->window = MIN_WINDOW;
    if (run->window > MAX_WINDOW) run->window = MAX_WINDOW;
    run->items = calloc(run->window, sizeof *run->items);
    run->inputs = calloc(run->window, sizeof *run->inputs);
    run->input_items = calloc(run->window, sizeof *run->input_items);
    if (!run->items || !run->inputs || !run->input_items)
        return complain(EXIT_MODEL, "out of memory");
    if (run->session.tokenizer)
        run->n_empty_ids = tolka_encode(run->session.tokenizer, "", 0, NULL, 0);
    measure_input(run);
    run->began = seconds();
    return EXIT_DONE;
}

static int run_command(struct options *options, bool scoring) {
    struct run run = {.options = options, .scoring = scoring};
    tolka_options decoding;
    if (!decoding_options(options, &decoding)) return EXIT_USAGE;
    if (options->nbest && !options->beam) decoding.beam = 0;
    if (scoring && options->n_arguments)
        return complain(EXIT_USAGE, "score reads \"source<TAB>target\" lines, no arguments");
    int status = session_open(&run.session, options, &decoding);
    if (status == EXIT_DONE) status = prepare(&run, &decoding);
    pthread_mutex_init(&run.mutex, NULL);
    if (status == EXIT_DONE) status = options->n_arguments ? run_arguments(&run) : run_lines(&run);
    if (status == EXIT_DONE && run.n_lines) show_progress(&run, true);
    pthread_mutex_destroy(&run.mutex);
    free(run.items);
    free(run.inputs);
    free(run.input_items);
    session_close(&run.session);
    return status ? status : run.status;
}

int run_translate(struct options *options) {
    return run_command(options, false);
}

int run_score(struct options *options) {
    return run_command(options, true);
}
