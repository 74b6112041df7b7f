/* From "tolka.tokenizer.*" metadata (docs/format.md) to a tokenizer. */
#ifndef METADATA_H
#define METADATA_H

#include "tokenizer/tokenizer.h"

/* Fills an empty tokenizer from the model's metadata; the caller frees it if that fails. */
tolka_status tokenizer_read(tolka_tokenizer *tokenizer, const tolka_model *model, tolka_error *err);

#endif
