/* Tokens and their ids on the way into a model file. */
#ifndef TOKEN_LIST_H
#define TOKEN_LIST_H

#include "models/convert/gguf_writer.h"

struct token_list {
    size_t n, capacity;
    const char **tokens; /* borrowed */
    int32_t *ids;
};

bool list_add(struct token_list *list, const char *token, int32_t id);
void list_free(struct token_list *list);
/* Writes two arrays, or nothing if the list is empty. */
void list_write(struct gguf_writer *writer, const struct token_list *list, const char *tokens_key,
                const char *ids_key);

#endif
