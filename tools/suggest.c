#include "tools/suggest.h"

#include <string.h>

enum { MAX_NAME = 63 };

static size_t min(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Insertions, deletions, exchanges, and neighbours that changed places (--ot), that make b of a;
 * both have at most MAX_NAME bytes. */
static size_t distance(const char *a, const char *b) {
    size_t rows[3][MAX_NAME + 1], n = strlen(b), i;
    for (size_t j = 0; j <= n; j++) rows[0][j] = j;
    for (i = 0; a[i]; i++) {
        const size_t *last = rows[i % 3], *one_before = rows[(i + 2) % 3];
        size_t *row = rows[(i + 1) % 3];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            row[j + 1] = min(last[j] + (a[i] != b[j]), min(row[j], last[j + 1]) + 1);
            if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
                row[j + 1] = min(row[j + 1], one_before[j - 1] + 1);
        }
    }
    return rows[i % 3][n];
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
