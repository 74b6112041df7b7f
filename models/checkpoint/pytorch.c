/* PyTorch checkpoints: a zip archive of raw storages, and a pickle that says which tensor is which
 * part of which storage. */
#define _POSIX_C_SOURCE 200809L
#include "engine/bytes.h"
#include "engine/file_kind.h"
#include "models/checkpoint/archive.h"
#include "models/checkpoint/containers.h"
#include "models/checkpoint/index.h"
#include "models/checkpoint/pickle.h"
#include "tokenizer/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 256, MAX_FOLDER = 300 };

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

struct checkpoint {
    const char *path;
    struct archive archive;
    char folder[MAX_FOLDER]; /* of data.pkl, with its slash */
    struct pickle pickle;
};

/* ---- the archive ----------------------------------------------------------------------------- */

static const struct archive_entry *find_in_folder(const struct checkpoint *checkpoint,
                                                  const char *name, size_t length) {
    char path[MAX_FOLDER + MAX_NAME];
    if (length >= MAX_NAME) return NULL;
    snprintf(path, sizeof path, "%s%.*s", checkpoint->folder, (int)length, name);
    return archive_find(&checkpoint->archive, path);
}

static bool has(const struct checkpoint *checkpoint, const char *name) {
    return find_in_folder(checkpoint, name, strlen(name)) != NULL;
}

/* All entries share a folder, named after the file or "archive". */
static tolka_status find_folder(struct checkpoint *checkpoint, tolka_error *err) {
    static const char pickle_name[] = "data.pkl";
    const size_t end = sizeof pickle_name - 1;
    size_t found = 0;
    for (size_t i = 0; i < checkpoint->archive.n; i++) {
        const char *name = checkpoint->archive.entries[i].name;
        size_t length = strlen(name);
        if (length < end || length - end >= MAX_FOLDER ||
            strcmp(name + length - end, pickle_name) != 0 ||
            (length > end && name[length - end - 1] != '/'))
            continue;
        snprintf(checkpoint->folder, sizeof checkpoint->folder, "%.*s", (int)(length - end), name);
        found++;
    }
    if (found != 1)
        return fail(err, TOLKA_FORMAT,
                    "%s: a zip archive, but no PyTorch checkpoint: %zu entries data.pkl, expected "
                    "one",
                    checkpoint->path, found);
    if (has(checkpoint, "constants.pkl"))
        return fail(err, TOLKA_UNSUPPORTED,
                    "%s: a TorchScript program, not a state dict; save model.state_dict(), or "
                    "safetensors",
                    checkpoint->path);
    return TOLKA_OK;
}

static tolka_status check_byte_order(struct checkpoint *checkpoint, tolka_error *err) {
    const struct archive_entry *order = find_in_folder(checkpoint, "byteorder", 9);
    if (!order || (order->stored && order->size == 6 && memcmp(order->payload, "little", 6) == 0))
        return TOLKA_OK;
    return fail(err, TOLKA_UNSUPPORTED, "%s: byteorder is not \"little\"", checkpoint->path);
}

static tolka_status read_pickle(struct checkpoint *checkpoint, tolka_error *err) {
    const struct archive_entry *entry = find_in_folder(checkpoint, "data.pkl", 8);
    if (!entry || !entry->stored)
        return fail(err, TOLKA_UNSUPPORTED, "%s: data.pkl is compressed; PyTorch never does that",
                    checkpoint->path);
    return pickle_read(&checkpoint->pickle, entry->payload, (size_t)entry->size, checkpoint->path,
                       err);
}

/* ---- tensors --------------------------------------------------------------------------------- */

static tolka_status find_storage(const struct checkpoint *checkpoint,
                                 const struct pickle_storage *storage, const char *tensor,
                                 const uint8_t **bytes, tolka_error *err) {
    char name[MAX_NAME] = "data/";
    size_t length = storage->key.length;
    if (length > MAX_NAME - 6)
        return fail(err, TOLKA_FORMAT, "%s: tensor %s: a storage key of %zu bytes",
                    checkpoint->path, tensor, length);
    memcpy(name + 5, storage->key.bytes, length);
    const struct archive_entry *entry = find_in_folder(checkpoint, name, 5 + length);
    if (!entry)
        return fail(err, TOLKA_FORMAT, "%s: tensor %s: there is no entry %s%s", checkpoint->path,
                    tensor, checkpoint->folder, name);
    if (!entry->stored)
        return fail(err, TOLKA_UNSUPPORTED, "%s: %s is compressed; PyTorch never does that",
                    checkpoint->path, entry->name);
    uint64_t needed;
    if (!multiply(storage->count, storage_types[storage->class].width, &needed) ||
        needed > entry->size)
        return fail(err, TOLKA_FORMAT, "%s: %s has %llu bytes; %llu elements of %s need more",
                    checkpoint->path, entry->name, (unsigned long long)entry->size,
                    (unsigned long long)storage->count, storage_types[storage->class].name);
    *bytes = entry->payload;
    return TOLKA_OK;
}

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

static tolka_status add_tensor(struct source *source, const struct checkpoint *checkpoint,
                               struct pickle_text name, uint32_t index, tolka_error *err) {
    if (name.length == 0 || name.length > MAX_NAME || !utf8_is_clean(name.bytes, name.length))
        return fail(err, TOLKA_FORMAT, "%s: a tensor name of %zu bytes; expected 1 to %d of UTF-8",
                    checkpoint->path, name.length, MAX_NAME);
    const struct pickle_tensor *in = &checkpoint->pickle.tensors[index];
    const struct pickle_storage *storage = &checkpoint->pickle.storages[in->storage];
    const struct storage_type *type = &storage_types[storage->class];
    struct source_tensor *tensor = source_add(source, name.bytes, name.length);
    if (!tensor)
        return fail(err, TOLKA_NOMEM, "%s: too many tensors for this machine", checkpoint->path);
    const uint8_t *bytes = NULL;
    tolka_status status = find_storage(checkpoint, storage, tensor->name, &bytes, err);
    if (status != TOLKA_OK) return status;
    tensor->type = type->type;
    snprintf(tensor->type_name, sizeof tensor->type_name, "%s", type->name);
    tensor->rank = in->rank;
    memcpy(tensor->dims, in->dims, sizeof tensor->dims);
    memcpy(tensor->strides, in->strides, sizeof tensor->strides);
    tensor->data = bytes + in->offset * type->width;
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

/* ---- the state dict -------------------------------------------------------------------------- */

static bool text_equals(struct pickle_text text, const char *expected) {
    return text.length == strlen(expected) && memcmp(text.bytes, expected, text.length) == 0;
}

/* Training scripts put the state dict into a dict with other things. */
static const struct pickle_container *state_dict(const struct pickle *pickle) {
    static const char *const wrappers[] = {"model", "state_dict", "module"};
    if (pickle->root.kind != PICKLE_DICT) return NULL;
    const struct pickle_container *root = &pickle->containers[pickle->root.index];
    for (size_t w = 0; w < sizeof wrappers / sizeof *wrappers; w++)
        for (size_t i = 0; i + 1 < root->n; i += 2)
            if (root->items[i].kind == PICKLE_TEXT && root->items[i + 1].kind == PICKLE_DICT &&
                text_equals(root->items[i].text, wrappers[w]))
                return &pickle->containers[root->items[i + 1].index];
    return root;
}

static tolka_status add_tensors(struct source *source, const struct checkpoint *checkpoint,
                                tolka_error *err) {
    const struct pickle_container *dict = state_dict(&checkpoint->pickle);
    if (!dict)
        return fail(err, TOLKA_UNSUPPORTED,
                    "%s: the pickle holds no dict; save model.state_dict(), or safetensors",
                    checkpoint->path);
    size_t before = source->n_tensors;
    for (size_t i = 0; i + 1 < dict->n; i += 2) {
        if (dict->items[i].kind != PICKLE_TEXT)
            return fail(err, TOLKA_FORMAT, "%s: key %zu of the state dict is not a text",
                        checkpoint->path, i / 2);
        if (dict->items[i + 1].kind != PICKLE_TENSOR) continue;
        tolka_status status =
            add_tensor(source, checkpoint, dict->items[i].text, dict->items[i + 1].index, err);
        if (status != TOLKA_OK) return status;
    }
    if (source->n_tensors == before)
        return fail(err, TOLKA_FORMAT, "%s: no tensors in the pickled dict", checkpoint->path);
    return TOLKA_OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

static tolka_status load_archive(struct source *source, struct checkpoint *checkpoint,
                                 tolka_error *err) {
    tolka_status status = find_folder(checkpoint, err);
    if (status == TOLKA_OK) status = check_byte_order(checkpoint, err);
    if (status == TOLKA_OK) status = read_pickle(checkpoint, err);
    if (status == TOLKA_OK) status = add_tensors(source, checkpoint, err);
    if (status == TOLKA_OK) status = find_tied(source, checkpoint->path, err);
    pickle_free(&checkpoint->pickle);
    return status;
}

static tolka_status load_file(struct source *source, const char *path, tolka_error *err) {
    struct map map;
    tolka_status status = source_map(source, path, &map, err);
    if (status != TOLKA_OK) return status;
    if (map.n_bytes < 4 || memcmp(map.bytes, "PK\3\4", 4) != 0)
        return fail(err, TOLKA_UNSUPPORTED, "%s: not a PyTorch zip checkpoint: %s", path,
                    describe_file(map.bytes, map.n_bytes));
    struct checkpoint checkpoint = {.path = path};
    status = archive_open(&checkpoint.archive, &map, path, err);
    if (status != TOLKA_OK) return status;
    status = load_archive(source, &checkpoint, err);
    archive_close(&checkpoint.archive);
    return status;
}

tolka_status read_pytorch(struct source *source, const char *path, tolka_error *err) {
    tolka_status status = load_file(source, path, err);
    return status == TOLKA_OK ? source_sort(source, err) : status;
}

tolka_status read_pytorch_index(struct source *source, const char *path, tolka_error *err) {
    return read_index(source, path, load_file, err);
}
