/* tolka attention: translates a text and shows what the translation looks at. */
#define _POSIX_C_SOURCE 200809L
#include "tools/attention_show.h"
#include "tools/commands.h"
#include "tools/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what form, and where -------------------------------------------------------------------- */

enum format { FORMAT_HTML, FORMAT_SVG, FORMAT_JSON, FORMAT_TEXT, N_FORMATS };
static const char *const format_names[N_FORMATS] = {"html", "svg", "json", "text"};
static const char *const endings[N_FORMATS] = {".html", ".svg", ".json", ".txt"};

static int find_name(const char *const names[N_FORMATS], const char *name) {
    int i = 0;
    while (i < N_FORMATS && strcmp(names[i], name) != 0) i++;
    return i;
}

static bool writes_file(const struct options *options) {
    return options->output && strcmp(options->output, "-") != 0;
}

static int choose_format(const struct options *options, int *format) {
    *format = FORMAT_TEXT;
    if (options->format) {
        *format = find_name(format_names, options->format);
        if (*format < N_FORMATS) return EXIT_DONE;
        return complain(EXIT_USAGE, "--format is \"%s\"; expected html, svg, json or text",
                        options->format);
    }
    if (!writes_file(options)) return EXIT_DONE;
    const char *ending = strrchr(options->output, '.');
    *format = find_name(endings, ending ? ending : "");
    if (*format < N_FORMATS) return EXIT_DONE;
    return complain(EXIT_USAGE, "%s: expected a name in .html, .svg, .json or .txt, or --format",
                    options->output);
}

static int check_output(const struct options *options) {
    tolka_error err;
    if (output_check(options->output, options->force ? OUTPUT_REPLACE : 0, &err) == TOLKA_OK)
        return EXIT_DONE;
    return complain(EXIT_USAGE, "%s", err.text);
}

/* ---- the terminal ---------------------------------------------------------------------------- */

static bool is_set(const char *name) {
    const char *value = getenv(name);
    return value && *value;
}

static enum colours terminal_colours(void) {
    const char *term = getenv("TERM"), *depth = getenv("COLORTERM");
    if (!isatty(STDOUT_FILENO) || is_set("NO_COLOR")) return NO_COLOURS;
    if (!term || strcmp(term, "dumb") == 0) return NO_COLOURS;
    if (depth && (strcmp(depth, "truecolor") == 0 || strcmp(depth, "24bit") == 0))
        return TRUE_COLOURS;
    return COLOURS_256;
}

static size_t terminal_columns(void) {
    const char *columns = getenv("COLUMNS");
    long n = columns ? strtol(columns, NULL, 10) : 0;
    struct winsize size;
    if (n <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) n = size.ws_col;
    return n > 0 && n < 10000 ? (size_t)n : 80;
}

/* ---- output ---------------------------------------------------------------------------------- */

static void show(FILE *out, const struct looked *looked, int format, bool to_terminal) {
    switch (format) {
    case FORMAT_HTML:
        show_attention_html(out, looked);
        break;
    case FORMAT_SVG:
        show_attention_svg(out, looked);
        break;
    case FORMAT_JSON:
        show_attention_json(out, looked);
        break;
    default:
        show_attention_text(out, looked, to_terminal ? terminal_colours() : NO_COLOURS,
                            terminal_columns());
    }
}

/* A file of the output's name is whole or not there. */
static int write_file(const struct options *options, const struct looked *looked, int format) {
    struct output_file output;
    tolka_error err;
    if (output_open(&output, options->output, options->force ? OUTPUT_REPLACE : 0, &err) !=
        TOLKA_OK)
        return complain(EXIT_USAGE, "%s", err.text);
    FILE *out = output_file_stream(&output);
    int reason = out ? 0 : errno;
    if (out) {
        show(out, looked, format, false);
        reason = flush_output(out);
        fclose(out);
    }
    if (!reason && output_finish(&output, &err) == TOLKA_OK) return EXIT_DONE;
    output_discard(&output);
    if (!reason) return complain(EXIT_INPUT, "%s", err.text);
    return complain(EXIT_INPUT, "cannot write %s: %s", options->output, strerror(reason));
}

static int write_looked(const struct options *options, const struct looked *looked, int format) {
    if (writes_file(options)) return write_file(options, looked, format);
    show(stdout, looked, format, true);
    return EXIT_DONE;
}

/* ---- looking --------------------------------------------------------------------------------- */

static void take_result(void *user, size_t index, tolka_result *result) {
    (void)index;
    *(tolka_result **)user = result;
}

/* The text's ids and the translation's tokens, which are the model's own or those of --target. */
static int translate(const struct options *options, const struct session *session, const char *text,
                     tolka_result **result) {
    tolka_error err;
    const char *reason = "out of memory", *target = options->target;
    tolka_text pair = {text, strlen(text), target, target ? strlen(target) : 0};
    tolka_status status = (target ? tolka_score_texts : tolka_translate_texts)(
        session->translator, session->tokenizer, &pair, 1, take_result, result, &err);
    if (status != TOLKA_OK) return complain(EXIT_INPUT, "%s", err.text);
    if (!*result || tolka_result_status(*result, &reason) != TOLKA_OK)
        return complain(EXIT_INPUT, "%s", reason);
    size_t n_source, n_target = 0;
    const int32_t *source = tolka_result_source(*result, &n_source);
    tolka_result_tokens(*result, 0, &n_target);
    if (!source || n_source == 0 || n_target == 0)
        return complain(EXIT_INPUT, "there are no words to look at");
    return EXIT_DONE;
}

/* What is looked at, as it is gathered. */
struct gathered {
    struct looked looked;
    char *source_text, *target_text;
    int32_t *target_ids;
    tolka_pieces *source, *target;
    tolka_attention *attention;
};

static tolka_status gather_tokens(struct gathered *gathered, const struct session *session,
                                  const tolka_result *result, tolka_error *err) {
    size_t n_source, n_target;
    const int32_t *source = tolka_result_source(result, &n_source);
    const tolka_token *tokens = tolka_result_tokens(result, 0, &n_target);
    gathered->target_ids = malloc(n_target * sizeof *gathered->target_ids);
    if (!gathered->target_ids) return TOLKA_NOMEM;
    for (size_t i = 0; i < n_target; i++) gathered->target_ids[i] = tokens[i].id;
    tolka_status status =
        tolka_token_pieces(session->tokenizer, source, n_source, 0, &gathered->source, err);
    if (status == TOLKA_OK)
        status = tolka_token_pieces(session->tokenizer, gathered->target_ids, n_target, 1,
                                    &gathered->target, err);
    tolka_input input = TOLKA_INPUT_INIT;
    input.ids = source;
    input.n_ids = n_source;
    input.start = tolka_tokenizer_start(session->tokenizer);
    input.target = gathered->target_ids;
    input.n_target = n_target;
    if (status != TOLKA_OK) return status;
    return tolka_attention_new(&gathered->attention, session->translator, &input, err);
}

static bool gather_texts(struct gathered *gathered, const char *text, const tolka_result *result) {
    size_t length, repaired;
    const char *target = tolka_result_text(result, 0, &length);
    gathered->source_text = tolka_repair_text(text, strlen(text), &repaired);
    gathered->target_text = tolka_repair_text(target ? target : "", target ? length : 0, &repaired);
    return gathered->source_text && gathered->target_text;
}

static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int gather(struct gathered *gathered, const struct options *options,
                  const struct session *session, const char *text, const tolka_result *result) {
    tolka_error err = {TOLKA_NOMEM, "out of memory"};
    bool ok = gather_texts(gathered, text, result) &&
              gather_tokens(gathered, session, result, &err) == TOLKA_OK;
    if (!ok) return complain(EXIT_INPUT, "%s", err.text);
    size_t n_source;
    gathered->looked = (struct looked){.model = file_name(session->file.path),
                                       .source_text = gathered->source_text,
                                       .target_text = gathered->target_text,
                                       .source_ids = tolka_result_source(result, &n_source),
                                       .target_ids = gathered->target_ids,
                                       .source = gathered->source,
                                       .target = gathered->target,
                                       .attention = gathered->attention,
                                       .by_pieces = options->pieces};
    return looked_fill(&gathered->looked) ? EXIT_DONE : complain(EXIT_MODEL, "out of memory");
}

static void gathered_free(struct gathered *gathered) {
    looked_free(&gathered->looked);
    tolka_attention_free(gathered->attention);
    tolka_free(gathered->source);
    tolka_free(gathered->target);
    tolka_free(gathered->source_text);
    tolka_free(gathered->target_text);
    free(gathered->target_ids);
}

/* ---- the command ----------------------------------------------------------------------------- */

static int look(const struct options *options, const struct session *session, const char *text,
                int format) {
    tolka_result *result = NULL;
    struct gathered gathered = {0};
    int status = translate(options, session, text, &result);
    if (status == EXIT_DONE) status = gather(&gathered, options, session, text, result);
    if (status == EXIT_DONE) status = write_looked(options, &gathered.looked, format);
    gathered_free(&gathered);
    tolka_result_free(result);
    return status;
}

static int open_and_look(const struct options *options, const char *text, int format) {
    struct session session;
    tolka_options decoding;
    struct options opening = *options;
    opening.output = NULL; /* nothing is written before all is well */
    if (!decoding_options(options, &decoding)) return EXIT_USAGE;
    int status = session_open(&session, &opening, &decoding);
    if (status == EXIT_DONE) status = look(options, &session, text, format);
    session_close(&session);
    return status;
}

int run_attention(struct options *options) {
    int format;
    if (options->n_arguments == 0)
        return complain(EXIT_USAGE, "attention needs a text; see tolka attention --help");
    int status = choose_format(options, &format);
    if (status == EXIT_DONE) status = check_output(options);
    if (status != EXIT_DONE) return status;
    char *text = join_arguments(options);
    status = text ? open_and_look(options, text, format) : complain(EXIT_MODEL, "out of memory");
    free(text);
    return status;
}
