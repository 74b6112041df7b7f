/* tolka check: does this machine give the answers that were stored when the file was made? */
#include "models/convert/references_check.h"
#include "tools/commands.h"
#include "tools/session.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

static void print_json(const char *path, const struct verdict *verdict) {
    json_t *object = json_pack("{s:s, s:s, s:s, s:b, s:i, s:i, s:f, s:f}", "file", path, "type",
                               verdict->type, "isa", verdict->isa, "ok", verdict->good, "sentences",
                               (int)verdict->n_sentences, "tokens", (int)verdict->n_tokens,
                               "greatest_difference", isfinite(verdict->max) ? verdict->max : 1e30,
                               "mean_difference", isfinite(verdict->mean) ? verdict->mean : 1e30);
    json_dumpf(object, stdout, JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(object);
}

static void print_text(const char *path, const struct verdict *verdict) {
    printf("%s: %s on this machine (%s weights, %s kernels)\n", path,
           verdict->good ? "right" : "WRONG", verdict->type, verdict->isa);
    printf("  %zu sentences, %zu tokens: log-probabilities differ from the source weights' by "
           "%.2g at most (%.2g allowed), %.2g on average (%.2g allowed)\n",
           verdict->n_sentences, verdict->n_tokens, verdict->max, verdict->max_allowed,
           verdict->mean, verdict->mean_allowed);
}

static int check_model(const tolka_model *model, const char *path, const struct options *options,
                       const tolka_options *decoding) {
    struct verdict verdict;
    tolka_error err;
    if (check_references(model, decoding, &verdict, &err) != TOLKA_OK)
        return complain(EXIT_MODEL, "%s", err.text);
    if (options->json)
        print_json(path, &verdict);
    else if (!options->quiet || !verdict.good)
        print_text(path, &verdict);
    return verdict.good ? EXIT_DONE : EXIT_INPUT;
}

int run_check(struct options *options) {
    struct model_file file;
    tolka_model *model = NULL;
    tolka_options decoding;
    if (options->n_arguments > 1) return complain(EXIT_USAGE, "check takes one file");
    if (options->n_arguments) options->model = options->arguments[0];
    if (!decoding_options(options, &decoding)) return EXIT_USAGE;
    decoding.threads = 1;
    int status = open_model(&file, options, &model);
    if (status == EXIT_DONE) status = check_model(model, file.path, options, &decoding);
    tolka_model_free(model);
    model_file_close(&file);
    return status;
}
