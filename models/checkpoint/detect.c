#define _POSIX_C_SOURCE 200809L
#include "models/checkpoint/detect.h"

#include "models/checkpoint/containers.h"
#include "models/checkpoint/package.h"
#include "models/checkpoint/weights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char *directory_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return !slash          ? strdup(".")
           : slash == path ? strdup("/")
                           : strndup(path, (size_t)(slash - path));
}

static tolka_status find_files(struct source *source, const char *path, tolka_error *err) {
    struct stat info;
    if (stat(path, &info) != 0) return fail(err, TOLKA_IO, "%s: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode)) {
        struct weights weights;
        tolka_status status = find_weights(&weights, path, err);
        if (status != TOLKA_OK) return status;
        source->weights_path = weights.path;
        source->left_aside = weights.left_aside;
        source->directory = strdup(path);
    } else {
        source->weights_path = strdup(path);
        source->directory = directory_of(path);
    }
    if (source->weights_path && source->directory) return TOLKA_OK;
    return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
}

static tolka_status open_source(struct source *source, const char *path, tolka_error *err) {
    char *place;
    tolka_status status = package_open(&source->scratch, &place, path, err);
    if (status == TOLKA_OK) status = find_files(source, place ? place : path, err);
    free(place);
    if (status != TOLKA_OK) return status;
    const struct container *container;
    status = container_of(source->weights_path, &container, err);
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
