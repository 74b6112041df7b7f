/* HTML's tags as they stand in the bytes: a tokenizer after the HTML standard, as far as it matters
 * where a tag ends. Parsers of Debian's build trees, of which the bytes cannot be had again. */
#ifndef HTML_TAGS_H
#define HTML_TAGS_H

#include <stdbool.h>
#include <stddef.h>

enum html_kind {
    HTML_TEXT,
    HTML_START, /* <name ...> */
    HTML_END,   /* </name> */
    HTML_OTHER, /* comments, declarations, instructions */
};

struct html_token {
    enum html_kind kind;
    size_t begin, end;
    size_t name, name_length; /* of tags: where their names are */
    bool closed;              /* <name/> */
};

/* The token that begins at bytes[at], at < n. */
struct html_token html_next(const char *bytes, size_t n, size_t at);

/* Is it this tag's name, whatever the case? */
bool html_is(const char *bytes, const struct html_token *token, const char *name);
/* Is it one of a list: " a b i "? */
bool html_is_one_of(const char *bytes, const struct html_token *token, const char *list);

/* An attribute of a start tag. */
struct html_attribute {
    size_t name, name_length;
    size_t value, value_length; /* without quotes */
    bool quoted;
};
/* The next attribute at or behind *at in a tag; false: there are no more. */
bool html_attribute_next(const char *bytes, const struct html_token *token, size_t *at,
                         struct html_attribute *out);
/* The value of an attribute of this name; false: there is none. */
bool html_attribute_find(const char *bytes, const struct html_token *token, const char *name,
                         struct html_attribute *out);
bool html_value_is(const char *bytes, const struct html_attribute *attribute, const char *value);

/* Where the element that `start` begins has its end tag, behind that tag; elements of the same name
 * in it are counted. For elements whose content is no markup (script, ...) the first end tag. `n` if
 * there is none. */
size_t html_element_end(const char *bytes, size_t n, const struct html_token *start);

#endif
