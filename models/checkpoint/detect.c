/* Finds the weights in a directory, and the container that a file is. */
#define _DEFAULT_SOURCE
#include "engine/gguf.h"
#include "models/checkpoint/bytes.h"
#include "models/checkpoint/source.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { MAX_ENTRIES = 65536 };

struct container {
    enum source_kind kind;
    const char *kind_name;
    tolka_status (*read)(struct source *source, const char *path, tolka_error *err);
};

/* In the order in which a directory's files are preferred. */
enum container_id {
    SAFETENSORS,
    SAFETENSORS_INDEX,
    PYTORCH,
    PYTORCH_INDEX,
    NPZ,
    MARIAN_BIN,
    CTRANSLATE2,
    GGUF,
    UNKNOWN,
    N_CONTAINERS = UNKNOWN,
};

static const struct container containers[N_CONTAINERS] = {
    [SAFETENSORS] = {SOURCE_SAFETENSORS, "safetensors", read_safetensors},
    [SAFETENSORS_INDEX] = {SOURCE_SAFETENSORS, "safetensors shards", read_safetensors_index},
    [PYTORCH] = {SOURCE_PYTORCH, "PyTorch zip", read_pytorch},
    [PYTORCH_INDEX] = {SOURCE_PYTORCH, "PyTorch shards", read_pytorch_index},
    [NPZ] = {SOURCE_NPZ, "Marian npz", read_npz},
    [MARIAN_BIN] = {SOURCE_MARIAN_BIN, "Marian bin", read_marian_bin},
    [CTRANSLATE2] = {SOURCE_CTRANSLATE2, "CTranslate2", read_ctranslate2},
    [GGUF] = {SOURCE_GGUF, "GGUF", read_gguf_source},
};

/* The names that exporters give; where one is there, its neighbours (checkpoints of other steps,
 * say) are left alone. */
static const char *const usual_names[] = {
    "model.safetensors", "model.safetensors.index.json",
    "pytorch_model.bin", "pytorch_model.bin.index.json",
    "model.npz",         "model.bin",
};

/* ---- by content ------------------------------------------------------------------------------ */

static bool contains(const uint8_t *bytes, size_t n, const char *text) {
    size_t length = strlen(text);
    for (size_t i = 0; i + length <= n; i++)
        if (memcmp(bytes + i, text, length) == 0) return true;
    return false;
}

static bool is_safetensors(const uint8_t *bytes, size_t n) {
    if (n < 10) return false;
    uint64_t header = load_u64(bytes);
    return header >= 2 && header <= 100000000 && strchr("{ \t\r\n", bytes[8]) && bytes[8] != 0;
}

/* Version 1 of CTranslate2 has a count where Marian's 64-bit version has zeros. */
static bool is_ctranslate2(const uint8_t *bytes, size_t n) {
    if (n < 12) return false;
    uint32_t version = load_u32(bytes);
    if (version == 1) {
        uint32_t length = load_u16(bytes + 8);
        return load_u32(bytes + 4) != 0 && length > 1 && length <= n - 10 &&
               bytes[10 + length - 1] == 0 && is_utf8(bytes + 10, length - 1);
    }
    uint32_t length = load_u16(bytes + 4);
    return version > 1 && version < 64 && length > 0 && length <= 64 && length <= n - 6 &&
           bytes[6 + length - 1] == 0 && is_utf8(bytes + 6, length - 1);
}

static bool is_marian_bin(const uint8_t *bytes, size_t n) {
    if (n < 16 || load_u64(bytes) < 1 || load_u64(bytes) > 2) return false;
    uint64_t count = load_u64(bytes + 8);
    return count > 0 && count < 1u << 20;
}

static enum container_id identify_zip(const uint8_t *bytes, size_t n) {
    size_t length = n < 30 ? 0 : load_u16(bytes + 26);
    bool npy = length > 4 && length <= n - 30 && memcmp(bytes + 30 + length - 4, ".npy", 4) == 0;
    return npy ? NPZ : PYTORCH;
}

static enum container_id identify(const uint8_t *bytes, size_t n) {
    if (n >= 4 && memcmp(bytes, "GGUF", 4) == 0) return GGUF;
    if (n >= 4 && memcmp(bytes, "PK\3\4", 4) == 0) return identify_zip(bytes, n);
    /* A pickle that is in no zip: read_pytorch says what to do about it. */
    if (n >= 2 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5) return PYTORCH;
    if (is_safetensors(bytes, n)) return SAFETENSORS;
    if (is_marian_bin(bytes, n)) return MARIAN_BIN;
    if (is_ctranslate2(bytes, n)) return CTRANSLATE2;
    if (n > 0 && strchr("{ \t\r\n", bytes[0]) && bytes[0] && contains(bytes, n, "\"weight_map\""))
        return contains(bytes, n, ".safetensors\"") ? SAFETENSORS_INDEX : PYTORCH_INDEX;
    return UNKNOWN;
}

static tolka_status identify_file(const char *path, enum container_id *id, tolka_error *err) {
    struct map map;
    *id = UNKNOWN;
    tolka_status status = map_open(&map, path, err);
    if (status != TOLKA_OK) return status;
    *id = identify(map.bytes, map.n_bytes);
    if (*id == UNKNOWN)
        status = fail(err, TOLKA_FORMAT, "%s: not a checkpoint that tolka can import: %s", path,
                      describe_file(map.bytes, map.n_bytes));
    map_close(&map);
    return status;
}

/* ---- in a directory -------------------------------------------------------------------------- */

static char *join(const char *directory, const char *name) {
    size_t a = strlen(directory), b = strlen(name);
    char *path = malloc(a + b + 2);
    if (!path) return NULL;
    memcpy(path, directory, a);
    if (a > 0 && directory[a - 1] != '/') path[a++] = '/';
    memcpy(path + a, name, b + 1);
    return path;
}

static bool ends_with(const char *name, const char *end) {
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

/* Could the file hold weights? Training writes its optimizer state next to them. */
static bool is_candidate(const char *name) {
    static const char *const ends[] = {".safetensors", ".npz", ".bin", ".pt", ".pth", ".gguf"};
    if (name[0] == '.' || strstr(name, "optimizer") || strcmp(name, "training_args.bin") == 0)
        return false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(name, ends[i])) return true;
    return false;
}

/* The candidates of the most preferred container so far. */
struct finding {
    enum container_id id;
    size_t n;
    char *name;       /* of the first in the alphabet */
    char listed[300]; /* their names, for the message */
};

static tolka_status note(struct finding *finding, enum container_id id, const char *name,
                         tolka_error *err) {
    if (id > finding->id) return TOLKA_OK;
    if (id < finding->id) {
        free(finding->name);
        *finding = (struct finding){.id = id};
    }
    size_t used = strlen(finding->listed);
    snprintf(finding->listed + used, sizeof finding->listed - used, "%s%s", used ? ", " : "", name);
    finding->n++;
    if (finding->name) return TOLKA_OK;
    finding->name = strdup(name);
    return finding->name ? TOLKA_OK : fail(err, TOLKA_NOMEM, "%s: out of memory", name);
}

static int compare_names(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int select_candidates(const struct dirent *entry) {
    return is_candidate(entry->d_name);
}

/* Files of other kinds (a shortlist is a .bin, too) are passed over. */
static tolka_status look_at(struct finding *finding, const char *directory, const char *name,
                            tolka_error *err) {
    char *path = join(directory, name);
    if (!path) return fail(err, TOLKA_NOMEM, "%s: out of memory", directory);
    enum container_id id;
    tolka_status status = identify_file(path, &id, NULL);
    free(path);
    return status == TOLKA_OK ? note(finding, id, name, err) : TOLKA_OK;
}

static tolka_status search_directory(struct finding *finding, const char *directory,
                                     tolka_error *err) {
    struct dirent **entries = NULL;
    int n = scandir(directory, &entries, select_candidates, compare_names);
    if (n < 0) return fail(err, TOLKA_IO, "%s: %s", directory, strerror(errno));
    tolka_status status = TOLKA_OK;
    if (n > MAX_ENTRIES)
        status = fail(err, TOLKA_ARGUMENT, "%s: %d files; name the weights file", directory, n);
    for (int i = 0; i < n; i++) {
        if (status == TOLKA_OK) status = look_at(finding, directory, entries[i]->d_name, err);
        free(entries[i]);
    }
    free(entries);
    return status;
}

/* *path: the weights file, the caller's to free. */
static tolka_status find_weights(const char *directory, char **path, tolka_error *err) {
    struct stat info;
    for (size_t i = 0; i < sizeof usual_names / sizeof *usual_names; i++) {
        *path = join(directory, usual_names[i]);
        if (!*path) return fail(err, TOLKA_NOMEM, "%s: out of memory", directory);
        if (stat(*path, &info) == 0) return TOLKA_OK;
        free(*path);
    }
    *path = NULL;
    struct finding finding = {.id = UNKNOWN};
    tolka_status status = search_directory(&finding, directory, err);
    if (status == TOLKA_OK && finding.n == 0)
        status = fail(err, TOLKA_FORMAT,
                      "%s: no weights here: expected model.safetensors, pytorch_model.bin, *.npz, "
                      "model.bin or *.gguf",
                      directory);
    else if (status == TOLKA_OK && finding.n > 1)
        status = fail(err, TOLKA_ARGUMENT, "%s: %zu checkpoints (%s); name the one you want",
                      directory, finding.n, finding.listed);
    else if (status == TOLKA_OK && !(*path = join(directory, finding.name)))
        status = fail(err, TOLKA_NOMEM, "%s: out of memory", directory);
    free(finding.name);
    return status;
}

/* ---- opening --------------------------------------------------------------------------------- */

static char *directory_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return !slash          ? strdup(".")
           : slash == path ? strdup("/")
                           : strndup(path, (size_t)(slash - path));
}

static tolka_status open_source(struct source *source, const char *path, tolka_error *err) {
    struct stat info;
    if (stat(path, &info) != 0) return fail(err, TOLKA_IO, "%s: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode)) {
        tolka_status status = find_weights(path, &source->weights_path, err);
        if (status != TOLKA_OK) return status;
        source->directory = strdup(path);
    } else {
        source->weights_path = strdup(path);
        source->directory = directory_of(path);
    }
    if (!source->weights_path || !source->directory)
        return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    enum container_id id;
    tolka_status status = identify_file(source->weights_path, &id, err);
    if (status != TOLKA_OK) return status;
    source->kind = containers[id].kind;
    source->kind_name = containers[id].kind_name;
    status = containers[id].read(source, source->weights_path, err);
    return status == TOLKA_OK ? source_sort(source, err) : status;
}

tolka_status source_open(struct source *source, const char *path, tolka_error *err) {
    *source = (struct source){0};
    tolka_status status = open_source(source, path, err);
    if (status != TOLKA_OK) source_close(source);
    return status;
}
