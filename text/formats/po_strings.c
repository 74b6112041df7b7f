#include "text/formats/po_strings.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 76 };

static const char letters[] = "ntrabfv\\\"", values[] = "\n\t\r\a\b\f\v\\\"";

bool po_is_literal(const char *bytes, size_t n) {
    if (n < 2 || bytes[0] != '"') return false;
    size_t i = 1;
    while (i < n && bytes[i] != '"') i += bytes[i] == '\\' ? 2 : 1;
    return i + 1 == n;
}

static size_t decode_number(struct growing *out, const char *bytes, size_t n) {
    char digits[4] = {0};
    bool hex = bytes[0] == 'x';
    size_t i = 0;
    while (hex + i < n && i < (hex ? 2U : 3U) &&
           strchr(hex ? "0123456789abcdefABCDEF" : "01234567", bytes[hex + i]) && bytes[hex + i]) {
        digits[i] = bytes[hex + i];
        i++;
    }
    if (i) growing_char(out, (char)strtoul(digits, NULL, hex ? 16 : 8));
    return i ? hex + i : 0;
}

void po_decode(struct growing *out, const char *bytes, size_t n) {
    for (size_t i = 0; i < n;) {
        if (bytes[i] != '\\' || i + 1 == n) {
            growing_char(out, bytes[i++]);
            continue;
        }
        const char *letter = bytes[i + 1] ? strchr(letters, bytes[i + 1]) : NULL;
        size_t digits = letter ? 0 : decode_number(out, bytes + i + 1, n - i - 1);
        if (letter) growing_char(out, values[letter - letters]);
        if (!letter && !digits) growing_add(out, bytes + i, 2);
        i += digits ? 1 + digits : 2;
    }
}

static void encode(struct growing *out, const char *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const char *value = bytes[i] ? strchr(values, bytes[i]) : NULL;
        if (value) growing_char(out, '\\');
        growing_char(out, value ? letters[value - values] : bytes[i]);
    }
}

/* A line of the message ends behind a newline, or behind the last blank that fits. */
static size_t next_line(const char *bytes, size_t n, size_t at) {
    size_t columns = 0, fits = 0;
    for (size_t i = at; i < n; i++) {
        columns += (bytes[i] & 0xc0) != 0x80;
        if (columns > WIDTH && fits) return fits;
        if (bytes[i] == '\n') return i + 1;
        if (bytes[i] == ' ') fits = i + 1;
    }
    return n;
}

void po_encode(struct growing *out, const char *bytes, size_t n, const char *newline) {
    bool many = next_line(bytes, n, 0) < n;
    if (many || n == 0) growing_string(out, "\"\"");
    for (size_t at = 0, end; at < n; at = end) {
        end = next_line(bytes, n, at);
        if (many) growing_string(out, newline);
        growing_char(out, '"');
        encode(out, bytes + at, end - at);
        growing_char(out, '"');
    }
}
