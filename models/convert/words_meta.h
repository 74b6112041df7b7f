/* Vocabularies whose tokens stand in texts as they are, on their way into a model file. */
#ifndef WORDS_META_H
#define WORDS_META_H

#include "models/convert/import.h"
#include "models/convert/token_list.h"

/* Writes tolka.tokenizer.kind, .vocab and .target_vocab (target_path NULL: one for both sides), and
 * lists the plan's language tokens; the vocabularies are left to *source and *target, which the
 * caller frees after the list. */
tolka_status write_words(struct gguf_writer *writer, const struct import *import,
                         const char *source_path, const char *target_path,
                         struct vocabulary *source, struct vocabulary *target,
                         struct token_list *languages, tolka_error *err);

#endif
