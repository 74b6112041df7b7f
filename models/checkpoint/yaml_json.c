#include "models/checkpoint/yaml_json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { MAX_DEPTH = 32, MAX_YAML_BYTES = 1 << 26 };

/* The mappings and sequences that are open; key: of the value that a mapping waits for. */
struct level {
    json_t *value;
    json_t *key; /* a string, or NULL */
};

struct builder {
    struct level levels[MAX_DEPTH];
    size_t depth;
    json_t *root; /* owns all of `levels` */
    const char *problem;
};

/* What an unquoted scalar stands for. */
static json_t *plain_scalar(const char *text) {
    static const char *const words[] = {"true", "yes", "on", "false", "no", "off"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0) return json_boolean(i < 3);
    if (*text == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0) return json_null();
    char *end;
    if (strspn(text, "+-.0123456789eE") != strlen(text)) return json_string(text);
    errno = 0;
    long long integer = strtoll(text, &end, 10);
    if (*end == '\0' && errno == 0) return json_integer(integer);
    double real = strtod(text, &end);
    json_t *value = *end == '\0' ? json_real(real) : NULL; /* NULL, too, for an infinite one */
    return value ? value : json_string(text);
}

static json_t *scalar(const yaml_event_t *event) {
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || strlen(text) != length)
        return json_stringn(text, length);
    return plain_scalar(text);
}

/* Puts a value where the document has it; takes it over. */
static bool place(struct builder *builder, json_t *value) {
    struct level *level = builder->depth ? &builder->levels[builder->depth - 1] : NULL;
    int failed;
    if (!value) {
        failed = 1;
    } else if (!level) {
        builder->root = value;
        return true;
    } else if (json_is_array(level->value)) {
        failed = json_array_append_new(level->value, value);
    } else {
        const char *key = json_string_value(level->key);
        if (json_object_get(level->value, key)) builder->problem = "a key stands twice";
        failed = json_object_set_new(level->value, key, value);
        json_decref(level->key);
        level->key = NULL;
    }
    if (failed && !builder->problem) builder->problem = "a value that is no UTF-8 text";
    return !builder->problem;
}

static bool expects_key(const struct builder *builder) {
    if (builder->depth == 0) return false;
    const struct level *level = &builder->levels[builder->depth - 1];
    return json_is_object(level->value) && !level->key;
}

static bool open_level(struct builder *builder, json_t *value) {
    if (builder->depth == MAX_DEPTH || expects_key(builder)) {
        builder->problem =
            builder->depth == MAX_DEPTH ? "nested too deeply" : "a key that is no scalar";
        json_decref(value);
        return false;
    }
    if (!place(builder, value)) return false;
    builder->levels[builder->depth++] = (struct level){value, NULL};
    return true;
}

static bool take_event(struct builder *builder, const yaml_event_t *event) {
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        if (!expects_key(builder)) return place(builder, scalar(event));
        json_t *key =
            json_stringn((const char *)event->data.scalar.value, event->data.scalar.length);
        if (!key || strlen(json_string_value(key)) != event->data.scalar.length) {
            json_decref(key);
            builder->problem = "a key that is no text";
            return false;
        }
        builder->levels[builder->depth - 1].key = key;
        return true;
    case YAML_MAPPING_START_EVENT:
        return open_level(builder, json_object());
    case YAML_SEQUENCE_START_EVENT:
        return open_level(builder, json_array());
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        builder->depth--;
        return true;
    case YAML_ALIAS_EVENT:
        builder->problem = "an alias (*name)";
        return false;
    case YAML_DOCUMENT_START_EVENT:
        if (builder->root) builder->problem = "more than one document";
        return !builder->root;
    default:
        return true;
    }
}

static tolka_status build(struct builder *builder, yaml_parser_t *parser, const char *name,
                          tolka_error *err) {
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return fail(err, TOLKA_FORMAT, "%s: line %zu: not YAML: %s", name,
                        parser->problem_mark.line + 1,
                        parser->problem ? parser->problem : "out of memory");
        bool end = event.type == YAML_STREAM_END_EVENT;
        bool ok = take_event(builder, &event);
        size_t line = event.start_mark.line + 1;
        yaml_event_delete(&event);
        if (!ok) return fail(err, TOLKA_FORMAT, "%s: line %zu: %s", name, line, builder->problem);
        if (end) return TOLKA_OK;
    }
}

tolka_status yaml_to_json(json_t **out, const char *text, size_t length, const char *name,
                          tolka_error *err) {
    *out = NULL;
    if (length > MAX_YAML_BYTES)
        return fail(err, TOLKA_FORMAT, "%s: %zu bytes of YAML; at most %d are read", name, length,
                    MAX_YAML_BYTES);
    if (length == 0) { /* for which libyaml wants an address, too */
        *out = json_object();
        return TOLKA_OK;
    }
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) return fail(err, TOLKA_NOMEM, "%s: out of memory", name);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    struct builder builder = {.root = NULL};
    tolka_status status = build(&builder, &parser, name, err);
    for (size_t i = 0; i < builder.depth; i++) json_decref(builder.levels[i].key);
    yaml_parser_delete(&parser);
    if (status == TOLKA_OK) {
        *out = builder.root ? builder.root : json_object();
        return TOLKA_OK;
    }
    json_decref(builder.root);
    return status;
}
