/* What those who cut texts ask about them (the public part is in tolka.h). */
#ifndef TOKENIZE_H
#define TOKENIZE_H

#include "tokenizer/tokenizer.h"

/* How many bytes of a source text name its target language (">>deu<< ", "<2de> ") at its beginning,
 * the blank behind them counted. */
size_t tokenizer_tags(const tolka_tokenizer *tokenizer, const char *text, size_t length);

/* tolka_tokenize of a text that is clean, with where in it each id stands; ids that stand for no
 * text, and those of byte-level models, have an empty span. The caller frees *ids and *spans. */
tolka_status tokenizer_spans(const tolka_tokenizer *tokenizer, const char *text, size_t length,
                             int32_t **ids, tolka_span **spans, size_t *n, tolka_error *err);

/* Does a source id stand for no text: an end, a language? */
bool tokenizer_is_special(const tolka_tokenizer *tokenizer, int32_t id);

/* Do its texts come sentence by sentence? Not those of T5 and BART, which take tasks and whole
 * texts, nor those that are cut into tokens already. */
bool tokenizer_reads_sentences(const tolka_tokenizer *tokenizer);

#endif
