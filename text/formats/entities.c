#include "text/formats/entities.h"

#include "tokenizer/utf8.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* From U+00C0, in their order. */
static const char *const letters[] = {
    "Agrave", "Aacute", "Acirc",  "Atilde", "Auml",   "Aring",  "AElig", "Ccedil",
    "Egrave", "Eacute", "Ecirc",  "Euml",   "Igrave", "Iacute", "Icirc", "Iuml",
    "ETH",    "Ntilde", "Ograve", "Oacute", "Ocirc",  "Otilde", "Ouml",  "times",
    "Oslash", "Ugrave", "Uacute", "Ucirc",  "Uuml",   "Yacute", "THORN", "szlig",
    "agrave", "aacute", "acirc",  "atilde", "auml",   "aring",  "aelig", "ccedil",
    "egrave", "eacute", "ecirc",  "euml",   "igrave", "iacute", "icirc", "iuml",
    "eth",    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",  "divide",
    "oslash", "ugrave", "uacute", "ucirc",  "uuml",   "yacute", "thorn", "yuml"};

static const struct {
    const char *name;
    uint32_t character;
} others[] = {
    {"amp", '&'},      {"lt", '<'},        {"gt", '>'},        {"quot", '"'},
    {"apos", '\''},    {"OElig", 0x152},   {"oelig", 0x153},   {"Scaron", 0x160},
    {"scaron", 0x161}, {"ndash", 0x2013},  {"mdash", 0x2014},  {"lsquo", 0x2018},
    {"rsquo", 0x2019}, {"sbquo", 0x201a},  {"ldquo", 0x201c},  {"rdquo", 0x201d},
    {"bdquo", 0x201e}, {"hellip", 0x2026}, {"lsaquo", 0x2039}, {"rsaquo", 0x203a},
    {"euro", 0x20ac},  {"laquo", 0xab},    {"raquo", 0xbb},    {"iexcl", 0xa1},
    {"iquest", 0xbf},  {"pound", 0xa3},    {"cent", 0xa2},     {"yen", 0xa5},
    {"sect", 0xa7},    {"deg", 0xb0},      {"copy", 0xa9},     {"reg", 0xae},
    {"trade", 0x2122}, {"frac12", 0xbd},   {"frac14", 0xbc},   {"middot", 0xb7},
};

static uint32_t named(const char *name, size_t n) {
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (strlen(letters[i]) == n && memcmp(letters[i], name, n) == 0) return 0xc0 + (uint32_t)i;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strlen(others[i].name) == n && memcmp(others[i].name, name, n) == 0)
            return others[i].character;
    return 0;
}

/* "#233" or "#xe9". Spaces and signs that are not seen are none. */
static uint32_t numbered(const char *text, size_t n) {
    char digits[12] = {0}, *end;
    if (n < 2 || n > sizeof digits) return 0;
    memcpy(digits, text + 1, n - 1);
    bool hex = digits[0] == 'x' || digits[0] == 'X';
    unsigned long c = strtoul(digits + hex, &end, hex ? 16 : 10);
    bool visible = c > ' ' && c < 0x110000 && !(c >= 0x7f && c <= 0xa0) && c != 0xad &&
                   !(c >= 0x2000 && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202f) &&
                   !(c >= 0xd800 && c <= 0xdfff);
    return *end || !visible ? 0 : (uint32_t)c;
}

size_t entity_read(const char *bytes, size_t n, char spelled[5]) {
    size_t i = 1;
    while (i < n && i < 32 && (isalnum((unsigned char)bytes[i]) || (i == 1 && bytes[i] == '#')))
        i++;
    if (n == 0 || bytes[0] != '&' || i >= n || bytes[i] != ';') return 0;
    uint32_t c = bytes[1] == '#' ? numbered(bytes + 1, i - 1) : named(bytes + 1, i - 1);
    if (c == 0) return 0;
    memset(spelled, 0, 5);
    utf8_encode(c, spelled);
    return i + 1;
}
