#define _DEFAULT_SOURCE
#include "engine/arena.h"

#include "engine/poison.h"

#include <stdint.h>
#include <sys/mman.h>

enum { ARENA_ALIGN = 64, ARENA_SPARE = 64 };

void *arena_take(struct arena *arena, size_t n, size_t width) {
    if (arena->used > SIZE_MAX / 4 || (width && n > (SIZE_MAX / 4 - arena->used) / width)) {
        arena->overflow = true;
        return NULL;
    }
    size_t at = arena->used;
    arena->used += (n * width + ARENA_SPARE + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    return arena->base ? arena->base + at : NULL;
}

bool arena_reserve(struct arena *arena, const struct arena *measured) {
    arena->used = 0;
    if (measured->overflow) return false;
    if (measured->used <= arena->size) {
        poison(arena->base, arena->size);
        return true;
    }
    arena_free(arena);
    void *base = mmap(NULL, measured->used, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return false;
    arena->base = base;
    arena->size = measured->used;
    poison(base, arena->size);
    return true;
}

void arena_free(struct arena *arena) {
    if (arena->base) munmap(arena->base, arena->size);
    *arena = (struct arena){0};
}
