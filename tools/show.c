#include "tools/show.h"

#include "tokenizer/utf8.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool parse_ids(const char *text, size_t length, int32_t **ids, size_t *n) {
    size_t capacity = length / 2 + 1;
    *n = 0;
    *ids = malloc(capacity * sizeof **ids);
    if (!*ids) return false;
    const char *end = text + length;
    while (text < end) {
        if (*text == ' ' || *text == '\t' || *text == '\r') {
            text++;
            continue;
        }
        char *after;
        errno = 0;
        long id = strtol(text, &after, 10);
        bool sound = after != text && !errno && id >= INT32_MIN && id <= INT32_MAX &&
                     (after == end || *after == ' ' || *after == '\t' || *after == '\r');
        if (!sound) {
            free(*ids);
            *ids = NULL;
            return false;
        }
        (*ids)[(*n)++] = (int32_t)id;
        text = after;
    }
    return true;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* Target text of one hypothesis; the caller frees it. */
static char *target_text(const struct shown *shown, size_t k, size_t *length) {
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(shown->result, k, &n);
    int32_t *ids = malloc((n + 1) * sizeof *ids);
    for (size_t i = 0; ids && i < n; i++) ids[i] = tokens[i].id;
    char *text = NULL;
    *length = 0;
    if (ids && shown->tokenizer) {
        *length = tolka_decode(shown->tokenizer, ids, n, NULL, 0);
        text = malloc(*length + 1);
        if (text) *length = tolka_decode(shown->tokenizer, ids, n, text, *length + 1);
    } else if (ids) {
        text = malloc(n * 12 + 1);
        if (text) *text = 0;
        for (size_t i = 0; text && i < n; i++)
            *length += (size_t)sprintf(text + *length, "%s%d", i ? " " : "", ids[i]);
    }
    free(ids);
    return text;
}

static void show_plain(struct buffer *out, const struct shown *shown) {
    size_t n = shown->result ? tolka_result_count(shown->result) : 0;
    if (n == 0) buffer_add(out, "\n", 1);
    for (size_t k = 0; k < n && (k == 0 || shown->all); k++) {
        size_t length;
        char *text = target_text(shown, k, &length);
        if (shown->all) {
            char score[32];
            int digits = snprintf(score, sizeof score, "%.6f\t",
                                  (double)tolka_result_score(shown->result, k));
            buffer_add(out, score, (size_t)digits);
        }
        /* A line in is a line out, whatever the pieces hold. */
        for (size_t i = 0; text && i < length; i++)
            if (text[i] == '\n') text[i] = ' ';
        if (text) buffer_add(out, text, length);
        buffer_add(out, "\n", 1);
        free(text);
    }
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *json_text(const char *text, size_t length) {
    json_t *string = json_stringn(text, length);
    if (string) return string;
    size_t clean_length;
    char *clean = utf8_clean(text, length, ' ', &clean_length);
    string = json_stringn(clean ? clean : "", clean ? clean_length : 0);
    free(clean);
    return string;
}

/* JSON has no infinities: what was not computed, or is impossible, is null. */
static json_t *json_float(float value) {
    return isfinite(value) ? json_real((double)value) : json_null();
}

static json_t *json_ids(const int32_t *ids, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) json_array_append_new(list, json_integer(ids[i]));
    return list;
}

static json_t *json_target_ids(const tolka_token *tokens, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) json_array_append_new(list, json_integer(tokens[i].id));
    return list;
}

static json_t *json_scores(const tolka_token *tokens, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) json_array_append_new(list, json_float(tokens[i].log_prob));
    return list;
}

static void add_hypothesis(json_t *object, const struct shown *shown, size_t k) {
    size_t n = 0, length = 0;
    const tolka_token *tokens = shown->result ? tolka_result_tokens(shown->result, k, &n) : NULL;
    char *text = tokens ? target_text(shown, k, &length) : NULL;
    json_object_set_new(object, "target", json_text(text ? text : "", length));
    json_object_set_new(object, "target_ids", json_target_ids(tokens, n));
    json_object_set_new(object, "score",
                        tokens ? json_float(tolka_result_score(shown->result, k)) : json_real(0));
    json_object_set_new(object, "token_scores", json_scores(tokens, n));
    free(text);
}

static void show_json(struct buffer *out, const struct shown *shown) {
    json_t *object = json_object();
    json_object_set_new(object, "source", json_text(shown->source, shown->source_length));
    add_hypothesis(object, shown, 0);
    json_object_set_new(object, "source_ids", json_ids(shown->source_ids, shown->n_source_ids));
    const char *why;
    if (shown->result && tolka_result_status(shown->result, &why) != TOLKA_OK)
        json_object_set_new(object, "error", json_text(why, strlen(why)));
    if (shown->all) {
        json_t *list = json_array();
        for (size_t k = 0; shown->result && k < tolka_result_count(shown->result); k++) {
            json_t *hypothesis = json_object();
            add_hypothesis(hypothesis, shown, k);
            json_array_append_new(list, hypothesis);
        }
        json_object_set_new(object, "hypotheses", list);
    }
    char *line = json_dumps(object, JSON_REAL_PRECISION(9));
    if (line) buffer_add(out, line, strlen(line));
    buffer_add(out, "\n", 1);
    free(line);
    json_decref(object);
}

void show(struct buffer *out, const struct shown *shown) {
    if (shown->json)
        show_json(out, shown);
    else
        show_plain(out, shown);
}
