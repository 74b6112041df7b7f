/* The files that hold tokens. */
#define _POSIX_C_SOURCE 200809L
#include "models/checkpoint/vocabulary_read.h"

#include "engine/file_kind.h"
#include "engine/map.h"
#include "models/checkpoint/dictionary.h"
#include "models/checkpoint/json_text.h"
#include "models/checkpoint/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { MAX_VOCABULARY_BYTES = 1 << 28 };

static tolka_status map_vocabulary(struct map *map, const char *path, tolka_error *err) {
    tolka_status status = map_open(map, path, err);
    if (status != TOLKA_OK || map->n_bytes <= MAX_VOCABULARY_BYTES) return status;
    status = fail(err, TOLKA_FORMAT, "%s: %zu bytes; at most %d are read", path, map->n_bytes,
                  MAX_VOCABULARY_BYTES);
    map_close(map);
    return status;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static tolka_status parse_json(json_t **root, const struct map *map, const char *path,
                               tolka_error *err) {
    json_error_t problem;
    *root = json_read((const char *)map->bytes, map->n_bytes, JSON_REJECT_DUPLICATES, &problem);
    if (*root) return TOLKA_OK;
    bool is_json = map->n_bytes > 0 && (map->bytes[0] == '{' || map->bytes[0] == '[');
    return fail(err, TOLKA_FORMAT, "%s: line %d: not JSON: %s%s%s", path, problem.line,
                problem.text, is_json ? "" : "; this is ",
                is_json ? "" : describe_file(map->bytes, map->n_bytes));
}

static tolka_status open_json(json_t **root, const char *path, tolka_error *err) {
    struct map map;
    tolka_status status = map_vocabulary(&map, path, err);
    if (status != TOLKA_OK) return status;
    status = parse_json(root, &map, path, err);
    map_close(&map);
    return status;
}

/* An id; -1 if it is none. */
static int64_t read_id(const json_t *value) {
    if (json_is_integer(value)) return json_integer_value(value);
    double real = json_real_value(value);
    return json_is_real(value) && real >= 0 && real <= MAX_TOKEN_ID && real == (int64_t)real
               ? (int64_t)real
               : -1;
}

static tolka_status add_object(struct vocabulary *vocabulary, json_t *object, const char *path,
                               tolka_error *err) {
    tolka_status status = TOLKA_OK;
    const char *token;
    json_t *id;
    json_object_foreach(object, token, id) {
        if (!json_is_number(id))
            return fail(err, TOLKA_FORMAT, "%s: token %.100s has no number for an id", path, token);
        status = vocabulary_add(vocabulary, read_id(id), token, strlen(token), path, err);
        if (status != TOLKA_OK) break;
    }
    return status;
}

/* An array of tokens, or, in a tokenizer.json, of [token, score]. */
static tolka_status add_array(struct vocabulary *vocabulary, json_t *array, const char *path,
                              tolka_error *err) {
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < json_array_size(array) && status == TOLKA_OK; i++) {
        const json_t *entry = json_array_get(array, i);
        const json_t *token = json_is_array(entry) ? json_array_get(entry, 0) : entry;
        if (!json_is_string(token))
            return fail(err, TOLKA_FORMAT, "%s: entry %zu is not a token", path, i);
        status = vocabulary_add(vocabulary, (int64_t)i, json_string_value(token),
                                json_string_length(token), path, err);
    }
    return status;
}

/* {"id": 0, "content": "<s>", ...}, or the content alone. */
static const char *token_content(const json_t *entry) {
    const json_t *content = json_is_object(entry) ? json_object_get(entry, "content") : entry;
    return json_string_value(content);
}

/* tokenizer.json: "added_tokens": [{"id", "content"}]. */
static tolka_status add_listed(struct vocabulary *vocabulary, const json_t *array, const char *path,
                               tolka_error *err) {
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < json_array_size(array) && status == TOLKA_OK; i++) {
        const json_t *entry = json_array_get(array, i);
        const char *content = token_content(entry);
        const json_t *id = json_object_get(entry, "id");
        if (!content || !json_is_number(id))
            return fail(err, TOLKA_FORMAT, "%s: added_tokens: entry %zu lacks id or content", path,
                        i);
        status = vocabulary_add(vocabulary, read_id(id), content, strlen(content), path, err);
    }
    return status;
}

/* tokenizer_config.json: "added_tokens_decoder": {"0": {"content"}}. */
static tolka_status add_decoder(struct vocabulary *vocabulary, json_t *object, const char *path,
                                tolka_error *err) {
    tolka_status status = TOLKA_OK;
    const char *key;
    json_t *entry;
    json_object_foreach(object, key, entry) {
        char *end;
        errno = 0;
        long long id = strtoll(key, &end, 10);
        const char *content = token_content(entry);
        if (*key == '\0' || *end != '\0' || errno || !content)
            return fail(err, TOLKA_FORMAT,
                        "%s: added_tokens_decoder: %.50s is not an id with a "
                        "token",
                        path, key);
        status = vocabulary_add(vocabulary, id, content, strlen(content), path, err);
        if (status != TOLKA_OK) break;
    }
    return status;
}

static tolka_status add_tokenizer(struct vocabulary *vocabulary, json_t *root, json_t *vocab,
                                  const char *path, tolka_error *err) {
    tolka_status status = json_is_array(vocab) ? add_array(vocabulary, vocab, path, err)
                                               : add_object(vocabulary, vocab, path, err);
    return status == TOLKA_OK
               ? add_listed(vocabulary, json_object_get(root, "added_tokens"), path, err)
               : status;
}

static tolka_status read_json(struct vocabulary *vocabulary, const char *path, tolka_error *err) {
    json_t *root;
    tolka_status status = open_json(&root, path, err);
    if (status != TOLKA_OK) return status;
    json_t *model = json_object_get(root, "model");
    if (json_is_array(root))
        status = add_array(vocabulary, root, path, err);
    else if (json_is_object(model))
        status = add_tokenizer(vocabulary, root, json_object_get(model, "vocab"), path, err);
    else if (json_is_object(root))
        status = add_object(vocabulary, root, path, err);
    else
        status = fail(err, TOLKA_FORMAT, "%s: expected an object or an array of tokens", path);
    json_decref(root);
    return status;
}

/* ---- YAML ------------------------------------------------------------------------------------ */

/* What a flat map needs to be followed event by event; a tree of 100,000 nodes is not built. */
struct yaml_map {
    const char *path;
    bool open;   /* inside the map */
    char *token; /* the key whose value comes next */
    size_t length;
};

static tolka_status take_scalar(struct vocabulary *vocabulary, struct yaml_map *map,
                                const yaml_event_t *event, tolka_error *err) {
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length, line = event->start_mark.line + 1;
    if (!map->token) {
        map->token = malloc(length + 1);
        if (!map->token) return fail(err, TOLKA_NOMEM, "%s: out of memory", map->path);
        memcpy(map->token, text, length + 1);
        map->length = length;
        return TOLKA_OK;
    }
    char *end;
    errno = 0;
    long long id = strtoll(text, &end, 10);
    if (length == 0 || end != text + length || errno)
        return fail(err, TOLKA_FORMAT, "%s: line %zu: %.50s is not an id", map->path, line, text);
    tolka_status status = vocabulary_add(vocabulary, id, map->token, map->length, map->path, err);
    free(map->token);
    map->token = NULL;
    return status;
}

static tolka_status take_event(struct vocabulary *vocabulary, struct yaml_map *map,
                               const yaml_event_t *event, tolka_error *err) {
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        if (!map->open) break;
        return take_scalar(vocabulary, map, event, err);
    case YAML_MAPPING_START_EVENT:
        if (map->open) break;
        map->open = true;
        return TOLKA_OK;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_ALIAS_EVENT:
        break;
    default:
        return TOLKA_OK;
    }
    return fail(err, TOLKA_FORMAT, "%s: line %zu: expected one map of tokens to ids", map->path,
                event->start_mark.line + 1);
}

static tolka_status follow_yaml(struct vocabulary *vocabulary, struct yaml_map *map,
                                yaml_parser_t *parser, tolka_error *err) {
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return fail(err, TOLKA_FORMAT, "%s: line %zu: not YAML: %s", map->path,
                        parser->problem_mark.line + 1,
                        parser->problem ? parser->problem : "out of memory");
        bool end = event.type == YAML_STREAM_END_EVENT;
        tolka_status status = take_event(vocabulary, map, &event, err);
        yaml_event_delete(&event);
        if (status != TOLKA_OK || end) return status;
    }
}

static tolka_status read_yaml(struct vocabulary *vocabulary, const struct map *file,
                              const char *path, tolka_error *err) {
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) return fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    yaml_parser_set_input_string(&parser, file->bytes, file->n_bytes);
    struct yaml_map map = {.path = path};
    tolka_status status = follow_yaml(vocabulary, &map, &parser, err);
    free(map.token);
    yaml_parser_delete(&parser);
    return status;
}

/* ---- plain text ------------------------------------------------------------------------------ */

struct line {
    const char *text;
    size_t length;
};

/* The next line without its end; false at the end of the file. */
static bool next_line(const struct map *map, size_t *at, struct line *line) {
    if (*at >= map->n_bytes) return false;
    const char *start = (const char *)map->bytes + *at;
    const char *end = memchr(start, '\n', map->n_bytes - *at);
    line->text = start;
    line->length = end ? (size_t)(end - start) : map->n_bytes - *at;
    *at += line->length + 1;
    return true;
}

/* A CR belongs to the line end only if every line has one: it may be a token itself. */
static bool all_lines_end_with_cr(const struct map *map) {
    struct line line;
    for (size_t at = 0; next_line(map, &at, &line);)
        if (line.length == 0 || line.text[line.length - 1] != '\r') return false;
    return true;
}

/* Lines numbered from 0; those that start with `comment` (a header) before the first are left out.
 */
static tolka_status read_lines(struct vocabulary *vocabulary, const struct map *map,
                               const char *comment, const char *path, tolka_error *err) {
    bool strip = all_lines_end_with_cr(map);
    int64_t id = 0;
    struct line line;
    for (size_t at = 0; next_line(map, &at, &line);) {
        if (id == 0 && comment && line.length >= strlen(comment) &&
            memcmp(line.text, comment, strlen(comment)) == 0)
            continue;
        tolka_status status =
            vocabulary_add(vocabulary, id++, line.text, line.length - strip, path, err);
        if (status != TOLKA_OK) return status;
    }
    return TOLKA_OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

static tolka_status finish(struct vocabulary *vocabulary, tolka_status status, const char *path,
                           tolka_error *err) {
    if (status == TOLKA_OK) status = vocabulary_index(vocabulary, path, err);
    if (status != TOLKA_OK) vocabulary_free(vocabulary);
    return status;
}

static tolka_status read_text(struct vocabulary *vocabulary, const char *path, const char *comment,
                              bool yaml, tolka_error *err) {
    struct map map;
    tolka_status status = map_vocabulary(&map, path, err);
    if (status != TOLKA_OK) return status;
    if (map.n_bytes > 0)
        status = yaml ? read_yaml(vocabulary, &map, path, err)
                 : !comment && is_dictionary(&map)
                     ? read_dictionary(vocabulary, &map, path, err)
                     : read_lines(vocabulary, &map, comment, path, err);
    map_close(&map);
    return status;
}

static tolka_status check_density(const struct vocabulary *vocabulary, const char *path,
                                  tolka_error *err) {
    size_t n = vocabulary->n_tokens;
    if (n == 0) return fail(err, TOLKA_FORMAT, "%s: no tokens in it", path);
    if (vocabulary->n <= MAX_IDS_WITHOUT_TOKEN + MAX_IDS_PER_TOKEN * n) return TOLKA_OK;
    return fail(err, TOLKA_FORMAT, "%s: %zu tokens with ids up to %zu: nearly all ids have none",
                path, n, vocabulary->n - 1);
}

tolka_status vocabulary_open(struct vocabulary *vocabulary, const char *path, tolka_error *err) {
    *vocabulary = (struct vocabulary){0};
    bool yaml = ends_with(path, ".yml") || ends_with(path, ".yaml");
    tolka_status status = ends_with(path, ".json") ? read_json(vocabulary, path, err)
                                                   : read_text(vocabulary, path, NULL, yaml, err);
    if (status == TOLKA_OK) status = check_density(vocabulary, path, err);
    return finish(vocabulary, status, path, err);
}

/* A flat object of numbers is an added_tokens.json. */
static bool is_flat(json_t *root) {
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value) if (!json_is_number(value)) return false;
    return true;
}

tolka_status vocabulary_add_file(struct vocabulary *vocabulary, const char *path,
                                 tolka_error *err) {
    if (!is_or_may_be(path)) return TOLKA_OK;
    json_t *root;
    tolka_status status = open_json(&root, path, err);
    if (status != TOLKA_OK) return status;
    json_t *decoder = json_object_get(root, "added_tokens_decoder");
    json_t *listed = json_object_get(root, "added_tokens");
    if (!json_is_object(root))
        status = fail(err, TOLKA_FORMAT, "%s: expected a JSON object", path);
    else if (json_is_object(decoder))
        status = add_decoder(vocabulary, decoder, path, err);
    else if (json_is_array(listed))
        status = add_listed(vocabulary, listed, path, err);
    else if (is_flat(root))
        status = add_object(vocabulary, root, path, err);
    json_decref(root);
    return status == TOLKA_OK ? vocabulary_index(vocabulary, path, err) : status;
}

tolka_status special_tokens_open(struct vocabulary *list, const char *path, tolka_error *err) {
    *list = (struct vocabulary){0};
    if (!is_or_may_be(path)) return TOLKA_OK;
    json_t *root;
    tolka_status status = open_json(&root, path, err);
    if (status != TOLKA_OK) return status;
    json_t *tokens = json_object_get(root, "additional_special_tokens");
    if (!json_is_array(tokens)) tokens = json_object_get(root, "extra_special_tokens");
    for (size_t i = 0; i < json_array_size(tokens) && status == TOLKA_OK; i++) {
        const char *content = token_content(json_array_get(tokens, i));
        status = content ? vocabulary_add(list, (int64_t)i, content, strlen(content), path, err)
                         : fail(err, TOLKA_FORMAT, "%s: special token %zu is not a text", path, i);
    }
    json_decref(root);
    return finish(list, status, path, err);
}

/* ---- merges ---------------------------------------------------------------------------------- */

static tolka_status check_merges(const struct vocabulary *merges, const char *path,
                                 tolka_error *err) {
    for (size_t i = 0; i < merges->n; i++) {
        const char *rule = merges->tokens[i], *blank = strchr(rule, ' ');
        if (!blank || blank == rule || !blank[1] || strchr(blank + 1, ' '))
            return fail(err, TOLKA_FORMAT, "%s: merge %zu is \"%.80s\"; expected \"left right\"",
                        path, i, rule);
    }
    return TOLKA_OK;
}

/* Older tokenizer.json files hold "left right", newer ones ["left", "right"]. */
static tolka_status add_merge(struct vocabulary *merges, size_t i, const json_t *entry,
                              const char *path, tolka_error *err) {
    if (json_is_string(entry))
        return vocabulary_add(merges, (int64_t)i, json_string_value(entry),
                              json_string_length(entry), path, err);
    const json_t *left = json_array_get(entry, 0), *right = json_array_get(entry, 1);
    if (!json_is_string(left) || !json_is_string(right))
        return fail(err, TOLKA_FORMAT, "%s: merge %zu is not a pair of tokens", path, i);
    json_t *joined = json_sprintf("%s %s", json_string_value(left), json_string_value(right));
    tolka_status status = joined ? vocabulary_add(merges, (int64_t)i, json_string_value(joined),
                                                  json_string_length(joined), path, err)
                                 : fail(err, TOLKA_NOMEM, "%s: out of memory", path);
    json_decref(joined);
    return status;
}

static tolka_status read_json_merges(struct vocabulary *merges, const char *path,
                                     tolka_error *err) {
    json_t *root;
    tolka_status status = open_json(&root, path, err);
    if (status != TOLKA_OK) return status;
    const json_t *array = json_object_get(json_object_get(root, "model"), "merges");
    if (!json_is_array(array)) status = fail(err, TOLKA_FORMAT, "%s: no merges in it", path);
    for (size_t i = 0; i < json_array_size(array) && status == TOLKA_OK; i++)
        status = add_merge(merges, i, json_array_get(array, i), path, err);
    json_decref(root);
    return status;
}

tolka_status merges_open(struct vocabulary *merges, const char *path, tolka_error *err) {
    *merges = (struct vocabulary){0};
    tolka_status status = ends_with(path, ".json")
                              ? read_json_merges(merges, path, err)
                              : read_text(merges, path, "#version", false, err);
    if (status == TOLKA_OK) status = check_merges(merges, path, err);
    return finish(merges, status, path, err);
}
