/* tolka convert: makes a model file of a checkpoint. */
#define _POSIX_C_SOURCE 200809L
#include "models/convert/conversion.h"
#include "tools/commands.h"

#include <stdio.h>
#include <unistd.h>

static void show_line(void *user, const char *line) {
    (void)user;
    complain(EXIT_DONE, "%s", line);
}

static void show_progress(void *user, double part, const char *tensor) {
    (void)user;
    fputs("\r\033[K", stderr);
    if (tensor) fprintf(stderr, "tolka: %3.0f%%  %s", 100 * part, tensor);
}

int run_convert(struct options *options) {
    struct convert_options convert_options = {
        .import = {.config = options->config,
                   .family = options->family,
                   .say = options->quiet ? NULL : show_line},
        .vocab = options->vocab,
        .shortlist = options->shortlist,
        .max_source = (uint32_t)options->max_source,
        .progress = !options->quiet && isatty(STDERR_FILENO) ? show_progress : NULL};
    tolka_error err;
    if (options->n_arguments != 1)
        return complain(EXIT_USAGE, "convert needs one checkpoint; see tolka convert --help");
    if (!options->output) return complain(EXIT_USAGE, "convert needs --output FILE");
    if (!parse_type(options->type ? options->type : "int8", &convert_options.type))
        return complain(EXIT_USAGE, "--type is \"%s\"; expected f32, f16, bf16 or int8",
                        options->type);
    if (convert(options->arguments[0], options->output, &convert_options, &err) != TOLKA_OK)
        return complain(EXIT_MODEL, "%s", err.text);
    return EXIT_DONE;
}
