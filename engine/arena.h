/* One block of memory for everything that a worker needs for a batch, laid out in one pass.
 *
 * The layout function runs twice: first with a measuring arena (every pointer it gets is NULL),
 * then, after arena_reserve(), for real. Pages are taken from the system when first touched, so
 * room for the longest possible output costs address space only. */
#ifndef ARENA_H
#define ARENA_H

#include "engine/tolka.h"

#include <stdbool.h>

struct arena {
    unsigned char *base; /* NULL while measuring */
    size_t size, used;
    bool overflow;             /* a size did not fit: arena_reserve will fail */
    void *block;               /* what base lies in, as the allocator gave it */
    tolka_allocator allocator; /* take NULL: the system's pages */
};

static inline size_t max_size(size_t a, size_t b) {
    return a > b ? a : b;
}

/* Room for n elements of `width` bytes, aligned to 64 and with 64 bytes to spare behind. */
void *arena_take(struct arena *arena, size_t n, size_t width);
/* Starts a layout over: measuring. */
static inline struct arena arena_measure(void) {
    return (struct arena){0};
}
/* Makes `arena` hold what `measured` counted and starts the layout over. Old contents are lost if
 * it has to grow. False: no memory. */
bool arena_reserve(struct arena *arena, const struct arena *measured);
/* It may be filled again: the allocator stays. */
void arena_free(struct arena *arena);

#endif
