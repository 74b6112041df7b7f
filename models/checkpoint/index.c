#define _POSIX_C_SOURCE 200809L
#include "models/checkpoint/index.h"

#include "models/checkpoint/json_text.h"
#include "models/checkpoint/names.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SHARDS = 4096, MAX_INDEX_BYTES = 1 << 28 };

/* A name out of a file becomes a path only if it stays in the directory. */
static bool is_basename(const char *name) {
    return name && *name && *name != '.' && strlen(name) < 256 && !strpbrk(name, "/\\") &&
           !strstr(name, "..");
}

/* Without what stands behind the last slash. */
static char *directory_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == path ? strdup("/") : strndup(path, slash ? (size_t)(slash - path) : 0);
}

static tolka_status load_shard(struct source *source, const char *index, const char *name,
                               tolka_status (*load)(struct source *, const char *, tolka_error *),
                               tolka_error *err) {
    size_t n = directory_length(index);
    char *path = malloc(n + strlen(name) + 1), *directory = directory_of(index);
    tolka_status status;
    if (path) memcpy(path, index, n);
    if (path) strcpy(path + n, name);
    if (!path || !directory)
        status = fail(err, TOLKA_NOMEM, "%s: out of memory", index);
    else if (leads_out(directory, path))
        status =
            fail(err, TOLKA_FORMAT, "%s: refused: %s is a link out of its directory", index, name);
    else
        status = load(source, path, err);
    free(path);
    free(directory);
    return status;
}

static tolka_status load_shards(struct source *source, const char *index, json_t *weight_map,
                                tolka_status (*load)(struct source *, const char *, tolka_error *),
                                tolka_error *err) {
    json_t *seen = json_object();
    if (!seen) return fail(err, TOLKA_NOMEM, "%s: out of memory", index);
    tolka_status status = TOLKA_OK;
    const char *tensor;
    json_t *value;
    json_object_foreach(weight_map, tensor, value) {
        const char *shard = json_string_value(value);
        if (!is_basename(shard))
            status =
                fail(err, TOLKA_FORMAT, "%s: tensor %.200s: %.100s is not the plain name of a file",
                     index, tensor, shard ? shard : "(not a string)");
        else if (json_object_get(seen, shard))
            continue;
        else if (json_object_size(seen) == MAX_SHARDS)
            status = fail(err, TOLKA_FORMAT, "%s: more than %d shards", index, MAX_SHARDS);
        else if (json_object_set_new(seen, shard, json_true()) != 0)
            status = fail(err, TOLKA_NOMEM, "%s: out of memory", index);
        else
            status = load_shard(source, index, shard, load, err);
        if (status != TOLKA_OK) break;
    }
    json_decref(seen);
    return status;
}

/* More tensors than the index lists are as harmless as in a file of one piece: no role asks for
 * them. */
static tolka_status check_complete(const struct source *source, const char *index,
                                   json_t *weight_map, tolka_error *err) {
    const char *tensor;
    json_t *value;
    json_object_foreach(weight_map, tensor, value) if (!source_find(source, tensor)) return fail(
        err, TOLKA_FORMAT, "%s: tensor %.200s is not in %.100s", index, tensor,
        json_string_value(value));
    return TOLKA_OK;
}

tolka_status read_index(struct source *source, const char *path,
                        tolka_status (*load)(struct source *source, const char *path,
                                             tolka_error *err),
                        tolka_error *err) {
    struct map map;
    tolka_status status = map_open(&map, path, err);
    if (status != TOLKA_OK) return status;
    json_error_t problem = {.text = "larger than 256 MB"};
    json_t *root = map.n_bytes > MAX_INDEX_BYTES ? NULL
                                                 : json_read((const char *)map.bytes, map.n_bytes,
                                                             JSON_REJECT_DUPLICATES, &problem);
    json_t *weight_map = json_object_get(root, "weight_map");
    if (!root)
        status = fail(err, TOLKA_FORMAT, "%s: not a JSON index: %s", path, problem.text);
    else if (json_object_size(weight_map) == 0)
        status = fail(err, TOLKA_FORMAT, "%s: no weight_map that names shards", path);
    else
        status = load_shards(source, path, weight_map, load, err);
    if (status == TOLKA_OK) status = source_sort(source, err);
    if (status == TOLKA_OK) status = check_complete(source, path, weight_map, err);
    json_decref(root);
    map_close(&map);
    return status;
}
