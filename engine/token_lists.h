/* Lists of tokens that a configuration has besides its fields: those that are never generated, and
 * those that must not, or would rather not, stand together. */
#ifndef TOKEN_LISTS_H
#define TOKEN_LISTS_H

#include "engine/config.h"

/* Reads tolka.token.suppressed, tolka.token.begin_suppressed, tolka.search.sequences,
 * tolka.search.sequence_bias and tolka.search.force_words. */
tolka_status token_lists_read(struct config *config, const struct gguf *gguf, tolka_error *err);
/* Are all of them tokens of the vocabulary? */
tolka_status token_lists_check(const struct config *config, const char *name, tolka_error *err);

/* Adds a sequence; false: there is no room for it, or it is empty. */
bool sequences_add(struct token_sequences *sequences, const int32_t *ids, size_t n, float bias);
/* The ids of sequence i. */
static inline const int32_t *sequence_ids(const struct token_sequences *sequences, uint32_t i,
                                          size_t *n) {
    uint32_t start = i ? sequences->end[i - 1] : 0;
    *n = sequences->end[i] - start;
    return sequences->ids + start;
}

/* Adds an alternative to a new word, or to the last one; false: there is no room for it, or it is
 * empty. */
bool required_words_add(struct required_words *words, bool is_new, const int32_t *ids, size_t n);
/* Words in the form in which the public header has them: lists[MAX_FORCE_WORDS], whose phrases are
 * in phrases[MAX_SEQUENCES]. Returns how many. */
size_t required_words_lists(const struct required_words *words, tolka_alternatives *lists,
                            tolka_sequence *phrases);

#endif
