/* What somebody may have meant. */
#ifndef SUGGEST_H
#define SUGGEST_H

#include <stddef.h>

/* The name that is nearest to what was typed (Levenshtein's distance), if it is near enough to be a
 * slip; else NULL. names[n]; NULL entries are passed over. */
const char *suggest(const char *typed, const char *const *names, size_t n);

#endif
