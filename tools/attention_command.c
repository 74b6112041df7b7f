/* tolka attention: translates a text and shows what the translation looks at. */
#define _POSIX_C_SOURCE 200809L
#include "tools/attention_gather.h"
#include "tools/attention_show.h"
#include "tools/commands.h"
#include "tools/whole_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
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
        show_attention_text(out, looked, to_terminal ? terminal_colours(STDOUT_FILENO) : NO_COLOURS,
                            terminal_columns(STDOUT_FILENO));
    }
}

struct shown {
    const struct looked *looked;
    int format;
};

static void show_in_file(FILE *out, const void *user) {
    const struct shown *shown = user;
    show(out, shown->looked, shown->format, false);
}

static int write_looked(const struct options *options, const struct looked *looked, int format) {
    struct shown shown = {looked, format};
    if (writes_file(options))
        return write_whole_file(options->output, options->force, show_in_file, &shown);
    show(stdout, looked, format, true);
    return EXIT_DONE;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int look(const struct options *options, const struct session *session, const char *text,
                int format) {
    struct gathered gathered;
    int status = gather(&gathered, options, session, text);
    if (status == EXIT_DONE) status = write_looked(options, &gathered.looked, format);
    gathered_free(&gathered);
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
    if (status == EXIT_DONE) status = check_whole_file(options->output, options->force);
    if (status != EXIT_DONE) return status;
    char *text = join_arguments(options);
    status = text ? open_and_look(options, text, format) : complain(EXIT_MODEL, "out of memory");
    free(text);
    return status;
}
