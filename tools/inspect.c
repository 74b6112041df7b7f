/* tolka inspect: what a model file or a checkpoint holds, and how two of them differ. */
#define _POSIX_C_SOURCE 200809L
#include "tools/commands.h"
#include "models/convert/import.h"
#include "models/convert/references.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A model file is seen as a source too (a list of tensors), and as a model if it is one. */
struct inspected {
    const char *path;
    struct source source;
    tolka_model *model;   /* NULL: a checkpoint */
    struct import import; /* of a checkpoint whose family is known */
    bool imported;
    const struct config *config; /* NULL: not known */
    char why[500];               /* why it could not be opened as a whole */
};

static tolka_status open_inspected(struct inspected *inspected, const char *path,
                                   const struct options *options, tolka_error *err) {
    struct import_options import_options = {options->config, options->family, true};
    tolka_error why;
    *inspected = (struct inspected){.path = path};
    tolka_status status = source_open(&inspected->source, path, err);
    if (status != TOLKA_OK) return status;
    if (inspected->source.kind == SOURCE_GGUF &&
        tolka_model_open(&inspected->model, inspected->source.weights_path, &why) == TOLKA_OK) {
        inspected->config = &inspected->model->model.config;
    } else if (import_open(&inspected->import, path, &import_options, &why) == TOLKA_OK) {
        inspected->imported = true;
        inspected->config = &inspected->import.config;
    } else {
        snprintf(inspected->why, sizeof inspected->why, "%s", why.text);
    }
    return TOLKA_OK;
}

static void close_inspected(struct inspected *inspected) {
    if (inspected->imported) import_close(&inspected->import);
    tolka_model_free(inspected->model);
    source_close(&inspected->source);
}

/* ---- facts ----------------------------------------------------------------------------------- */

static json_t *field_value(const struct config *config, const struct config_field *field) {
    const void *at = (const char *)config + field->offset;
    switch (field->type) {
    case FIELD_U32:
        return json_integer(*(const uint32_t *)at);
    case FIELD_I32:
        return json_integer(*(const int32_t *)at);
    case FIELD_F32:
        return json_real((double)*(const float *)at);
    case FIELD_BOOL:
        return json_boolean(*(const bool *)at);
    case FIELD_ENUM:
        return json_string(field->names[*(const unsigned *)at]);
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

/* Everything there is to say; the human view is made from it too. */
static json_t *describe(const struct inspected *inspected, bool with_tensors) {
    const struct source *source = &inspected->source;
    json_t *object = json_pack("{s:s, s:s, s:I}", "file", source->weights_path, "container",
                               source->kind_name, "tensors", (json_int_t)source->n_tensors);
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
    if (*inspected->why) json_object_set_new(object, "problem", json_string(inspected->why));
    if (with_tensors) json_object_set_new(object, "list", tensors_array(source));
    return object;
}

/* ---- for people ------------------------------------------------------------------------------ */

static void print_value(const char *key, const json_t *value, int indent) {
    if (json_is_null(value)) return;
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    bool quoted = text && text[0] == '"';
    size_t length = text ? strlen(text) : 0;
    printf("%*s%-*s %.*s\n", indent, "", 28 - indent, key, (int)(quoted ? length - 2 : length),
           text ? text + quoted : "");
    free(text);
}

static void print_languages(const json_t *languages) {
    size_t n = json_array_size(languages);
    if (n == 0) return;
    printf("%-28s", "languages");
    for (size_t i = 0; i < n && i < 12; i++)
        printf(" %s", json_string_value(json_array_get(languages, i)));
    if (n > 12) printf(" ... (%zu; --json lists all)", n);
    putchar('\n');
}

static void print_object(json_t *object) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        if (strcmp(key, "languages") == 0) {
            print_languages(value);
        } else if (strcmp(key, "types") == 0) {
            const char *type;
            json_t *counts;
            json_object_foreach(value, type, counts)
                printf("%-28s %" JSON_INTEGER_FORMAT " tensors, %.1f MB\n", type,
                       json_integer_value(json_object_get(counts, "tensors")),
                       (double)json_integer_value(json_object_get(counts, "bytes")) / 1e6);
        } else if (strcmp(key, "config") == 0) {
            const char *name;
            json_t *field;
            puts("configuration");
            json_object_foreach(value, name, field) print_value(name, field, 2);
        } else if (strcmp(key, "list") == 0) {
            size_t i;
            json_t *tensor;
            puts("tensors, outermost dimension first");
            json_array_foreach(value, i, tensor) {
                char *shape = json_dumps(json_object_get(tensor, "shape"), JSON_COMPACT);
                printf("  %-48s %-5s %s\n", json_string_value(json_object_get(tensor, "name")),
                       json_string_value(json_object_get(tensor, "type")), shape ? shape : "");
                free(shape);
            }
        } else {
            print_value(key, value, 0);
        }
    }
}

/* ---- differences ----------------------------------------------------------------------------- */

static bool same_shape(const struct source_tensor *a, const struct source_tensor *b) {
    if (a->rank != b->rank) return false;
    for (uint32_t d = 0; d < a->rank; d++)
        if (a->dims[d] != b->dims[d]) return false;
    return true;
}

struct difference {
    double greatest, sum, norm;
    uint64_t n;
};

/* Rows of a vector or matrix; anything else is compared as far as it is one. */
static bool measure(const struct source_tensor *a, const struct source_tensor *b,
                    struct difference *difference) {
    uint64_t rows = a->rank == 2 ? a->dims[0] : 1;
    uint64_t columns = a->rank == 0 ? 1 : a->dims[a->rank - 1];
    float *x = malloc((columns + 1) * sizeof *x), *y = malloc((columns + 1) * sizeof *y);
    *difference = (struct difference){0};
    bool sound = x && y && a->rank <= 2 && a->type != SOURCE_OTHER && b->type != SOURCE_OTHER;
    for (uint64_t r = 0; sound && r < rows; r++) {
        source_read_row(a, r, false, x);
        source_read_row(b, r, false, y);
        for (uint64_t i = 0; i < columns; i++) {
            double d = fabs((double)x[i] - (double)y[i]);
            if (!(d <= difference->greatest)) difference->greatest = d;
            difference->sum += d * d;
            difference->norm += (double)x[i] * (double)x[i];
            difference->n++;
        }
    }
    free(x);
    free(y);
    return sound;
}

static int print_difference(const struct inspected *a, const struct inspected *b, bool quiet) {
    int different = 0;
    for (size_t i = 0; i < a->source.n_tensors; i++) {
        const struct source_tensor *x = &a->source.tensors[i];
        const struct source_tensor *y = source_find(&b->source, x->name);
        struct difference d;
        if (!y) {
            printf("- %s\n", x->name);
        } else if (!same_shape(x, y)) {
            printf("! %s: shapes differ\n", x->name);
        } else if (!measure(x, y, &d)) {
            printf("? %s: %s and %s cannot be compared\n", x->name, x->type_name, y->type_name);
        } else if (d.greatest == 0) {
            if (!quiet) printf("= %s\n", x->name);
            continue;
        } else {
            printf("~ %s: max difference %.3g, relative %.3g\n", x->name, d.greatest,
                   d.norm > 0 ? sqrt(d.sum / d.norm) : INFINITY);
        }
        different++;
    }
    for (size_t i = 0; i < b->source.n_tensors; i++)
        if (!source_find(&a->source, b->source.tensors[i].name)) {
            printf("+ %s\n", b->source.tensors[i].name);
            different++;
        }
    return different;
}

static int inspect_difference(const struct options *options) {
    struct inspected a, b;
    tolka_error err;
    if (options->n_arguments != 2) return complain(EXIT_USAGE, "inspect --diff takes two files");
    if (open_inspected(&a, options->arguments[0], options, &err) != TOLKA_OK)
        return complain(EXIT_MODEL, "%s", err.text);
    if (open_inspected(&b, options->arguments[1], options, &err) != TOLKA_OK) {
        close_inspected(&a);
        return complain(EXIT_MODEL, "%s", err.text);
    }
    int different = print_difference(&a, &b, options->quiet);
    printf("%d of %zu tensors differ\n", different, a.source.n_tensors);
    close_inspected(&a);
    close_inspected(&b);
    return different ? EXIT_INPUT : EXIT_DONE;
}

int run_inspect(struct options *options) {
    struct inspected inspected;
    tolka_error err;
    if (options->diff) return inspect_difference(options);
    if (options->n_arguments != 1)
        return complain(EXIT_USAGE, "inspect takes one file or directory");
    if (open_inspected(&inspected, options->arguments[0], options, &err) != TOLKA_OK)
        return complain(EXIT_MODEL, "%s", err.text);
    json_t *object = describe(&inspected, options->tensors);
    if (options->json) {
        json_dumpf(object, stdout, JSON_REAL_PRECISION(9));
        putchar('\n');
    } else {
        print_object(object);
    }
    json_decref(object);
    close_inspected(&inspected);
    return EXIT_DONE;
}
