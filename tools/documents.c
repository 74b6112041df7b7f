#define _POSIX_C_SOURCE 200809L
#include "tools/documents.h"

#include "models/convert/output_file.h"
#include "tools/complain.h"
#include "tools/machine.h"
#include "tools/printable.h"
#include "tools/session.h"
#include "tools/text_file.h"
#include "tools/written.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 1 << 16 };

struct work {
    const struct options *options;
    char *input; /* the document's bytes */
    size_t n_input;
    tolka_document *document;
    struct session session;
    double began, shown_at;
};

/* ---- options --------------------------------------------------------------------------------- */

const char *document_format(const struct options *options) {
    const char *format = options->format;
    if (!format) format = options->input ? tolka_document_format(options->input) : "lines";
    return strcmp(format, "lines") == 0 ? NULL : format;
}

static bool requires_words(const struct options *options) {
    for (int i = 0; i < options->n_settings; i++)
        if (strcmp(options->settings[i].option, "require") == 0) return true;
    return false;
}

/* Options that say something about single lines. */
static int check_options(const struct options *options, const char *format) {
    const char *other = options->json              ? "json"
                        : options->ids             ? "ids"
                        : options->nbest           ? "nbest"
                        : options->alternatives    ? "alternatives"
                        : options->alignments      ? "alignments"
                        : options->soft_alignments ? "soft-alignments"
                        : options->prefix          ? "prefix"
                        : options->prefix_column   ? "prefix-column"
                        : requires_words(options)  ? "require"
                                                   : NULL;
    if (!other) return EXIT_DONE;
    if (options->format)
        return complain(EXIT_USAGE, "--%s does not go with --format %s", other, format);
    return complain(EXIT_USAGE,
                    "--%s does not go with a document (%s says: %s); --format lines reads lines",
                    other, options->input, format);
}

/* ---- input ----------------------------------------------------------------------------------- */

static int read_all(struct work *work, int fd, const char *name) {
    size_t capacity = 0;
    for (ssize_t n = 1; n != 0;) {
        if (capacity - work->n_input < READ_SIZE) {
            capacity = 2 * capacity + READ_SIZE;
            char *grown = realloc(work->input, capacity);
            if (!grown) return complain(EXIT_MODEL, "%s: out of memory", name);
            work->input = grown;
        }
        n = read(fd, work->input + work->n_input, capacity - work->n_input);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n < 0)
            return complain(EXIT_USAGE, "%s: %s", name, strerror(errno));
        else
            work->n_input += (size_t)n;
    }
    return EXIT_DONE;
}

static int read_input(struct work *work) {
    const struct options *options = work->options;
    bool is_file = options->input && strcmp(options->input, "-") != 0;
    if (options->n_arguments) {
        work->input = join_arguments(options);
        work->n_input = work->input ? strlen(work->input) : 0;
        return work->input ? EXIT_DONE : complain(EXIT_MODEL, "out of memory");
    }
    int fd = STDIN_FILENO;
    int status = is_file ? text_file_open(options->input, &fd) : EXIT_DONE;
    if (status == EXIT_DONE)
        status = read_all(work, fd, is_file ? options->input : "standard input");
    if (is_file && fd >= 0) close(fd);
    return status;
}

static int parse(struct work *work, const char *format) {
    tolka_error err;
    tolka_status status =
        tolka_document_new(&work->document, format, work->input, work->n_input, &err);
    if (status == TOLKA_OK) return EXIT_DONE;
    const char *name = work->options->input ? work->options->input : "standard input";
    if (status == TOLKA_ARGUMENT) return complain(EXIT_USAGE, "--format: %s", err.text);
    return complain(status == TOLKA_NOMEM ? EXIT_MODEL : EXIT_INPUT, "%s: %s", name, err.text);
}

/* ---- translation ----------------------------------------------------------------------------- */

static int show_progress(void *user, size_t n_done, size_t n) {
    struct work *work = user;
    double now = seconds_now();
    if (work->options->quiet || !isatty(STDERR_FILENO) || work->options->n_arguments) return 0;
    if (n_done < n && now - work->shown_at < 0.2) return 0;
    work->shown_at = now;
    fprintf(stderr, "\r\033[K%zu of %zu texts", n_done, n);
    if (n_done == n) fprintf(stderr, "  %.1f s\n", now - work->began);
    return 0;
}

/* One line for each text that stays as it was. */
static int report_problems(const struct work *work) {
    int status = EXIT_DONE;
    for (size_t i = 0; i < tolka_document_count(work->document); i++) {
        const char *problem = tolka_document_problem(work->document, i);
        if (!problem) continue;
        status =
            complain(EXIT_INPUT, "line %zu: %s", tolka_document_line(work->document, i), problem);
    }
    return status;
}

static int translate(struct work *work, int *status) {
    tolka_error err;
    work->began = seconds_now();
    if (tolka_translate_document(work->session.translator, work->session.tokenizer, work->document,
                                 show_progress, work, &err) != TOLKA_OK)
        return complain(EXIT_MODEL, "%s", err.text);
    *status = report_problems(work);
    return EXIT_DONE;
}

/* ---- output ---------------------------------------------------------------------------------- */

/* A file appears as a whole: whoever stops this, or has no room left, keeps what was there. */
static int write_bytes(const struct options *options, const char *bytes, size_t n) {
    struct output_file output;
    tolka_error err;
    if (output_open(&output, options->output, OUTPUT_REPLACE, &err) != TOLKA_OK)
        return complain(EXIT_USAGE, "%s", err.text);
    FILE *out = output_file_stream(&output);
    if (out) put_translation(out, bytes, n);
    if (out && options->n_arguments) putc('\n', out);
    int reason = out ? flush_output(out) : errno;
    if (out) fclose(out);
    if (!reason && output_finish(&output, &err) == TOLKA_OK) return EXIT_DONE;
    output_discard(&output);
    return reason ? complain(EXIT_INPUT, "cannot write: %s", strerror(reason))
                  : complain(EXIT_INPUT, "%s", err.text);
}

static int write_document(const struct work *work) {
    tolka_error err;
    char *bytes;
    size_t n;
    if (tolka_document_write(work->document, &bytes, &n, &err) != TOLKA_OK)
        return complain(EXIT_MODEL, "%s", err.text);
    int status = write_bytes(work->options, bytes, n);
    tolka_free(bytes);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* The session opens neither input nor output: both are whole here. */
static int open_session(struct work *work) {
    struct options options = *work->options;
    tolka_options decoding;
    tolka_error err;
    if (output_check(options.output, OUTPUT_REPLACE, &err) != TOLKA_OK)
        return complain(EXIT_USAGE, "%s", err.text);
    options.input = options.output = NULL;
    if (!decoding_options(&options, &decoding)) return EXIT_USAGE;
    decoding.want_alignments = tolka_document_has_marks(work->document);
    return session_open(&work->session, &options, &decoding);
}

int translate_document(struct options *options, const char *format) {
    struct work work = {.options = options};
    int problems = EXIT_DONE, status = check_options(options, format);
    if (status == EXIT_DONE) status = read_input(&work);
    if (status == EXIT_DONE) status = parse(&work, format);
    if (status == EXIT_DONE) status = open_session(&work);
    if (status == EXIT_DONE) status = translate(&work, &problems);
    if (status == EXIT_DONE) status = write_document(&work);
    session_close(&work.session);
    tolka_document_free(work.document);
    free(work.input);
    return status ? status : problems;
}
