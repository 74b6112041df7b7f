#include "text/formats/man_text.h"

#include <ctype.h>
#include <string.h>

/* What ends a font stands no further behind what begins it. */
enum { LONGEST_FONT = 2000 };

static const struct {
    const char *escape, *spelled;
} characters[] = {
    {"\\-", "-"},
    {"\\e", "\\"},
    {"\\ ", " "},
    {"\\~", " "},
    {"\\(aq", "'"},
    {"\\(cq", "\xe2\x80\x99"},
    {"\\(dq", "\""},
    {"\\(lq", "\xe2\x80\x9c"},
    {"\\(rq", "\xe2\x80\x9d"},
    {"\\*(lq", "\xe2\x80\x9c"},
    {"\\*(rq", "\xe2\x80\x9d"},
    {"\\(en", "\xe2\x80\x93"},
    {"\\(em", "\xe2\x80\x94"},
    {"\\(rs", "\\"},
    {"\\(ga", "`"},
    {"\\(oq", "\xe2\x80\x98"},
    {"\\'", "'"},
    {"\\&", ""},
    {"\\.", "."},
    {"\\|", ""},
    {"\\^", ""},
    {"\\:", ""},
    {"\\%", ""},
    {"\\/", ""},
    {"\\,", ""},
    {"\\)", ""},
};

/* ---- escapes --------------------------------------------------------------------------------- */

/* Of ASCII: of a longer character a piece would be cut off. */
static bool is_letter(char c) {
    return isgraph((unsigned char)c) && (unsigned char)c < 0x80;
}

/* The length of a name: x, (xx or [xxx]; 0: there is none. */
static size_t name_length(const char *bytes, size_t n) {
    if (n == 0 || !is_letter(bytes[0])) return 0;
    if (bytes[0] == '(') return n >= 3 && is_letter(bytes[1]) && is_letter(bytes[2]) ? 3 : 0;
    if (bytes[0] != '[') return 1;
    const char *last = memchr(bytes, ']', n < 80 ? n : 80);
    return last ? (size_t)(last - bytes) + 1 : 0;
}

static size_t after(size_t prefix, const char *bytes, size_t n) {
    size_t length = n > prefix ? name_length(bytes + prefix, n - prefix) : 0;
    return length ? prefix + length : 0;
}

/* The length of an escape that is known; 0: it does something else than to write a character or to
 * change the font. */
static size_t escape_length(const char *bytes, size_t n) {
    if (n < 2) return 0;
    if (bytes[1] == 'f' || bytes[1] == '*') return after(2, bytes, n);
    if (bytes[1] == '(' || bytes[1] == '[') return after(1, bytes, n);
    return strchr("-e ~'&|^:%/,).", bytes[1]) && bytes[1] ? 2 : 0;
}

static const char *character_of(const char *bytes, size_t n) {
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++)
        if (strlen(characters[i].escape) == n && memcmp(characters[i].escape, bytes, n) == 0)
            return characters[i].spelled;
    return NULL;
}

/* ---- words ----------------------------------------------------------------------------------- */

static bool is_punctuation(char c) {
    return c && strchr(".,;:!?", c);
}

static bool is_font(const char *bytes, size_t n) {
    return n > 2 && bytes[0] == '\\' && bytes[1] == 'f';
}

/* \fR, \fP and what means the same: what was before. */
static bool is_font_end(const char *bytes, size_t n) {
    return (n == 3 && strchr("RP1", bytes[2])) || (n == 4 && memcmp(bytes + 2, "[]", 2) == 0);
}

/* Names are short, so that it does not take the square of a text's length to look for them. */
enum { LONGEST_NAME = 500 };

/* The length of a word with \- that programs know: it begins with that, or has other signs of a name
 * (a point, a slash, a digit); 0: it is another word, as "command\-line". */
static size_t name_with_minus(const char *bytes, size_t n) {
    size_t i = 0;
    bool minus = false, sign = false;
    if (n && strchr("([\"'", bytes[0])) return 0;
    while (i < n && !isspace((unsigned char)bytes[i])) {
        bool escaped = bytes[i] == '\\';
        if (escaped && (i + 1 == n || bytes[i + 1] != '-')) break;
        minus |= escaped;
        i += escaped ? 2 : 1;
        if (i > LONGEST_NAME) return 0;
    }
    while (i && strchr(".,;:!?)]'\"", bytes[i - 1])) i--;
    for (size_t k = 0; k < i; k++) sign |= strchr("./_=@0123456789", bytes[k]) != NULL;
    return minus && i > 2 && (sign || bytes[0] == '\\') ? i : 0;
}

/* ---- fonts ----------------------------------------------------------------------------------- */

/* Text between two changes of the font is a name unless it has a blank and begins with a letter. */
static bool is_name(const char *bytes, size_t begin, size_t end) {
    bool blank = false;
    for (size_t i = begin; i < end; i++) blank |= isspace((unsigned char)bytes[i]) != 0;
    return !blank || bytes[begin] == '-' || (bytes[begin] == '\\' && bytes[begin + 1] == '-');
}

/* Finds the escape [*at, *behind) that ends the font; false: there is none. *simple: no other font
 * begins before. */
static bool find_font_end(const char *bytes, size_t begin, size_t end, size_t *at, size_t *behind,
                          bool *simple) {
    *simple = true;
    if (end - begin > LONGEST_FONT) end = begin + LONGEST_FONT;
    for (size_t i = begin, n; i < end; i += n) {
        n = 1;
        if (bytes[i] != '\\') continue;
        n = escape_length(bytes + i, end - i);
        if (n == 0) return false;
        if (!is_font(bytes + i, n)) continue;
        *at = i;
        *behind = i + n;
        if (is_font_end(bytes + i, n)) return true;
        *simple = false;
    }
    return false;
}

/* Returns the byte behind what is in a font that begins with an escape of `n` bytes. */
static size_t font_span(struct builder *builder, size_t begin, size_t n, size_t end) {
    const char *bytes = builder->document->bytes.bytes;
    size_t at, behind;
    bool simple;
    if (is_font_end(bytes + begin, n) ||
        !find_font_end(bytes, begin + n, end, &at, &behind, &simple)) {
        builder->broken = true;
        return end;
    }
    if (is_name(bytes, begin + n, at)) {
        builder_piece(builder, PIECE_PROTECTED, begin, behind);
    } else if (simple) {
        builder_piece(builder, PIECE_OPEN, begin, begin + n);
        man_text(builder, begin + n, at);
        builder_piece(builder, PIECE_CLOSE, at, behind);
    } else {
        builder->broken = true;
    }
    return behind;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* Returns the byte behind the escape. */
static size_t add_escape(struct builder *builder, size_t at, size_t end) {
    const char *bytes = builder->document->bytes.bytes;
    size_t n = escape_length(bytes + at, end - at);
    const char *spelled = n ? character_of(bytes + at, n) : NULL;
    if (n == 0) {
        builder->broken = true;
        return end;
    }
    if (is_font(bytes + at, n)) return font_span(builder, at, n, end);
    if (spelled)
        builder_character(builder, at, at + n, spelled);
    else
        builder_piece(builder, PIECE_PROTECTED, at, at + n);
    return at + n;
}

void man_text(struct builder *builder, size_t begin, size_t end) {
    const char *bytes = builder->document->bytes.bytes;
    size_t from = begin;
    bool word = true; /* one begins */
    for (size_t i = begin; i < end && !builder->broken;) {
        size_t name = word ? name_with_minus(bytes + i, end - i) : 0;
        word = isspace((unsigned char)bytes[i]) || strchr("([\"'", bytes[i]);
        if (name == 0 && bytes[i] != '\\') {
            i++;
            continue;
        }
        builder_spaced(builder, from, i);
        if (name) builder_piece(builder, PIECE_PROTECTED, i, i + name);
        from = i = name ? i + name : add_escape(builder, i, end);
        word = false;
    }
    if (!builder->broken) builder_spaced(builder, from, end);
}

/* ---- macros ---------------------------------------------------------------------------------- */

bool man_is_font(const char *name, size_t n) {
    static const char *const names[] = {"B", "I", "SM", "SB", "BR", "BI", "IR", "IB", "RB", "RI"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0) return true;
    return false;
}

/* Where the last argument begins; *count: how many there are. */
static size_t last_argument(const char *bytes, size_t args, size_t end, size_t *count) {
    size_t last = args;
    *count = 0;
    for (size_t i = args; i < end;) {
        while (i < end && bytes[i] == ' ') i++;
        if (i == end) break;
        bool quoted = bytes[i] == '"';
        last = i++;
        ++*count;
        while (i < end && bytes[i] != (quoted ? '"' : ' ')) i += bytes[i] == '\\' ? 2 : 1;
        if (quoted) i++;
    }
    return last;
}

/* How text that follows without a blank is written behind the line. */
static enum line_end line_end(const char *macro, size_t count, bool quoted, bool punctuated) {
    bool alternates = macro[1] == 'R' || macro[0] == 'R';
    if (quoted) return LINE_INTERRUPTED;
    if (punctuated || (alternates && macro[(count - 1) % 2] == 'R')) return LINE_GROWS;
    return alternates ? LINE_NEXT_ARGUMENT : LINE_INTERRUPTED;
}

/* A line that stays as it is, but for the punctuation at its end, which is the sentence's. */
static void protect_line(struct builder *builder, size_t begin, size_t args, size_t end) {
    const char *bytes = builder->document->bytes.bytes, *macro = bytes + begin + 1;
    size_t count, last = last_argument(bytes, args, end, &count), stop = end;
    bool quoted = bytes[end - 1] == '"';
    while (stop > last && is_punctuation(bytes[stop - 1]) && bytes[stop - 2] != '\\') stop--;
    if (stop == last && count > 1) { /* an argument of its own */
        while (stop > args && bytes[stop - 1] == ' ') stop--;
        count--;
        quoted = bytes[stop - 1] == '"';
    }
    if (stop <= args || (stop < end && end - stop > 4)) stop = end;
    struct piece *piece = builder_piece(builder, PIECE_PROTECTED, begin, stop);
    piece->line_end = line_end(macro, count, quoted, stop < end && bytes[stop] != ' ');
    if (quoted && stop < last) piece->line_end = LINE_NEXT_ARGUMENT;
    if (stop < end && bytes[stop] == ' ') {
        char sign[5] = {bytes[end - 1]};
        builder_character(builder, stop, end, sign);
    } else {
        builder_text(builder, stop, end);
    }
}

/* Words of a sentence, in quotes or not. */
static void open_line(struct builder *builder, size_t begin, size_t args, size_t end) {
    bool quoted = builder->document->bytes.bytes[args] == '"';
    builder_piece(builder, PIECE_OPEN, begin, args + quoted)->line_end = LINE_INTERRUPTED;
    man_text(builder, args + quoted, end - quoted);
    builder_piece(builder, PIECE_CLOSE, end - quoted, end)->line_end = LINE_INTERRUPTED;
}

void man_font_line(struct builder *builder, size_t begin, size_t args, size_t end) {
    const char *bytes = builder->document->bytes.bytes;
    const char *quote = memchr(bytes + args, '"', end - args);
    bool quoted = end - args > 2 && quote == bytes + args && bytes[end - 1] == '"' &&
                  memchr(quote + 1, '"', end - args - 1) == bytes + end - 1;
    bool one_font = args - begin > 1 && (bytes[begin + 2] == ' ' || bytes[begin + 1] == 'S');
    bool words = !is_name(bytes, args + quoted, end - quoted);
    if (one_font && words && (quoted || !quote))
        open_line(builder, begin, args, end);
    else
        protect_line(builder, begin, args, end);
}
