/* A SentencePiece model out of a tokenizer.json: recent versions of transformers save nothing else.
 */
#ifndef UNIGRAM_JSON_H
#define UNIGRAM_JSON_H

#include "engine/error.h"

/* *out is a serialized model, to be freed. Added tokens at the end of the vocabulary are left out:
 * they stand for themselves. `path` is for messages. */
tolka_status unigram_from_json(const uint8_t *text, size_t length, const char *path, uint8_t **out,
                               size_t *n_out, tolka_error *err);

#endif
