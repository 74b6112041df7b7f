/* model.safetensors.index.json and pytorch_model.bin.index.json: which shard holds which tensor. */
#ifndef INDEX_H
#define INDEX_H

#include "models/checkpoint/source.h"

/* Calls load(source, shard, err) once for each shard that the index names (they lie beside it),
 * sorts, and checks that every tensor of the index is there. */
tolka_status read_index(struct source *source, const char *path,
                        tolka_status (*load)(struct source *source, const char *path,
                                             tolka_error *err),
                        tolka_error *err);

#endif
