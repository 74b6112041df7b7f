/* PyTorch checkpoints since 1.6: a zip archive of a pickle and raw storages. */
#include "models/checkpoint/pytorch_zip.h"

#include "engine/bytes.h"
#include "models/checkpoint/archive.h"

#include <stdio.h>
#include <string.h>

enum { MAX_NAME = 256, MAX_FOLDER = 300 };

struct zipped {
    struct state_dict *dict;
    struct archive archive;
    char folder[MAX_FOLDER]; /* of data.pkl, with its slash */
};

/* ---- the archive ----------------------------------------------------------------------------- */

static const struct archive_entry *find_in_folder(const struct zipped *zipped, const char *name,
                                                  size_t length) {
    char path[MAX_FOLDER + MAX_NAME];
    if (length >= MAX_NAME) return NULL;
    snprintf(path, sizeof path, "%s%.*s", zipped->folder, (int)length, name);
    return archive_find(&zipped->archive, path);
}

static bool has(const struct zipped *zipped, const char *name) {
    return find_in_folder(zipped, name, strlen(name)) != NULL;
}

/* All entries share a folder, named after the file or "archive". */
static tolka_status find_folder(struct zipped *zipped, tolka_error *err) {
    static const char pickle_name[] = "data.pkl";
    const size_t end = sizeof pickle_name - 1;
    size_t found = 0;
    for (size_t i = 0; i < zipped->archive.n; i++) {
        const char *name = zipped->archive.entries[i].name;
        size_t length = strlen(name);
        if (length < end || length - end >= MAX_FOLDER ||
            strcmp(name + length - end, pickle_name) != 0 ||
            (length > end && name[length - end - 1] != '/'))
            continue;
        snprintf(zipped->folder, sizeof zipped->folder, "%.*s", (int)(length - end), name);
        found++;
    }
    if (found != 1)
        return fail(err, TOLKA_FORMAT,
                    "%s: a zip archive, but no PyTorch checkpoint: %zu entries data.pkl, expected "
                    "one",
                    zipped->dict->path, found);
    if (has(zipped, "constants.pkl"))
        return fail(err, TOLKA_UNSUPPORTED,
                    "%s: a TorchScript program, not a state dict; save model.state_dict(), or "
                    "safetensors",
                    zipped->dict->path);
    return TOLKA_OK;
}

static tolka_status check_byte_order(struct zipped *zipped, tolka_error *err) {
    const struct archive_entry *order = find_in_folder(zipped, "byteorder", 9);
    if (!order || (order->stored && order->size == 6 && memcmp(order->payload, "little", 6) == 0))
        return TOLKA_OK;
    return fail(err, TOLKA_UNSUPPORTED, "%s: byteorder is not \"little\"", zipped->dict->path);
}

static tolka_status read_pickle(struct zipped *zipped, tolka_error *err) {
    const struct archive_entry *entry = find_in_folder(zipped, "data.pkl", 8);
    const char *path = zipped->dict->path;
    if (!entry || !entry->stored)
        return fail(err, TOLKA_UNSUPPORTED, "%s: data.pkl is compressed; PyTorch never does that",
                    path);
    return pickle_read(&zipped->dict->pickle, entry->payload, (size_t)entry->size, path, err);
}

/* ---- storages -------------------------------------------------------------------------------- */

static tolka_status find_storage(const struct zipped *zipped, const struct pickle_storage *storage,
                                 const uint8_t **bytes, tolka_error *err) {
    char name[MAX_NAME] = "data/";
    const char *path = zipped->dict->path;
    size_t length = storage->key.length;
    if (length > MAX_NAME - 6)
        return fail(err, TOLKA_FORMAT, "%s: a storage key of %zu bytes", path, length);
    memcpy(name + 5, storage->key.bytes, length);
    const struct archive_entry *entry = find_in_folder(zipped, name, 5 + length);
    if (!entry)
        return fail(err, TOLKA_FORMAT, "%s: there is no entry %s%s", path, zipped->folder, name);
    if (!entry->stored)
        return fail(err, TOLKA_UNSUPPORTED, "%s: %s is compressed; PyTorch never does that", path,
                    entry->name);
    uint64_t needed;
    if (!multiply(storage->size, storage_width(storage->class), &needed) || needed > entry->size)
        return fail(err, TOLKA_FORMAT, "%s: %s has %llu bytes; %llu elements of %s need more", path,
                    entry->name, (unsigned long long)entry->size, (unsigned long long)storage->size,
                    storage_type_name(storage->class));
    *bytes = entry->payload;
    return TOLKA_OK;
}

static tolka_status find_storages(struct zipped *zipped, tolka_error *err) {
    struct state_dict *dict = zipped->dict;
    tolka_status status = state_dict_reserve(dict, err);
    for (size_t i = 0; i < dict->pickle.n_storages && status == TOLKA_OK; i++)
        status = find_storage(zipped, &dict->pickle.storages[i], &dict->storages[i], err);
    return status;
}

tolka_status read_zipped_state_dict(struct state_dict *dict, const struct map *map,
                                    tolka_error *err) {
    struct zipped zipped = {.dict = dict};
    tolka_status status = archive_open(&zipped.archive, map, dict->path, err);
    if (status != TOLKA_OK) return status;
    status = find_folder(&zipped, err);
    if (status == TOLKA_OK) status = check_byte_order(&zipped, err);
    if (status == TOLKA_OK) status = read_pickle(&zipped, err);
    if (status == TOLKA_OK) status = find_storages(&zipped, err);
    archive_close(&zipped.archive);
    return status;
}
