#include "text/growing.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct growing *growing, size_t n) {
    if (growing->failed || n > SIZE_MAX / 4 - growing->n) return growing->failed = true, false;
    if (n <= growing->capacity - growing->n) return true;
    size_t capacity = 2 * (growing->n + n) + 64;
    char *grown = realloc(growing->bytes, capacity);
    if (!grown) return growing->failed = true, false;
    growing->bytes = grown;
    growing->capacity = capacity;
    return true;
}

void growing_add(struct growing *growing, const void *bytes, size_t n) {
    if (n == 0 || !reserve(growing, n)) return;
    memcpy(growing->bytes + growing->n, bytes, n);
    growing->n += n;
}

void growing_char(struct growing *growing, char c) {
    growing_add(growing, &c, 1);
}

void growing_string(struct growing *growing, const char *text) {
    growing_add(growing, text, strlen(text));
}

void *growing_item(struct growing *growing, size_t size) {
    if (!reserve(growing, size)) return NULL;
    void *item = memset(growing->bytes + growing->n, 0, size);
    growing->n += size;
    return item;
}

void growing_free(struct growing *growing) {
    free(growing->bytes);
    *growing = (struct growing){0};
}
