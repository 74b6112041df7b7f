/* tolka translate and tolka score: lines in, lines out, in order, each as soon as it and all lines
 * before it are done. */
#define _POSIX_C_SOURCE 200809L
#include "tools/commands.h"
#include "tools/documents.h"
#include "tools/file_name_note.h"
#include "tools/interrupt.h"
#include "tools/progress.h"
#include "tools/prompt.h"
#include "tools/require.h"
#include "tools/reverse.h"
#include "tools/session.h"
#include "tools/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first window is small, so that its lines come at once; the next ones grow. */
enum { FIRST_WINDOW = 32, GROWTH = 8, MIN_WINDOW = 64, MAX_WINDOW = 8192, LINES_PER_SLOT = 32 };

struct item {
    struct line line;
    size_t source_length; /* of the line; score: up to the tab */
    const char *target;   /* behind the tab: to be scored, or how the translation begins */
    size_t target_length;
    int32_t *ids, *target_ids; /* --ids */
    size_t n_ids, n_target_ids;
    const char *problem; /* why it cannot be translated at all */
    tolka_result *result;
    bool ready;
    bool streamed; /* its text is on the terminal already */
};

struct run {
    const struct options *options;
    struct session session;
    struct reverse reverse; /* score --symmetrize */
    FILE *out;
    bool scoring;
    bool all; /* hypotheses are shown, with scores; else the best */
    /* the lines that are being translated */
    struct item *items;
    size_t n_items, window;
    size_t n_written;
    /* those of them that go to the translator */
    tolka_text *texts;
    tolka_input *inputs;
    size_t *input_items;
    size_t n_inputs;
    /* of the whole run */
    unsigned long long n_lines;
    int status, write_error;
    bool told_encoding;
    struct progress progress;
};

/* ---- one line -------------------------------------------------------------------------------- */

static bool is_blank(const char *text, size_t length) {
    size_t n = 0;
    while (n < length && (text[n] == ' ' || text[n] == '\r')) n++;
    return n == length;
}

/* Where source and target are in the line. */
static void split_line(const struct run *run, struct item *item) {
    const char *line = item->line.bytes;
    item->source_length = item->line.length;
    item->target = run->options->prefix;
    item->target_length = item->target ? strlen(item->target) : 0;
    if (!run->scoring && !run->options->prefix_column) return;
    const char *tab = memchr(line, '\t', item->line.length);
    if (!tab && run->scoring) item->problem = "no tab between source and target";
    if (!tab) return;
    item->source_length = (size_t)(tab - line);
    item->target = tab + 1;
    item->target_length = item->line.length - item->source_length - 1;
    if (memchr(item->target, '\t', item->target_length)) item->problem = "more than one tab";
    /* The end token alone has a score, too, but not one that somebody asked for. */
    else if (run->scoring && is_blank(item->target, item->target_length))
        item->problem = "nothing to score";
}

static void read_ids(struct item *item) {
    if (!parse_ids(item->line.bytes, item->source_length, &item->ids, &item->n_ids) ||
        (item->target &&
         !parse_ids(item->target, item->target_length, &item->target_ids, &item->n_target_ids)))
        item->problem = "not a list of token ids";
}

/* The sum of a target's log-probabilities, or why there is none. */
static void write_score(const struct run *run, const struct shown *shown) {
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(shown->result, 0, &n);
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)tokens[i].log_prob;
    if (shown->problem)
        fprintf(run->out, "error: %s", shown->problem);
    else
        fprintf(run->out, "%.6f",
                shown->normalize ? (double)tolka_result_score(shown->result, 0) : sum);
    for (size_t i = 0; run->options->per_token && i < n; i++)
        fprintf(run->out, "%c%.6f", i ? ' ' : '\t', (double)tokens[i].log_prob);
    if (shown->alignments && !shown->problem) show_alignment(run->out, shown, 0);
    fputc('\n', run->out);
}

static void write_item(const struct run *run, const struct item *item, const char *problem) {
    struct shown shown = {.source = item->line.bytes,
                          .source_length = item->source_length,
                          .ids = item->ids,
                          .n_ids = item->n_ids,
                          .is_ids = run->options->ids,
                          .result = item->result,
                          .json = run->options->json,
                          .all = run->all,
                          .scoring = run->scoring,
                          .normalize = run->options->normalize,
                          .problem = problem,
                          .alignments = shows_alignments(run->options),
                          .soft = run->options->soft_alignments};
    tolka_link *joined =
        reverse_join(&run->reverse, (size_t)(item - run->items), item->result, &shown.n_symmetric);
    shown.symmetric = joined;
    if (item->streamed && !problem)
        fputc('\n', run->out);
    else if (run->scoring && !run->options->json)
        write_score(run, &shown);
    else
        show(run->out, &shown);
    tolka_free(joined);
}

static void free_item(struct item *item) {
    free(item->line.bytes);
    free(item->ids);
    free(item->target_ids);
    tolka_result_free(item->result);
    *item = (struct item){0};
}

/* ---- a window of lines ----------------------------------------------------------------------- */

/* What is wrong with a line that is about to be written; NULL: nothing. */
static const char *problem_of(const struct run *run, const struct item *item) {
    const char *reason;
    size_t n;
    if (item->problem) return item->problem;
    if (item->result && tolka_result_status(item->result, &reason) != TOLKA_OK) return reason;
    tolka_result_tokens(item->result, 0, &n);
    if (run->scoring && n == 0) return "nothing to score";
    return item->result ? reverse_problem(&run->reverse, (size_t)(item - run->items)) : NULL;
}

/* A translation that is there, but bad. */
static void warn_of(struct run *run, const struct item *item) {
    const char *warning = tolka_result_warning(item->result);
    if (!warning) return;
    progress_clear(&run->progress);
    complain(EXIT_INPUT, "line %llu: warning: the translation %s",
             run->n_lines + run->n_written + 1, warning);
    run->status = EXIT_INPUT;
}

/* A translation that has not what it must have looks like any other. */
static void warn_of_missing(const struct run *run, const struct item *item) {
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(item->result, 0, &n);
    if (run->scoring || run->options->quiet || n == 0) return;
    if (lacks_words(&run->session.set, tokens, n))
        complain(EXIT_DONE,
                 "line %llu: not all required words came before the length limit; a greater --beam "
                 "or --max-length may help",
                 run->n_lines + run->n_written + 1);
}

/* A line that a signal came before is not written, nor those behind it. */
static bool was_stopped(const struct item *item) {
    return interrupted() && item->result &&
           tolka_result_status(item->result, NULL) == TOLKA_STOPPED;
}

/* Writes all lines that are ready and have nothing unready before them. */
static void write_ready(struct run *run) {
    size_t first = run->n_written;
    output_hold(&run->session.output);
    for (; run->n_written < run->n_items && run->items[run->n_written].ready; run->n_written++) {
        struct item *item = &run->items[run->n_written];
        if (was_stopped(item)) break;
        const char *problem = problem_of(run, item);
        write_item(run, item, problem);
        progress_count(&run->progress, item->line.length + 1);
        if (!problem) warn_of(run, item);
        if (!problem) warn_of_missing(run, item);
        if (!problem) continue;
        progress_clear(&run->progress);
        complain(EXIT_INPUT, "line %llu: %s", run->n_lines + run->n_written + 1, problem);
        run->status = EXIT_INPUT;
    }
    if (run->n_written > first && !run->write_error) run->write_error = flush_output(run->out);
    output_release(&run->session.output);
    if (run->n_written == first) return;
    progress_show(&run->progress, run->session.translator);
}

static void take_result(void *user, size_t index, tolka_result *result) {
    struct run *run = user;
    struct item *item = &run->items[run->input_items[index]];
    item->result = result;
    if (!result) item->problem = "out of memory";
    item->ready = true;
    write_ready(run);
    /* The signal may have come before this call of the translator began. */
    if (interrupted()) tolka_translator_stop(run->session.translator);
}

static void add_input(struct run *run, size_t i) {
    const struct item *item = &run->items[i];
    const tolka_tokenizer *tokenizer = run->session.tokenizer;
    size_t n = run->n_inputs++;
    run->input_items[n] = i;
    run->texts[n] =
        (tolka_text){item->line.bytes, item->source_length, item->target, item->target_length};
    run->inputs[n] = (tolka_input){
        .ids = item->ids,
        .n_ids = item->n_ids,
        .target = item->target_ids,
        .n_target = item->n_target_ids,
        .start = tokenizer ? tolka_tokenizer_start(tokenizer) : -1,
        .forced_first = tokenizer ? tolka_tokenizer_forced_first(tokenizer) : -1,
    };
}

/* Bytes that are no character are replaced, and the translation is of what is left: a file in another
 * encoding, or one that is no text, should not go unnoticed. Said once. */
static void warn_of_encoding(struct run *run, size_t i) {
    if (run->told_encoding || run->options->quiet || run->options->ids) return;
    if (line_is_utf8(&run->items[i].line)) return;
    run->told_encoding = true;
    progress_clear(&run->progress);
    complain(EXIT_DONE,
             "line %llu: warning: not UTF-8, so some of it is lost; if it is text in another "
             "encoding, iconv converts it",
             run->n_lines + i + 1);
}

/* Lines that need no translator are ready at once. */
static void collect_inputs(struct run *run) {
    bool ids = run->options->ids;
    run->n_inputs = 0;
    for (size_t i = 0; i < run->n_items; i++) {
        struct item *item = &run->items[i];
        split_line(run, item);
        warn_of_encoding(run, i);
        if (ids && !item->problem) read_ids(item);
        bool nothing = (ids && item->n_ids == 0) || (run->scoring && !item->target) ||
                       (ids && run->scoring && item->n_target_ids == 0);
        if (item->problem || nothing)
            item->ready = true;
        else
            add_input(run, i);
    }
}

/* One text on a terminal comes as it is decided. */
static bool streams(const struct run *run) {
    const struct options *options = run->options;
    return run->n_inputs == 1 && isatty(run->session.output.fd) && !options->ids &&
           !options->json && !run->all && !run->scoring;
}

static int print_piece(void *user, const char *text, size_t length) {
    struct run *run = user;
    show_piece(run->out, text, length);
    if (!run->write_error) run->write_error = flush_output(run->out);
    return run->write_error;
}

static tolka_status stream(struct run *run, tolka_error *err) {
    tolka_result *result;
    tolka_status status = tolka_stream_text(run->session.translator, run->session.tokenizer,
                                            run->texts, print_piece, run, &result, err);
    if (status != TOLKA_OK) return status;
    run->items[run->input_items[0]].streamed = true;
    take_result(run, 0, result);
    return TOLKA_OK;
}

static tolka_status translate(struct run *run, tolka_error *err) {
    struct session *session = &run->session;
    if (streams(run)) return stream(run, err);
    if (run->options->ids)
        return (run->scoring ? tolka_score : tolka_translate)(session->translator, run->inputs,
                                                              run->n_inputs, take_result, run, err);
    return (run->scoring ? tolka_score_texts : tolka_translate_texts)(
        session->translator, session->tokenizer, run->texts, run->n_inputs, take_result, run, err);
}

/* Before the results come: their lines can be written at once then. */
static tolka_status align_reverse(struct run *run, tolka_error *err) {
    if (!run->reverse.translator) return TOLKA_OK;
    interrupt_stops(run->reverse.translator);
    tolka_status status =
        reverse_align(&run->reverse, run->texts, run->input_items, run->n_inputs, err);
    interrupt_stops(run->session.translator);
    return status;
}

static int run_window(struct run *run) {
    tolka_error err;
    run->n_written = 0;
    collect_inputs(run);
    write_ready(run);
    tolka_status status = align_reverse(run, &err);
    if (status == TOLKA_OK && !interrupted()) status = translate(run, &err);
    for (size_t i = 0; i < run->n_items; i++) free_item(&run->items[i]);
    run->n_lines += run->n_items;
    run->n_written = 0;
    if (status != TOLKA_OK) return complain(EXIT_MODEL, "%s", err.text);
    if (run->write_error)
        return complain(EXIT_INPUT, "cannot write: %s", strerror(run->write_error));
    return interrupted() ? EXIT_SIGNAL + interrupted() : EXIT_DONE;
}

/* ---- all lines ------------------------------------------------------------------------------- */

static int run_lines(struct run *run) {
    if (isatty(run->session.in) && !run->options->quiet)
        fprintf(stderr, "tolka: type %s; Ctrl-D ends (tolka --help shows the options)\n",
                run->scoring ? "lines of source, tab, translation" : "lines to translate");
    struct line_reader reader = line_reader(run->session.in);
    struct line *lines = calloc(run->window, sizeof *lines);
    size_t most = FIRST_WINDOW;
    int status = lines ? EXIT_DONE : complain(EXIT_MODEL, "out of memory");
    while (status == EXIT_DONE && (run->n_items = lines_read(&reader, lines, most)) > 0) {
        for (size_t i = 0; i < run->n_items; i++) run->items[i].line = lines[i];
        status = run_window(run);
        most = most * GROWTH < run->window ? most * GROWTH : run->window;
    }
    if (reader.reason && status == EXIT_DONE)
        status = complain(EXIT_INPUT, "cannot read: %s", strerror(reader.reason));
    line_reader_free(&reader);
    free(lines);
    return status;
}

static int run_arguments(struct run *run) {
    char *text = join_arguments(run->options);
    int status = text ? EXIT_DONE : complain(EXIT_MODEL, "out of memory");
    for (char *at = text; status == EXIT_DONE && at;) {
        size_t n = strcspn(at, "\n");
        run->items[0].line = (struct line){strndup(at, n), n};
        run->n_items = 1;
        status = run->items[0].line.bytes ? run_window(run) : complain(EXIT_MODEL, "out of memory");
        at = at[n] && at[n + 1] ? at + n + 1 : NULL;
    }
    free(text);
    return status;
}

/* Where nothing else is shown on the terminal. */
static bool wants_progress(const struct run *run) {
    const struct options *options = run->options;
    return !options->quiet && !options->verbose && isatty(STDERR_FILENO) &&
           !isatty(run->session.output.fd) && !isatty(run->session.in) && options->n_arguments == 0;
}

static int prepare(struct run *run, const tolka_options *decoding) {
    int threads = tolka_translator_threads(run->session.translator);
    run->all = run->options->nbest || run->options->alternatives || decoding->n_best > 1;
    run->window = (size_t)decoding->batch * (size_t)threads * LINES_PER_SLOT;
    if (run->window < MIN_WINDOW) run->window = MIN_WINDOW;
    if (run->window > MAX_WINDOW) run->window = MAX_WINDOW;
    run->items = calloc(run->window, sizeof *run->items);
    run->texts = calloc(run->window, sizeof *run->texts);
    run->inputs = calloc(run->window, sizeof *run->inputs);
    run->input_items = calloc(run->window, sizeof *run->input_items);
    run->out = output_file_stream(&run->session.output);
    if (!run->out) return complain(EXIT_INPUT, "cannot write: %s", strerror(errno));
    if (!run->items || !run->texts || !run->inputs || !run->input_items)
        return complain(EXIT_MODEL, "out of memory");
    run->progress = progress_begin(run->session.in, wants_progress(run));
    interrupt_catch(run->session.translator);
    return EXIT_DONE;
}

/* What was finished is put in place, whatever stopped the run; but a disk that is full has not taken
 * it, and then the file stays as it was. */
static int put_in_place(struct run *run, bool stopped) {
    tolka_error err;
    if (run->write_error) return EXIT_DONE; /* said already */
    if (run->out && fclose(run->out) != 0)
        return run->out = NULL, complain(EXIT_INPUT, "cannot write: %s", strerror(errno));
    run->out = NULL;
    if (stopped) return output_stop(&run->session.output), EXIT_DONE;
    if (output_finish(&run->session.output, &err) == TOLKA_OK) return EXIT_DONE;
    return complain(EXIT_INPUT, "%s", err.text);
}

static void finish(struct run *run) {
    free(run->items);
    free(run->texts);
    free(run->inputs);
    free(run->input_items);
    if (run->out) fclose(run->out);
    reverse_close(&run->reverse);
    session_close(&run->session);
}

/* When a signal has come, what must be done before the program ends is done by interrupt_die. */
static int run_all(struct run *run) {
    int status = run->options->n_arguments ? run_arguments(run) : run_lines(run);
    progress_end(&run->progress, run->session.translator);
    if (interrupted()) fflush(run->out);
    interrupt_die();
    int placed = put_in_place(run, status != EXIT_DONE);
    return status == EXIT_DONE ? placed : status;
}

static int run_command(struct options *options, bool scoring) {
    struct run run = {.options = options, .scoring = scoring};
    tolka_options decoding;
    if (!decoding_options(options, &decoding)) return EXIT_USAGE;
    if (scoring && options->n_arguments)
        return complain(EXIT_USAGE, "score reads \"source<TAB>target\" lines, no arguments");
    int status = session_open(&run.session, options, &decoding);
    if (status == EXIT_DONE) status = prepare(&run, &decoding);
    if (status == EXIT_DONE)
        status = reverse_open(&run.reverse, options, run.session.model, &decoding, run.window);
    if (status == EXIT_DONE) status = run_all(&run);
    finish(&run);
    return status ? status : run.status;
}

int run_translate(struct options *options) {
    const char *format = document_format(options);
    note_file_name(options);
    if (format) return translate_document(options, format);
    if (wants_prompt(options)) return run_prompt(options);
    return run_command(options, false);
}

int run_score(struct options *options) {
    return run_command(options, true);
}
