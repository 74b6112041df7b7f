#define _DEFAULT_SOURCE
#include "models/checkpoint/detect.h"

#include "models/checkpoint/containers.h"
#include "models/checkpoint/names.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_ENTRIES = 65536 };

/* The names that exporters give; where one is there, its neighbours (checkpoints of other steps,
 * say) are left alone. */
static const char *const usual_names[] = {
    "model.safetensors",  "model.safetensors.index.json",
    "pytorch_model.bin",  "pytorch_model.bin.index.json",
    "model.npz",          "model.bin",
    "checkpoint_best.pt",
};

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
    const struct container *container; /* NULL: none yet */
    size_t n;
    char *name;       /* of the first in the alphabet */
    char listed[300]; /* their names, for the message */
};

static tolka_status note(struct finding *finding, const struct container *container,
                         const char *name, tolka_error *err) {
    int best = finding->container ? finding->container->rank : INT_MAX;
    if (container->rank > best) return TOLKA_OK;
    if (container->rank < best) {
        free(finding->name);
        *finding = (struct finding){.container = container};
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
    const struct container *container;
    tolka_status status = container_of(path, &container, NULL);
    free(path);
    return status == TOLKA_OK ? note(finding, container, name, err) : TOLKA_OK;
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
    struct finding finding = {0};
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

/* Shards belong to the index that names them. */
static bool is_shard(const char *name) {
    return strstr(name, "-of-") != NULL;
}

/* Lists what else there is to take, as far as a line has room. */
static tolka_status list_others(struct source *source, const char *directory, tolka_error *err) {
    struct dirent **entries = NULL;
    const char *slash = strrchr(source->weights_path, '/');
    const char *taken = slash ? slash + 1 : source->weights_path;
    char listed[300] = "";
    size_t used = 0;
    int n = scandir(directory, &entries, select_candidates, compare_names);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        struct finding found = {0};
        if (used < sizeof listed && strcmp(name, taken) != 0 && !is_shard(name) &&
            look_at(&found, directory, name, NULL) == TOLKA_OK && found.n > 0)
            used += (size_t)snprintf(listed + used, sizeof listed - used, "%s%s", used ? ", " : "",
                                     name);
        free(found.name);
        free(entries[i]);
    }
    free(entries);
    if (*listed && !(source->passed_over = strdup(listed)))
        return fail(err, TOLKA_NOMEM, "%s: out of memory", directory);
    return TOLKA_OK;
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
        if (status == TOLKA_OK) status = list_others(source, path, err);
        if (status != TOLKA_OK) return status;
        source->directory = strdup(path);
    } else {
        source->weights_path = strdup(path);
        source->directory = directory_of(path);
    }
    if (!source->weights_path || !source->directory)
        return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    const struct container *container;
    tolka_status status = container_of(source->weights_path, &container, err);
    if (status != TOLKA_OK) return status;
    source->settings = container->settings;
    source->kind_name = container->kind_name;
    status = container->read(source, source->weights_path, err);
    return status == TOLKA_OK ? source_sort(source, err) : status;
}

tolka_status source_open(struct source *source, const char *path, tolka_error *err) {
    *source = (struct source){0};
    tolka_status status = open_source(source, path, err);
    if (status != TOLKA_OK) source_close(source);
    return status;
}
