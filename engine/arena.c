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

/* Touched pages are the system's; of other blocks nothing is known. */
static void poison_pages(const struct arena *arena) {
    if (!arena->allocator.take) poison(arena->base, arena->size);
}

static bool take_pages(struct arena *arena, size_t size) {
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return false;
    arena->base = arena->block = base;
    return true;
}

static bool take_block(struct arena *arena, size_t size) {
    const tolka_allocator *allocator = &arena->allocator;
    arena->block = allocator->take(allocator->user, size + ARENA_ALIGN);
    if (!arena->block) return false;
    size_t past = (uintptr_t)arena->block % ARENA_ALIGN;
    arena->base = (unsigned char *)arena->block + (past ? ARENA_ALIGN - past : 0);
    return true;
}

bool arena_reserve(struct arena *arena, const struct arena *measured) {
    size_t size = measured->used;
    arena->used = 0;
    if (measured->overflow) return false;
    if (size > arena->size) {
        arena_free(arena);
        if (!(arena->allocator.take ? take_block : take_pages)(arena, size)) return false;
        arena->size = size;
    }
    poison_pages(arena);
    return true;
}

void arena_free(struct arena *arena) {
    tolka_allocator allocator = arena->allocator;
    if (arena->block && allocator.take)
        allocator.give_back(allocator.user, arena->block, arena->size + ARENA_ALIGN);
    else if (arena->block)
        munmap(arena->block, arena->size);
    *arena = (struct arena){.allocator = allocator};
}
