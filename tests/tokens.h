/* Text to ids and back in arrays that a test has; fails the running test where they are too
 * small. */
#ifndef TOKENS_H
#define TOKENS_H

#include "engine/tolka.h"

/* Returns how many ids there are. */
size_t tokens_of(const tolka_tokenizer *tokenizer, const char *text, size_t length, int32_t *ids,
                 size_t capacity);
size_t target_tokens_of(const tolka_tokenizer *tokenizer, const char *text, size_t length,
                        int32_t *ids, size_t capacity);
/* Returns the length of the text. */
size_t detokenized(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n, char *text,
                   size_t capacity);

#endif
