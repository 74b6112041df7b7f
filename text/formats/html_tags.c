#define _POSIX_C_SOURCE 200809L
#include "text/formats/html_tags.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ---- tokens ---------------------------------------------------------------------------------- */

static bool is_space(char c) {
    return c && strchr(" \t\r\n\f", c);
}

static size_t find(const char *bytes, size_t n, size_t at, const char *what) {
    size_t length = strlen(what);
    while (at + length <= n) {
        const char *first = memchr(bytes + at, what[0], n - at - length + 1);
        if (!first) break;
        at = (size_t)(first - bytes);
        if (memcmp(first, what, length) == 0) return at + length;
        at++;
    }
    return n;
}

/* Behind the ">" of a tag, which quotes may hold others of. */
static size_t tag_end(const char *bytes, size_t n, size_t at) {
    bool value = false; /* an attribute's value may begin here */
    while (at < n && bytes[at] != '>') {
        if (value && (bytes[at] == '"' || bytes[at] == '\'')) {
            const char *end = memchr(bytes + at + 1, bytes[at], n - at - 1);
            if (!end) return n;
            at = (size_t)(end - bytes);
        }
        value = bytes[at] == '=' || (value && is_space(bytes[at]));
        at++;
    }
    return at < n ? at + 1 : n;
}

static size_t comment_end(const char *bytes, size_t n, size_t at) {
    if (at + 4 <= n && memcmp(bytes + at, "<!--", 4) == 0) {
        if (at + 5 <= n && bytes[at + 4] == '>') return at + 5;
        return find(bytes, n, at + 4, "-->");
    }
    if (at + 9 <= n && memcmp(bytes + at, "<![CDATA[", 9) == 0) return find(bytes, n, at, "]]>");
    return find(bytes, n, at, ">");
}

static size_t text_end(const char *bytes, size_t n, size_t at) {
    while (++at < n) {
        const char *angle = memchr(bytes + at, '<', n - at);
        if (!angle) return n;
        at = (size_t)(angle - bytes);
        char next = at + 1 < n ? bytes[at + 1] : 0;
        if (isalpha((unsigned char)next) || next == '/' || next == '!' || next == '?') return at;
    }
    return n;
}

struct html_token html_next(const char *bytes, size_t n, size_t at) {
    struct html_token token = {.kind = HTML_TEXT, .begin = at};
    char next = at + 1 < n ? bytes[at + 1] : 0;
    char after = at + 2 < n ? bytes[at + 2] : 0;
    bool end_tag = next == '/' && isalpha((unsigned char)after);
    if (bytes[at] == '<' && (isalpha((unsigned char)next) || end_tag)) {
        token.kind = end_tag ? HTML_END : HTML_START;
        token.name = at + 1 + end_tag;
        size_t i = token.name;
        while (i < n && !is_space(bytes[i]) && bytes[i] != '>' && bytes[i] != '/') i++;
        token.name_length = i - token.name;
        token.end = tag_end(bytes, n, i);
        token.closed = token.end >= 2 && bytes[token.end - 1] == '>' && bytes[token.end - 2] == '/';
    } else if (bytes[at] == '<' && (next == '!' || next == '?' || next == '/')) {
        token.kind = HTML_OTHER;
        token.end = comment_end(bytes, n, at);
    } else {
        token.end = text_end(bytes, n, at);
    }
    return token;
}

bool html_is(const char *bytes, const struct html_token *token, const char *name) {
    return strlen(name) == token->name_length &&
           strncasecmp(bytes + token->name, name, token->name_length) == 0;
}

bool html_is_one_of(const char *bytes, const struct html_token *token, const char *list) {
    for (const char *at = list + strspn(list, " "); *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (n == token->name_length && strncasecmp(bytes + token->name, at, n) == 0) return true;
        at += n;
    }
    return false;
}

/* ---- attributes ------------------------------------------------------------------------------ */

static size_t skip_to_value(const char *bytes, size_t end, size_t at) {
    size_t i = at;
    while (i < end && is_space(bytes[i])) i++;
    if (i == end || bytes[i] != '=') return 0;
    for (i++; i < end && is_space(bytes[i]);) i++;
    return i;
}

bool html_attribute_next(const char *bytes, const struct html_token *token, size_t *at,
                         struct html_attribute *out) {
    size_t end = token->end,
           i = *at > token->name + token->name_length ? *at : token->name + token->name_length;
    while (i < end && (is_space(bytes[i]) || bytes[i] == '/')) i++;
    if (i >= end || bytes[i] == '>') return false;
    *out = (struct html_attribute){.name = i};
    for (i++; i < end && !is_space(bytes[i]) && !strchr("=>/", bytes[i]);) i++;
    out->name_length = i - out->name;
    size_t value = skip_to_value(bytes, end, i);
    if (value && value < end) {
        out->quoted = bytes[value] == '"' || bytes[value] == '\'';
        out->value = value + out->quoted;
        i = out->value;
        while (i < end &&
               (out->quoted ? bytes[i] != bytes[value] : !is_space(bytes[i]) && bytes[i] != '>'))
            i++;
        out->value_length = i - out->value;
        i += out->quoted && i < end;
    }
    *at = i;
    return true;
}

bool html_attribute_find(const char *bytes, const struct html_token *token, const char *name,
                         struct html_attribute *out) {
    for (size_t at = 0; html_attribute_next(bytes, token, &at, out);)
        if (out->name_length == strlen(name) &&
            strncasecmp(bytes + out->name, name, out->name_length) == 0)
            return true;
    return false;
}

bool html_value_is(const char *bytes, const struct html_attribute *attribute, const char *value) {
    return attribute->value_length == strlen(value) &&
           strncasecmp(bytes + attribute->value, value, attribute->value_length) == 0;
}

/* ---- elements -------------------------------------------------------------------------------- */

static bool same_name(const char *bytes, const struct html_token *a, const struct html_token *b) {
    return a->name_length == b->name_length &&
           strncasecmp(bytes + a->name, bytes + b->name, a->name_length) == 0;
}

/* "</name" and what may follow a name. */
static size_t raw_end(const char *bytes, size_t n, const struct html_token *start) {
    for (size_t at = start->end; at < n;) {
        const char *angle = memchr(bytes + at, '<', n - at);
        if (!angle) return n;
        at = (size_t)(angle - bytes);
        struct html_token token = {.kind = HTML_TEXT};
        if (at + 2 + start->name_length < n && bytes[at + 1] == '/')
            token = html_next(bytes, n, at);
        if (token.kind == HTML_END && same_name(bytes, &token, start)) return token.end;
        at++;
    }
    return n;
}

size_t html_element_end(const char *bytes, size_t n, const struct html_token *start) {
    if (html_is_one_of(bytes, start, "script style textarea title xmp iframe noembed noframes"))
        return raw_end(bytes, n, start);
    if (html_is(bytes, start, "plaintext")) return n;
    size_t depth = 1;
    for (size_t at = start->end; at < n;) {
        struct html_token token = html_next(bytes, n, at);
        at = token.end;
        if (token.kind == HTML_START && html_is_one_of(bytes, &token, "script style textarea xmp"))
            at = raw_end(bytes, n, &token);
        if (token.kind == HTML_TEXT || !same_name(bytes, &token, start)) continue;
        if (token.kind == HTML_START && !token.closed) depth++;
        if (token.kind == HTML_END && --depth == 0) return token.end;
    }
    return n;
}
