#include "tools/out_of_memory.h"

#include "models/convert/output_file.h"
#include "tools/complain.h"

#include <jansson.h>
#include <stdlib.h>
#include <unicode/uclean.h>

void end_out_of_memory(void) {
    complain(EXIT_MODEL, "out of memory");
    output_end(EXIT_MODEL);
}

void *memory_or_end(void *memory) {
    if (!memory) end_out_of_memory();
    return memory;
}

static void *allocate_or_end(size_t n) {
    return memory_or_end(malloc(n ? n : 1));
}

void json_memory_or_end(void) {
    json_set_alloc_funcs(allocate_or_end, free);
}

static void *icu_allocate(const void *context, size_t n) {
    (void)context;
    return allocate_or_end(n);
}

static void *icu_reallocate(const void *context, void *old, size_t n) {
    (void)context;
    return memory_or_end(realloc(old, n));
}

static void icu_free(const void *context, void *memory) {
    (void)context;
    free(memory);
}

void icu_memory_or_end(void) {
    UErrorCode status = U_ZERO_ERROR;
    u_setMemoryFunctions(NULL, icu_allocate, icu_reallocate, icu_free, &status);
}
