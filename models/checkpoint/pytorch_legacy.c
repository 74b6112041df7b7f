/* PyTorch checkpoints of before 1.6, and those saved with _use_new_zipfile_serialization=False: five
 * pickles in a row (a magic number, the version of the format, the machine that wrote it, the
 * checkpoint, the keys of its storages), then each storage: how many elements, and those. */
#include "models/checkpoint/pytorch_legacy.h"

#include "engine/bytes.h"

#include <stdlib.h>
#include <string.h>

enum { FORMAT_VERSION = 1001 };

/* What is left of the file. */
struct rest {
    const char *path;
    const uint8_t *bytes;
    size_t n;
};

static void skip(struct rest *rest, size_t n) {
    rest->bytes += n;
    rest->n -= n;
}

static tolka_status next_pickle(struct rest *rest, struct pickle *pickle, tolka_error *err) {
    size_t end;
    tolka_status status = pickle_read_first(pickle, rest->bytes, rest->n, rest->path, &end, err);
    skip(rest, end);
    return status;
}

/* ---- what stands before the checkpoint ------------------------------------------------------- */

/* The number 0x1950a86a20f9469cfc6c, in a frame since protocol 4. */
static tolka_status skip_magic(struct rest *rest, tolka_error *err) {
    static const uint8_t magic[] = {0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9,
                                    0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};
    size_t at = rest->n > 2 && rest->bytes[2] == 0x95 ? 2 + 9 : 2;
    if (rest->n < at + sizeof magic || memcmp(rest->bytes + at, magic, sizeof magic) != 0)
        return fail(err, TOLKA_FORMAT,
                    "%s: a Python pickle, but no PyTorch checkpoint (or one that is cut off)",
                    rest->path);
    skip(rest, at + sizeof magic);
    return TOLKA_OK;
}

static tolka_status check_version(struct rest *rest, tolka_error *err) {
    struct pickle pickle;
    tolka_status status = next_pickle(rest, &pickle, err);
    if (status != TOLKA_OK) return status;
    if (pickle.root.kind != PICKLE_INTEGER || pickle.root.integer != FORMAT_VERSION)
        status = fail(err, TOLKA_UNSUPPORTED,
                      "%s: a PyTorch checkpoint of an unknown version; expected %d", rest->path,
                      FORMAT_VERSION);
    pickle_free(&pickle);
    return status;
}

static tolka_status check_machine(struct rest *rest, tolka_error *err) {
    struct pickle pickle;
    tolka_status status = next_pickle(rest, &pickle, err);
    if (status != TOLKA_OK) return status;
    const struct pickle_value *little = pickle_get(&pickle, &pickle.root, "little_endian");
    if (!little || little->kind != PICKLE_BOOLEAN || !little->integer)
        status = fail(err, TOLKA_UNSUPPORTED,
                      "%s: written on a machine whose byte order is not little-endian", rest->path);
    pickle_free(&pickle);
    return status;
}

/* ---- storages -------------------------------------------------------------------------------- */

static int compare_texts(struct pickle_text a, struct pickle_text b) {
    size_t n = a.length < b.length ? a.length : b.length;
    int order = memcmp(a.bytes, b.bytes, n);
    return order ? order : a.length < b.length ? -1 : a.length > b.length;
}

static int compare_storages(const void *a, const void *b) {
    const struct pickle_storage *const *left = a, *const *right = b;
    return compare_texts((*left)->key, (*right)->key);
}

/* The first of the sorted storages whose key is not less than this one. */
static size_t first_with_key(const struct pickle_storage *const *sorted, size_t n,
                             struct pickle_text key) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_texts(sorted[middle]->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The elements of one key, for all storages that were described with it. */
static tolka_status place_storage(struct state_dict *dict, struct rest *rest,
                                  const struct pickle_storage *const *sorted,
                                  struct pickle_text key, tolka_error *err) {
    size_t n = dict->pickle.n_storages, i = first_with_key(sorted, n, key);
    int length = key.length < 80 ? (int)key.length : 80;
    if (i == n || compare_texts(sorted[i]->key, key) != 0)
        return fail(err, TOLKA_FORMAT, "%s: no tensor has the storage %.*s", rest->path, length,
                    key.bytes);
    const struct pickle_storage *first = sorted[i];
    uint64_t width = storage_width(first->class), count = rest->n < 8 ? 0 : load_u64(rest->bytes);
    if (rest->n < 8 || count > (rest->n - 8) / width)
        return fail(err, TOLKA_FORMAT,
                    "%s: storage %.*s does not fit the file; it is cut off or damaged", rest->path,
                    length, key.bytes);
    for (; i < n && compare_texts(sorted[i]->key, key) == 0; i++) {
        size_t index = (size_t)(sorted[i] - dict->pickle.storages);
        if (dict->storages[index])
            return fail(err, TOLKA_FORMAT, "%s: storage %.*s is there twice", rest->path, length,
                        key.bytes);
        if (sorted[i]->class != first->class || sorted[i]->size > count)
            return fail(err, TOLKA_FORMAT,
                        "%s: storage %.*s has %llu elements of %s; %llu of %s need more",
                        rest->path, length, key.bytes, (unsigned long long)count,
                        storage_type_name(first->class), (unsigned long long)sorted[i]->size,
                        storage_type_name(sorted[i]->class));
        dict->storages[index] = rest->bytes + 8;
    }
    skip(rest, (size_t)(8 + count * width));
    return TOLKA_OK;
}

static tolka_status check_placed(const struct state_dict *dict, const struct rest *rest,
                                 tolka_error *err) {
    for (size_t i = 0; i < dict->pickle.n_storages; i++) {
        struct pickle_text key = dict->pickle.storages[i].key;
        if (!dict->storages[i])
            return fail(err, TOLKA_FORMAT, "%s: there is no storage %.*s", rest->path,
                        key.length < 80 ? (int)key.length : 80, key.bytes);
    }
    if (rest->n > 0)
        return fail(err, TOLKA_FORMAT, "%s: %zu bytes follow the last storage", rest->path,
                    rest->n);
    return TOLKA_OK;
}

static tolka_status place_storages(struct state_dict *dict, struct rest *rest,
                                   const struct pickle *keys, tolka_error *err) {
    size_t n = dict->pickle.n_storages;
    const struct pickle_storage **sorted = calloc(n + 1, sizeof *sorted);
    if (!sorted) return fail(err, TOLKA_NOMEM, "%s: out of memory", rest->path);
    for (size_t i = 0; i < n; i++) sorted[i] = &dict->pickle.storages[i];
    qsort(sorted, n, sizeof *sorted, compare_storages);
    const struct pickle_container *list = &keys->containers[keys->root.index];
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < list->n && status == TOLKA_OK; i++)
        status = list->items[i].kind == PICKLE_TEXT
                     ? place_storage(dict, rest, sorted, list->items[i].text, err)
                     : fail(err, TOLKA_FORMAT, "%s: storage key %zu is not a text", rest->path, i);
    free(sorted);
    return status == TOLKA_OK ? check_placed(dict, rest, err) : status;
}

static tolka_status read_storages(struct state_dict *dict, struct rest *rest, tolka_error *err) {
    struct pickle keys;
    tolka_status status = next_pickle(rest, &keys, err);
    if (status != TOLKA_OK) return status;
    status = state_dict_reserve(dict, err);
    if (status == TOLKA_OK && keys.root.kind != PICKLE_LIST)
        status =
            fail(err, TOLKA_FORMAT, "%s: no list of storages after the checkpoint", rest->path);
    if (status == TOLKA_OK) status = place_storages(dict, rest, &keys, err);
    pickle_free(&keys);
    return status;
}

tolka_status read_legacy_state_dict(struct state_dict *dict, const struct map *map,
                                    tolka_error *err) {
    struct rest rest = {dict->path, map->bytes, map->n_bytes};
    tolka_status status = skip_magic(&rest, err);
    if (status == TOLKA_OK) status = check_version(&rest, err);
    if (status == TOLKA_OK) status = check_machine(&rest, err);
    if (status == TOLKA_OK) status = next_pickle(&rest, &dict->pickle, err);
    return status == TOLKA_OK ? read_storages(dict, &rest, err) : status;
}
