#include "text/marks.h"

#include "tokenizer/utf8.h"

#include <string.h>
#include <unicode/uchar.h>

size_t last_character(const char *text, size_t length, uint32_t *c) {
    size_t start = length - 1;
    while (start > 0 && length - start < UTF8_LONGEST &&
           ((unsigned char)text[start] & 0xc0) == 0x80)
        start--;
    size_t n = utf8_decode(text + start, length - start, c);
    if (start + n == length) return n;
    *c = REPLACEMENT_CHARACTER;
    return 1;
}

size_t blanks_before(const char *text, size_t length) {
    size_t at = 0;
    uint32_t c;
    for (size_t n; at < length; at += n) {
        n = utf8_decode(text + at, length - at, &c);
        if (!u_isUWhiteSpace((UChar32)c)) break;
    }
    return at;
}

size_t blanks_behind(const char *text, size_t length) {
    size_t end = length;
    uint32_t c;
    for (size_t n; end > 0; end -= n) {
        n = last_character(text, end, &c);
        if (!u_isUWhiteSpace((UChar32)c)) break;
    }
    return length - end;
}

/* ---- bullets --------------------------------------------------------------------------------- */

static bool is_bullet(uint32_t c) {
    static const uint32_t bullets[] = {'-',    '*',    '+',    0xb7,   0x2013, 0x2014,
                                       0x2022, 0x2023, 0x2043, 0x25aa, 0x25ab, 0x25cb,
                                       0x25cf, 0x25e6, 0x2219, 0x25a0};
    for (size_t i = 0; i < sizeof bullets / sizeof *bullets; i++)
        if (c == bullets[i]) return true;
    return false;
}

static bool is_ascii_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "12." or "b)": a full stop behind a letter may as well be an initial's. */
static size_t number_length(const char *text, size_t length) {
    size_t n = 0;
    while (n < length && n < 4 && text[n] >= '0' && text[n] <= '9') n++;
    if (n > 0 && n < 4 && n < length && (text[n] == '.' || text[n] == ')')) return n + 1;
    return n == 0 && length > 1 && is_ascii_letter(text[0]) && text[1] == ')' ? 2 : 0;
}

size_t bullet_length(const char *text, size_t length, bool begins_line) {
    uint32_t c;
    if (length == 0) return 0;
    size_t n = utf8_decode(text, length, &c);
    if (!is_bullet(c)) n = begins_line ? number_length(text, length) : 0;
    size_t blanks = blanks_before(text + n, length - n);
    return n > 0 && blanks > 0 ? n + blanks : 0;
}

/* ---- letters --------------------------------------------------------------------------------- */

bool has_letters(const char *text, size_t length) {
    uint32_t c;
    for (size_t i = 0, n; i < length; i += n) {
        n = utf8_decode(text + i, length - i, &c);
        if (u_isalpha((UChar32)c)) return true;
    }
    return false;
}

bool ends_without_blank(const char *text, size_t length) {
    static const uint32_t stops[] = {0x3002, 0xff01, 0xff1f, 0xff0e, 0xff61, 0x203c, 0x2047};
    uint32_t c;
    for (size_t n; length > 0; length -= n) {
        n = last_character(text, length, &c);
        for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
            if (c == stops[i]) return true;
        int8_t type = u_charType((UChar32)c);
        if (type != U_END_PUNCTUATION && type != U_FINAL_PUNCTUATION && c != '"' && c != 0x27)
            return false;
    }
    return false;
}
