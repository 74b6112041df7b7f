#define _POSIX_C_SOURCE 200809L
#include "models/convert/license.h"

#include "models/checkpoint/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* One licence, or the first of a list. What a hub has no name for is "other", and then named. */
static char *license_in(const struct settings *card) {
    const char *license = NULL, *name = NULL;
    if (settings_string(card, "license", NULL, &license, NULL) != TOLKA_OK &&
        settings_string(card, "license.0", NULL, &license, NULL) != TOLKA_OK)
        return NULL;
    if (license && strcmp(license, "other") == 0 &&
        settings_string(card, "license_name", NULL, &name, NULL) == TOLKA_OK && name)
        license = name;
    return license ? strdup(license) : NULL;
}

static char *license_of_card(const char *path) {
    struct map map;
    struct settings *card = NULL;
    const char *yaml;
    size_t n;
    char *license = NULL;
    if (map_open(&map, path, NULL) != TOLKA_OK) return NULL;
    if (find_front_matter((const char *)map.bytes, map.n_bytes, &yaml, &n) &&
        settings_parse_yaml(&card, yaml, n, path, NULL) == TOLKA_OK)
        license = license_in(card);
    settings_free(card);
    map_close(&map);
    return license;
}

char *license_of(const struct source *source) {
    if (source->settings == SETTINGS_GGUF && source->gguf.n_values) {
        const struct gguf_value *value = gguf_find(&source->gguf, "general.license");
        bool named = value && value->type == GGUF_STRING;
        return named ? strndup((const char *)value->data, value->n_bytes) : NULL;
    }
    size_t n = strlen(source->directory) + sizeof "/README.md";
    char *path = malloc(n);
    if (!path) return NULL;
    snprintf(path, n, "%s%sREADME.md", source->directory, *source->directory ? "/" : "");
    char *license = license_of_card(path);
    free(path);
    return license;
}
