/* tolka convert: makes a model file of a checkpoint, and says what has been made. */
#define _POSIX_C_SOURCE 200809L
#include "models/checkpoint/names.h"
#include "models/convert/output_file.h"
#include "models/convert/references_check.h"
#include "tools/commands.h"
#include "tools/making.h"
#include "tools/printable.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what has been made ---------------------------------------------------------------------- */

struct made {
    const char *path;
    struct conversion_result result;
    struct verdict verdict;
    uint64_t bytes;
    tolka_languages *languages; /* NULL: it names none */
};

/* A model that does not give its source's answers is worth nothing: that is looked at in any
 * case. */
static int look_at(struct made *made) {
    tolka_error err;
    tolka_model *model;
    struct stat info;
    tolka_options options = TOLKA_OPTIONS_INIT;
    if (stat(made->path, &info) == 0) made->bytes = (uint64_t)info.st_size;
    if (tolka_model_open(&model, made->path, &err) != TOLKA_OK)
        return complain(EXIT_MODEL, "%s", err.text);
    int status = EXIT_DONE;
    if (check_references(model, &options, &made->verdict, &err) != TOLKA_OK)
        status = complain(EXIT_MODEL, "%s", err.text);
    if (tolka_model_languages(model, &made->languages, NULL) != TOLKA_OK) made->languages = NULL;
    tolka_model_free(model);
    if (status == EXIT_DONE && !made->verdict.good)
        status = complain(EXIT_INPUT,
                          "%s does not give the answers of its source; tolka check says more",
                          made->path);
    return status;
}

static void print_count(double n) {
    if (n >= 1e9)
        printf("%.1f G", n / 1e9);
    else if (n >= 1e6)
        printf("%.1f M", n / 1e6);
    else
        printf("%.0f k", n / 1e3);
}

/* ">>deu<<", "__de__" and "<2de>" without what the checkpoint puts around them. */
static void print_language(const char *name) {
    size_t n = strlen(name);
    while (n > 0 && strchr("<>_2", name[n - 1])) n--;
    size_t before = strspn(name, "<>_2");
    print_printable(stdout, " %.*s", n > before ? (int)(n - before) : 0, name + before);
}

static void print_languages(const tolka_languages *languages) {
    enum { SHOWN = 6 };
    size_t n = languages ? languages->n : 0;
    if (n == 0) return;
    putchar(',');
    for (size_t i = 0; i < n && i < SHOWN; i++) print_language(languages->names[i]);
    if (n > SHOWN) printf(" ... (%zu languages)", n);
}

static void print_made(const struct made *made) {
    print_printable(stdout, "%s: %s, ", file_name(made->path), made->result.family);
    print_count((double)made->result.parameters);
    printf(" parameters, %s, %.1f MB → %.1f MB", made->verdict.type,
           (double)made->result.bytes_before / 1e6, (double)made->bytes / 1e6);
    print_languages(made->languages);
    printf(", %zu of %zu stored sentences reproduced\n", made->verdict.n_good,
           made->verdict.n_sentences);
}

static void print_json(const struct made *made) {
    json_t *languages = json_array();
    for (size_t i = 0; made->languages && i < made->languages->n; i++)
        json_array_append_new(languages, json_string(made->languages->names[i]));
    json_t *object = json_pack(
        "{s:s, s:s, s:I, s:s, s:I, s:I, s:o, s:I, s:I}", "file", made->path, "family",
        made->result.family, "parameters", (json_int_t)made->result.parameters, "type",
        made->verdict.type, "bytes_before", (json_int_t)made->result.bytes_before, "bytes",
        (json_int_t)made->bytes, "languages", languages, "sentences",
        (json_int_t)made->verdict.n_sentences, "reproduced", (json_int_t)made->verdict.n_good);
    json_dumpf(object, stdout, 0);
    putchar('\n');
    json_decref(object);
}

static int report(const struct options *options, struct made *made) {
    int status = look_at(made);
    if (status != EXIT_MODEL && options->json)
        print_json(made);
    else if (status != EXIT_MODEL && !options->quiet)
        print_made(made);
    tolka_free(made->languages);
    return status;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* A pipe or a device takes the model and keeps nothing that could be looked at. */
static bool is_file(const char *path) {
    struct stat info;
    return strcmp(path, "-") != 0 && stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
           strncmp(path, "/dev/", 5) != 0 && strncmp(path, "/proc/", 6) != 0;
}

static int check_usage(const struct options *options) {
    tolka_error err;
    if (options->n_arguments != 1)
        return complain(EXIT_USAGE, "convert needs one checkpoint; see tolka convert --help");
    if (!options->output) return complain(EXIT_USAGE, "convert needs --output FILE");
    if (strcmp(options->output, "-") == 0 && isatty(STDOUT_FILENO))
        return complain(EXIT_USAGE,
                        "a model file is nothing for a terminal; --output names a file");
    if (output_check(options->output, options->force ? OUTPUT_REPLACE : 0, &err) != TOLKA_OK)
        return complain(EXIT_USAGE, "%s", err.text);
    return EXIT_DONE;
}

int run_convert(struct options *options) {
    struct convert_options how = {
        .import = {.config = options->config, .family = options->family},
        .vocab = options->vocab,
        .shortlist = options->shortlist,
        .max_source = (uint32_t)options->max_source,
        .keep = !options->force,
    };
    struct made made = {.path = options->output};
    int status = check_usage(options);
    if (status != EXIT_DONE) return status;
    if (!choose_type(options, &how.type)) return EXIT_USAGE;
    status = make_model(options->arguments[0], made.path, &how, options->quiet, &made.result);
    return status == EXIT_DONE && is_file(made.path) ? report(options, &made) : status;
}
