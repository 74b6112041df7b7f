/* Which file of a directory holds a checkpoint's weights. */
#ifndef WEIGHTS_H
#define WEIGHTS_H

#include "engine/error.h"

#include <stdbool.h>

struct weights {
    char *path;       /* of the file */
    char *left_aside; /* names of other checkpoints beside it, "a, b"; NULL: there are none */
};

/* Names that all exporters give come first, then kinds of containers in the order of their table;
 * two of the same kind are an error. The caller frees both texts. */
tolka_status find_weights(struct weights *weights, const char *directory, tolka_error *err);

/* Could the directory hold a checkpoint? Files that are `usual` have a name that all exporters
 * give. One that cannot be read does not; memory that runs out is the only failure. */
tolka_status has_weights(bool *found, const char *directory, bool usual, tolka_error *err);

/* directory/name; NULL: no memory. The caller frees it. */
char *join_path(const char *directory, const char *name);

#endif
