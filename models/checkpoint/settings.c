/* Settings in JSON, by jansson. */
#define _POSIX_C_SOURCE 200809L
#include "models/checkpoint/settings.h"

#include "engine/file_kind.h"
#include "engine/map.h"
#include "models/checkpoint/json_text.h"
#include "models/checkpoint/names.h"
#include "models/checkpoint/yaml_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SETTINGS_BYTES = 1 << 28, MAX_KEY = 200 };

struct settings {
    char *name;
    json_t *root; /* an object */
    json_t *read; /* the outermost keys that were asked for */
};

/* ---- opening --------------------------------------------------------------------------------- */

static tolka_status make(struct settings **out, json_t *root, const char *name, tolka_error *err) {
    struct settings *settings = calloc(1, sizeof *settings);
    char *copy = strdup(name);
    json_t *read = json_object();
    if (!settings || !copy || !read || !root) {
        free(settings);
        free(copy);
        json_decref(read);
        json_decref(root);
        return fail(err, TOLKA_NOMEM, "%s: out of memory", name);
    }
    *settings = (struct settings){copy, root, read};
    *out = settings;
    return TOLKA_OK;
}

tolka_status settings_parse(struct settings **out, const char *text, size_t length,
                            const char *name, tolka_error *err) {
    *out = NULL;
    if (length > MAX_SETTINGS_BYTES)
        return fail(err, TOLKA_FORMAT, "%s: %zu bytes of settings; at most %d are read", name,
                    length, MAX_SETTINGS_BYTES);
    json_error_t problem;
    json_t *root = json_read(text, length, JSON_REJECT_DUPLICATES, &problem);
    if (!root)
        return fail(err, TOLKA_FORMAT, "%s: line %d: not JSON: %s", name, problem.line,
                    problem.text);
    if (!json_is_object(root)) {
        json_decref(root);
        return fail(err, TOLKA_FORMAT, "%s: expected a JSON object", name);
    }
    return make(out, root, name, err);
}

tolka_status settings_parse_yaml(struct settings **out, const char *text, size_t length,
                                 const char *name, tolka_error *err) {
    *out = NULL;
    json_t *root;
    tolka_status status = yaml_to_json(&root, text, length, name, err);
    if (status != TOLKA_OK) return status;
    if (!json_is_object(root)) {
        json_decref(root);
        return fail(err, TOLKA_FORMAT, "%s: expected a YAML mapping", name);
    }
    return make(out, root, name, err);
}

tolka_status settings_open(struct settings **out, const char *path, bool required,
                           tolka_error *err) {
    *out = NULL;
    if (!required && !is_or_may_be(path)) return make(out, json_object(), path, err);
    struct map map;
    tolka_status status = map_open(&map, path, err);
    if (status != TOLKA_OK) return status;
    size_t at = 0;
    while (at < map.n_bytes && strchr(" \t\r\n", map.bytes[at]) && map.bytes[at]) at++;
    if (at == map.n_bytes || map.bytes[at] != '{')
        status = fail(err, TOLKA_FORMAT, "%s: expected a JSON object; this is %s", path,
                      describe_file(map.bytes, map.n_bytes));
    else
        status = settings_parse(out, (const char *)map.bytes, map.n_bytes, path, err);
    map_close(&map);
    return status;
}

void settings_free(struct settings *settings) {
    if (!settings) return;
    json_decref(settings->root);
    json_decref(settings->read);
    free(settings->name);
    free(settings);
}

const char *settings_name(const struct settings *settings) {
    return settings->name;
}

/* ---- look-up --------------------------------------------------------------------------------- */

static const json_t *step(const json_t *value, const char *part) {
    if (!json_is_array(value)) return json_object_get(value, part);
    char *end;
    unsigned long index = strtoul(part, &end, 10);
    return *part && *end == '\0' ? json_array_get(value, index) : NULL;
}

/* The value, which may be null; NULL if it is absent. */
static const json_t *find_any(const struct settings *settings, const char *key) {
    const json_t *value = settings->root;
    char part[MAX_KEY + 1];
    for (bool outermost = true; value && *key; outermost = false) {
        size_t length = strcspn(key, ".");
        if (length > MAX_KEY) return NULL;
        memcpy(part, key, length);
        part[length] = '\0';
        key += length + (key[length] == '.');
        /* Running out of memory here only makes a warning too many. */
        if (outermost) json_object_set_new(settings->read, part, json_true());
        value = step(value, part);
    }
    return value;
}

/* The value, NULL if it is absent or null. */
static const json_t *find(const struct settings *settings, const char *key) {
    const json_t *value = find_any(settings, key);
    return json_is_null(value) ? NULL : value;
}

static tolka_status wrong_type(const struct settings *settings, const char *key,
                               const json_t *value, const char *expected, tolka_error *err) {
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    tolka_status status = fail(err, TOLKA_FORMAT, "%s: %s is %.60s; expected %s", settings->name,
                               key, text ? text : "?", expected);
    free(text);
    return status;
}

static bool to_integer(const json_t *value, int64_t *out) {
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return true;
    }
    double real = json_real_value(value);
    if (!json_is_real(value) || real != floor(real) || fabs(real) > 9007199254740992.0)
        return false;
    *out = (int64_t)real;
    return true;
}

bool settings_has(const struct settings *settings, const char *key) {
    return find(settings, key) != NULL;
}

bool settings_is_null(const struct settings *settings, const char *key) {
    return json_is_null(find_any(settings, key));
}

size_t settings_length(const struct settings *settings, const char *key) {
    const json_t *value = find(settings, key);
    return json_is_array(value) ? json_array_size(value) : json_object_size(value);
}

tolka_status settings_integer(const struct settings *settings, const char *key, int64_t absent,
                              int64_t *out, tolka_error *err) {
    const json_t *value = find(settings, key);
    *out = absent;
    if (value && !to_integer(value, out))
        return wrong_type(settings, key, value, "an integer", err);
    return TOLKA_OK;
}

tolka_status settings_number(const struct settings *settings, const char *key, double absent,
                             double *out, tolka_error *err) {
    const json_t *value = find(settings, key);
    *out = absent;
    if (value && !json_is_number(value)) return wrong_type(settings, key, value, "a number", err);
    if (value) *out = json_number_value(value);
    return TOLKA_OK;
}

tolka_status settings_boolean(const struct settings *settings, const char *key, bool absent,
                              bool *out, tolka_error *err) {
    const json_t *value = find(settings, key);
    *out = absent;
    if (value && !json_is_boolean(value))
        return wrong_type(settings, key, value, "true or false", err);
    if (value) *out = json_is_true(value);
    return TOLKA_OK;
}

tolka_status settings_string(const struct settings *settings, const char *key, const char *absent,
                             const char **out, tolka_error *err) {
    const json_t *value = find(settings, key);
    *out = absent;
    if (value && !json_is_string(value)) return wrong_type(settings, key, value, "a string", err);
    if (value) *out = json_string_value(value);
    return TOLKA_OK;
}

tolka_status settings_integers(const struct settings *settings, const char *key, int64_t *out,
                               size_t capacity, size_t *n, tolka_error *err) {
    const json_t *value = find(settings, key);
    *n = 0;
    if (!value) return TOLKA_OK;
    size_t size = json_is_array(value) ? json_array_size(value) : 1;
    for (size_t i = 0; i < size; i++) {
        int64_t element;
        if (!to_integer(json_is_array(value) ? json_array_get(value, i) : value, &element))
            return wrong_type(settings, key, value, "integers", err);
        if (i < capacity) out[i] = element;
    }
    *n = size;
    return TOLKA_OK;
}

size_t settings_unread(const struct settings *settings, const char **keys, size_t capacity) {
    size_t n = 0;
    const char *key;
    json_t *value;
    json_object_foreach(settings->root, key, value) {
        if (json_is_null(value) || json_object_get(settings->read, key)) continue;
        if (n < capacity) keys[n] = key;
        n++;
    }
    return n;
}
