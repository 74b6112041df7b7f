/* Model files of checkpoints that were named where a model file is expected: made once, kept in the
 * user's cache ($XDG_CACHE_HOME/tolka or ~/.cache/tolka). What is in the name of such a file says
 * whether it is still right: where the checkpoint lies, its files' sizes and times, the type of its
 * weights, the converter. */
#ifndef MODEL_CACHE_H
#define MODEL_CACHE_H

#include "engine/kernels/matrix.h"
#include "models/checkpoint/scratch.h"

#include <stdbool.h>

struct cached_model {
    char *path; /* of the model file, there or to be made */
    bool found;
    char *directory;         /* the cache's; NULL: there is none */
    struct scratch *scratch; /* instead of it */
    tolka_error why;         /* there is none */
};

/* Is it something that has to be converted: a directory, an archive, other people's weights? What is
 * not there, or no checkpoint at all, is not. */
bool is_checkpoint(const char *path);

/* Finds the place of a checkpoint's model file. Where there can be no cache the place is temporary,
 * and `why` says so. On failure nothing is left to close. */
tolka_status cache_find(struct cached_model *cached, const char *checkpoint, enum dtype type,
                        tolka_error *err);
/* The file has been made: removes those of earlier states of the same checkpoint. */
void cache_keep(const struct cached_model *cached);
/* Removes the model file if its place is temporary. */
void cache_close(struct cached_model *cached);

/* The cache's directory, which need not be there; NULL: err says why there can be none. The caller
 * frees it. */
char *cache_directory(tolka_error *err);
/* Calls visit for each model file of the cache, in the order of their names; `clear` removes them,
 * and what interrupted conversions have left. */
tolka_status
cache_visit(bool clear, void (*visit)(void *user, const char *name, uint64_t bytes, long long time),
            void *user, tolka_error *err);

#endif
