#include "tools/json_memory.h"

#include "models/convert/output_file.h"
#include "tools/complain.h"

#include <jansson.h>
#include <stdlib.h>

static void *allocate_or_end(size_t n) {
    void *memory = malloc(n);
    if (memory) return memory;
    complain(EXIT_MODEL, "out of memory");
    output_end(EXIT_MODEL);
}

void json_memory_or_end(void) {
    json_set_alloc_funcs(allocate_or_end, free);
}
