#include "models/checkpoint/vocabulary.h"

#include "tokenizer/utf8.h"

#include <stdlib.h>
#include <string.h>

void vocabulary_free(struct vocabulary *vocabulary) {
    for (size_t i = 0; i < vocabulary->n; i++)
        if (vocabulary->tokens[i]) free(vocabulary->tokens[i]);
    free(vocabulary->tokens);
    free(vocabulary->sorted);
    *vocabulary = (struct vocabulary){0};
}

/* ---- adding ---------------------------------------------------------------------------------- */

static bool make_room(struct vocabulary *vocabulary, size_t id) {
    if (id < vocabulary->capacity) return true;
    size_t capacity = vocabulary->capacity ? vocabulary->capacity : 1024;
    while (capacity <= id) capacity *= 2;
    /* Of a large empty table only the parts that are written take memory. */
    char **tokens = calloc(capacity, sizeof *tokens);
    if (!tokens) return false;
    if (vocabulary->n) memcpy(tokens, vocabulary->tokens, vocabulary->n * sizeof *tokens);
    free(vocabulary->tokens);
    vocabulary->tokens = tokens;
    vocabulary->capacity = capacity;
    return true;
}

tolka_status vocabulary_add(struct vocabulary *vocabulary, int64_t id, const char *token,
                            size_t length, const char *name, tolka_error *err) {
    if (!utf8_is_clean(token, length))
        return fail(err, TOLKA_FORMAT, "%s: the token with id %lld is not UTF-8 text", name,
                    (long long)id);
    if (id < 0 || id > MAX_TOKEN_ID)
        return fail(err, TOLKA_FORMAT, "%s: token %.*s has id %lld; expected 0 to %d", name,
                    length < 100 ? (int)length : 100, token, (long long)id, MAX_TOKEN_ID);
    if (!make_room(vocabulary, (size_t)id))
        return fail(err, TOLKA_NOMEM, "%s: out of memory", name);
    char **place = &vocabulary->tokens[id];
    if (*place) {
        if (strlen(*place) == length && memcmp(*place, token, length) == 0) return TOLKA_OK;
        return fail(err, TOLKA_FORMAT, "%s: both %.100s and %.*s have id %lld", name, *place,
                    length < 100 ? (int)length : 100, token, (long long)id);
    }
    *place = malloc(length + 1);
    if (!*place) return fail(err, TOLKA_NOMEM, "%s: out of memory", name);
    memcpy(*place, token, length);
    (*place)[length] = '\0';
    vocabulary->n_tokens++;
    if ((size_t)id >= vocabulary->n) vocabulary->n = (size_t)id + 1;
    return TOLKA_OK;
}

/* ---- look-up --------------------------------------------------------------------------------- */

struct sort_entry {
    const char *token;
    uint32_t id;
};

static int compare_entries(const void *a, const void *b) {
    const struct sort_entry *left = a, *right = b;
    int order = strcmp(left->token, right->token);
    return order ? order : left->id < right->id ? -1 : left->id > right->id;
}

tolka_status vocabulary_index(struct vocabulary *vocabulary, const char *name, tolka_error *err) {
    size_t n = vocabulary->n_tokens;
    struct sort_entry *entries = malloc((n + 1) * sizeof *entries);
    uint32_t *sorted = malloc((n + 1) * sizeof *sorted);
    if (!entries || !sorted) {
        free(entries);
        free(sorted);
        return fail(err, TOLKA_NOMEM, "%s: out of memory", name);
    }
    n = 0;
    for (size_t id = 0; id < vocabulary->n; id++)
        if (vocabulary->tokens[id])
            entries[n++] = (struct sort_entry){vocabulary->tokens[id], (uint32_t)id};
    qsort(entries, n, sizeof *entries, compare_entries);
    for (size_t i = 0; i < n; i++) sorted[i] = entries[i].id;
    free(entries);
    free(vocabulary->sorted);
    vocabulary->sorted = sorted;
    vocabulary->n_sorted = n;
    return TOLKA_OK;
}

int32_t vocabulary_find(const struct vocabulary *vocabulary, const char *token) {
    size_t low = 0, high = vocabulary->n_sorted;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(vocabulary->tokens[vocabulary->sorted[middle]], token) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == vocabulary->n_sorted) return -1;
    uint32_t id = vocabulary->sorted[low];
    return strcmp(vocabulary->tokens[id], token) == 0 ? (int32_t)id : -1;
}
