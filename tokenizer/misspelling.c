#include "tokenizer/misspelling.h"

#include <string.h>

struct folded {
    uint16_t text[LONGEST_DISPLAY];
    int32_t n;
};

/* Insertions, deletions and exchanges that make b of a (Levenshtein's distance). */
static int32_t edits(const struct folded *a, const struct folded *b) {
    int32_t row[LONGEST_DISPLAY + 1];
    for (int32_t j = 0; j <= b->n; j++) row[j] = j;
    for (int32_t i = 0; i < a->n; i++) {
        int32_t diagonal = row[0];
        row[0] = i + 1;
        for (int32_t j = 0; j < b->n; j++) {
            int32_t least = diagonal + (a->text[i] != b->text[j]);
            diagonal = row[j + 1];
            if (row[j] + 1 < least) least = row[j] + 1;
            if (diagonal + 1 < least) least = diagonal + 1;
            row[j + 1] = least;
        }
    }
    return row[b->n];
}

static void compare(const struct folded *typed, const char *name, int32_t *best,
                    char out[LONGEST_DISPLAY]) {
    struct folded folded;
    if (!language_fold(name, folded.text, &folded.n)) return;
    int32_t n = edits(typed, &folded);
    if (n >= *best) return;
    *best = n;
    strcpy(out, name);
}

bool misspelling(const struct languages *languages, const char *typed, char out[LONGEST_DISPLAY]) {
    enum { SHORTEST = 4, MOST_COMPARED = 1024 };
    struct folded folded;
    char name[LONGEST_DISPLAY];
    if (!language_fold(typed, folded.text, &folded.n) || folded.n < SHORTEST) return false;
    const int32_t too_many = folded.n / 3 + 1;
    int32_t best = too_many;
    for (size_t i = 0; i < languages->n && i < MOST_COMPARED; i++) {
        struct gguf_string token = languages->tokens[i];
        if (language_display(token, "en", name)) compare(&folded, name, &best, out);
        if (language_display(token, NULL, name)) compare(&folded, name, &best, out);
    }
    return best < too_many;
}
