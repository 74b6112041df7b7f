/* tolka_model_open: maps a file and hands it to the reader of its architecture. */
#define _POSIX_C_SOURCE 200809L
#include "engine/open.h"

#include "engine/architecture.h"
#include "engine/t5_gguf.h"

#include <stdlib.h>
#include <string.h>

static tolka_status configure(struct config *config, const struct gguf *gguf, tolka_error *err) {
    enum architecture architecture;
    tolka_status status = gguf_architecture(gguf, &architecture, err);
    if (status != TOLKA_OK) return status;
    if (architecture == ARCHITECTURE_TOLKA) return config_read(config, gguf, err);
    if (architecture == ARCHITECTURE_T5) return t5_configure_gguf(config, gguf, err);
    return fail(err, TOLKA_UNSUPPORTED,
                "%s: a GGUF file without general.architecture; if it holds a T5 model with "
                "Hugging Face's names, tolka convert takes it with a config.json beside it",
                gguf->name);
}

/* Weights are used as they lie in the file. */
static tolka_status check_byte_order(const char *name, tolka_error *err) {
    const union {
        uint16_t number;
        uint8_t bytes[2];
    } one = {1};
    if (one.bytes[0] == 1) return TOLKA_OK;
    return fail(err, TOLKA_UNSUPPORTED,
                "%s: model files are little-endian, and this machine is not", name);
}

static tolka_status open_bytes(tolka_model *model, const uint8_t *bytes, size_t n_bytes,
                               tolka_error *err) {
    struct config config;
    tolka_status status = check_byte_order(model->name, err);
    if (status == TOLKA_OK) status = gguf_parse(&model->gguf, bytes, n_bytes, model->name, err);
    if (status == TOLKA_OK) status = configure(&config, &model->gguf, err);
    if (status == TOLKA_OK) status = model_bind_gguf(&model->model, &config, &model->gguf, err);
    if (status == TOLKA_OK) generation_lists_fill(&model->lists, &model->model.config);
    return status;
}

static tolka_status new_model(tolka_model **out, const char *name, tolka_error *err) {
    tolka_model *model = calloc(1, sizeof *model);
    if (model) model->name = strdup(name);
    *out = model;
    if (model && model->name) return TOLKA_OK;
    free(model);
    *out = NULL;
    return fail(err, TOLKA_NOMEM, "%s: out of memory", name);
}

static tolka_status keep_if(tolka_model **out, tolka_status status) {
    if (status != TOLKA_OK) {
        tolka_model_free(*out);
        *out = NULL;
    }
    return status;
}

tolka_status tolka_model_open(tolka_model **out, const char *path, tolka_error *err) {
    if (out) *out = NULL;
    tolka_status status = need_arguments(
        err, __func__, (const struct argument[]){{"out", out}, {"path", path}, {NULL, false}});
    if (status == TOLKA_OK) status = new_model(out, path, err);
    if (status != TOLKA_OK) return status;
    status = map_open(&(*out)->map, path, err);
    if (status == TOLKA_OK) status = open_bytes(*out, (*out)->map.bytes, (*out)->map.n_bytes, err);
    return keep_if(out, status);
}

tolka_status tolka_model_open_memory(tolka_model **out, const void *bytes, size_t n_bytes,
                                     const char *name, tolka_error *err) {
    if (out) *out = NULL;
    tolka_status status = need_arguments(
        err, __func__,
        (const struct argument[]){
            {"out", out}, {"bytes", bytes || n_bytes == 0}, {"name", name}, {NULL, false}});
    if (status == TOLKA_OK) status = new_model(out, name, err);
    if (status != TOLKA_OK) return status;
    if ((uintptr_t)bytes % 64)
        status = fail(err, TOLKA_ARGUMENT, "%s: the bytes are not aligned to 64", name);
    if (status == TOLKA_OK) status = open_bytes(*out, bytes, n_bytes, err);
    return keep_if(out, status);
}

void tolka_model_free(tolka_model *model) {
    if (!model) return;
    model_unbind(&model->model);
    gguf_free(&model->gguf);
    map_close(&model->map);
    free(model->name);
    free(model);
}

int tolka_model_default_beam(const tolka_model *model) {
    return model ? (int)model->model.config.beam : 0;
}

float tolka_model_default_length_penalty(const tolka_model *model) {
    return model ? model->model.config.length_penalty : 0;
}

int tolka_model_default_max_length(const tolka_model *model) {
    return model ? (int)model->model.config.max_length : 0;
}

void tolka_model_generation_sized(const tolka_model *model, tolka_generation *generation,
                                  size_t size) {
    tolka_generation whole = {0};
    if (!generation) return;
    if (model) whole = generation_of(&model->model.config, &model->lists);
    whole.size = size;
    memset(generation, 0, size);
    memcpy(generation, &whole, size < sizeof whole ? size : sizeof whole);
}
