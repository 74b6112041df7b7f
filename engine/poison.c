#define _DEFAULT_SOURCE
#include "engine/poison.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>

void poison(void *base, size_t n_bytes) {
    __msan_poison(base, n_bytes);
}

#elif defined(POISON)
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Not a number as a float, a double, a half or bf16; far out of range as an index of 32 or 64 bits;
 * neither true nor false. */
static const uint32_t pattern = 0x7fff7fff;

enum { PAGES_AT_ONCE = 1024 };

static void fill(uint32_t *words, size_t n_bytes) {
    for (size_t i = 0; i < n_bytes / sizeof *words; i++) words[i] = pattern;
}

/* If the system does not tell which pages are touched, all of them are filled. */
static void fill_touched(char *base, size_t n_pages, size_t page) {
    unsigned char touched[PAGES_AT_ONCE];
    bool known = mincore(base, n_pages * page, touched) == 0;
    for (size_t i = 0; i < n_pages; i++)
        if (!known || (touched[i] & 1)) fill((uint32_t *)(void *)(base + i * page), page);
}

void poison(void *base, size_t n_bytes) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), n_pages = (n_bytes + page - 1) / page;
    for (size_t i = 0; i < n_pages; i += PAGES_AT_ONCE) {
        size_t rest = n_pages - i;
        fill_touched((char *)base + i * page, rest < PAGES_AT_ONCE ? rest : PAGES_AT_ONCE, page);
    }
}

#else

void poison(void *base, size_t n_bytes) {
    (void)base;
    (void)n_bytes;
}

#endif
