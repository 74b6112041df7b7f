#define _POSIX_C_SOURCE 200809L
#include "models/convert/license.h"

#include "models/checkpoint/names.h"
#include "models/checkpoint/settings.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_FRONT_MATTER = 1 << 18 };

static bool is_rule(const char *line, size_t n) {
    return n >= 3 && memcmp(line, "---", 3) == 0 && (n == 3 || (n == 4 && line[3] == '\r'));
}

/* The YAML between the first line, "---", and the next such line; false: there is none. */
static bool find_front_matter(const char *text, size_t n, const char **yaml, size_t *length) {
    if (n == 0) return false; /* of an empty file there is no text either */
    if (n > LONGEST_FRONT_MATTER) n = LONGEST_FRONT_MATTER;
    const char *end = text + n, *first = memchr(text, '\n', n);
    if (!first || !is_rule(text, (size_t)(first - text))) return false;
    *yaml = first + 1;
    for (const char *line = *yaml, *newline; line < end; line = newline + 1) {
        newline = memchr(line, '\n', (size_t)(end - line));
        if (is_rule(line, (size_t)((newline ? newline : end) - line))) {
            *length = (size_t)(line - *yaml);
            return true;
        }
        if (!newline) break;
    }
    return false;
}

static tolka_status out_of_memory(const char *place, tolka_error *err) {
    return fail(err, TOLKA_NOMEM, "%s: out of memory", place);
}

/* One licence, or the first of a list. What a hub has no name for is "other", and then named. False:
 * out of memory. */
static bool license_in(const struct settings *card, char **out) {
    const char *license = NULL, *name = NULL;
    if (settings_string(card, "license", NULL, &license, NULL) != TOLKA_OK &&
        settings_string(card, "license.0", NULL, &license, NULL) != TOLKA_OK)
        return true;
    if (license && strcmp(license, "other") == 0 &&
        settings_string(card, "license_name", NULL, &name, NULL) == TOLKA_OK && name)
        license = name;
    *out = license ? strdup(license) : NULL;
    return *out || !license;
}

static tolka_status license_of_card(const char *path, char **license, tolka_error *err) {
    struct map map;
    struct settings *card = NULL;
    const char *yaml;
    size_t n;
    tolka_status status = map_open(&map, path, err);
    if (status != TOLKA_OK) return status;
    if (find_front_matter((const char *)map.bytes, map.n_bytes, &yaml, &n) &&
        settings_parse_yaml(&card, yaml, n, path, err) == TOLKA_NOMEM)
        status = TOLKA_NOMEM;
    if (card && !license_in(card, license)) status = out_of_memory(path, err);
    settings_free(card);
    map_close(&map);
    return status;
}

static tolka_status license_of_gguf(const struct gguf *gguf, char **license, tolka_error *err) {
    const struct gguf_value *value = gguf_find(gguf, "general.license");
    if (!value || value->type != GGUF_STRING) return TOLKA_OK;
    *license = strndup((const char *)value->data, value->n_bytes);
    return *license ? TOLKA_OK : out_of_memory("general.license", err);
}

/* What is beside the weights and is no file has always been none of ours. */
static bool is_file(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 ? S_ISREG(info.st_mode) : is_or_may_be(path);
}

tolka_status license_of(const struct source *source, char **license, tolka_error *err) {
    *license = NULL;
    if (source->settings == SETTINGS_GGUF && source->gguf.n_values)
        return license_of_gguf(&source->gguf, license, err);
    size_t n = strlen(source->directory) + sizeof "/README.md";
    char *path = malloc(n);
    if (!path) return out_of_memory("README.md", err);
    snprintf(path, n, "%s%sREADME.md", source->directory, *source->directory ? "/" : "");
    bool readable = access(path, R_OK) == 0 || errno != EACCES;
    tolka_status status =
        readable && is_file(path) ? license_of_card(path, license, err) : TOLKA_OK;
    free(path);
    return status;
}
