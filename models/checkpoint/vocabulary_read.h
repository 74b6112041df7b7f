/* The files in which checkpoints keep tokens. */
#ifndef VOCABULARY_READ_H
#define VOCABULARY_READ_H

#include "models/checkpoint/vocabulary.h"

/* Reads a vocabulary: a JSON object (token: id), a JSON array of tokens, a tokenizer.json, Marian's
 * YAML (.yml), fairseq's dict.txt, or plain text with one token a line. On failure nothing is left to free. */
tolka_status vocabulary_open(struct vocabulary *vocabulary, const char *path, tolka_error *err);

/* Adds what an added_tokens.json, tokenizer_config.json or tokenizer.json says about tokens besides
 * the vocabulary proper. A file that is not there adds nothing. */
tolka_status vocabulary_add_file(struct vocabulary *vocabulary, const char *path, tolka_error *err);

/* Tokens that a special_tokens_map.json or tokenizer_config.json lists without ids
 * ("additional_special_tokens"): numbered as they stand there. A file that is not there, or lists
 * none, gives an empty vocabulary. */
tolka_status special_tokens_open(struct vocabulary *list, const char *path, tolka_error *err);

/* merges.txt, or a tokenizer.json: merge rules "left right", best first, numbered from 0. */
tolka_status merges_open(struct vocabulary *merges, const char *path, tolka_error *err);

#endif
