/* What no translator may touch: addresses of all kinds, placeholders, paths. */
#ifndef PROTECTED_SPANS_H
#define PROTECTED_SPANS_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the protected span that begins at bytes[at]; 0: none does. Looks at bytes before
 * `at`, too, but at no more than `n` in all. */
size_t protected_length(const char *bytes, size_t n, size_t at);

/* Is a span a number of a kind (1.11.0), or does it stand for one: %d, %5.2f, %1$lu? */
bool protected_is_number(const char *span, size_t n);

/* Is it one that gets its value by its place among the others: %s, but not %1$s, %(name)s or %%? */
bool protected_is_counted(const char *span, size_t n);

#endif
