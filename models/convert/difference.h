/* How the tensors of two checkpoints or model files differ. */
#ifndef DIFFERENCE_H
#define DIFFERENCE_H

#include "engine/tolka.h"

enum difference_kind {
    DIFFERENCE_NONE,
    DIFFERENCE_VALUES,
    DIFFERENCE_SHAPE,
    DIFFERENCE_TYPE,  /* of numbers that cannot be compared */
    DIFFERENCE_GONE,  /* only the first has such a tensor */
    DIFFERENCE_ADDED, /* only the second */
};

struct difference {
    enum difference_kind kind;
    const char *name;
    const char *types[2]; /* NULL where it is not there */
    double max, relative; /* DIFFERENCE_VALUES */
};

/* Calls visit(user, difference) for every tensor of either. */
tolka_status compare_files(const char *a, const char *b,
                           void (*visit)(void *user, const struct difference *difference),
                           void *user, tolka_error *err);

#endif
