/* What those who cut texts ask about them (the public part is in tolka.h). */
#ifndef TOKENIZE_H
#define TOKENIZE_H

#include "tokenizer/tokenizer.h"

/* How many bytes of a source text name its target language (">>deu<< ", "<2de> ") at its beginning,
 * the blank behind them counted. */
size_t tokenizer_tags(const tolka_tokenizer *tokenizer, const char *text, size_t length);

/* Do its texts come sentence by sentence? Not those of T5 and BART, which take tasks and whole
 * texts, nor those that are cut into tokens already. */
bool tokenizer_reads_sentences(const tolka_tokenizer *tokenizer);

#endif
