#include "models/convert/describe.h"

#include "engine/open.h"
#include "models/checkpoint/detect.h"
#include "models/checkpoint/names.h"
#include "models/convert/beside.h"
#include "models/convert/license.h"
#include "models/convert/tokenizer_meta.h"

#include <stdlib.h>
#include <string.h>

/* A model file is seen as a checkpoint too, so that both are described in the same way: by their
 * tensors, by the configuration that they come to, and by the metadata that a conversion has. */
struct inspected {
    struct source source;
    struct import import; /* of a checkpoint whose family is known */
    bool imported;
    struct gguf_writer writer; /* the tokenizer as a conversion writes it */
    struct buffer header;
    struct gguf tokenizer; /* the same, read; n_bytes 0: there is none */
    char *license;         /* NULL: none */
    tolka_error why;       /* it could not be opened as a whole; no text: it could */
};

/* A model file should be one that the engine can use as it is; a checkpoint need not be. */
static void try_model(struct inspected *inspected) {
    const struct source *source = &inspected->source;
    tolka_model *model;
    if (source->settings != SETTINGS_GGUF || source->gguf.n_values == 0) return;
    if (tolka_model_open(&model, source->weights_path, &inspected->why) == TOLKA_OK)
        tolka_model_free(model);
}

/* It may lack one, but not for want of memory, or for a disk that fails. */
static void read_tokenizer(struct inspected *inspected) {
    struct buffer *header = &inspected->header;
    tolka_error why;
    tolka_status status = write_tokenizer(&inspected->writer, &inspected->import, NULL, &why);
    if (status == TOLKA_OK) {
        *header = gguf_header(&inspected->writer);
        status = header->failed ? fail(&why, TOLKA_NOMEM, "out of memory")
                                : gguf_parse(&inspected->tokenizer, header->bytes, header->n_bytes,
                                             "tokenizer", &why);
    }
    if (status != TOLKA_OK) inspected->tokenizer = (struct gguf){.n_bytes = 0};
    if (status == TOLKA_NOMEM || status == TOLKA_IO) inspected->why = why;
}

/* By the file that was found: an archive is unpacked already, and stays so while the source does. */
static void open_as_import(struct inspected *inspected, const struct import_options *options) {
    inspected->imported = import_open(&inspected->import, inspected->source.weights_path, options,
                                      &inspected->why) == TOLKA_OK;
    if (!inspected->imported) return;
    read_tokenizer(inspected);
    if (inspected->why.status != TOLKA_NOMEM) try_model(inspected);
}

static void close_inspected(struct inspected *inspected) {
    free(inspected->license);
    if (inspected->imported) import_close(&inspected->import);
    gguf_free(&inspected->tokenizer);
    buffer_free(&inspected->header);
    gguf_writer_free(&inspected->writer);
    source_close(&inspected->source);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static json_t *field_value(const struct config *config, const struct config_field *field) {
    double value = config_field_get(config, field);
    switch (field->type) {
    case FIELD_U32:
    case FIELD_I32:
        return json_integer((json_int_t)value);
    case FIELD_F32:
        return json_real(value);
    case FIELD_BOOL:
        return json_boolean(value != 0);
    case FIELD_ENUM:
        return json_string(config_field_name(config, field));
    }
    return NULL;
}

static json_t *config_object(const struct config *config) {
    json_t *object = json_object();
    for (const struct config_field *field = config_fields; field->key; field++)
        json_object_set_new(object, field->key, field_value(config, field));
    return object;
}

/* Bytes and tensors by element type: {"I8": {"tensors": 3, "bytes": 100}, ...}. */
static json_t *types_object(const struct source *source) {
    json_t *types = json_object();
    for (size_t i = 0; i < source->n_tensors; i++) {
        const struct source_tensor *tensor = &source->tensors[i];
        json_t *type = json_object_get(types, tensor->type_name);
        if (!type)
            json_object_set_new(types, tensor->type_name,
                                type = json_pack("{s:i,s:i}", "tensors", 0, "bytes", 0));
        json_int_t n = json_integer_value(json_object_get(type, "tensors"));
        json_int_t bytes = json_integer_value(json_object_get(type, "bytes"));
        json_object_set_new(type, "tensors", json_integer(n + 1));
        if (tensor->shares < 0) bytes += (json_int_t)tensor->n_bytes;
        json_object_set_new(type, "bytes", json_integer(bytes));
    }
    return types;
}

static json_t *value_string(const struct gguf *gguf, const char *key) {
    const struct gguf_value *value = gguf_find(gguf, key);
    if (!value || value->type != GGUF_STRING) return json_null();
    json_t *string = json_stringn((const char *)value->data, value->n_bytes);
    return string ? string : json_null();
}

static json_t *languages_array(const struct gguf *gguf) {
    json_t *list = json_array();
    const struct gguf_value *value = gguf_find(gguf, "tolka.tokenizer.languages");
    size_t cursor = 0;
    if (!value || value->type != GGUF_ARRAY || value->element != GGUF_STRING) return list;
    for (uint64_t i = 0; i < value->count; i++) {
        struct gguf_string name = gguf_array_string(value, &cursor);
        json_array_append_new(list, json_stringn(name.bytes, name.length));
    }
    return list;
}

static tolka_status count(void *user, const struct role *role, tolka_error *err) {
    uint64_t *n = user;
    (void)err;
    *n += (uint64_t)role->n_out * role->n_in;
    return TOLKA_OK;
}

/* Numbers that the transformer computes with; what several parts share counts once. */
static json_t *parameter_count(const struct config *config) {
    uint64_t n = 0;
    for_each_role(config, count, &n, NULL);
    return json_integer((json_int_t)n);
}

static json_t *license_string(const struct inspected *inspected) {
    json_t *string = inspected->license ? json_string(inspected->license) : NULL;
    return string ? string : json_null();
}

static json_t *tensors_array(const struct source *source) {
    json_t *list = json_array();
    for (size_t i = 0; i < source->n_tensors; i++) {
        const struct source_tensor *tensor = &source->tensors[i];
        json_t *dims = json_array();
        for (uint32_t d = 0; d < tensor->rank; d++)
            json_array_append_new(dims, json_integer((json_int_t)tensor->dims[d]));
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:I}", "name", tensor->name, "type",
                                              tensor->type_name, "shape", dims, "bytes",
                                              (json_int_t)tensor->n_bytes));
    }
    return list;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void say_origin(json_t *object, const struct gguf *gguf) {
    if (gguf->n_values == 0) return;
    json_object_set_new(object, "architecture", value_string(gguf, "general.architecture"));
    json_object_set_new(object, "converted_by", value_string(gguf, "tolka.version"));
    json_object_set_new(object, "converted_from", value_string(gguf, "tolka.container"));
}

/* A file of tolka's own knows which family it was before. */
static json_t *family_string(const struct inspected *inspected) {
    json_t *family = value_string(&inspected->source.gguf, "tolka.family");
    return json_is_null(family) ? json_string(inspected->import.family->name) : family;
}

static void say_model(json_t *object, const struct inspected *inspected) {
    const struct import *import = &inspected->import;
    const struct source *source = &inspected->source;
    json_object_set_new(object, "family", family_string(inspected));
    json_object_set_new(object, "parameters", parameter_count(&import->config));
    json_object_set_new(object, "languages", languages_array(&inspected->tokenizer));
    json_object_set_new(object, "tokenizer",
                        value_string(&inspected->tokenizer, "tolka.tokenizer.kind"));
    char *beside = import_shortlist(import);
    json_object_set_new(object, "shortlist",
                        json_boolean(beside || source_find(source, "shortlist.offsets")));
    free(beside);
}

/* What was unpacked goes by its place in the archive: "x.zip/model.npz". */
static json_t *shown_name(const struct source *source, const char *path) {
    const char *inner = source->weights_path;
    if (!source->scratch) return json_string(inner);
    inner += strlen(scratch_path(source->scratch)) + 1;
    return json_sprintf("%.*s%s", (int)directory_length(path), path, inner);
}

static json_t *say_all(const struct inspected *inspected, const char *path, bool with_tensors) {
    const struct source *source = &inspected->source;
    json_t *object = json_pack("{s:o, s:s, s:I}", "file", shown_name(source, path), "container",
                               source->kind_name, "tensors", (json_int_t)source->n_tensors);
    if (source->left_aside)
        json_object_set_new(object, "left_aside", json_string(source->left_aside));
    say_origin(object, &source->gguf);
    json_object_set_new(object, "license", license_string(inspected));
    if (inspected->imported) say_model(object, inspected);
    json_object_set_new(object, "types", types_object(source));
    if (inspected->imported)
        json_object_set_new(object, "config", config_object(&inspected->import.config));
    if (*inspected->why.text)
        json_object_set_new(object, "problem", json_string(inspected->why.text));
    if (with_tensors) json_object_set_new(object, "list", tensors_array(source));
    return object;
}

tolka_status describe(json_t **out, const char *path, const struct import_options *options,
                      bool with_tensors, tolka_error *err) {
    struct inspected inspected = {.imported = false};
    *out = NULL;
    tolka_status status = source_open(&inspected.source, path, err);
    if (status != TOLKA_OK) return status;
    status = license_of(&inspected.source, &inspected.license, err);
    if (status == TOLKA_OK) open_as_import(&inspected, options);
    /* Half a description for want of memory would pass for a whole one. */
    if (status == TOLKA_OK && inspected.why.status == TOLKA_NOMEM)
        status = fail(err, TOLKA_NOMEM, "%s", inspected.why.text);
    if (status == TOLKA_OK) *out = say_all(&inspected, path, with_tensors);
    close_inspected(&inspected);
    if (status != TOLKA_OK) return status;
    return *out ? TOLKA_OK : fail(err, TOLKA_NOMEM, "%s: out of memory", path);
}
