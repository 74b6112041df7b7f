#define _POSIX_C_SOURCE 200809L
#include "tools/making.h"

#include "models/convert/output_file.h"
#include "tools/complain.h"
#include "tools/printable.h"

#include <stdio.h>
#include <unistd.h>

static void show_line(void *user, const char *line) {
    (void)user;
    complain(EXIT_DONE, "%s", line);
}

static void show_progress(void *user, double part, const char *tensor) {
    (void)user;
    fputs("\r\033[K", stderr);
    if (tensor) print_printable(stderr, "tolka: %3.0f%%  %s", 100 * part, tensor);
}

bool choose_type(const struct options *options, enum dtype *type) {
    if (parse_type(options->type ? options->type : "int8", type)) return true;
    complain(EXIT_USAGE, "--type is \"%s\"; expected f32, f16, bf16, int8 or q4", options->type);
    return false;
}

int make_model(const char *checkpoint, const char *path, struct convert_options *how, bool quiet,
               struct conversion_result *result) {
    tolka_error err;
    how->import.say = quiet ? NULL : show_line;
    how->progress = !quiet && isatty(STDERR_FILENO) ? show_progress : NULL;
    if (convert_with_result(checkpoint, path, how, result, &err) == TOLKA_OK) return EXIT_DONE;
    if (result->reader_gone) output_broken_pipe();
    return complain(EXIT_MODEL, "%s", err.text);
}
