#define _GNU_SOURCE /* memmem */
#include "text/stand_ins.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

/* In the order of how often they came out once and whole: docs/documents.md has the figures. */
static const char *const names[] = {"Tom", "Boston", "Paris", "Alex", "Linux", NULL};
static const char *const numbers[] = {"7", "2013", "12", "1001", NULL};

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c < 0;
}

const char *next_stand_in(struct stand_ins *used, bool is_number, const char *text, size_t n) {
    const char *const *list = is_number ? numbers : names;
    size_t *next = is_number ? &used->next_number : &used->next_name;
    while (list[*next]) {
        const char *word = list[(*next)++];
        if (!memmem(text, n, word, strlen(word))) return word;
    }
    return NULL;
}

bool stand_in_is_glued(const char *text, size_t n, size_t begin, size_t end) {
    return (begin > 0 && is_word(text[begin - 1])) || (end < n && is_word(text[end]));
}

size_t find_stand_in(const char *text, size_t n, const char *stand_in, size_t length) {
    size_t found = SIZE_MAX;
    for (const char *at = text; (at = memmem(at, n - (size_t)(at - text), stand_in, length));
         at++) {
        size_t i = (size_t)(at - text);
        if (found != SIZE_MAX || stand_in_is_glued(text, n, i, i + length)) return SIZE_MAX;
        found = i;
    }
    return found;
}
