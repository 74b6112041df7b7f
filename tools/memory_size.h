/* An amount of memory as people write it. */
#ifndef MEMORY_SIZE_H
#define MEMORY_SIZE_H

#include <stdbool.h>
#include <stddef.h>

/* "500M", "2G", "1.5 GB": thousands of thousands. Leaves *bytes as it was for NULL. False after a
 * complaint about the option. */
bool memory_size(const char *text, const char *option, size_t *bytes);

#endif
