/* Metadata keys of a model, with their types checked. */
#ifndef KEYS_H
#define KEYS_H

#include "engine/open.h"

#define KEY "tolka.tokenizer."

tolka_status key_missing(const tolka_model *model, const char *key, tolka_error *err);

/* bytes NULL if the key is absent. */
tolka_status key_string(const tolka_model *model, const char *key, struct gguf_string *string,
                        tolka_error *err);

/* Arrays; *array is NULL if the key is absent. */
tolka_status key_strings(const tolka_model *model, const char *key, const struct gguf_value **array,
                         tolka_error *err);
tolka_status key_integers(const tolka_model *model, const char *key,
                          const struct gguf_value **array, tolka_error *err);
tolka_status key_bytes(const tolka_model *model, const char *key, const struct gguf_value **array,
                       tolka_error *err);

/* False if the key is absent. */
tolka_status key_flag(const tolka_model *model, const char *key, bool *flag, tolka_error *err);

/* A token id that source or target has; -1 if the key is absent. */
tolka_status key_id(const tolka_model *model, const char *key, int32_t *id, tolka_error *err);

#endif
