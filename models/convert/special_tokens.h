/* Tokens that stand for no text: <pad>, language tokens, what a fine-tuning added. */
#ifndef SPECIAL_TOKENS_H
#define SPECIAL_TOKENS_H

#include "models/checkpoint/vocabulary.h"
#include "models/convert/import.h"
#include "models/convert/token_list.h"

/* Adds what the files beside a checkpoint say about tokens besides the vocabulary proper, then the
 * plan's language tokens that none of them has, counting from id `first`. Indexes. */
tolka_status add_special_tokens(struct vocabulary *vocabulary, const struct import *import,
                                size_t first, tolka_error *err);

/* Those of a vocabulary's tokens that are added ones, or that tokenizer_config.json names: "<pad>"
 * as "pad_token". On failure there is nothing to free. */
tolka_status special_tokens_of(struct vocabulary *special, const struct import *import,
                               const struct vocabulary *vocabulary, tolka_error *err);

/* Is the token a language of the family's form (struct tokenizer_plan)? */
bool is_language(const char *token, const char *form);

/* tolka.tokenizer.default_from and .default_to, from what the checkpoint says and the family's
 * habit. */
tolka_status write_default_languages(struct gguf_writer *writer, const struct import *import,
                                     const struct token_list *languages, tolka_error *err);

#endif
