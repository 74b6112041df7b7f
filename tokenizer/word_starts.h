/* Where words begin among tokens. Words are what blanks separate in a text; in scripts that are
 * written without blanks (Chinese, Japanese, Thai, ...) every piece is one. */
#ifndef WORD_STARTS_H
#define WORD_STARTS_H

#include "tokenizer/tokenizer.h"

enum token_role {
    TOKEN_SPECIAL,   /* stands for no text: an end token, a language */
    TOKEN_BLANK,     /* a blank alone: what follows continues its word */
    TOKEN_BEGINS,    /* a blank is in front */
    TOKEN_CONTINUES, /* no blank is */
    TOKEN_ALONE,     /* no blank is, nor would one be in its script */
    TOKEN_MARK = 8,  /* with any of them: it has no more than punctuation or blanks */
};

/* The roles of all tokens of a side. */
struct token_roles {
    size_t n;
    uint8_t *roles; /* [n] by id */
};
/* False: no memory. */
bool token_roles_list(struct token_roles *out, const tolka_tokenizer *tokenizer, bool source);
void token_roles_free(struct token_roles *roles);

/* The word that each token belongs to, from 0; -1: none. Returns how many words there are. */
size_t number_words(const struct token_roles *roles, const int32_t *ids, size_t n, int32_t *words);

/* Which tokens speak for their words: punctuation does only for a word that has nothing else, as a
 * full stop says nothing about the word that it stands behind. */
void find_speakers(const struct token_roles *roles, const int32_t *ids, const int32_t *words,
                   size_t n, uint8_t *speaks);

#endif
