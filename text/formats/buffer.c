#include "text/formats/buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct buffer *buffer, size_t n) {
    if (buffer->failed || n > SIZE_MAX / 4 - buffer->n) return buffer->failed = true, false;
    if (n <= buffer->capacity - buffer->n) return true;
    size_t capacity = 2 * (buffer->n + n) + 64;
    char *grown = realloc(buffer->bytes, capacity);
    if (!grown) return buffer->failed = true, false;
    buffer->bytes = grown;
    buffer->capacity = capacity;
    return true;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t n) {
    if (n == 0 || !reserve(buffer, n)) return;
    memcpy(buffer->bytes + buffer->n, bytes, n);
    buffer->n += n;
}

void buffer_char(struct buffer *buffer, char c) {
    buffer_add(buffer, &c, 1);
}

void buffer_string(struct buffer *buffer, const char *text) {
    buffer_add(buffer, text, strlen(text));
}

void *buffer_item(struct buffer *buffer, size_t size) {
    if (!reserve(buffer, size)) return NULL;
    void *item = memset(buffer->bytes + buffer->n, 0, size);
    buffer->n += size;
    return item;
}

void buffer_free(struct buffer *buffer) {
    free(buffer->bytes);
    *buffer = (struct buffer){0};
}
