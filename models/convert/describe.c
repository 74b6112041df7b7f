#include "models/convert/describe.h"

#include "engine/open.h"
#include "models/checkpoint/detect.h"

#include <string.h>

/* A model file is seen as a source too (a list of tensors), and as a model if it is one. */
struct inspected {
    struct source source;
    tolka_model *model;   /* NULL: a checkpoint */
    struct import import; /* of a checkpoint whose family is known */
    bool imported;
    const struct config *config; /* NULL: not known */
    tolka_error why;             /* it could not be opened as a whole; no text: it could */
};

static bool open_as_model(struct inspected *inspected) {
    const struct source *source = &inspected->source;
    if (source->settings != SETTINGS_GGUF ||
        tolka_model_open(&inspected->model, source->weights_path, NULL) != TOLKA_OK)
        return false;
    inspected->config = &inspected->model->model.config;
    return true;
}

/* By the file that was found: an archive is unpacked already, and stays so while the source does. */
static bool open_as_checkpoint(struct inspected *inspected, const struct import_options *options) {
    inspected->imported = import_open(&inspected->import, inspected->source.weights_path, options,
                                      &inspected->why) == TOLKA_OK;
    if (!inspected->imported) return false;
    inspected->config = &inspected->import.config;
    return true;
}

static void close_inspected(struct inspected *inspected) {
    if (inspected->imported) import_close(&inspected->import);
    tolka_model_free(inspected->model);
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

/* What was unpacked goes by its place in the archive: "x.zip/model.npz". */
static json_t *file_name(const struct source *source, const char *path) {
    const char *inner = source->weights_path;
    if (!source->scratch) return json_string(inner);
    inner += strlen(scratch_path(source->scratch)) + 1;
    const char *slash = strrchr(path, '/');
    return json_sprintf("%.*s%s", slash && slash[1] ? (int)(slash + 1 - path) : 0, path, inner);
}

static json_t *say_all(const struct inspected *inspected, const char *path, bool with_tensors) {
    const struct source *source = &inspected->source;
    json_t *object = json_pack("{s:o, s:s, s:I}", "file", file_name(source, path), "container",
                               source->kind_name, "tensors", (json_int_t)source->n_tensors);
    if (source->left_aside)
        json_object_set_new(object, "left_aside", json_string(source->left_aside));
    if (inspected->model) {
        const struct gguf *gguf = &inspected->model->gguf;
        json_object_set_new(object, "architecture", value_string(gguf, "general.architecture"));
        json_object_set_new(object, "family", value_string(gguf, "tolka.family"));
        json_object_set_new(object, "converted_by", value_string(gguf, "tolka.version"));
        json_object_set_new(object, "converted_from", value_string(gguf, "tolka.container"));
        json_object_set_new(object, "languages", languages_array(gguf));
        json_object_set_new(object, "tokenizer", value_string(gguf, "tolka.tokenizer.kind"));
        json_object_set_new(object, "shortlist",
                            json_boolean(inspected->model->model.shortlist.n_offsets > 0));
    } else if (inspected->imported) {
        json_object_set_new(object, "family", json_string(inspected->import.family->name));
    }
    json_object_set_new(object, "types", types_object(source));
    if (inspected->config) json_object_set_new(object, "config", config_object(inspected->config));
    if (*inspected->why.text)
        json_object_set_new(object, "problem", json_string(inspected->why.text));
    if (with_tensors) json_object_set_new(object, "list", tensors_array(source));
    return object;
}

tolka_status describe(json_t **out, const char *path, const struct import_options *options,
                      bool with_tensors, tolka_error *err) {
    struct inspected inspected = {.model = NULL};
    *out = NULL;
    tolka_status status = source_open(&inspected.source, path, err);
    if (status != TOLKA_OK) return status;
    if (!open_as_model(&inspected)) open_as_checkpoint(&inspected, options);
    *out = say_all(&inspected, path, with_tensors);
    close_inspected(&inspected);
    return *out ? TOLKA_OK : fail(err, TOLKA_NOMEM, "%s: out of memory", path);
}
