#define _XOPEN_SOURCE 700
#include "tools/model_file.h"

#include "tools/complain.h"
#include "tools/making.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static const char shipped[] = "tolka-en-de-fr.gguf";

/* The folder that the command itself is in. Where /proc is missing, as in a bare chroot, what it was
 * started as says it, too. */
static bool find_self(char folder[PATH_MAX]) {
    const char *started_as = (const char *)(uintptr_t)getauxval(AT_EXECFN);
    if (!realpath("/proc/self/exe", folder) && (!started_as || !realpath(started_as, folder)))
        return false;
    *strrchr(folder, '/') = 0;
    return true;
}

/* Beside the executable (build/tolka: ../models/pretrained) or under the prefix (bin/tolka:
 * ../share/tolka). */
static bool find_shipped(char buffer[4096]) {
    static const char *const places[] = {"../models/pretrained", "../../models/pretrained",
                                         "../share/tolka", "."};
    char self[PATH_MAX];
    if (!find_self(self)) return false;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char path[PATH_MAX + 64];
        snprintf(path, sizeof path, "%s/%s/%s", self, places[i], shipped);
        if (access(path, R_OK) == 0 && realpath(path, buffer)) return true;
    }
    return false;
}

static int find_default(struct model_file *file) {
    if (!find_shipped(file->found))
        return complain(EXIT_MODEL,
                        "no model: give one with -m FILE (or TOLKA_MODEL); the one "
                        "that ships, %s, is not where it should be",
                        shipped);
    file->path = file->found;
    return EXIT_DONE;
}

/* ---- checkpoints ----------------------------------------------------------------------------- */

struct making {
    const struct cached_model *cached;
    const char *named;
};

static void say_where(void *user) {
    const struct making *making = user;
    const struct cached_model *cached = making->cached;
    if (cached->scratch)
        complain(EXIT_DONE, "%s: a model file is made of it for this time only: no cache: %s",
                 making->named, cached->why.text);
    else
        complain(EXIT_DONE, "%s: a model file is made of it, once: %s", making->named,
                 cached->path);
}

static int make_cached(const struct model_file *file, const struct options *options,
                       const char *named, enum dtype type) {
    const struct cached_model *cached = &file->cached;
    struct making making = {cached, named};
    struct convert_options how = {
        .type = type, .begin = options->quiet ? NULL : say_where, .import.user = &making};
    struct conversion_result result;
    int status = make_model(named, cached->path, &how, options->quiet, &result);
    if (status == EXIT_DONE) cache_keep(cached);
    return status;
}

static int find_cached(struct model_file *file, const struct options *options, const char *named) {
    enum dtype type;
    tolka_error err;
    if (!choose_type(options, &type)) return EXIT_USAGE;
    if (cache_find(&file->cached, named, type, &err) != TOLKA_OK)
        return complain(EXIT_MODEL, "%s: no model file can be made of it: %s", named, err.text);
    file->path = file->cached.path;
    return file->cached.found ? EXIT_DONE : make_cached(file, options, named, type);
}

int model_file_find(struct model_file *file, const struct options *options, const char *named) {
    *file = (struct model_file){.path = named ? named : getenv("TOLKA_MODEL")};
    if (file->path && *file->path && is_checkpoint(file->path))
        return find_cached(file, options, file->path);
    if (options->type)
        return complain(EXIT_USAGE, "--type goes with a checkpoint, of which a model file is made");
    return file->path && *file->path ? EXIT_DONE : find_default(file);
}

void model_file_close(struct model_file *file) {
    cache_close(&file->cached);
}

int open_model(struct model_file *file, const struct options *options, tolka_model **model) {
    tolka_error err;
    int status = model_file_find(file, options, options->model);
    if (status != EXIT_DONE) return status;
    if (tolka_model_open(model, file->path, &err) != TOLKA_OK)
        return complain(EXIT_MODEL, "%s", err.text);
    return EXIT_DONE;
}
