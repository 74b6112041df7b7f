/* Memory whose contents are over, in builds that look for whoever goes on using them: POISON=1, and
 * all with a sanitizer (Makefile). Otherwise nothing is done. */
#ifndef POISON_H
#define POISON_H

#include <stddef.h>

/* Whoever reads these bytes before they are set gets what is neither a number nor an index, or a
 * report of MemorySanitizer. Pages that nobody has touched stay so: zeros. They are whole pages. */
void poison(void *base, size_t n_bytes);

#endif
