/* Some of ICU hangs or crashes where it finds no memory: when it first asks for the system's language,
 * makes the rules of sentences, or looks for the names of languages. */
#ifndef ICU_MEMORY_H
#define ICU_MEMORY_H

#include <stdbool.h>

/* Is there enough for what ICU is asked next? The system's language is asked for then, once for all. */
bool icu_has_memory(void);

#endif
