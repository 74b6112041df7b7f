#include "models/convert/token_list.h"

#include <stdlib.h>

bool list_add(struct token_list *list, const char *token, int32_t id) {
    if (list->n == list->capacity) {
        size_t capacity = list->capacity * 2 + 64;
        const char **tokens = realloc(list->tokens, capacity * sizeof *tokens);
        if (!tokens) return false;
        list->tokens = tokens;
        int32_t *ids = realloc(list->ids, capacity * sizeof *ids);
        if (!ids) return false;
        list->ids = ids;
        list->capacity = capacity;
    }
    list->tokens[list->n] = token;
    list->ids[list->n++] = id;
    return true;
}

void list_free(struct token_list *list) {
    free(list->tokens);
    free(list->ids);
}

void list_write(struct gguf_writer *writer, const struct token_list *list, const char *tokens_key,
                const char *ids_key) {
    if (list->n == 0) return;
    write_strings(writer, tokens_key, list->tokens, list->n);
    write_i32s(writer, ids_key, list->ids, list->n);
}
