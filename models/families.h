/* The list of families. Its rows are declared beside it: each is defined in a file of its own, and
 * there is nothing else in there for others to know. */
#ifndef FAMILIES_H
#define FAMILIES_H

#include "models/family.h"

const struct family *family_by_name(const char *name);       /* or NULL */
const struct family *family_by_type(const char *model_type); /* or NULL */

extern const struct family family_marian, family_m2m100, family_bart, family_mbart, family_t5,
    family_t5_gguf, family_tolka, family_marian_native, family_ctranslate2, family_vaswani,
    family_fairseq;

#endif
