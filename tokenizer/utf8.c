#include "tokenizer/utf8.h"

#include <stdlib.h>
#include <string.h>

/* The second byte has a narrower range after some first bytes: no overlong forms, no surrogates,
 * nothing past U+10FFFF. */
static size_t sequence_length(uint8_t first, uint8_t *low, uint8_t *high) {
    *low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    *high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first < 0x80) return 1;
    if (first < 0xc2) return 0;
    if (first < 0xe0) return 2;
    if (first < 0xf0) return 3;
    return first < 0xf5 ? 4 : 0;
}

size_t utf8_decode(const char *text, size_t length, uint32_t *character) {
    const uint8_t *bytes = (const uint8_t *)text;
    uint8_t low, high;
    size_t n = sequence_length(bytes[0], &low, &high);
    *character = REPLACEMENT_CHARACTER;
    if (n == 0) return 1;
    uint32_t value = n == 1 ? bytes[0] : bytes[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (i == length || bytes[i] < low || bytes[i] > high) return i;
        value = value << 6 | (bytes[i] & 0x3f);
        low = 0x80;
        high = 0xbf;
    }
    *character = value;
    return n;
}

size_t utf8_encode(uint32_t character, char out[UTF8_LONGEST]) {
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    size_t n = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (character & 0x3f));
        character >>= 6;
    }
    out[0] = (char)((0xf00u >> n & 0xff) | character);
    return n;
}

/* Is this U+FFFD because the bytes say so? */
static bool is_ill_formed(const char *text, size_t n, uint32_t character) {
    return character == REPLACEMENT_CHARACTER && (n != 3 || memcmp(text, "\xef\xbf\xbd", 3) != 0);
}

bool utf8_is_clean(const char *text, size_t length) {
    size_t i = 0;
    while (i < length) {
        uint32_t character;
        size_t n = utf8_decode(text + i, length - i, &character);
        if (character == 0 || is_ill_formed(text + i, n, character)) return false;
        i += n;
    }
    return true;
}

char *utf8_clean(const char *text, size_t length, char for_nul, size_t *out_length) {
    /* One bad byte becomes three. */
    char *out = length > (SIZE_MAX - 1) / 3 ? NULL : malloc(3 * length + 1);
    if (!out) return NULL;
    size_t n_out = 0;
    for (size_t i = 0; i < length;) {
        uint32_t character;
        i += utf8_decode(text + i, length - i, &character);
        n_out += utf8_encode(character ? character : (uint8_t)for_nul, out + n_out);
    }
    out[n_out] = 0;
    *out_length = n_out;
    return out;
}

size_t utf8_cut(const char *text, size_t limit) {
    size_t cut = limit;
    while (cut > 0 && limit - cut < UTF8_LONGEST && ((uint8_t)text[cut] & 0xc0) == 0x80) cut--;
    return cut;
}
