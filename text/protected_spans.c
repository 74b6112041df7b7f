#define _POSIX_C_SOURCE 200809L
#include "text/protected_spans.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* No placeholder is longer: text without an end costs no more than this a character. */
enum { LONGEST_NAME = 80, LONGEST_PATH = 256, LONGEST_ADDRESS = 2048 };

struct scan {
    const char *bytes;
    size_t n; /* end of the text */
};

static unsigned char byte_at(struct scan scan, size_t i) {
    return i < scan.n ? (unsigned char)scan.bytes[i] : 0;
}

static bool is_name(unsigned char c) {
    return isalnum(c) || c == '_';
}

static bool is_word(unsigned char c) {
    return is_name(c) || c >= 0x80;
}

static bool starts_with(struct scan scan, size_t at, const char *text) {
    size_t n = strlen(text);
    return at + n <= scan.n && strncasecmp(scan.bytes + at, text, n) == 0;
}

/* ---- placeholders ---------------------------------------------------------------------------- */

static size_t digits(struct scan scan, size_t at) {
    size_t n = 0;
    while (n < 9 && isdigit(byte_at(scan, at + n))) n++;
    return n;
}

/* %s, %-5.2f, %1$d, %*d, %lu, %(name)s, %%; %1 as Qt has it. "50 % of" is none. */
static size_t percent_length(struct scan scan, size_t at) {
    size_t i = at + 1;
    if (byte_at(scan, i) == '%') return 2;
    if (byte_at(scan, i) == '(') {
        size_t name = ++i;
        while (i - name < LONGEST_NAME && (is_name(byte_at(scan, i)) || byte_at(scan, i) == '.'))
            i++;
        if (i == name || byte_at(scan, i) != ')') return 0;
        i++;
    }
    size_t number = digits(scan, i);
    bool numbered = number > 0 && byte_at(scan, i + number) == '$';
    if (numbered) i += number + 1;
    while (byte_at(scan, i) && strchr("-+#0'*I", byte_at(scan, i))) i++;
    i += digits(scan, i);
    if (byte_at(scan, i) == '.') {
        i++;
        if (byte_at(scan, i) == '*') i++;
        i += digits(scan, i);
    }
    while (byte_at(scan, i) && strchr("hlLqjzt", byte_at(scan, i))) i++;
    unsigned char letter = byte_at(scan, i);
    bool ends = !is_word(byte_at(scan, i + 1)) || letter == 's' || letter == 'd';
    if (letter && strchr("diouxXeEfFgGaAcsSpnmrCQ", letter) && ends) return i + 1 - at;
    return number && !numbered ? 1 + number : 0; /* Qt */
}

/* {name}, {0}, {x:.2f}, {{ x }}, ${x}, {}: up to the brace that ends it, on one line. */
static size_t brace_length(struct scan scan, size_t at) {
    size_t depth = 0;
    for (size_t i = at; i < scan.n && i - at < LONGEST_NAME; i++) {
        unsigned char c = byte_at(scan, i);
        if (c == '\n') return 0;
        if (c == '{') depth++;
        if (c == '}' && --depth == 0) return i + 1 - at;
    }
    return 0;
}

/* Braces around prose are none. */
static size_t placeholder_length(struct scan scan, size_t at) {
    size_t n = brace_length(scan, at), words = 0;
    bool twice = byte_at(scan, at + 1) == '{' || byte_at(scan, at + 1) == '%';
    for (size_t i = at; i < at + n; i++)
        if (isspace(byte_at(scan, i)) && is_word(byte_at(scan, i + 1))) words++;
    return words == 0 || twice ? n : 0;
}

/* <0>, </0>, <name>, </name>: as translators' tools leave them in messages. */
static size_t angle_length(struct scan scan, size_t at) {
    size_t i = at + 1;
    if (byte_at(scan, i) == '/') i++;
    size_t name = i;
    if (!is_name(byte_at(scan, i))) return 0;
    bool quoted = false;
    for (; i < scan.n && i - at < LONGEST_NAME; i++) {
        unsigned char c = byte_at(scan, i);
        if (c == '"') quoted = !quoted;
        if (c == '\n' || (c == '<' && !quoted)) return 0;
        if (c == '>' && !quoted) return i > name ? i + 1 - at : 0;
    }
    return 0;
}

/* &nbsp; &#160; as text. */
static size_t entity_length(struct scan scan, size_t at) {
    size_t i = at + 1;
    if (byte_at(scan, i) == '#') i++;
    while (i - at < 32 && isalnum(byte_at(scan, i))) i++;
    return i > at + 2 && byte_at(scan, i) == ';' ? i + 1 - at : 0;
}

/* `code` and [^1], which plain texts and messages have, too. */
static size_t enclosed_length(struct scan scan, size_t at, unsigned char end) {
    for (size_t i = at + 1; i < scan.n && i - at < LONGEST_NAME; i++) {
        unsigned char c = byte_at(scan, i);
        if (c == end) return i > at + 1 ? i + 1 - at : 0;
        if (c == '\n') return 0;
    }
    return 0;
}

/* ---- addresses ------------------------------------------------------------------------------- */

/* Punctuation at the end belongs to the sentence, and a bracket that was opened before it, too. */
static size_t without_punctuation(struct scan scan, size_t at, size_t n) {
    while (n > 0) {
        unsigned char c = byte_at(scan, at + n - 1);
        unsigned char open = c == ')' ? '(' : c == ']' ? '[' : 0;
        if (open ? memchr(scan.bytes + at, open, n) != NULL : !strchr(".,;:!?'\"*_", c)) break;
        n--;
    }
    return n;
}

static size_t address_run(struct scan scan, size_t at) {
    size_t n = 0;
    while (n < LONGEST_ADDRESS && byte_at(scan, at + n) > ' ' &&
           !strchr("<>\"`|\\^{}", byte_at(scan, at + n)))
        n++;
    return n;
}

static size_t url_length(struct scan scan, size_t at) {
    static const char *const schemes[] = {"http://", "https://", "ftp://", "ftps://", "file://",
                                          "mailto:", "www.",     "git://", "ssh://",  "irc://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (starts_with(scan, at, schemes[i])) {
            size_t n = without_punctuation(scan, at, address_run(scan, at));
            return n > strlen(schemes[i]) ? n : 0;
        }
    return 0;
}

/* name@host.domain */
static size_t email_length(struct scan scan, size_t at) {
    size_t i = at, dots = 0;
    while (i - at < LONGEST_NAME &&
           (is_name(byte_at(scan, i)) || (byte_at(scan, i) && strchr(".+-", byte_at(scan, i)))))
        i++;
    if (i == at || byte_at(scan, i) != '@' || !isalnum(byte_at(scan, i + 1))) return 0;
    size_t host = ++i;
    while (i - host < 255 &&
           (isalnum(byte_at(scan, i)) || byte_at(scan, i) == '-' || byte_at(scan, i) == '.'))
        dots += byte_at(scan, i++) == '.';
    size_t n = without_punctuation(scan, at, i - at);
    return dots > i - at - n ? n : 0;
}

static bool is_path_byte(unsigned char c) {
    return is_name(c) || (c && strchr("/.-+~@%$*:", c));
}

/* /etc/passwd, ~/.profile, ./configure, src/main.c, C:\x: a slash that something stands behind. One
 * slash between words ("and/or") makes no path. */
static size_t path_length(struct scan scan, size_t at) {
    unsigned char first = byte_at(scan, at);
    size_t n = 0, slashes = 0, dots = 0;
    while (n < LONGEST_PATH && is_path_byte(byte_at(scan, at + n))) n++;
    n = without_punctuation(scan, at, n);
    for (size_t i = at; i < at + n; i++) {
        slashes += byte_at(scan, i) == '/';
        dots += byte_at(scan, i) == '.';
    }
    bool rooted = first == '/' || (first == '~' && byte_at(scan, at + 1) == '/') ||
                  (first == '.' && slashes > 0);
    bool named = slashes > 1 || (slashes == 1 && dots > 0) ||
                 (slashes == 1 && n > 0 && byte_at(scan, at + n - 1) == '/');
    return n > 2 && slashes > 0 && (rooted || named) ? n : 0;
}

/* --option, -x, --name=VALUE, but not -5; a name with an underline or "()" behind: identifiers. */
static size_t identifier_length(struct scan scan, size_t at) {
    size_t n = 0;
    while (byte_at(scan, at + n) == '-') n++;
    size_t dashes = n;
    bool underlined = false;
    if (dashes > 2 || (dashes && !isalpha(byte_at(scan, at + n)))) return 0;
    while (n < LONGEST_NAME &&
           (is_name(byte_at(scan, at + n)) || (dashes && byte_at(scan, at + n) == '-'))) {
        underlined |= n > dashes && byte_at(scan, at + n) == '_';
        n++;
    }
    if (n == dashes || is_word(byte_at(scan, at + n))) return 0;
    bool called = !dashes && byte_at(scan, at + n) == '(' && byte_at(scan, at + n + 1) == ')';
    if (dashes && byte_at(scan, at + n) == '=')
        while (n < LONGEST_PATH && byte_at(scan, at + n) > ' ' && byte_at(scan, at + n) < 0x7f) n++;
    if (dashes) return without_punctuation(scan, at, n);
    return called ? n + 2 : underlined && n > 2 ? n : 0;
}

/* 1.11.0: a number with one point may be written otherwise elsewhere, a version may not. */
static size_t version_length(struct scan scan, size_t at) {
    size_t n = 0, dots = 0;
    while (n < LONGEST_NAME && (isdigit(byte_at(scan, at + n)) || byte_at(scan, at + n) == '.'))
        dots += byte_at(scan, at + n++) == '.';
    size_t trailing = n - without_punctuation(scan, at, n);
    return dots >= 2 + trailing && !is_word(byte_at(scan, at + n)) ? n - trailing : 0;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* At the beginning of a word. */
static size_t word_length(struct scan scan, size_t at) {
    size_t n = url_length(scan, at);
    if (n == 0) n = email_length(scan, at);
    if (n == 0) n = path_length(scan, at);
    if (n == 0) n = version_length(scan, at);
    return n ? n : identifier_length(scan, at);
}

size_t protected_length(const char *bytes, size_t n, size_t at) {
    struct scan scan = {bytes, n};
    unsigned char c = byte_at(scan, at), before = at ? byte_at(scan, at - 1) : ' ';
    switch (c) {
    case '%':
        return percent_length(scan, at);
    case '{':
        return placeholder_length(scan, at);
    case '$': {
        size_t length = byte_at(scan, at + 1) == '{' ? brace_length(scan, at + 1) : 0;
        size_t name = at + 1;
        while (is_name(byte_at(scan, name)) && name - at < LONGEST_NAME) name++;
        if (length) return length + 1;
        return name > at + 1 && !isdigit(byte_at(scan, at + 1)) ? name - at : 0;
    }
    case '<':
        return angle_length(scan, at);
    case '&':
        return entity_length(scan, at);
    case '`':
        return enclosed_length(scan, at, '`');
    case '[':
        return byte_at(scan, at + 1) == '^' ? enclosed_length(scan, at, ']') : 0;
    default:
        if (is_word(before) || strchr("/~.-@", before)) return 0;
        return is_name(c) || (c && strchr("/~.-", c)) ? word_length(scan, at) : 0;
    }
}

bool protected_is_number(const char *span, size_t n) {
    bool is_version =
        n > 0 && isdigit((unsigned char)span[0]) && isdigit((unsigned char)span[n - 1]);
    return is_version || (n > 1 && span[0] == '%' && strchr("diouxXeEfFgG", span[n - 1]));
}

bool protected_is_counted(const char *span, size_t n) {
    return n > 1 && span[0] == '%' && span[1] != '%' && span[1] != '(' && !memchr(span, '$', n) &&
           !isdigit((unsigned char)span[n - 1]);
}
