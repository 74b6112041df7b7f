#include "models/convert/references_check.h"

#include "engine/open.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_REFERENCES = 16, LONGEST_REFERENCE = 1024 };

struct reference {
    int32_t *source, *target;
    size_t n_source, n_target;
    int32_t start, forced_first; /* -1: the model's own */
    float *log_probs;            /* of the target tokens */
};

/* ---- reading --------------------------------------------------------------------------------- */

static void references_free(struct reference *references, size_t n) {
    for (size_t i = 0; references && i < n; i++) {
        free(references[i].source);
        free(references[i].target);
        free(references[i].log_probs);
    }
    free(references);
}

static const struct gguf_value *find_array(const struct gguf *gguf, size_t i, const char *what,
                                           enum gguf_type element) {
    char key[64];
    snprintf(key, sizeof key, "tolka.check.%zu.%s", i, what);
    const struct gguf_value *value = gguf_find(gguf, key);
    bool sound = value && value->type == GGUF_ARRAY && value->element == element &&
                 value->count > 0 && value->count <= LONGEST_REFERENCE;
    return sound ? value : NULL;
}

static tolka_status read_reference(const struct gguf *gguf, size_t i, struct reference *reference,
                                   tolka_error *err) {
    const struct gguf_value *source = find_array(gguf, i, "source", GGUF_I32);
    const struct gguf_value *first = find_array(gguf, i, "first", GGUF_I32);
    const struct gguf_value *target = find_array(gguf, i, "target", GGUF_I32);
    const struct gguf_value *log_probs = find_array(gguf, i, "log_probs", GGUF_F32);
    if (!source || !first || first->count != 2 || !target || !log_probs ||
        target->count != log_probs->count)
        return fail(err, TOLKA_FORMAT, "%s: the stored references (tolka.check.*) are damaged",
                    gguf->name);
    *reference = (struct reference){.source = malloc(source->n_bytes),
                                    .target = malloc(target->n_bytes),
                                    .n_source = (size_t)source->count,
                                    .n_target = (size_t)target->count,
                                    .log_probs = malloc(log_probs->n_bytes),
                                    .start = (int32_t)gguf_array_integer(first, 0),
                                    .forced_first = (int32_t)gguf_array_integer(first, 1)};
    if (!reference->source || !reference->target || !reference->log_probs)
        return fail(err, TOLKA_NOMEM, "out of memory");
    memcpy(reference->source, source->data, source->n_bytes);
    memcpy(reference->target, target->data, target->n_bytes);
    memcpy(reference->log_probs, log_probs->data, log_probs->n_bytes);
    return TOLKA_OK;
}

/* *n is 0 if the file has none. */
static tolka_status references_read(const struct gguf *gguf, struct reference **out, size_t *n,
                                    tolka_error *err) {
    int64_t count = 0;
    *out = NULL;
    *n = 0;
    if (!gguf_integer(gguf_find(gguf, "tolka.check.count"), &count) || count == 0) return TOLKA_OK;
    if (count < 0 || count > MAX_REFERENCES)
        return fail(err, TOLKA_FORMAT, "%s: key tolka.check.count is %lld", gguf->name,
                    (long long)count);
    struct reference *references = calloc((size_t)count, sizeof *references);
    tolka_status status = references ? TOLKA_OK : fail(err, TOLKA_NOMEM, "out of memory");
    for (size_t i = 0; status == TOLKA_OK && i < (size_t)count; i++)
        status = read_reference(gguf, i, &references[i], err);
    if (status != TOLKA_OK) {
        references_free(references, (size_t)count);
        return status;
    }
    *out = references;
    *n = (size_t)count;
    return TOLKA_OK;
}

/* ---- running and judging --------------------------------------------------------------------- */

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
    case DTYPE_Q4_0:
        return (struct tolerance){"q4", 12, 1.5};
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

/* A sentence that could not be scored for want of memory says nothing about the model. */
static tolka_status had_memory(const struct outcome *outcomes, size_t n, tolka_error *err) {
    const char *why;
    for (size_t i = 0; i < n; i++) {
        const tolka_result *result = outcomes[i].result;
        if (!result) return fail(err, TOLKA_NOMEM, "out of memory");
        if (tolka_result_status(result, &why) == TOLKA_NOMEM)
            return fail(err, TOLKA_NOMEM, "%s", why);
    }
    return TOLKA_OK;
}

static void judge(struct verdict *verdict, const tolka_model *model, struct outcome *outcomes,
                  size_t n) {
    struct tolerance tolerance = tolerance_of(model);
    verdict->type = tolerance.type;
    verdict->max_allowed = tolerance.max;
    verdict->mean_allowed = tolerance.mean;
    verdict->n_sentences = n;
    for (size_t i = 0; i < n; i++) {
        compare(&outcomes[i]);
        if (!(outcomes[i].max <= verdict->max)) verdict->max = outcomes[i].max;
        verdict->mean += outcomes[i].mean / (double)n;
        verdict->n_good += outcomes[i].max <= tolerance.max;
        verdict->n_tokens += outcomes[i].reference->n_target;
    }
    verdict->good = verdict->max <= tolerance.max && verdict->mean <= tolerance.mean;
}

static tolka_status run_references(const tolka_model *model, const struct reference *references,
                                   size_t n, const tolka_options *options, struct verdict *verdict,
                                   tolka_error *err) {
    struct outcome *outcomes = calloc(n, sizeof *outcomes);
    if (!outcomes) return fail(err, TOLKA_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) outcomes[i].reference = &references[i];
    tolka_status status = score_references(model, outcomes, n, options, &verdict->isa, err);
    if (status == TOLKA_OK) status = had_memory(outcomes, n, err);
    if (status == TOLKA_OK) judge(verdict, model, outcomes, n);
    for (size_t i = 0; i < n; i++) tolka_result_free(outcomes[i].result);
    free(outcomes);
    return status;
}

tolka_status check_references(const tolka_model *model, const tolka_options *options,
                              struct verdict *verdict, tolka_error *err) {
    struct reference *references;
    size_t n;
    *verdict = (struct verdict){.isa = ""};
    tolka_status status = references_read(&model->gguf, &references, &n, err);
    if (status != TOLKA_OK) return status;
    if (n == 0)
        return fail(err, TOLKA_INPUT, "%s: the file carries no references to check against",
                    model->name);
    status = run_references(model, references, n, options, verdict, err);
    references_free(references, n);
    return status;
}
