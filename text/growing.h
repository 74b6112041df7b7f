/* Bytes that grow. A buffer that found no memory says so once, at the end: it takes no more then. */
#ifndef GROWING_H
#define GROWING_H

#include <stdbool.h>
#include <stddef.h>

struct growing {
    char *bytes; /* NULL while it is empty */
    size_t n, capacity;
    bool failed;
};

void growing_add(struct growing *growing, const void *bytes, size_t n);
void growing_char(struct growing *growing, char c);
void growing_string(struct growing *growing, const char *text);
/* Room for one more item of `size` bytes, of which growing->n / size are there; NULL: no memory. */
void *growing_item(struct growing *growing, size_t size);
void growing_free(struct growing *growing);

#endif
