/* tolka check: does this machine give the answers that were stored when the file was made? */
#define _POSIX_C_SOURCE 200809L
#include "tools/commands.h"
#include "models/convert/references.h"
#include "tools/session.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

/* How far log-probabilities may be from the f32 references: what the weights' type costs. */
struct tolerance {
    const char *type;
    double max, mean;
};

static struct tolerance tolerance_of(const tolka_model *model) {
    const struct matrix *w = &model->model.encoder[0].self.q.w;
    switch (w->type) {
    case DTYPE_F32:
        return (struct tolerance){"f32", 1e-3, 1e-4};
    case DTYPE_F16:
        return (struct tolerance){"f16", 5e-2, 5e-3};
    case DTYPE_BF16:
        return (struct tolerance){"bf16", 1, 0.1};
    default:
        return (struct tolerance){"int8", 2, 0.25};
    }
}

struct outcome {
    const struct reference *reference;
    tolka_result *result;
    double max, mean;
};

static void keep_result(void *user, size_t index, tolka_result *result) {
    ((struct outcome *)user)[index].result = result;
}

static void compare(struct outcome *outcome) {
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(outcome->result, 0, &n);
    if (n != outcome->reference->n_target) outcome->max = outcome->mean = INFINITY;
    for (size_t i = 0; i < n && i < outcome->reference->n_target; i++) {
        double difference =
            fabs((double)tokens[i].log_prob - (double)outcome->reference->log_probs[i]);
        if (!(difference <= outcome->max)) outcome->max = difference;
        outcome->mean += difference / (double)n;
    }
}

static tolka_status score_references(const tolka_model *model, struct outcome *outcomes, size_t n,
                                     const tolka_options *options, const char **isa,
                                     tolka_error *err) {
    tolka_translator *translator;
    tolka_input *inputs = calloc(n, sizeof *inputs);
    if (!inputs) return fail(err, TOLKA_NOMEM, "out of memory");
    tolka_status status = tolka_translator_new(&translator, model, options, err);
    if (status == TOLKA_OK) {
        for (size_t i = 0; i < n; i++) {
            const struct reference *reference = outcomes[i].reference;
            inputs[i] =
                (tolka_input){reference->source,       reference->n_source, reference->start,
                              reference->forced_first, reference->target,   reference->n_target};
        }
        status = tolka_score(translator, inputs, n, keep_result, outcomes, err);
        *isa = tolka_translator_isa(translator);
        tolka_translator_free(translator);
    }
    free(inputs);
    return status;
}

static int report(const struct options *options, const char *path, struct outcome *outcomes,
                  size_t n, struct tolerance tolerance, const char *isa) {
    double max = 0, mean = 0;
    size_t n_tokens = 0;
    for (size_t i = 0; i < n; i++) {
        compare(&outcomes[i]);
        if (!(outcomes[i].max <= max)) max = outcomes[i].max;
        mean += outcomes[i].mean / (double)n;
        n_tokens += outcomes[i].reference->n_target;
    }
    bool good = max <= tolerance.max && mean <= tolerance.mean;
    if (options->json) {
        json_t *object = json_pack(
            "{s:s, s:s, s:s, s:b, s:i, s:i, s:f, s:f}", "file", path, "type", tolerance.type, "isa",
            isa, "ok", good, "sentences", (int)n, "tokens", (int)n_tokens, "greatest_difference",
            isfinite(max) ? max : 1e30, "mean_difference", isfinite(mean) ? mean : 1e30);
        json_dumpf(object, stdout, JSON_REAL_PRECISION(6));
        putchar('\n');
        json_decref(object);
    } else {
        printf("%s: %s on this machine (%s weights, %s kernels)\n", path, good ? "right" : "WRONG",
               tolerance.type, isa);
        printf("  %zu sentences, %zu tokens: log-probabilities differ from the source weights' by "
               "%.2g at most (%.2g allowed), %.2g on average (%.2g allowed)\n",
               n, n_tokens, max, tolerance.max, mean, tolerance.mean);
    }
    return good ? EXIT_DONE : EXIT_INPUT;
}

int run_check(struct options *options) {
    char buffer[4096];
    tolka_model *model;
    tolka_error err;
    tolka_options decoding;
    const char *isa = "", *path;
    struct reference *references;
    size_t n;
    if (options->n_arguments > 1) return complain(EXIT_USAGE, "check takes one file");
    if (options->n_arguments) options->model = options->arguments[0];
    if (!decoding_options(options, &decoding)) return EXIT_USAGE;
    decoding.threads = 1;
    int status = open_model(options, &model, &path, buffer);
    if (status != EXIT_DONE) return status;
    tolka_status read = references_read(&model->gguf, &references, &n, &err);
    if (read == TOLKA_OK && n == 0)
        read = fail(&err, TOLKA_INPUT, "%s: the file carries no references to check against", path);
    struct outcome *outcomes = calloc(n ? n : 1, sizeof *outcomes);
    for (size_t i = 0; outcomes && i < n; i++) outcomes[i].reference = &references[i];
    if (read == TOLKA_OK && !outcomes) read = fail(&err, TOLKA_NOMEM, "out of memory");
    if (read == TOLKA_OK) read = score_references(model, outcomes, n, &decoding, &isa, &err);
    if (read == TOLKA_OK)
        status = report(options, path, outcomes, n, tolerance_of(model), isa);
    else
        status = complain(EXIT_MODEL, "%s", err.text);
    for (size_t i = 0; outcomes && i < n; i++) tolka_result_free(outcomes[i].result);
    free(outcomes);
    references_free(references, n);
    tolka_model_free(model);
    return status;
}
