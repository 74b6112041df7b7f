#define _XOPEN_SOURCE 700
#include "models/convert/model_cache.h"

#include "engine/file_kind.h"
#include "engine/map.h"
#include "models/checkpoint/names.h"
#include "models/checkpoint/package.h"
#include "models/checkpoint/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Another one for every change of what convert makes of a checkpoint. */
#define CACHE_STATE "tolka " TOLKA_VERSION " 1"

/* ---- what is a checkpoint -------------------------------------------------------------------- */

static bool is_directory(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static enum file_kind kind_of(const char *path) {
    struct map map;
    if (map_open(&map, path, NULL) != TOLKA_OK) return FILE_UNKNOWN;
    enum file_kind kind = file_kind_of(map.bytes, map.n_bytes);
    map_close(&map);
    return kind;
}

static bool is_archive_kind(enum file_kind kind) {
    return kind == FILE_GZIP || kind == FILE_XZ || kind == FILE_ZSTD || kind == FILE_BZIP2 ||
           kind == FILE_TAR;
}

bool is_checkpoint(const char *path) {
    if (is_directory(path)) return true;
    switch (kind_of(path)) {
    case FILE_SAFETENSORS:
    case FILE_SAFETENSORS_INDEX:
    case FILE_PYTORCH:
    case FILE_PYTORCH_INDEX:
    case FILE_PYTORCH_OLD:
    case FILE_PICKLE:
    case FILE_NPZ:
    case FILE_MARIAN_BIN:
    case FILE_CTRANSLATE2:
        return true;
    default:
        return is_archive_kind(kind_of(path));
    }
}

/* ---- its state ------------------------------------------------------------------------------- */

/* FNV-1a: nobody gains by a collision but who already owns the user's files. */
struct hash {
    uint64_t value;
};

static void hash_text(struct hash *hash, const char *text) {
    do {
        hash->value = (hash->value ^ (uint8_t)*text) * 0x100000001b3u;
    } while (*text++);
}

static void hash_file(struct hash *hash, const char *directory, const char *name) {
    char path[8192], line[96];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return;
    snprintf(line, sizeof line, "%lld %lld.%09ld", (long long)info.st_size,
             (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    hash_text(hash, name);
    hash_text(hash, line);
}

static int may_matter(const struct dirent *entry) {
    static const char *const ends[] = {".json", ".yml",         ".yaml", ".spm", ".model", ".txt",
                                       ".bin",  ".safetensors", ".npz",  ".pt",  ".pth",   ".gguf",
                                       ".gz",   ".zst",         ".xz",   ".bz2", ".vocab"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(entry->d_name, ends[i])) return 1;
    return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void hash_directory(struct hash *hash, const char *directory) {
    struct dirent **entries;
    int n = scandir(directory, &entries, may_matter, by_name);
    for (int i = 0; i < n; i++) {
        hash_file(hash, directory, entries[i]->d_name);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
}

/* An archive is all that there is; a file of weights counts together with its neighbours. */
static bool stands_alone(const char *real) {
    enum file_kind kind = kind_of(real);
    if (is_packed_part(strrchr(real, '/') + 1, NULL)) return false;
    return is_archive_kind(kind) || (kind == FILE_PYTORCH && is_zip_of_files(real));
}

static void hash_state(struct hash *hash, const char *real) {
    char directory[4096], model[4200];
    snprintf(directory, sizeof directory, "%s", real);
    char *slash = strrchr(directory, '/');
    hash_text(hash, CACHE_STATE);
    if (!is_directory(real)) {
        *slash = 0;
        hash_file(hash, *directory ? directory : "/", slash + 1);
        if (stands_alone(real)) return;
    }
    hash_directory(hash, directory);
    snprintf(model, sizeof model, "%s/model", directory);
    if (is_directory(real)) hash_directory(hash, model);
}

/* ---- places ---------------------------------------------------------------------------------- */

char *cache_directory(tolka_error *err) {
    const char *base = getenv("XDG_CACHE_HOME"), *inner = "/tolka";
    if (!base || *base != '/') {
        base = getenv("HOME");
        inner = "/.cache/tolka";
    }
    if (!base || *base != '/') {
        fail(err, TOLKA_IO, "there is no home directory (HOME is not set)");
        return NULL;
    }
    size_t n = strlen(base) + strlen(inner) + 1;
    char *path = malloc(n);
    if (path)
        snprintf(path, n, "%s%s", base, inner);
    else
        fail(err, TOLKA_NOMEM, "out of memory");
    return path;
}

/* The cache, with all that leads to it, for the user alone. */
static bool make_directory(char *path) {
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash) *slash = 0;
        bool made = mkdir(path, 0700) == 0 || errno == EEXIST || is_directory(path);
        int reason = errno;
        if (slash) *slash = '/';
        errno = reason;
        if (!made) return false;
        if (!slash) return access(path, W_OK | X_OK) == 0;
    }
}

static void safe_name(const char *real, char name[64]) {
    const char *slash = strrchr(real, '/');
    snprintf(name, 64, "%.60s", slash && slash[1] ? slash + 1 : "model");
    for (char *at = name; *at; at++)
        if (!((*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z') ||
              (*at >= 'A' && *at <= 'Z') || strchr("._-", *at)))
            *at = '_';
    if (*name == '.') *name = '_';
}

static char *name_file(const char *directory, const char *real, enum dtype type) {
    char name[64];
    struct hash where = {0xcbf29ce484222325u}, state = {0xcbf29ce484222325u};
    safe_name(real, name);
    hash_text(&where, real);
    hash_text(&where, dtype_name(type));
    hash_state(&state, real);
    size_t n = strlen(directory) + sizeof name + 48;
    char *path = malloc(n);
    if (path)
        snprintf(path, n, "%s/%s-%08llx-%016llx.gguf", directory, name,
                 (unsigned long long)(where.value & 0xffffffffu), (unsigned long long)state.value);
    return path;
}

static tolka_status find_directory(struct cached_model *cached, tolka_error *err) {
    cached->directory = cache_directory(&cached->why);
    if (cached->directory && !make_directory(cached->directory)) {
        fail(&cached->why, TOLKA_IO, "%s: %s", cached->directory, strerror(errno));
        free(cached->directory);
        cached->directory = NULL;
    }
    return cached->directory ? TOLKA_OK : scratch_new(&cached->scratch, err);
}

/* A file that cannot be made in the cache may be there already. */
static bool find_made(struct cached_model *cached, const char *real, enum dtype type) {
    char *directory = cache_directory(NULL);
    cached->path = directory ? name_file(directory, real, type) : NULL;
    cached->found = cached->path && access(cached->path, R_OK) == 0;
    free(directory);
    if (cached->found) return true;
    free(cached->path);
    cached->path = NULL;
    return false;
}

tolka_status cache_find(struct cached_model *cached, const char *checkpoint, enum dtype type,
                        tolka_error *err) {
    *cached = (struct cached_model){.path = NULL};
    char *real = realpath(checkpoint, NULL);
    if (!real) return fail(err, TOLKA_IO, "%s: %s", checkpoint, strerror(errno));
    tolka_status status = find_made(cached, real, type) ? TOLKA_OK : find_directory(cached, err);
    if (status == TOLKA_OK && !cached->path)
        cached->path = name_file(
            cached->directory ? cached->directory : scratch_path(cached->scratch), real, type);
    if (status == TOLKA_OK && !cached->path) status = fail(err, TOLKA_NOMEM, "out of memory");
    free(real);
    if (status != TOLKA_OK) cache_close(cached);
    return status;
}

void cache_close(struct cached_model *cached) {
    free(cached->path);
    free(cached->directory);
    scratch_free(cached->scratch);
    *cached = (struct cached_model){.path = NULL};
}

/* ---- what is there --------------------------------------------------------------------------- */

static int is_model(const struct dirent *entry) {
    return ends_with(entry->d_name, ".gguf") && entry->d_name[0] != '.';
}

static int is_ours(const struct dirent *entry) {
    return is_model(entry) || strncmp(entry->d_name, ".tolka-", 7) == 0;
}

static void remove_in(const char *directory, const char *name) {
    char path[8192];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    unlink(path);
}

void cache_keep(const struct cached_model *cached) {
    enum { STATE = sizeof "0123456789abcdef.gguf" - 1 };
    struct dirent **entries;
    if (!cached->directory) return;
    const char *name = strrchr(cached->path, '/') + 1;
    size_t same = strlen(name) - STATE;
    int n = scandir(cached->directory, &entries, is_model, by_name);
    for (int i = 0; i < n; i++) {
        const char *other = entries[i]->d_name;
        if (strlen(other) == strlen(name) && strncmp(other, name, same) == 0 &&
            strcmp(other, name) != 0)
            remove_in(cached->directory, other);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
}

tolka_status
cache_visit(bool clear, void (*visit)(void *user, const char *name, uint64_t bytes, long long time),
            void *user, tolka_error *err) {
    struct dirent **entries;
    char *directory = cache_directory(err);
    if (!directory) return TOLKA_IO;
    int n = scandir(directory, &entries, clear ? is_ours : is_model, by_name);
    for (int i = 0; i < n; i++) {
        char path[8192];
        struct stat info;
        snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
        if (lstat(path, &info) == 0 && S_ISREG(info.st_mode) && (!clear || unlink(path) == 0))
            visit(user, entries[i]->d_name, (uint64_t)info.st_size, (long long)info.st_mtime);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
    tolka_status status = n >= 0 || errno == ENOENT
                              ? TOLKA_OK
                              : fail(err, TOLKA_IO, "%s: %s", directory, strerror(errno));
    free(directory);
    return status;
}
