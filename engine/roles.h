/* Roles: the one list of what a configuration needs, by the names that tensors have in a file. */
#ifndef ROLES_H
#define ROLES_H

#include "engine/config.h"

enum role_kind {
    ROLE_MATRIX, /* [n_out][n_in], read by products (and as an embedding table) */
    ROLE_TABLE,  /* [n_out][n_in], read by rows as floats: positions, relative bias */
    ROLE_VECTOR, /* n_out floats */
};

struct role {
    char name[64]; /* "enc.blk.0.attn_q.weight" (docs/format.md) */
    enum role_kind kind;
    size_t n_out, n_in; /* n_in is 1 for vectors */
    size_t place;       /* where it goes: offset in struct model, or in the layer's struct */
    int stack;          /* 0: struct model, 1: an encoder layer, 2: a decoder layer */
    uint32_t layer;
};

/* Calls visit(user, role) for every tensor that `config` needs, in file order; stops at the first
 * status that is not TOLKA_OK and returns it. */
tolka_status for_each_role(const struct config *config,
                           tolka_status (*visit)(void *user, const struct role *role,
                                                 tolka_error *err),
                           void *user, tolka_error *err);

/* "enc.blk.0.attn_q.scale" for "enc.blk.0.attn_q.weight": what goes with a weight is called after
 * it. False if the weight's name has no dot, or the result does not fit. */
bool role_companion(const char *weight, const char *what, char *name, size_t size);

#endif
