#include "tokenizer/words.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct gguf_string token;
    uint32_t id;
};

static int compare_strings(struct gguf_string a, struct gguf_string b) {
    size_t n = a.length < b.length ? a.length : b.length;
    int order = n ? memcmp(a.bytes, b.bytes, n) : 0;
    return order ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_entries(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    int order = compare_strings(x->token, y->token);
    return order ? order : (x->id > y->id) - (x->id < y->id);
}

tolka_status words_init(struct words *words, const struct gguf_value *vocab, const char *model,
                        tolka_error *err) {
    size_t n = (size_t)vocab->count, cursor = 0;
    struct entry *entries = calloc(n + 1, sizeof *entries);
    words->tokens = calloc(n + 1, sizeof *words->tokens);
    words->sorted = calloc(n + 1, sizeof *words->sorted);
    if (!entries || !words->tokens || !words->sorted) {
        free(entries);
        return fail(err, TOLKA_NOMEM, "%s: out of memory", model);
    }
    words->n = n;
    for (size_t i = 0; i < n; i++) {
        words->tokens[i] = gguf_array_string(vocab, &cursor);
        entries[i] = (struct entry){words->tokens[i], (uint32_t)i};
    }
    qsort(entries, n, sizeof *entries, compare_entries);
    for (size_t i = 0; i < n; i++) words->sorted[i] = entries[i].id;
    free(entries);
    return TOLKA_OK;
}

void words_free(struct words *words) {
    free(words->tokens);
    free(words->sorted);
}

int32_t words_find(const struct words *words, struct gguf_string token) {
    size_t low = 0, high = words->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_strings(words->tokens[words->sorted[middle]], token) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == words->n) return -1;
    uint32_t id = words->sorted[low];
    return compare_strings(words->tokens[id], token) == 0 ? (int32_t)id : -1;
}

void words_encode(const struct words *words, const char *text, size_t length,
                  void (*put)(void *user, int32_t id, size_t begin, size_t end), void *user) {
    for (size_t i = 0; i < length;) {
        size_t start = i;
        while (i < length && text[i] != ' ' && text[i] != '\t') i++;
        if (i > start)
            put(user, words_find(words, (struct gguf_string){text + start, i - start}), start, i);
        if (i < length) i++;
    }
}
