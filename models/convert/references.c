#include "models/convert/references.h"

#include "engine/open.h"
#include "models/convert/import_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TOKENS = 24, MAX_SOURCE = 256 };

/* Everyday text in several scripts' worth of punctuation; what it means does not matter, only that
 * it exercises the model. */
static const char *const texts[] = {
    "The weather is nice today.",
    "Where did you put the keys?",
    "She said that she would come back tomorrow, but nobody believed her.",
    "Good morning!",
};
enum { N_TEXTS = sizeof texts / sizeof *texts };

struct probe {
    int32_t ids[MAX_SOURCE], target[MAX_TOKENS];
    size_t n_ids, n_target;
    int32_t start, forced_first;
    tolka_result *result;
};

static void keep_result(void *user, size_t index, tolka_result *result) {
    ((struct probe *)user)[index].result = result;
}

static tolka_status tokenize_probe(const tolka_tokenizer *tokenizer, const char *text,
                                   struct probe *probe, tolka_error *err) {
    int32_t *ids;
    size_t n;
    tolka_status status = tolka_tokenize(tokenizer, text, strlen(text), &ids, &n, err);
    if (status != TOLKA_OK) return status;
    probe->n_ids = n < MAX_SOURCE ? n : MAX_SOURCE;
    memcpy(probe->ids, ids, probe->n_ids * sizeof *ids);
    tolka_free(ids);
    probe->start = tolka_tokenizer_start(tokenizer);
    probe->forced_first = tolka_tokenizer_forced_first(tokenizer);
    return TOLKA_OK;
}

static tolka_status tokenize_with(const tolka_model *model, struct probe *probes, const char *from,
                                  const char *to, tolka_error *err) {
    tolka_tokenizer *tokenizer;
    tolka_status status = tolka_tokenizer_new(&tokenizer, model, from, to, err);
    for (size_t i = 0; i < N_TEXTS && status == TOLKA_OK; i++)
        status = tokenize_probe(tokenizer, texts[i], &probes[i], err);
    tolka_tokenizer_free(tokenizer);
    return status;
}

/* Any two of the model's languages will do. */
static tolka_status tokenize_with_languages(const tolka_model *model, struct probe *probes,
                                            tolka_error *err) {
    tolka_languages *languages;
    tolka_status status = tolka_model_languages(model, &languages, err);
    if (status != TOLKA_OK) return status;
    size_t n = languages->n;
    const char *from = languages->are_sources ? languages->names[0] : NULL;
    status = n == 0 ? fail(err, TOLKA_ARGUMENT, "no languages")
                    : tokenize_with(model, probes, from, languages->names[n > 1 ? 1 : 0], err);
    tolka_free(languages);
    return status;
}

/* Ids spread over the vocabulary, then the end token. */
static void make_up_ids(const struct config *config, struct probe *probes) {
    for (size_t i = 0; i < N_TEXTS; i++) {
        struct probe *probe = &probes[i];
        probe->n_ids = 0;
        for (size_t j = 0; j < 6 + i; j++)
            probe->ids[probe->n_ids++] =
                (int32_t)((7919 * (uint64_t)(j + 1) * (i + 3)) % config->source_vocab);
        if ((uint32_t)config->end_token < config->source_vocab)
            probe->ids[probe->n_ids++] = config->end_token;
        probe->start = config->start_token < 0 && !config->start_from_zero ? config->end_token : -1;
        probe->forced_first = -1;
    }
}

/* A model without a tokenizer that works is none the worse; but one must not seem to be without for
 * want of memory. */
static tolka_status make_sources(const tolka_model *model, struct probe *probes, tolka_error *err) {
    tolka_error why;
    tolka_status status = tokenize_with(model, probes, NULL, NULL, &why);
    if (status != TOLKA_OK && status != TOLKA_NOMEM)
        status = tokenize_with_languages(model, probes, &why);
    if (status == TOLKA_NOMEM) return fail(err, status, "%s", why.text);
    if (status != TOLKA_OK) make_up_ids(&model->model.config, probes);
    return TOLKA_OK;
}

static void write_reference(struct gguf_writer *writer, size_t i, const struct probe *probe) {
    int32_t target[MAX_TOKENS];
    float log_probs[MAX_TOKENS];
    char key[64];
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(probe->result, 0, &n);
    for (size_t j = 0; j < n; j++) {
        target[j] = tokens[j].id;
        log_probs[j] = tokens[j].log_prob;
    }
    int32_t first[2] = {probe->start, probe->forced_first};
    snprintf(key, sizeof key, "tolka.check.%zu.source", i);
    write_i32s(writer, key, probe->ids, probe->n_ids);
    snprintf(key, sizeof key, "tolka.check.%zu.first", i);
    write_i32s(writer, key, first, 2);
    snprintf(key, sizeof key, "tolka.check.%zu.target", i);
    write_i32s(writer, key, target, n);
    snprintf(key, sizeof key, "tolka.check.%zu.log_probs", i);
    write_f32s(writer, key, log_probs, n);
}

static tolka_status check_results(struct probe *probes, size_t n, tolka_error *err) {
    for (size_t i = 0; i < n; i++) {
        const char *why;
        tolka_status status = tolka_result_status(probes[i].result, &why);
        if (status == TOLKA_NOMEM) return fail(err, status, "%s", why); /* no fault of its own */
        if (status != TOLKA_OK)
            return fail(err, TOLKA_INPUT, "the checkpoint does not translate: %s", why);
    }
    return TOLKA_OK;
}

/* Moves each translation to where the scorer looks for it. */
static void take_targets(struct probe *probes, tolka_input *inputs, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const tolka_token *tokens = tolka_result_tokens(probes[i].result, 0, &probes[i].n_target);
        for (size_t j = 0; j < probes[i].n_target; j++) probes[i].target[j] = tokens[j].id;
        tolka_result_free(probes[i].result);
        probes[i].result = NULL;
        inputs[i].target = probes[i].target;
        inputs[i].n_target = probes[i].n_target;
    }
}

/* Translates, then scores the translations: log-probabilities as check will compute them. */
static tolka_status translate_probes(const tolka_model *model, struct probe *probes, size_t n,
                                     size_t most_tokens, tolka_error *err) {
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_translator *translator;
    tolka_input inputs[N_TEXTS];
    options.beam = 1;
    options.no_shortlist = 1;
    options.max_length = (int)most_tokens;
    tolka_status status = tolka_translator_new(&translator, model, &options, err);
    if (status != TOLKA_OK) return status;
    for (size_t i = 0; i < n; i++)
        inputs[i] = (tolka_input){.ids = probes[i].ids,
                                  .n_ids = probes[i].n_ids,
                                  .start = probes[i].start,
                                  .forced_first = probes[i].forced_first};
    status = tolka_translate(translator, inputs, n, keep_result, probes, err);
    if (status == TOLKA_OK) status = check_results(probes, n, err);
    if (status == TOLKA_OK) {
        take_targets(probes, inputs, n);
        status = tolka_score(translator, inputs, n, keep_result, probes, err);
    }
    if (status == TOLKA_OK) status = check_results(probes, n, err);
    tolka_translator_free(translator);
    return status;
}

/* A model larger than memory is read from disk once a token: a few must do. */
static bool is_huge(const struct import *import) {
    size_t bytes = 0;
    for (size_t i = 0; i < import->source.n_tensors; i++)
        bytes += import->source.tensors[i].n_bytes;
    return bytes > (size_t)2 << 30;
}

tolka_status write_references(struct gguf_writer *writer, struct import *import, tolka_error *err) {
    struct buffer header = gguf_header(writer);
    if (header.failed) return fail(err, TOLKA_NOMEM, "out of memory");
    tolka_model model = {.name = import->source.weights_path};
    struct probe *probes = calloc(N_TEXTS, sizeof *probes);
    tolka_status status = probes ? TOLKA_OK : fail(err, TOLKA_NOMEM, "out of memory");
    if (status == TOLKA_OK)
        status = gguf_parse(&model.gguf, header.bytes, header.n_bytes, model.name, err);
    if (status == TOLKA_OK) status = import_bind(import, &model.model, err);
    if (status == TOLKA_OK) {
        size_t n = is_huge(import) ? 1 : N_TEXTS, most = is_huge(import) ? 6 : MAX_TOKENS;
        status = make_sources(&model, probes, err);
        if (status == TOLKA_OK) status = translate_probes(&model, probes, n, most, err);
        for (size_t i = 0; i < n && status == TOLKA_OK; i++) write_reference(writer, i, &probes[i]);
        if (status == TOLKA_OK) write_u32(writer, "tolka.check.count", (uint32_t)n);
    }
    for (size_t i = 0; probes && i < N_TEXTS; i++) tolka_result_free(probes[i].result);
    free(probes);
    model_unbind(&model.model);
    gguf_free(&model.gguf);
    buffer_free(&header);
    return status;
}
