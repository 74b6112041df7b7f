/* Checkpoints that do not lie flat in a directory: archives, files that are compressed each for
 * itself, and directories that keep the weights in a folder of their own (Argos packages). All of
 * them become a directory as the readers know it, in a scratch directory. */
#ifndef PACKAGE_H
#define PACKAGE_H

#include "models/checkpoint/scratch.h"

#include <stdbool.h>

/* *place: what to open instead of `path`, the caller's to free; *scratch: where it lies. Both are
 * NULL if `path` can be opened as it is. */
tolka_status package_open(struct scratch **scratch, char **place, const char *path,
                          tolka_error *err);

/* "vocab.spm.gz": a file that belongs to a checkpoint, compressed by itself. *length (or NULL): that
 * of its name without the last ending. */
bool is_packed_part(const char *name, size_t *length);

#endif
