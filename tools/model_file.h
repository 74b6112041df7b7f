/* Finding the model file that a command runs: the one that was named, the one that ships, or one
 * that is made of a checkpoint and kept in the user's cache. */
#ifndef MODEL_FILE_H
#define MODEL_FILE_H

#include "models/convert/model_cache.h"
#include "tools/options.h"

struct model_file {
    const char *path;
    char found[4096];           /* the shipped model's path */
    struct cached_model cached; /* of a checkpoint */
};

/* `named` is a model file or a checkpoint; NULL: TOLKA_MODEL or the model that ships. Complains and
 * returns an exit status other than 0 on failure. */
int model_file_find(struct model_file *file, const struct options *options, const char *named);
/* After the model has been closed: a temporary file goes. */
void model_file_close(struct model_file *file);

/* Opens the model that options name. */
int open_model(struct model_file *file, const struct options *options, tolka_model **model);

#endif
