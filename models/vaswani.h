/* What checkpoints of the paper's transformer have in common: names of tensors, and what the tensors
 * say by themselves. */
#ifndef VASWANI_H
#define VASWANI_H

#include "models/family.h"
#include "models/reading.h"

extern const struct tensor_rule vaswani_rules[];
extern const char *const vaswani_prefixes[];

/* The tensor that plays a role in layer `layer`; false: none. */
bool vaswani_role(const struct checkpoint *checkpoint, uint32_t layer, const char *role_name,
                  char name[256]);
/* dims[i] of the tensor that plays a role; 0: there is none. */
uint32_t vaswani_dim(const struct checkpoint *checkpoint, const char *role, uint32_t i);
/* Sizes that the settings may leave out. */
void vaswani_sizes(const struct checkpoint *checkpoint, struct reading *r, struct config *config);
tolka_status vaswani_tables(const struct checkpoint *checkpoint, struct config *config,
                            tolka_error *err);

#endif
