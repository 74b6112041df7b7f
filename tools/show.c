#include "tools/show.h"

#include "tools/out_of_memory.h"
#include "tools/printable.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

bool parse_ids(const char *text, size_t length, int32_t **ids, size_t *n) {
    size_t capacity = length / 2 + 1;
    *n = 0;
    *ids = malloc(capacity * sizeof **ids);
    if (!*ids) return false;
    const char *end = text + length;
    while (text < end) {
        if (is_blank(*text)) {
            text++;
            continue;
        }
        char *after;
        errno = 0;
        long id = strtol(text, &after, 10);
        bool sound = after != text && !errno && id >= INT32_MIN && id <= INT32_MAX &&
                     (after == end || is_blank(*after));
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

/* Hypotheses to show: none of an empty text, whose translation has neither tokens nor text. */
static size_t count_hypotheses(const struct shown *shown) {
    size_t n, length;
    tolka_result_tokens(shown->result, 0, &n);
    tolka_result_text(shown->result, 0, &length);
    return n + length > 0 ? tolka_result_count(shown->result) : 0;
}

/* ---- text ------------------------------------------------------------------------------------ */

static void print_ids(FILE *out, const tolka_result *result, size_t k) {
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(result, k, &n);
    for (size_t i = 0; i < n; i++) fprintf(out, "%s%d", i ? " " : "", tokens[i].id);
}

void show_piece(FILE *out, const char *text, size_t length) {
    while (length > 0) {
        const char *newline = memchr(text, '\n', length);
        size_t n = newline ? (size_t)(newline - text) : length;
        put_translation(out, text, n);
        if (newline) fputc(' ', out);
        text += n + (newline != NULL);
        length -= n + (newline != NULL);
    }
}

static void print_text(FILE *out, const tolka_result *result, size_t k) {
    size_t length;
    const char *text = tolka_result_text(result, k, &length);
    show_piece(out, text, length);
}

/* Of hypothesis k, as people count: words, or with --ids tokens. */
static const tolka_link *links_of(const struct shown *shown, size_t k, size_t *n) {
    *n = shown->n_symmetric;
    if (k == 0 && shown->symmetric) return shown->symmetric;
    return (shown->is_ids ? tolka_result_alignment : tolka_result_word_alignment)(shown->result, k,
                                                                                  n);
}

/* As Marian prints them: "translation ||| 0-0 1-2". */
void show_alignment(FILE *out, const struct shown *shown, size_t k) {
    size_t n;
    const tolka_link *links = links_of(shown, k, &n);
    fputs(" ||| ", out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s%u-%u", i ? " " : "", links[i].source, links[i].target);
}

static void show_plain(FILE *out, const struct shown *shown) {
    size_t n = count_hypotheses(shown);
    if (n == 0 && shown->alignments) show_alignment(out, shown, 0);
    if (n == 0) fputc('\n', out);
    for (size_t k = 0; k < n && (k == 0 || shown->all); k++) {
        if (shown->all) fprintf(out, "%.6f\t", (double)tolka_result_score(shown->result, k));
        (shown->is_ids ? print_ids : print_text)(out, shown->result, k);
        if (shown->alignments) show_alignment(out, shown, k);
        fputc('\n', out);
    }
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *json_text(const char *text, size_t length) {
    json_t *string = json_stringn(text, length);
    if (string) return string;
    size_t repaired_length;
    char *repaired = tolka_repair_text(text, length, &repaired_length);
    string = json_stringn(repaired ? repaired : "", repaired ? repaired_length : 0);
    tolka_free(repaired);
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

/* Ids as text, as --ids prints them. */
static json_t *json_ids_as_text(const tolka_token *tokens, size_t n) {
    char *text = memory_or_end(malloc(n * 12 + 1)), *at = text;
    *text = 0;
    for (size_t i = 0; i < n; i++) at += sprintf(at, "%s%d", i ? " " : "", tokens[i].id);
    json_t *string = json_string(text);
    free(text);
    return string;
}

static json_t *json_target(const struct shown *shown, size_t k, const tolka_token *tokens,
                           size_t n) {
    size_t length;
    const char *text = tolka_result_text(shown->result, k, &length);
    if (shown->is_ids) return json_ids_as_text(tokens, n);
    return json_text(text ? text : "", length);
}

/* The score of nothing is 0, that of a mistake none. */
static json_t *json_score(const struct shown *shown, size_t k, const tolka_token *tokens,
                          size_t n) {
    double sum = 0;
    if (shown->problem) return json_null();
    if (!tokens) return json_real(0);
    if (!shown->scoring || shown->normalize)
        return json_float(tolka_result_score(shown->result, k));
    for (size_t i = 0; i < n; i++) sum += (double)tokens[i].log_prob;
    return json_float((float)sum);
}

/* [[source, target], ...] */
static json_t *json_links(const tolka_link *links, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list,
                              json_pack("[i, i]", (int)links[i].source, (int)links[i].target));
    return list;
}

/* A row for each target token. */
static json_t *json_weights(const float *weights, size_t n_target, size_t n_source) {
    json_t *rows = json_array();
    for (size_t i = 0; i < n_target; i++) {
        json_t *row = json_array();
        for (size_t j = 0; j < n_source; j++)
            json_array_append_new(row, json_float(weights[i * n_source + j]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static void add_alignments(json_t *object, const struct shown *shown, size_t k) {
    size_t n, n_target, n_source;
    const tolka_link *links = tolka_result_alignment(shown->result, k, &n);
    json_object_set_new(object, "alignment", json_links(links, n));
    if (!shown->is_ids) {
        links = links_of(shown, k, &n);
        json_object_set_new(object, "word_alignment", json_links(links, n));
    }
    if (!shown->soft) return;
    const float *weights = tolka_result_soft_alignment(shown->result, k, &n_target, &n_source);
    json_object_set_new(object, "soft_alignment", json_weights(weights, n_target, n_source));
}

static void add_hypothesis(json_t *object, const struct shown *shown, size_t k) {
    size_t n = 0;
    const tolka_token *tokens = shown->result ? tolka_result_tokens(shown->result, k, &n) : NULL;
    json_object_set_new(object, "target", json_target(shown, k, tokens, n));
    json_object_set_new(object, "target_ids", json_target_ids(tokens, n));
    json_object_set_new(object, "score", json_score(shown, k, tokens, n));
    json_object_set_new(object, "token_scores", json_scores(tokens, n));
    if (shown->alignments) add_alignments(object, shown, k);
}

static json_t *json_source_ids(const struct shown *shown) {
    size_t n;
    const int32_t *ids = tolka_result_source(shown->result, &n);
    return shown->is_ids ? json_ids(shown->ids, shown->n_ids) : json_ids(ids, n);
}

static void add_warning(json_t *object, const tolka_result *result) {
    const char *warning = result ? tolka_result_warning(result) : NULL;
    if (warning) json_object_set_new(object, "warning", json_string(warning));
}

/* The sentences of a text that was translated in parts, as the best translation has them. */
static json_t *json_parts(const struct shown *shown) {
    json_t *list = json_array();
    for (size_t i = 0; i < tolka_result_parts(shown->result); i++) {
        tolka_span span;
        size_t length;
        const tolka_result *result = tolka_result_part(shown->result, i, &span);
        const char *text = tolka_result_text(result, 0, &length);
        json_t *part = json_object();
        json_object_set_new(part, "source", json_text(shown->source + span.start, span.length));
        json_object_set_new(part, "target", json_text(text ? text : "", length));
        json_object_set_new(part, "score", json_float(tolka_result_score(result, 0)));
        add_warning(part, result);
        json_array_append_new(list, part);
    }
    return list;
}

static void show_json(FILE *out, const struct shown *shown) {
    json_t *object = json_object();
    json_object_set_new(object, "source", json_text(shown->source, shown->source_length));
    add_hypothesis(object, shown, 0);
    json_object_set_new(object, "source_ids", json_source_ids(shown));
    if (shown->problem)
        json_object_set_new(object, "error", json_text(shown->problem, strlen(shown->problem)));
    if (!shown->problem) add_warning(object, shown->result);
    if (!shown->problem && tolka_result_parts(shown->result) > 0)
        json_object_set_new(object, "parts", json_parts(shown));
    if (shown->all) {
        json_t *list = json_array();
        for (size_t k = 0; k < count_hypotheses(shown); k++) {
            json_t *hypothesis = json_object();
            add_hypothesis(hypothesis, shown, k);
            json_array_append_new(list, hypothesis);
        }
        json_object_set_new(object, "hypotheses", list);
    }
    json_dumpf(object, out, JSON_REAL_PRECISION(9));
    fputc('\n', out);
    json_decref(object);
}

void show(FILE *out, const struct shown *shown) {
    if (shown->json)
        show_json(out, shown);
    else
        show_plain(out, shown);
}
