/* What a pickle makes by persistent ids and calls: storages, tensors, and objects of other classes. */
#ifndef PICKLE_TENSORS_H
#define PICKLE_TENSORS_H

#include "models/checkpoint/pickle_objects.h"

/* A persistent id, ('storage', class, key, location, count), becomes a storage; before torch 1.6 it
 * has a sixth part, None or (key, first, count). */
tolka_status make_storage(struct machine *machine, tolka_error *err);
/* "Calls" one of the three known functions; any other call is an object with its arguments. */
tolka_status reduce(struct machine *machine, tolka_error *err);
/* An object's attributes become its state; those of an OrderedDict (_metadata) are dropped. */
tolka_status build(struct machine *machine, tolka_error *err);

#endif
