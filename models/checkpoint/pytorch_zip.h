#ifndef PYTORCH_ZIP_H
#define PYTORCH_ZIP_H

#include "models/checkpoint/state_dict.h"

/* Reads the pickle and finds the storages, which stay in the map. Free *dict after a failure, too.
 */
tolka_status read_zipped_state_dict(struct state_dict *dict, const struct map *map,
                                    tolka_error *err);

#endif
