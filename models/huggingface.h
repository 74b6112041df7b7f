/* What the exports of Marian, M2M100, NLLB, BART and mBART share. */
#ifndef HUGGINGFACE_H
#define HUGGINGFACE_H

#include "models/family.h"
#include "models/reading.h"

extern const struct tensor_rule huggingface_rules[];
/* Sizes, activation, scale, special tokens; tables and what is tied to what, from the tensors. */
tolka_status read_huggingface(const struct checkpoint *checkpoint, struct config *config,
                              tolka_error *err);

/* What BART and mBART share besides, with their values for absent keys. */
void read_bart(struct reading *reading, struct config *config);

/* The tokenizer_class of tokenizer_config.json (or config.json) without "Fast": one of `known`
 * (ended by NULL), or NULL if it is another (which is worth a warning) or not said. */
tolka_status read_tokenizer_class(const struct checkpoint *checkpoint, const char *const *known,
                                  const char **name, tolka_error *err);

#endif
