#include "models/checkpoint/state_dict.h"

#include "models/checkpoint/pickle_json.h"
#include "tokenizer/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 256 };

/* ---- storages -------------------------------------------------------------------------------- */

static const struct storage_type {
    const char *name;
    enum source_dtype type;
    uint32_t width;
} storage_types[PICKLE_GLOBALS] = {
    [PICKLE_FLOAT_STORAGE] = {"float32", SOURCE_F32, 4},
    [PICKLE_HALF_STORAGE] = {"float16", SOURCE_F16, 2},
    [PICKLE_BFLOAT16_STORAGE] = {"bfloat16", SOURCE_BF16, 2},
    [PICKLE_DOUBLE_STORAGE] = {"float64", SOURCE_F64, 8},
    [PICKLE_LONG_STORAGE] = {"int64", SOURCE_I64, 8},
    [PICKLE_INT_STORAGE] = {"int32", SOURCE_I32, 4},
    [PICKLE_SHORT_STORAGE] = {"int16", SOURCE_I16, 2},
    [PICKLE_CHAR_STORAGE] = {"int8", SOURCE_I8, 1},
    [PICKLE_BYTE_STORAGE] = {"uint8", SOURCE_U8, 1},
    [PICKLE_BOOL_STORAGE] = {"bool", SOURCE_OTHER, 1},
    [PICKLE_UNTYPED_STORAGE] = {"untyped", SOURCE_U8, 1},
};

uint32_t storage_width(enum pickle_global class) {
    return storage_types[class].width;
}

const char *storage_type_name(enum pickle_global class) {
    return storage_types[class].name;
}

tolka_status state_dict_reserve(struct state_dict *dict, tolka_error *err) {
    dict->storages = calloc(dict->pickle.n_storages + 1, sizeof *dict->storages);
    return dict->storages ? TOLKA_OK : fail(err, TOLKA_NOMEM, "%s: out of memory", dict->path);
}

void state_dict_free(struct state_dict *dict) {
    pickle_free(&dict->pickle);
    free(dict->storages);
    dict->storages = NULL;
}

/* ---- tensors --------------------------------------------------------------------------------- */

/* Bytes from the first element to the end of the last. The reader of the pickle has checked that
 * all of them lie in the storage. */
static size_t span_bytes(const struct pickle_tensor *tensor, uint32_t width) {
    uint64_t last = 0;
    for (uint32_t d = 0; d < tensor->rank; d++) {
        if (tensor->dims[d] == 0) return 0;
        last += (tensor->dims[d] - 1) * (uint64_t)tensor->strides[d];
    }
    return (size_t)((last + 1) * width);
}

static tolka_status add_tensor(struct source *source, const struct state_dict *dict,
                               struct pickle_text name, uint32_t index, tolka_error *err) {
    if (name.length == 0 || name.length > MAX_NAME || !utf8_is_clean(name.bytes, name.length))
        return fail(err, TOLKA_FORMAT, "%s: a tensor name of %zu bytes; expected 1 to %d of UTF-8",
                    dict->path, name.length, MAX_NAME);
    const struct pickle_tensor *in = &dict->pickle.tensors[index];
    const struct pickle_storage *storage = &dict->pickle.storages[in->storage];
    const struct storage_type *type = &storage_types[storage->class];
    struct source_tensor *tensor = source_add(source, name.bytes, name.length);
    if (!tensor) return fail(err, TOLKA_NOMEM, "%s: out of memory for its tensors", dict->path);
    source_set_type(tensor, type->type, type->name);
    tensor->rank = in->rank;
    memcpy(tensor->dims, in->dims, sizeof tensor->dims);
    memcpy(tensor->strides, in->strides, sizeof tensor->strides);
    tensor->data = dict->storages[in->storage] + (storage->first + in->offset) * type->width;
    tensor->n_bytes = span_bytes(in, type->width);
    return TOLKA_OK;
}

/* ---- tied tensors ---------------------------------------------------------------------------- */

struct view {
    const struct source_tensor *tensor;
    size_t index;
};

static int compare_views(const struct source_tensor *a, const struct source_tensor *b) {
    if (a->data != b->data) return a->data < b->data ? -1 : 1;
    if (a->type != b->type) return a->type < b->type ? -1 : 1;
    if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
    int order = memcmp(a->dims, b->dims, sizeof a->dims);
    return order ? order : memcmp(a->strides, b->strides, sizeof a->strides);
}

static int compare_indexed(const void *a, const void *b) {
    const struct view *left = a, *right = b;
    int order = compare_views(left->tensor, right->tensor);
    return order ? order : left->index < right->index ? -1 : left->index > right->index;
}

/* The same view of the same storage under several names is one weight. */
static tolka_status find_tied(struct source *source, const char *path, tolka_error *err) {
    size_t n = source->n_tensors;
    struct view *views = calloc(n + 1, sizeof *views);
    if (!views) return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    for (size_t i = 0; i < n; i++) views[i] = (struct view){&source->tensors[i], i};
    qsort(views, n, sizeof *views, compare_indexed);
    for (size_t i = 1, first = 0; i < n; i++) {
        if (compare_views(views[first].tensor, views[i].tensor) != 0 ||
            views[i].tensor->n_bytes == 0)
            first = i;
        else
            source->tensors[views[i].index].shares = (int32_t)views[first].index;
    }
    free(views);
    return TOLKA_OK;
}

/* ---- the dict -------------------------------------------------------------------------------- */

/* Training scripts put the state dict into a dict with other things. */
static const struct pickle_container *find_tensors(const struct pickle *pickle) {
    static const char *const wrappers[] = {"model", "state_dict", "module"};
    if (pickle->root.kind != PICKLE_DICT) return NULL;
    for (size_t w = 0; w < sizeof wrappers / sizeof *wrappers; w++) {
        const struct pickle_value *value = pickle_get(pickle, &pickle->root, wrappers[w]);
        if (value && value->kind == PICKLE_DICT) return &pickle->containers[value->index];
    }
    return &pickle->containers[pickle->root.index];
}

static tolka_status no_dict(const struct state_dict *dict, tolka_error *err) {
    const struct pickle *pickle = &dict->pickle;
    struct pickle_text class = {"", 0};
    if (pickle->root.kind == PICKLE_OBJECT) class = pickle->objects[pickle->root.index].class;
    return fail(err, TOLKA_UNSUPPORTED,
                "%s: the pickle holds no dict%s%.*s; save model.state_dict(), or safetensors",
                dict->path, class.length ? ", but an object of class " : "",
                class.length < 80 ? (int)class.length : 80, class.bytes);
}

static tolka_status add_tensors(struct source *source, const struct state_dict *dict,
                                tolka_error *err) {
    const struct pickle_container *tensors = find_tensors(&dict->pickle);
    if (!tensors) return no_dict(dict, err);
    size_t before = source->n_tensors;
    for (size_t i = 0; i + 1 < tensors->n; i += 2) {
        const struct pickle_value *key = &tensors->items[i], *value = key + 1;
        if (key->kind != PICKLE_TEXT)
            return fail(err, TOLKA_FORMAT, "%s: key %zu of the state dict is not a text",
                        dict->path, i / 2);
        if (value->kind != PICKLE_TENSOR) continue;
        tolka_status status = add_tensor(source, dict, key->text, value->index, err);
        if (status != TOLKA_OK) return status;
    }
    if (source->n_tensors == before)
        return fail(err, TOLKA_FORMAT, "%s: no tensors in the pickled dict", dict->path);
    return TOLKA_OK;
}

tolka_status state_dict_add(struct source *source, const struct state_dict *dict,
                            tolka_error *err) {
    tolka_status status = add_tensors(source, dict, err);
    if (status == TOLKA_OK) status = find_tied(source, dict->path, err);
    if (status != TOLKA_OK || source->pickled_settings) return status;
    return pickle_settings(&source->pickled_settings, &dict->pickle, dict->path, err);
}
