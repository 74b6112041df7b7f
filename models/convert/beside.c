#define _POSIX_C_SOURCE 200809L
#include "models/convert/beside.h"

#include "models/checkpoint/names.h"
#include "models/checkpoint/vocabulary_read.h"
#include "models/convert/say.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The import is one that changes what it is shown of, as with vocabularies. */
static void note(const struct import *import, int reason) {
    ((struct import *)import)->unsearched = reason;
}

static void *had(const struct import *import, void *memory) {
    if (!memory) note(import, ENOMEM);
    return memory;
}

tolka_status import_was_searched(const struct import *import, tolka_status status,
                                 tolka_error *err) {
    int reason = import->unsearched;
    if (reason == 0) return status;
    if (reason == ENOMEM) return fail(err, TOLKA_NOMEM, "out of memory");
    const char *directory = import->source.directory;
    return fail(err, TOLKA_IO, "%s: %s", *directory ? directory : ".", strerror(reason));
}

char *import_path(const struct import *import, const char *name) {
    const char *directory = name[0] == '/' ? "" : import->source.directory;
    size_t n = strlen(directory) + strlen(name) + 2;
    char *path = had(import, malloc(n));
    if (path) snprintf(path, n, "%s%s%s", directory, *directory ? "/" : "", name);
    return path;
}

static bool is_match(const char *name, const char *prefix, const char *suffix) {
    size_t n = strlen(name), before = strlen(prefix), after = strlen(suffix);
    return name[0] != '.' && n >= before + after && strncmp(name, prefix, before) == 0 &&
           strcmp(name + n - after, suffix) == 0;
}

/* "prefix*suffix": the only file of such a name; NULL: none, or several. */
static char *find_only(const struct import *import, const char *pattern) {
    const char *directory = import->source.directory;
    DIR *stream = opendir(*directory ? directory : ".");
    if (!stream && errno != EACCES) note(import, errno);
    char *path = NULL;
    const char *star = strchr(pattern, '*');
    char *prefix = had(import, strndup(pattern, (size_t)(star - pattern)));
    size_t n = 0;
    for (struct dirent *entry; stream && (errno = 0, entry = readdir(stream));) {
        if (!prefix || !is_match(entry->d_name, prefix, star + 1)) continue;
        if (n++ == 0) path = import_path(import, entry->d_name);
    }
    if (stream && errno) note(import, errno);
    if (stream) closedir(stream);
    free(prefix);
    if (n == 1) return path;
    free(path);
    return NULL;
}

/* Between the first two dots of the weights' name; NULL: nothing, or no memory. */
static char *model_pair(const struct import *import) {
    const char *dot = strchr(file_name(import->source.weights_path), '.');
    size_t n = dot ? strcspn(dot + 1, ".") : 0;
    return dot && dot[1 + n] == '.' ? had(import, strndup(dot + 1, n)) : NULL;
}

/* The name with the model's pair in it; NULL: it has none. */
static char *fill_pair(const struct import *import, const char *name) {
    const char *at = strchr(name, '@');
    char *pair = model_pair(import);
    size_t n = pair ? strlen(name) + strlen(pair) : 0;
    char *filled = pair ? had(import, malloc(n)) : NULL;
    if (filled) snprintf(filled, n, "%.*s%s%s", (int)(at - name), name, pair, at + 1);
    free(pair);
    return filled;
}

char *import_shortlist(const struct import *import) {
    if (import->source.settings != SETTINGS_MARIAN) return NULL;
    return import_file(import, "lex.@.s2t.bin|lex.*.@.s2t.bin|lex*.bin");
}

/* A path that leads out of the directory is taken for its file name: it is right only where the model
 * was made, and what the checkpoint's maker wrote shall not choose among the user's files. */
static const char *inner_name(const struct import *import, const char *name) {
    bool trusted = import->plan.named_by_user || is_inner_path(name);
    return trusted ? name : file_name(name);
}

static bool may_read(const struct import *import, const char *path) {
    bool listed = import->plan.named_by_checkpoint && !import->plan.named_by_user;
    if (access(path, R_OK) == 0) return !(listed && leads_out(import->source.directory, path));
    int reason = errno;
    if (reason != EACCES && is_or_may_be(path)) note(import, reason);
    return false;
}

static char *find_named(const struct import *import, const char *name) {
    name = inner_name(import, name);
    if (name[0] != '/' && strchr(name, '@')) {
        char *filled = fill_pair(import, name);
        char *path = filled ? find_named(import, filled) : NULL;
        free(filled);
        return path;
    }
    if (name[0] != '/' && strchr(name, '*')) return find_only(import, name);
    char *path = import_path(import, name);
    const char *slash = strrchr(name, '/');
    if (!path || !slash || may_read(import, path)) return path;
    free(path);
    return import_path(import, slash + 1);
}

char *import_file(const struct import *import, const char *alternatives) {
    while (alternatives && *alternatives) {
        size_t n = strcspn(alternatives, "|");
        char *name = had(import, strndup(alternatives, n));
        char *path = name ? find_named(import, name) : NULL;
        free(name);
        if (path && may_read(import, path)) return path;
        free(path);
        alternatives += n + (alternatives[n] == '|');
    }
    return NULL;
}

/* ---- vocabularies ---------------------------------------------------------------------------- */

static void open_vocabulary(struct import *import, struct named_vocabulary *named) {
    tolka_error err;
    char *path = import_file(import, named->names);
    if (!path) return;
    tolka_status status = vocabulary_open(&named->vocabulary, path, &err);
    if (status == TOLKA_NOMEM) had(import, NULL);
    if (status != TOLKA_OK) {
        import_warn(import, "%s", err.text);
        named->vocabulary = (struct vocabulary){0};
    }
    free(path);
}

int32_t import_token(struct import *import, const char *alternatives, const char *token) {
    for (size_t i = 0; i < IMPORT_VOCABULARIES; i++) {
        struct named_vocabulary *named = &import->vocabularies[i];
        if (!named->names) {
            named->names = had(import, strdup(alternatives));
            if (!named->names) return -1;
            open_vocabulary(import, named);
        } else if (strcmp(named->names, alternatives) != 0) {
            continue;
        }
        return named->vocabulary.n ? vocabulary_find(&named->vocabulary, token) : -1;
    }
    return -1;
}

void import_close_vocabularies(struct import *import) {
    for (size_t i = 0; i < IMPORT_VOCABULARIES; i++) {
        free(import->vocabularies[i].names);
        vocabulary_free(&import->vocabularies[i].vocabulary);
    }
}
