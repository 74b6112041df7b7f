/* Where the sentences of a text are (the public call is in tolka.h). */
#ifndef SENTENCES_H
#define SENTENCES_H

#include "tokenizer/tokenizer.h"

/* Knows one language's sentences. One thread at a time. */
struct sentence_finder;

enum { MOST_LANGUAGES = 4 };

/* For texts in one of the languages (any names that tolka_tokenizer_new takes): sentences end where
 * all of them say so. None: by the rules that all languages share. */
tolka_status sentence_finder_new(struct sentence_finder **out, const char *const *languages,
                                 size_t n, tolka_error *err);
/* For the texts that a tokenizer takes. */
tolka_status sentence_finder_for(struct sentence_finder **out, const tolka_tokenizer *tokenizer,
                                 tolka_error *err);
void sentence_finder_free(struct sentence_finder *finder);

/* The caller frees *spans. */
tolka_status sentences_find(struct sentence_finder *finder, const char *text, size_t length,
                            tolka_span **spans, size_t *n, tolka_error *err);

#endif
