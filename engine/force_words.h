/* Words that a translation must have, as a caller or a model file asks for them. */
#ifndef FORCE_WORDS_H
#define FORCE_WORDS_H

#include "engine/config.h"

/* Can a search look for them? If not, the status is `wrong`, and its text begins with `name`, what
 * the list is called. */
tolka_status force_words_check(const tolka_alternatives *words, size_t n,
                               const struct config *config, tolka_status wrong, const char *name,
                               tolka_error *err);

/* Phrases of all words. */
size_t force_words_phrases(const tolka_alternatives *words, size_t n);

/* All of it in one block, to be freed as one; NULL: no memory. */
tolka_alternatives *force_words_copy(const tolka_alternatives *words, size_t n);

#endif
