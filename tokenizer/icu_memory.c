#include "tokenizer/icu_memory.h"

#include <stdlib.h>
#include <unicode/uloc.h>

/* It takes less than 1 MB; malloc takes that much at once when it has to look elsewhere. */
bool icu_has_memory(void) {
    enum { ENOUGH = 4 << 20 };
    void *volatile memory = malloc(ENOUGH); /* volatile: it is not left out */
    free(memory);
    return memory && uloc_getDefault();
}
