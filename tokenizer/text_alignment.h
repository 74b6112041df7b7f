/* Alignments of texts: between the tokens that stand for text, and between words. */
#ifndef TEXT_ALIGNMENT_H
#define TEXT_ALIGNMENT_H

#include "engine/result.h"
#include "tokenizer/word_starts.h"

struct text_roles {
    struct token_roles source, target;
};
tolka_status text_roles_list(struct text_roles *roles, const tolka_tokenizer *tokenizer,
                             tolka_error *err);
void text_roles_free(struct text_roles *roles);

/* Makes a hypothesis's links anew from its weights, now that special tokens are known, and those of
 * its words. One without weights stays as it is. */
tolka_status align_text(const struct text_roles *roles, const int32_t *source,
                        struct result_hypothesis *hypothesis, tolka_error *err);

#endif
