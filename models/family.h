/* Checkpoint families as tables: which exported tensor plays which role, which settings set which
 * field of the configuration. Nothing here knows how a checkpoint is stored. */
#ifndef FAMILY_H
#define FAMILY_H

#include "engine/roles.h"
#include "models/shown.h"
#include "models/tokenizer_plan.h"

/* One rule: the tensor for a role. "%u" in both stands for the layer; a "*" at the end of both for
 * the same suffix ("weight" or "bias"). Several rules for one role are tried in order. */
struct tensor_rule {
    const char *role;
    const char *name;
    uint8_t part, n_parts; /* the part-th of n_parts equal slices of its rows; n_parts 0: all */
    bool transposed;       /* stored [n_in][n_out] */
};

struct family {
    const char *name;               /* "marian" */
    const char *const *model_types; /* values of config.json's model_type; ended by NULL */
    tolka_status (*configure)(const struct checkpoint *checkpoint, struct config *config,
                              struct tokenizer_plan *plan, tolka_error *err);
    const struct tensor_rule *rules; /* ended by a NULL role; NULL: tensors are named as roles */
    /* Tried in front of every name of a rule; ended by NULL. NULL: names are whole. */
    const char *const *prefixes;
    /* What "%u" is in the tensors of a role; NULL: the role's layer. */
    uint32_t (*layer_number)(const struct checkpoint *checkpoint, const struct role *role);
};

/* The name of the tensor that plays `role`, by the first rule whose tensor exists; false: none.
 * name has room for 256 bytes. */
bool family_find(const struct family *family, const struct checkpoint *checkpoint,
                 const struct role *role, char name[256], const struct tensor_rule **rule);

#endif
