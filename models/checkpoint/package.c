#define _XOPEN_SOURCE 700
#include "models/checkpoint/package.h"

#include "engine/file_kind.h"
#include "engine/map.h"
#include "models/checkpoint/names.h"
#include "models/checkpoint/unpack.h"
#include "models/checkpoint/weights.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FOLDER_DEPTH = 6 };

static bool is_folder(const char *path) {
    struct stat info;
    return lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* ---- compressed files ------------------------------------------------------------------------ */

bool is_packed_part(const char *name, size_t *length) {
    static const char *const packed[] = {".gz", ".zst", ".xz", ".bz2"};
    static const char *const parts[] = {".bin",  ".npz",  ".spm", ".model",      ".yml",
                                        ".yaml", ".json", ".txt", ".safetensors"};
    char stem[256];
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof packed / sizeof *packed && n < sizeof stem; i++) {
        if (name[0] == '.' || !ends_with(name, packed[i])) continue;
        size_t before = n - strlen(packed[i]);
        memcpy(stem, name, before);
        stem[before] = 0;
        if (length) *length = before;
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
            if (ends_with(stem, parts[k])) return true;
    }
    return false;
}

/* ---- gathering ------------------------------------------------------------------------------- */

/* Entries of `from` that are files, each once in `to`: what is there already stays. */
struct gathering {
    const char *from, *to;
    struct unpack_budget budget;
    bool unpacking; /* compressed parts are unpacked; else only links are made */
};

static tolka_status unpack_part(struct gathering *gathering, const char *path, const char *name,
                                size_t stem, tolka_error *err) {
    char single[256];
    bool was_single;
    snprintf(single, sizeof single, "%.*s", (int)stem, name);
    return unpack(path, gathering->to, single, &gathering->budget, &was_single, err);
}

static tolka_status link_part(const struct gathering *gathering, const char *path, const char *name,
                              tolka_error *err) {
    char *link = join_path(gathering->to, name), *real = realpath(path, NULL);
    bool ok = link && real && (symlink(real, link) == 0 || errno == EEXIST);
    int reason = link ? errno : ENOMEM;
    free(link);
    free(real);
    if (ok) return TOLKA_OK;
    return fail(err, reason == ENOMEM ? TOLKA_NOMEM : TOLKA_IO, "%s: %s", path, strerror(reason));
}

static tolka_status gather_entry(struct gathering *gathering, const char *name, tolka_error *err) {
    size_t stem;
    struct stat info;
    char *path = join_path(gathering->from, name);
    if (!path) return fail(err, TOLKA_NOMEM, "%s: out of memory", gathering->from);
    tolka_status status = TOLKA_OK;
    if (stat(path, &info) == 0 && S_ISREG(info.st_mode))
        status = gathering->unpacking && is_packed_part(name, &stem)
                     ? unpack_part(gathering, path, name, stem, err)
                     : link_part(gathering, path, name, err);
    free(path);
    return status;
}

static tolka_status gather(struct gathering *gathering, const char *from, tolka_error *err) {
    gathering->from = from;
    DIR *stream = opendir(from);
    if (!stream) return fail(err, TOLKA_IO, "%s: %s", from, strerror(errno));
    tolka_status status = TOLKA_OK;
    for (struct dirent *entry; status == TOLKA_OK && (entry = readdir(stream));)
        if (entry->d_name[0] != '.') status = gather_entry(gathering, entry->d_name, err);
    closedir(stream);
    return status;
}

/* A scratch directory, and in it a folder whose name says in messages where things come from. */
static tolka_status make_folder(struct scratch **scratch, char **folder, const char *path,
                                tolka_error *err) {
    char name[256];
    *folder = NULL;
    tolka_status status = scratch_new(scratch, err);
    if (status != TOLKA_OK) return status;
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;
    size_t first = n;
    while (first > 0 && path[first - 1] != '/') first--;
    snprintf(name, sizeof name, "%.*s", (int)(n - first < 200 ? n - first : 200), path + first);
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) strcpy(name, "checkpoint");
    *folder = join_path(scratch_path(*scratch), name);
    if (!*folder) return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    if (mkdir(*folder, 0700) == 0) return TOLKA_OK;
    return fail(err, TOLKA_IO, "%s: no folder can be made for it: %s", path, strerror(errno));
}

/* ---- directories ----------------------------------------------------------------------------- */

static bool has_packed_parts(const char *directory) {
    DIR *stream = opendir(directory);
    bool found = false;
    for (struct dirent *entry; stream && !found && (entry = readdir(stream));)
        found = is_packed_part(entry->d_name, NULL);
    if (stream) closedir(stream);
    return found;
}

/* Argos packages keep the weights in model/, and the tokenizer beside that folder. */
static tolka_status open_directory(struct scratch **scratch, char **place, const char *path,
                                   tolka_error *err) {
    char *inner = join_path(path, "model");
    if (!inner) return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    bool plain, nested = false;
    tolka_status status = has_weights(&plain, path, false, err);
    if (status == TOLKA_OK && !plain) status = has_weights(&nested, inner, false, err);
    bool packed = !plain && has_packed_parts(path);
    if (status == TOLKA_OK && (nested || packed)) {
        status = make_folder(scratch, place, path, err);
        struct gathering gathering = {.to = *place, .budget = unpack_budget(), .unpacking = packed};
        if (status == TOLKA_OK && nested) status = gather(&gathering, inner, err);
        if (status == TOLKA_OK) status = gather(&gathering, path, err);
    }
    free(inner);
    return status;
}

/* ---- archives -------------------------------------------------------------------------------- */

/* The folders of an unpacked archive that hold a checkpoint, all equally deep. */
struct places {
    char *first;
    size_t n;
    bool starved; /* there was no memory to look everywhere */
};

static void look_into(struct places *places, const char *folder, bool usual) {
    bool found;
    if (has_weights(&found, folder, usual, NULL) != TOLKA_OK) places->starved = true;
    if (!found || places->n++ > 0) return;
    places->first = strdup(folder);
    if (!places->first) places->starved = true;
}

static void look_for_weights(struct places *places, const char *folder, size_t depth, bool usual) {
    if (depth == 0) look_into(places, folder, usual);
    DIR *stream = depth > 0 ? opendir(folder) : NULL;
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        if (entry->d_name[0] == '.') continue;
        char *inner = join_path(folder, entry->d_name);
        if (!inner) places->starved = true;
        if (inner && is_folder(inner)) look_for_weights(places, inner, depth - 1, usual);
        free(inner);
    }
    if (stream) closedir(stream);
}

/* The nearest to the top; a folder with a usual name goes before others (Argos packages carry small
 * models of other kinds, too). */
static tolka_status find_place(char **place, const char *folder, const char *path,
                               tolka_error *err) {
    struct places places = {.first = NULL};
    for (int i = 0; i < 2 * MAX_FOLDER_DEPTH && places.n == 0; i++)
        look_for_weights(&places, folder, (size_t)(i % MAX_FOLDER_DEPTH), i < MAX_FOLDER_DEPTH);
    if (places.n == 1 && !places.starved) {
        *place = places.first;
        return TOLKA_OK;
    }
    free(places.first);
    if (places.starved) return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    if (places.n > 1)
        return fail(err, TOLKA_ARGUMENT,
                    "%s: %zu checkpoints in it; unpack it and name the one you want", path,
                    places.n);
    return fail(err, TOLKA_FORMAT,
                "%s: no weights in it: expected model.safetensors, pytorch_model.bin, *.npz, "
                "model.bin or *.gguf",
                path);
}

/* Files of the folders above count as beside the weights. */
static tolka_status gather_above(const char *place, const char *top, tolka_error *err) {
    struct gathering gathering = {.to = place, .budget = unpack_budget()};
    tolka_status status = TOLKA_OK;
    char *folder = strdup(place);
    if (!folder) return fail(err, TOLKA_NOMEM, "%s: out of memory", place);
    while (status == TOLKA_OK && strlen(folder) > strlen(top)) {
        *strrchr(folder, '/') = 0;
        status = gather(&gathering, folder, err);
    }
    free(folder);
    return status;
}

/* A compressed file is one of several that belong together. */
static tolka_status open_part(char **place, const char *folder, const char *path,
                              const char *single, tolka_error *err) {
    char *directory = strndup(path, (size_t)(file_name(path) - path));
    struct gathering gathering = {.to = folder, .budget = unpack_budget(), .unpacking = true};
    tolka_status status = directory ? TOLKA_OK : fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    if (status == TOLKA_OK) status = gather(&gathering, *directory ? directory : ".", err);
    free(directory);
    *place = status == TOLKA_OK ? join_path(folder, single) : NULL;
    return *place || status != TOLKA_OK ? status
                                        : fail(err, TOLKA_NOMEM, "%s: out of memory", path);
}

static tolka_status unpack_archive(const char *folder, char **place, const char *path,
                                   tolka_error *err) {
    struct unpack_budget budget = unpack_budget();
    size_t stem;
    bool single;
    const char *name = file_name(path);
    if (is_packed_part(name, &stem)) {
        char without[256];
        snprintf(without, sizeof without, "%.*s", (int)stem, name);
        return open_part(place, folder, path, without, err);
    }
    tolka_status status = unpack(path, folder, "checkpoint", &budget, &single, err);
    if (status == TOLKA_OK) status = find_place(place, folder, path, err);
    return status == TOLKA_OK ? gather_above(*place, folder, err) : status;
}

static tolka_status is_archive(const char *path, bool *answer, tolka_error *err) {
    struct map map;
    tolka_status status = map_open(&map, path, err);
    if (status != TOLKA_OK) return status;
    switch (file_kind_of(map.bytes, map.n_bytes)) {
    case FILE_GZIP:
    case FILE_XZ:
    case FILE_ZSTD:
    case FILE_BZIP2:
    case FILE_TAR:
        *answer = true;
        break;
    case FILE_PYTORCH:
        *answer = is_zip_of_files(path);
        break;
    default:
        *answer = false;
    }
    map_close(&map);
    return TOLKA_OK;
}

static tolka_status open_archive(struct scratch **scratch, char **place, const char *path,
                                 tolka_error *err) {
    bool answer;
    tolka_status status = is_archive(path, &answer, err);
    if (status != TOLKA_OK || !answer) return status;
    char *folder;
    status = make_folder(scratch, &folder, path, err);
    if (status == TOLKA_OK) status = unpack_archive(folder, place, path, err);
    free(folder);
    return status;
}

tolka_status package_open(struct scratch **scratch, char **place, const char *path,
                          tolka_error *err) {
    struct stat info;
    *scratch = NULL;
    *place = NULL;
    if (stat(path, &info) != 0) return fail(err, TOLKA_IO, "%s: %s", path, strerror(errno));
    tolka_status status = S_ISDIR(info.st_mode) ? open_directory(scratch, place, path, err)
                                                : open_archive(scratch, place, path, err);
    if (status == TOLKA_OK) return TOLKA_OK;
    free(*place);
    *place = NULL;
    scratch_free(*scratch);
    *scratch = NULL;
    return status;
}
