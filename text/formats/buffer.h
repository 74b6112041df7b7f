/* Bytes that grow. A buffer that found no memory says so once, at the end: it takes no more then. */
#ifndef BUFFER_H
#define BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *bytes; /* NULL while it is empty */
    size_t n, capacity;
    bool failed;
};

void buffer_add(struct buffer *buffer, const void *bytes, size_t n);
void buffer_char(struct buffer *buffer, char c);
void buffer_string(struct buffer *buffer, const char *text);
/* Room for one more item of `size` bytes, of which buffer->n / size are there; NULL: no memory. */
void *buffer_item(struct buffer *buffer, size_t size);
void buffer_free(struct buffer *buffer);

#endif
