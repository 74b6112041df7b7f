#include "tools/text_width.h"

#include <string.h>

struct range {
    uint32_t first, last;
};

static int is_in(uint32_t character, const struct range *ranges, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (character >= ranges[i].first && character <= ranges[i].last) return 1;
    return 0;
}

/* Accents, joiners and marks of direction; vowels that stand above or below in the scripts of India
 * and Thailand. */
static const struct range without_width[] = {
    {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
    {0x93c, 0x93c},   {0x941, 0x948},   {0x94d, 0x94d},   {0xe31, 0xe31},   {0xe34, 0xe3a},
    {0xe47, 0xe4e},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x202a, 0x202e},
    {0x2060, 0x2069}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}};

/* Chinese, Japanese, Korean and emoji. */
static const struct range wide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},
                                    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
                                    {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
                                    {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

uint32_t next_character(const char **text) {
    const unsigned char *at = (const unsigned char *)*text;
    int rest = *at < 0xc0 ? 0 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3;
    uint32_t character = rest ? *at & (0x3fu >> rest) : *at;
    for (at++; rest > 0 && (*at & 0xc0) == 0x80; rest--, at++)
        character = character << 6 | (*at & 0x3f);
    *text = (const char *)at;
    return character;
}

int character_columns(uint32_t character) {
    if (is_in(character, without_width, sizeof without_width / sizeof *without_width)) return 0;
    return is_in(character, wide, sizeof wide / sizeof *wide) ? 2 : 1;
}

size_t text_columns(const char *text) {
    size_t columns = 0;
    while (*text) columns += (size_t)character_columns(next_character(&text));
    return columns;
}

static double character_ems(uint32_t character) {
    int columns = character_columns(character);
    if (columns != 1) return columns == 2 ? 1.05 : 0;
    if (character >= 0x80) return 0.68;
    if (strchr(" .,:;!|'`ijl()[]frt", (int)character)) return 0.36;
    if (strchr("mwMW@%_", (int)character)) return 0.92;
    return character >= 'A' && character <= 'Z' ? 0.72 : 0.6;
}

double text_ems(const char *text) {
    double ems = 0;
    while (*text) ems += character_ems(next_character(&text));
    return ems;
}

int is_unprintable(uint32_t character) {
    return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0xfffe ||
           character == 0xffff;
}
