#include "models/checkpoint/names.h"

#include "tokenizer/utf8.h"

#include <string.h>

bool ends_with(const char *name, const char *end) {
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

bool is_tensor_name(const char *name, size_t length) {
    enum { LONGEST = 256 };
    return length > 0 && length <= LONGEST && utf8_is_clean(name, length);
}
