/* How the tensors of two checkpoints or model files differ. */
#ifndef DIFFERENCE_H
#define DIFFERENCE_H

#include "models/convert/import.h"

enum difference_kind {
    DIFFERENCE_NONE,
    DIFFERENCE_ROUNDING, /* no more than the two types explain */
    DIFFERENCE_VALUES,
    DIFFERENCE_SHAPE,
    DIFFERENCE_TYPE,  /* of numbers that cannot be compared */
    DIFFERENCE_GONE,  /* only the first has such a tensor */
    DIFFERENCE_ADDED, /* only the second */
    DIFFERENCE_KINDS,
};

/* A tensor as one side has it, or the part of it that is compared. */
struct compared {
    const char *name; /* the container's; NULL: it is not there */
    const char *type;
    uint32_t rank;
    uint64_t dims[8]; /* outermost first, as if it were stored row by row */
};

struct difference {
    enum difference_kind kind;
    const char *name; /* what both call it, or tolka's name for what it does */
    struct compared sides[2];
    double max, relative; /* DIFFERENCE_ROUNDING, DIFFERENCE_VALUES: the greatest difference (NaN:
                             one side's is no number); root of squares over that of the first */
};

struct comparison {
    const char *paths[2];
    const struct import_options *options;
    void (*visit)(void *user, const struct difference *difference);
    /* A tensor of one side (0 or 1) that plays no part in what is compared. */
    void (*left_out)(void *user, int side, const char *name);
    void *user;
    /* What compare_files says: whether tensors were matched by what they do or, for the reason that
     * `why` names, by their names alone. */
    bool by_roles;
    tolka_error why;
};

/* Calls visit for every pair of tensors. */
tolka_status compare_files(struct comparison *comparison, tolka_error *err);

#endif
