/* --require: words as people write them, or ids, to phrases that translations must have. */
#ifndef REQUIRE_H
#define REQUIRE_H

#include "tools/generation_set.h"
#include "tools/options.h"

bool is_requirement(const struct setting *setting);
bool requires_words(const struct options *options);

/* Adds the words to those that are required already. With a tokenizer they are text, without one
 * ids. False after a complaint. */
bool require_words(struct generation_set *set, const tolka_tokenizer *tokenizer,
                   const struct options *options);

/* Is there a required word of which the tokens have no phrase? Only where the length limit came
 * first. */
bool lacks_words(const struct generation_set *set, const tolka_token *tokens, size_t n);

#endif
