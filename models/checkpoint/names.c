#define _XOPEN_SOURCE 700
#include "models/checkpoint/names.h"

#include "tokenizer/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool ends_with(const char *name, const char *end) {
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

bool is_tensor_name(const char *name, size_t length) {
    enum { LONGEST = 256 };
    return length > 0 && length <= LONGEST && utf8_is_clean(name, length);
}

/* ---- paths ----------------------------------------------------------------------------------- */

size_t directory_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

const char *file_name(const char *path) {
    return path + directory_length(path);
}

bool is_inner_path(const char *name) {
    if (!*name || *name == '/') return false;
    for (const char *part = name; *part; part += strspn(part, "/")) {
        size_t n = strcspn(part, "/");
        if (n == 2 && memcmp(part, "..", 2) == 0) return false;
        part += n;
    }
    return true;
}

/* Both without links. */
static bool is_below(const char *directory, const char *path) {
    size_t n = strlen(directory);
    return strncmp(directory, path, n) == 0 && (path[n] == '/' || strcmp(directory, "/") == 0);
}

/* models--x--y/snapshots/abc/config.json is a link to models--x--y/blobs/123. */
static bool is_in_cache(const char *directory, const char *path) {
    size_t n = strlen(directory) + sizeof "/../../blobs";
    char *relative = malloc(n);
    if (relative) snprintf(relative, n, "%s/../../blobs", directory);
    char *blobs = relative ? realpath(relative, NULL) : NULL;
    bool inside = blobs && is_below(blobs, path);
    free(relative);
    free(blobs);
    return inside;
}

bool is_or_may_be(const char *path) {
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR && errno != ELOOP);
}

bool leads_out(const char *directory, const char *path) {
    char *home = realpath(*directory ? directory : ".", NULL), *place = realpath(path, NULL);
    bool out = home && place && !is_below(home, place) && !is_in_cache(home, place);
    free(home);
    free(place);
    return out;
}
