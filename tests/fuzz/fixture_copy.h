/* Checkpoints of tests/fixtures that are small enough to be converted often, in a folder where a file
 * of theirs may be another one. */
#ifndef FIXTURE_COPY_H
#define FIXTURE_COPY_H

#include <stddef.h>

extern const char *const small_fixtures[]; /* ended by NULL */

/* The path of a copy of small_fixtures[i], which stays as long as this process. The caller frees it. */
char *fixture_copy(size_t i);

/* FOLDER/NAME. The caller frees it. */
char *joined_path(const char *folder, const char *name);

#endif
