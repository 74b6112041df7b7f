#define _DEFAULT_SOURCE
#include "models/checkpoint/weights.h"

#include "models/checkpoint/containers.h"
#include "models/checkpoint/names.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILES = 65536 };

/* The names that exporters give; where one is there, its neighbours (checkpoints of other steps,
 * say) are left alone. The first counts. */
static const char *const usual_names[] = {
    "model.safetensors",  "model.safetensors.index.json",
    "pytorch_model.bin",  "pytorch_model.bin.index.json",
    "model.npz",          "model.bin",
    "checkpoint_best.pt",
};
enum { N_USUAL_NAMES = sizeof usual_names / sizeof *usual_names };

char *join_path(const char *directory, const char *name) {
    size_t a = strlen(directory), b = strlen(name);
    char *path = malloc(a + b + 2);
    if (!path) return NULL;
    memcpy(path, directory, a);
    if (a > 0 && directory[a - 1] != '/') path[a++] = '/';
    memcpy(path + a, name, b + 1);
    return path;
}

/* ---- candidates ------------------------------------------------------------------------------ */

/* Could the file hold weights? Training writes its optimizer state next to them. */
static bool is_candidate(const char *name) {
    static const char *const ends[] = {".safetensors", ".npz", ".bin", ".pt", ".pth", ".gguf"};
    if (name[0] == '.' || strstr(name, "optimizer") || strcmp(name, "training_args.bin") == 0)
        return false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(name, ends[i])) return true;
    return false;
}

/* Less is better: a usual name's place, then the rank of the container. */
struct candidate {
    char *name;
    int rank;
};

/* In the order of the alphabet. */
struct candidates {
    size_t n;
    struct candidate *list;
};

static void candidates_free(struct candidates *candidates) {
    for (size_t i = 0; i < candidates->n; i++) free(candidates->list[i].name);
    free(candidates->list);
}

static int usual_rank(const char *name) {
    int i = 0;
    while (i < N_USUAL_NAMES && strcmp(usual_names[i], name) != 0) i++;
    return i;
}

/* Files of other kinds (a shortlist is a .bin, too) are passed over. */
static tolka_status rank_of_file(const char *path, int *rank, tolka_error *err) {
    const struct container *container;
    bool usual = *rank < N_USUAL_NAMES;
    struct stat info;
    bool known = stat(path, &info) == 0, readable = access(path, R_OK) == 0 || errno != EACCES;
    if (!is_or_may_be(path) || (!usual && ((known && !S_ISREG(info.st_mode)) || !readable))) {
        *rank = INT_MAX;
        return TOLKA_OK;
    }
    if (usual) return TOLKA_OK;
    tolka_status status = container_of(path, &container, err);
    *rank = status == TOLKA_OK ? *rank + container->rank : INT_MAX;
    return status == TOLKA_IO || status == TOLKA_NOMEM ? status : TOLKA_OK;
}

static tolka_status rank_of(const char *directory, const char *name, int *rank, tolka_error *err) {
    char *path = join_path(directory, name);
    if (!path) return fail(err, TOLKA_NOMEM, "%s: out of memory", directory);
    *rank = usual_rank(name);
    tolka_status status = rank_of_file(path, rank, err);
    free(path);
    return status;
}

static int compare_names(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int select_candidates(const struct dirent *entry) {
    return is_candidate(entry->d_name) || usual_rank(entry->d_name) < N_USUAL_NAMES;
}

static tolka_status list_candidates(struct candidates *candidates, const char *directory,
                                    tolka_error *err) {
    struct dirent **entries = NULL;
    *candidates = (struct candidates){0};
    int n = scandir(directory, &entries, select_candidates, compare_names);
    if (n < 0)
        return fail(err, errno == ENOMEM ? TOLKA_NOMEM : TOLKA_IO, "%s: %s", directory,
                    strerror(errno));
    tolka_status status = TOLKA_OK;
    candidates->list = calloc((size_t)n + 1, sizeof *candidates->list);
    if (!candidates->list) status = fail(err, TOLKA_NOMEM, "%s: out of memory", directory);
    if (n > MAX_FILES)
        status = fail(err, TOLKA_ARGUMENT, "%s: %d files; name the weights file", directory, n);
    for (int i = 0; i < n; i++) {
        int rank = INT_MAX;
        if (status == TOLKA_OK) status = rank_of(directory, entries[i]->d_name, &rank, err);
        if (status != TOLKA_OK) rank = INT_MAX;
        char *name = rank < INT_MAX ? strdup(entries[i]->d_name) : NULL;
        if (rank < INT_MAX && !name)
            status = fail(err, TOLKA_NOMEM, "%s: out of memory", directory);
        if (name) candidates->list[candidates->n++] = (struct candidate){name, rank};
        free(entries[i]);
    }
    free(entries);
    if (status != TOLKA_OK) candidates_free(candidates);
    return status;
}

tolka_status has_weights(bool *found, const char *directory, bool usual, tolka_error *err) {
    struct candidates candidates;
    *found = false;
    tolka_status status = list_candidates(&candidates, directory, NULL);
    if (status == TOLKA_NOMEM) return fail(err, status, "%s: out of memory", directory);
    if (status != TOLKA_OK) return TOLKA_OK;
    for (size_t i = 0; i < candidates.n; i++)
        *found |= !usual || candidates.list[i].rank < N_USUAL_NAMES;
    candidates_free(&candidates);
    return TOLKA_OK;
}

/* ---- the choice ------------------------------------------------------------------------------ */

/* Parts of one checkpoint, which an index brings together. */
static bool is_shard(const char *name) {
    return strstr(name, "-of-0") != NULL;
}

/* The names of all but one rank, or of that rank alone, as far as they fit; shards are left out of
 * the former. */
static void list_names(const struct candidates *candidates, int rank, bool others, char *listed,
                       size_t size) {
    *listed = 0;
    for (size_t i = 0; i < candidates->n; i++) {
        const struct candidate *candidate = &candidates->list[i];
        if ((candidate->rank == rank) == others || (others && is_shard(candidate->name))) continue;
        size_t used = strlen(listed);
        snprintf(listed + used, size - used, "%s%s", used ? ", " : "", candidate->name);
    }
}

static tolka_status take(struct weights *weights, const struct candidates *candidates,
                         const struct candidate *best, const char *directory, tolka_error *err) {
    char listed[300];
    weights->path = join_path(directory, best->name);
    list_names(candidates, best->rank, true, listed, sizeof listed);
    weights->left_aside = *listed ? strdup(listed) : NULL;
    if (weights->path && (weights->left_aside || !*listed)) return TOLKA_OK;
    free(weights->path);
    free(weights->left_aside);
    return fail(err, TOLKA_NOMEM, "%s: out of memory", directory);
}

static tolka_status choose(struct weights *weights, const struct candidates *candidates,
                           const char *directory, tolka_error *err) {
    const struct candidate *best = NULL;
    char listed[300];
    size_t n = 0;
    for (size_t i = 0; i < candidates->n; i++)
        if (!best || candidates->list[i].rank < best->rank) best = &candidates->list[i];
    for (size_t i = 0; best && i < candidates->n; i++) n += candidates->list[i].rank == best->rank;
    if (n == 1) return take(weights, candidates, best, directory, err);
    if (!best)
        return fail(err, TOLKA_FORMAT,
                    "%s: no weights here: expected model.safetensors, pytorch_model.bin, *.npz, "
                    "model.bin or *.gguf",
                    directory);
    list_names(candidates, best->rank, false, listed, sizeof listed);
    return fail(err, TOLKA_ARGUMENT, "%s: %zu checkpoints (%s); name the one you want", directory,
                n, listed);
}

tolka_status find_weights(struct weights *weights, const char *directory, tolka_error *err) {
    struct candidates candidates;
    *weights = (struct weights){0};
    tolka_status status = list_candidates(&candidates, directory, err);
    if (status != TOLKA_OK) return status;
    status = choose(weights, &candidates, directory, err);
    candidates_free(&candidates);
    return status;
}
