#include "tests/allocations.h"

#include <stdatomic.h>
#include <stddef.h>

/* Tests alone may have such state: malloc has no argument to pass it by. */
static atomic_long made, fail_from;
static atomic_bool has_failed;

long allocations_made(void) {
    return atomic_load(&made);
}

void allocations_fail_from(long n) {
    atomic_store(&has_failed, false);
    atomic_store(&fail_from, n ? atomic_load(&made) + n : 0);
}

bool allocations_failed(void) {
    return atomic_load(&has_failed);
}

/* Counts one; false if it is to fail. */
static bool count(void) {
    long number = atomic_fetch_add(&made, 1) + 1, from = atomic_load(&fail_from);
    if (from == 0 || number < from) return true;
    atomic_store(&has_failed, true);
    return false;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t width);
void *__real_realloc(void *old, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t width);
void *__wrap_realloc(void *old, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t n) {
    return count() ? __real_malloc(n) : NULL;
}

void *__wrap_calloc(size_t n, size_t width) {
    return count() ? __real_calloc(n, width) : NULL;
}

void *__wrap_realloc(void *old, size_t n) {
    return count() ? __real_realloc(old, n) : NULL;
}

void *__wrap_aligned_alloc(size_t alignment, size_t n) {
    return count() ? __real_aligned_alloc(alignment, n) : NULL;
}

char *__wrap_strdup(const char *text) {
    return count() ? __real_strdup(text) : NULL;
}
