#include "tests/fuzz/named_text.h"

#include <string.h>

bool named_text(struct named_text *text, const uint8_t *bytes, size_t n) {
    const uint8_t *end = n ? memchr(bytes, '\n', n) : NULL;
    size_t length = end ? (size_t)(end - bytes) : 0;
    *text = (struct named_text){.name = ""};
    if (!end || length >= sizeof text->name || memchr(bytes, 0, length)) return false;
    memcpy(text->name, bytes, length);
    text->bytes = end + 1;
    text->n = n - length - 1;
    return true;
}

void change_named(struct chance *chance, struct blob *input,
                  void (*change)(struct chance *chance, const char *name, struct blob *text)) {
    struct named_text text;
    if (!named_text(&text, input->bytes, input->n) || chance_one_in(chance, 100)) {
        change_blob(chance, input);
        return;
    }
    struct blob rest = {0};
    blob_put(&rest, text.bytes, text.n);
    change(chance, text.name, &rest);
    blob_replace(input, input->n - text.n, text.n, rest.bytes, rest.n);
    blob_free(&rest);
}
