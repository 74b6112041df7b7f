/* What somebody may have meant by a language that there is not. */
#ifndef MISSPELLING_H
#define MISSPELLING_H

#include "tokenizer/language_names.h"
#include "tokenizer/languages.h"

/* The model's language whose English or own name is nearest to what was typed, if it is near enough
 * to be a slip: "German". */
bool misspelling(const struct languages *languages, const char *typed, char out[LONGEST_DISPLAY]);

#endif
