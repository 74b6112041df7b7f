#include "models/checkpoint/json_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What jansson's tree takes, roughly, with what malloc adds. The largest tokenizer.json of a family
 * that tolka knows, of 256,000 tokens and as many merges, comes to 100 MB. */
enum {
    OBJECT_BYTES = 240,
    ARRAY_BYTES = 140,
    VALUE_BYTES = 64, /* a text, a number, or the key of one */
    MAX_TREE_BYTES = 128 << 20,
};

/* What one character outside of texts stands for. */
static uint32_t cost_of(char c) {
    switch (c) {
    case '{':
        return OBJECT_BYTES;
    case '[':
        return ARRAY_BYTES;
    case ',':
    case ':':
        return VALUE_BYTES;
    default:
        return 0;
    }
}

static size_t skip_string(const char *text, size_t length, size_t at) {
    while (at < length && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
    return at + 1;
}

static bool is_bearable(const char *text, size_t length) {
    uint64_t bytes = 0;
    for (size_t at = 0; at < length && bytes <= MAX_TREE_BYTES;) {
        char c = text[at++];
        bytes += cost_of(c);
        if (c == '"') at = skip_string(text, length, at);
    }
    return bytes <= MAX_TREE_BYTES;
}

json_t *json_read(const char *text, size_t length, size_t flags, json_error_t *problem) {
    *problem = (json_error_t){.line = 1};
    if (!is_bearable(text, length)) {
        snprintf(problem->text, sizeof problem->text, "it would take more than %d MB of memory",
                 MAX_TREE_BYTES >> 20);
        return NULL;
    }
    json_t *root = json_loadb(text, length, flags, problem);
    if (!root && json_error_code(problem) == json_error_numeric_overflow)
        root = json_loadb(text, length, flags | JSON_DECODE_INT_AS_REAL, problem);
    return root;
}
