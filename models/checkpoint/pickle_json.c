/* fairseq's checkpoints carry the options of the training. Up to 0.10 they are one Namespace; since
 * then a dict of groups, of which those of the task and the model say what the model is. */
#include "models/checkpoint/pickle_json.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Pickles can share parts and hold themselves: what comes out is bounded in depth, number and length.
 */
enum { MAX_DEPTH = 12, MAX_VALUES = 1 << 16, MAX_TEXT = 1 << 10 };

struct writer {
    const struct pickle *pickle;
    size_t left; /* values that may still be looked at */
};

/* The container may be looked at: its values count, however often it is shared. */
static bool afford(struct writer *writer, const struct pickle_container *container) {
    if (container->n >= writer->left) return false;
    writer->left -= container->n + 1;
    return true;
}

static json_t *to_json(struct writer *writer, const struct pickle_value *value, int depth);

static json_t *list_to_json(struct writer *writer, const struct pickle_container *list, int depth) {
    json_t *array = afford(writer, list) ? json_array() : NULL;
    for (size_t i = 0; array && i < list->n; i++) {
        json_t *item = to_json(writer, &list->items[i], depth);
        json_array_append_new(array, item ? item : json_null());
    }
    return array;
}

static json_t *text_to_json(struct pickle_text text) {
    return text.length > MAX_TEXT ? NULL : json_stringn(text.bytes, text.length);
}

/* Keys that are no texts, and values that no JSON can say, are left out. */
static void add_members(struct writer *writer, const struct pickle_container *dict, int depth,
                        json_t *object) {
    for (size_t i = 0; i + 1 < dict->n; i += 2) {
        const struct pickle_value *key = &dict->items[i];
        if (key->kind != PICKLE_TEXT) continue;
        json_t *text = text_to_json(key->text);
        json_t *item = text ? to_json(writer, key + 1, depth) : NULL;
        if (item) json_object_set_new(object, json_string_value(text), item);
        json_decref(text);
    }
}

static json_t *dict_to_json(struct writer *writer, const struct pickle_container *dict, int depth) {
    json_t *object = afford(writer, dict) ? json_object() : NULL;
    if (object) add_members(writer, dict, depth, object);
    return object;
}

/* omegaconf wraps what it holds: containers have "_content", leaves "_val". */
static json_t *object_to_json(struct writer *writer, const struct pickle_value *value, int depth) {
    static const char *const wrapped[] = {"_content", "_val"};
    const struct pickle_value *state = &writer->pickle->objects[value->index].state;
    if (state->kind != PICKLE_DICT || !afford(writer, &writer->pickle->containers[state->index]))
        return NULL;
    for (size_t i = 0; i < sizeof wrapped / sizeof *wrapped; i++) {
        const struct pickle_value *inner = pickle_get(writer->pickle, value, wrapped[i]);
        if (inner) return to_json(writer, inner, depth);
    }
    return to_json(writer, state, depth);
}

static json_t *to_json(struct writer *writer, const struct pickle_value *value, int depth) {
    if (depth == MAX_DEPTH) return NULL;
    switch (value->kind) {
    case PICKLE_NONE:
        return json_null();
    case PICKLE_BOOLEAN:
        return json_boolean(value->integer);
    case PICKLE_INTEGER:
        return json_integer(value->integer);
    case PICKLE_FLOAT:
        return isfinite(value->real) ? json_real(value->real) : NULL;
    case PICKLE_TEXT:
        return text_to_json(value->text);
    case PICKLE_TUPLE:
    case PICKLE_LIST:
        return list_to_json(writer, &writer->pickle->containers[value->index], depth + 1);
    case PICKLE_DICT:
        return dict_to_json(writer, &writer->pickle->containers[value->index], depth + 1);
    case PICKLE_OBJECT:
        return object_to_json(writer, value, depth + 1);
    default:
        return NULL;
    }
}

/* "encoder": {"layers": 6} is what older models call "encoder_layers". */
static void flatten(json_t *object, const char *part) {
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(object, part), key, value) {
        char name[200];
        int n = snprintf(name, sizeof name, "%s_%s", part, key);
        if (n > 0 && (size_t)n < sizeof name) json_object_set(object, name, value);
    }
}

/* Later groups say more: the model's own options win. */
static json_t *read_groups(struct writer *writer, const struct pickle_value *groups) {
    static const char *const names[] = {"task", "model"};
    json_t *all = json_object();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct pickle_value *value = pickle_get(writer->pickle, groups, names[i]);
        json_t *group = value ? to_json(writer, value, 0) : NULL;
        if (json_is_object(group)) json_object_update(all, group);
        json_decref(group);
    }
    flatten(all, "encoder");
    flatten(all, "decoder");
    return all;
}

/* Dictionaries are named after languages: "dict.en.txt". */
static void name_dictionary(json_t *settings, const char *language_key, const char *key) {
    const char *language = json_string_value(json_object_get(settings, language_key));
    json_t *name =
        language && !strchr(language, '/') ? json_sprintf("dict.%s.txt|dict.txt", language) : NULL;
    if (name) json_object_set_new(settings, key, name);
}

/* omegaconf's own container is unwrapped before its groups are looked for. */
static const struct pickle_value *unwrap(const struct pickle *pickle,
                                         const struct pickle_value *value) {
    const struct pickle_value *content = value ? pickle_get(pickle, value, "_content") : NULL;
    return content ? content : value;
}

tolka_status pickle_settings(char **json, const struct pickle *pickle, const char *path,
                             tolka_error *err) {
    struct writer writer = {pickle, MAX_VALUES};
    const struct pickle_value *groups = unwrap(pickle, pickle_get(pickle, &pickle->root, "cfg"));
    const struct pickle_value *args = pickle_get(pickle, &pickle->root, "args");
    json_t *settings = NULL;
    *json = NULL;
    if (groups && (groups->kind == PICKLE_DICT || groups->kind == PICKLE_OBJECT))
        settings = read_groups(&writer, groups);
    else if (args && (args->kind == PICKLE_DICT || args->kind == PICKLE_OBJECT))
        settings = to_json(&writer, args, 0);
    if (!json_is_object(settings)) {
        json_decref(settings);
        return TOLKA_OK;
    }
    name_dictionary(settings, "source_lang", "source_dictionary");
    name_dictionary(settings, "target_lang", "target_dictionary");
    json_object_set_new(settings, "model_type", json_string("fairseq"));
    *json = json_dumps(settings, 0);
    json_decref(settings);
    return *json ? TOLKA_OK : fail(err, TOLKA_NOMEM, "%s: out of memory", path);
}
