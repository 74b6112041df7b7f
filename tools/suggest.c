#include "tools/suggest.h"

#include <string.h>

enum { MAX_NAME = 63 };

static size_t min(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Insertions, deletions and exchanges that make b of a; both have at most MAX_NAME bytes. */
static size_t distance(const char *a, const char *b) {
    size_t row[MAX_NAME + 1], n = strlen(b);
    for (size_t j = 0; j <= n; j++) row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t exchanged = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = min(exchanged, min(row[j], row[j + 1]) + 1);
        }
    }
    return row[n];
}

const char *suggest(const char *typed, const char *const *names, size_t n) {
    size_t length = strlen(typed), best = length / 3 + 1;
    const char *nearest = NULL;
    if (length == 0 || length > MAX_NAME) return NULL;
    for (size_t i = 0; i < n; i++) {
        if (!names[i] || strlen(names[i]) > MAX_NAME) continue;
        size_t d = distance(typed, names[i]);
        if (d > best || (d == best && nearest)) continue;
        best = d;
        nearest = names[i];
    }
    return nearest;
}
