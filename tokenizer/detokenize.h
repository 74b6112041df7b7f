/* Ids to text (the public part is in tolka.h), perhaps with other texts for some of them. */
#ifndef DETOKENIZE_H
#define DETOKENIZE_H

#include "tokenizer/tokenizer.h"

/* Is a target id the sign for what the vocabulary cannot spell? */
bool tokenizer_is_unknown(const tolka_tokenizer *tokenizer, int32_t id);

/* What is shown instead of a token. */
struct shown_instead {
    const char *text; /* NULL: what the token shows */
    size_t length;
    bool blank_before, blank_after; /* blanks that its neighbours, if words, do not bring along */
};

/* tolka_detokenize with replacements instead[n], or NULL. */
tolka_status tokenizer_show(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                            const struct shown_instead *instead, char **text, size_t *length,
                            tolka_error *err);

#endif
