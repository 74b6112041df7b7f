#include "text/clauses.h"

#include "tokenizer/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <unicode/uchar.h>

/* How good a place is to cut at, behind a character. */
enum place { BETWEEN_CHARACTERS, AT_BLANK, BEHIND_COMMA, BEHIND_CLAUSE };

static bool is_one_of(uint32_t c, const uint32_t *list) {
    while (*list && *list != c) list++;
    return *list != 0;
}

/* Marks of scripts that write a blank behind them, and of those that do not. */
static enum place place_behind(uint32_t c, bool before_blank) {
    static const uint32_t clauses[] = {';', ':', '.', '!', '?', 0x2013, 0x2014, 0x2026, 0x37e, 0};
    static const uint32_t commas[] = {',', ')', ']', 0x60c, 0x61b, 0};
    static const uint32_t wide_clauses[] = {0xff1b, 0xff1a, 0x3002, 0xff01, 0xff1f, 0};
    static const uint32_t wide_commas[] = {0xff0c, 0x3001, 0xff64, 0};
    if (is_one_of(c, wide_clauses) || (before_blank && is_one_of(c, clauses))) return BEHIND_CLAUSE;
    if (is_one_of(c, wide_commas) || (before_blank && is_one_of(c, commas))) return BEHIND_COMMA;
    return before_blank ? AT_BLANK : BETWEEN_CHARACTERS;
}

/* Does the character go on one that people see (UAX 29)? */
static bool continues(uint32_t c, uint32_t before) {
    switch (u_getIntPropertyValue((UChar32)c, UCHAR_GRAPHEME_CLUSTER_BREAK)) {
    case U_GCB_EXTEND:
    case U_GCB_ZWJ:
    case U_GCB_SPACING_MARK:
    case U_GCB_V:
    case U_GCB_T:
    case U_GCB_LF:
        return true;
    case U_GCB_REGIONAL_INDICATOR:
        return u_getIntPropertyValue((UChar32)before, UCHAR_GRAPHEME_CLUSTER_BREAK) ==
               U_GCB_REGIONAL_INDICATOR;
    default:
        return before == 0x200d;
    }
}

/* So many marks on one character end it all the same: no language writes that many, and a text of
 * nothing else has to be cut somewhere (UAX 15, stream-safe text). */
enum { MOST_CONTINUATIONS = 30 };

static size_t distance(size_t a, size_t b) {
    return a > b ? a - b : b - a;
}

/* Marks count in the middle half only: a part of a few words is no gain. */
static int value_of(enum place place, size_t at, size_t length) {
    bool is_central = at >= length / 4 && at <= length - length / 4;
    if (place < AT_BLANK) return is_central ? 2 : 1;
    return is_central ? 2 + (int)place : 3;
}

size_t clause_cut(const char *text, size_t length) {
    size_t best = 0;
    int best_value = 0, n_continuations = 0;
    uint32_t before = 0, c;
    for (size_t at = 0, n; at < length; at += n, before = c) {
        n = utf8_decode(text + at, length - at, &c);
        if (at == 0) continue;
        if (continues(c, before) && ++n_continuations < MOST_CONTINUATIONS) continue;
        n_continuations = 0;
        enum place place = place_behind(before, u_isUWhiteSpace((UChar32)c));
        int value = value_of(place, at, length);
        bool is_nearer = distance(at, length / 2) < distance(best, length / 2);
        if (value < best_value || (value == best_value && !is_nearer)) continue;
        best = at;
        best_value = value;
    }
    return best;
}
