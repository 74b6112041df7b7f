#include "models/checkpoint/bytes.h"

/* Bytes of the character that starts with `first`, 0 if none can. */
static size_t sequence_length(uint8_t first) {
    if (first < 0x80) return first != 0;
    if (first < 0xc2) return 0; /* continuation bytes, overlong forms of two bytes */
    if (first < 0xe0) return 2;
    if (first < 0xf0) return 3;
    return first < 0xf5 ? 4 : 0;
}

bool is_utf8(const uint8_t *text, size_t n) {
    for (size_t i = 0; i < n;) {
        size_t length = sequence_length(text[i]);
        if (length == 0 || length > n - i) return false;
        uint32_t code = length == 1 ? text[i] : text[i] & (0xffu >> (length + 1));
        for (size_t k = 1; k < length; k++) {
            if ((text[i + k] & 0xc0) != 0x80) return false;
            code = code << 6 | (text[i + k] & 0x3f);
        }
        if ((length == 3 && code < 0x800) || (length == 4 && (code < 0x10000 || code > 0x10ffff)) ||
            (code >= 0xd800 && code < 0xe000))
            return false;
        i += length;
    }
    return true;
}
