#include "text/formats/html.h"

#include "text/formats/html_tags.h"
#include "text/formats/html_text.h"
#include "tokenizer/utf8.h"

#include <stdio.h>
#include <string.h>

/* Tags that stand inside of sentences; all others end a text. */
static const char inline_tags[] = "a abbr acronym b bdi bdo big cite data del dfn em font i img "
                                  "ins label mark nobr q rb rp rt rtc "
                                  "ruby s small span strike strong sub sup time u wbr";
/* Elements whose content is no prose; in a sentence they are kept whole. */
static const char kept_inline[] = "code kbd samp var tt math svg";
static const char kept_block[] = "script style pre textarea xmp iframe noembed noframes object "
                                 "template plaintext listing";
/* Elements without content. */
static const char empty_tags[] =
    "area base br col embed hr img input link meta param source track wbr";

/* ---- what is not to be translated ------------------------------------------------------------ */

static bool has_class(const char *bytes, const struct html_token *token, const char *name) {
    struct html_attribute attribute;
    if (!html_attribute_find(bytes, token, "class", &attribute)) return false;
    size_t n = strlen(name), end = attribute.value + attribute.value_length;
    for (size_t i = attribute.value; i + n <= end; i++)
        if (memcmp(bytes + i, name, n) == 0 && (i == attribute.value || bytes[i - 1] == ' ') &&
            (i + n == end || bytes[i + n] == ' '))
            return true;
    return false;
}

static bool is_kept(const char *bytes, const struct html_token *token) {
    struct html_attribute translate;
    if (html_is_one_of(bytes, token, empty_tags)) return false;
    if (html_attribute_find(bytes, token, "translate", &translate))
        return html_value_is(bytes, &translate, "no");
    return has_class(bytes, token, "notranslate");
}

/* A paragraph that must not be translated ends at the next block, if not at its end tag. */
static size_t kept_end(const char *bytes, size_t n, const struct html_token *start) {
    if (!html_is(bytes, start, "p")) return html_element_end(bytes, n, start);
    for (size_t at = start->end; at < n;) {
        struct html_token token = html_next(bytes, n, at);
        bool tag = token.kind == HTML_START || token.kind == HTML_END;
        if (tag && html_is(bytes, &token, "p")) return token.kind == HTML_END ? token.end : at;
        if (tag && !html_is_one_of(bytes, &token, inline_tags) &&
            !html_is_one_of(bytes, &token, kept_inline) && !html_is(bytes, &token, "br"))
            return at;
        at = token.end;
    }
    return n;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* The content of <title>, where tags are text. */
static size_t build_title(struct builder *builder, const struct html_token *start) {
    const char *bytes = builder->document->bytes.bytes;
    size_t n = builder->document->n_file, end = html_element_end(bytes, n, start), last = end;
    while (last > start->end && bytes[last - 1] != '<') last--;
    if (last > start->end && last < end && bytes[last] == '/')
        html_text(builder, start->end, last - 1);
    builder_end(builder, LAYOUT_WRAP);
    return end;
}

static size_t build_start(struct builder *builder, const struct html_token *token) {
    const char *bytes = builder->document->bytes.bytes;
    size_t n = builder->document->n_file;
    bool within = html_is_one_of(bytes, token, inline_tags);
    bool code = html_is_one_of(bytes, token, kept_inline) && !token->closed;
    bool kept = is_kept(bytes, token);
    if (html_is_one_of(bytes, token, kept_block)) {
        builder_end(builder, LAYOUT_WRAP);
        return html_element_end(bytes, n, token);
    }
    if (html_is(bytes, token, "title")) {
        builder_end(builder, LAYOUT_WRAP);
        return build_title(builder, token);
    }
    if (code || (kept && within)) {
        size_t end = html_element_end(bytes, n, token);
        builder_piece(builder, PIECE_PROTECTED, token->begin, end);
        return end;
    }
    if (within)
        html_mark(builder, token->begin, token->end);
    else
        builder_end(builder, LAYOUT_WRAP);
    return kept ? kept_end(bytes, n, token) : token->end;
}

static void build_texts(struct tolka_document *document) {
    struct builder builder = builder_new(document);
    const char *bytes = document->bytes.bytes;
    for (size_t at = 0; at < document->n_file;) {
        struct html_token token = html_next(bytes, document->n_file, at);
        at = token.end;
        if (token.kind == HTML_TEXT)
            html_text(&builder, token.begin, token.end);
        else if (token.kind == HTML_START)
            at = build_start(&builder, &token);
        else if (token.kind == HTML_END && html_is_one_of(bytes, &token, inline_tags))
            html_mark(&builder, token.begin, token.end);
        else if (token.kind == HTML_END)
            builder_end(&builder, LAYOUT_WRAP);
        else
            builder_piece(&builder, PIECE_SINGLE, token.begin, token.end);
    }
    builder_end(&builder, LAYOUT_WRAP);
}

/* ---- attributes ------------------------------------------------------------------------------ */

/* alt, title, placeholder, aria-label; content of a description. */
static bool is_prose(const char *bytes, const struct html_token *token,
                     const struct html_attribute *attribute) {
    struct html_token name = {.name = attribute->name, .name_length = attribute->name_length};
    struct html_attribute meta;
    if (html_is(bytes, &name, "content") && html_is(bytes, token, "meta"))
        return html_attribute_find(bytes, token, "name", &meta) &&
               html_value_is(bytes, &meta, "description");
    return html_is_one_of(bytes, &name, "alt title placeholder aria-label");
}

static void build_tag_attributes(struct builder *builder, const struct html_token *token) {
    const char *bytes = builder->document->bytes.bytes;
    struct html_attribute attribute;
    for (size_t at = 0; html_attribute_next(bytes, token, &at, &attribute);) {
        if (!attribute.quoted || !is_prose(bytes, token, &attribute)) continue;
        html_text(builder, attribute.value, attribute.value + attribute.value_length);
        builder_end(builder, LAYOUT_LINE);
    }
}

/* Attributes may stand in a tag that is a mark of another text, so they are texts of their own. */
static void build_attributes(struct tolka_document *document) {
    struct builder builder = builder_new(document);
    const char *bytes = document->bytes.bytes;
    size_t n = document->n_file;
    builder.attribute = true;
    for (size_t at = 0; at < n;) {
        struct html_token token = html_next(bytes, n, at);
        at = token.end;
        if (token.kind != HTML_START) continue;
        if (is_kept(bytes, &token))
            at = kept_end(bytes, n, &token);
        else if (html_is_one_of(bytes, &token, kept_block) || html_is(bytes, &token, "title") ||
                 (html_is_one_of(bytes, &token, kept_inline) && !token.closed))
            at = html_element_end(bytes, n, &token);
        else
            build_tag_attributes(&builder, &token);
    }
}

/* ---- the document ---------------------------------------------------------------------------- */

static bool is_ascii(const char *bytes, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (bytes[i] & 0x80) return false;
    return true;
}

/* A page that says nothing about its encoding is not understood as UTF-8. */
static bool says_utf8(const char *bytes, size_t n) {
    for (size_t i = 0; i + 5 <= n && i < 4096; i++)
        if ((bytes[i] | 32) == 'u' && (bytes[i + 1] | 32) == 't' && (bytes[i + 2] | 32) == 'f' &&
            bytes[i + 3] == '-' && bytes[i + 4] == '8')
            return true;
    return false;
}

tolka_status html_parse(struct tolka_document *document, tolka_error *err) {
    const char *bytes = document->bytes.bytes;
    (void)err;
    document->ascii = is_ascii(bytes, document->n_file) && !says_utf8(bytes, document->n_file);
    build_texts(document);
    build_attributes(document);
    return TOLKA_OK;
}

void html_encode(const struct tolka_document *document, const struct text *text,
                 struct growing *out, const char *bytes, size_t n, bool starts_line) {
    (void)starts_line;
    for (size_t i = 0, length; i < n; i += length) {
        uint32_t c;
        char number[16];
        length = utf8_decode(bytes + i, n - i, &c);
        snprintf(number, sizeof number, "&#%lu;", (unsigned long)c);
        if (c == '&' || c == '<' || c == '>')
            growing_string(out, c == '&' ? "&amp;" : c == '<' ? "&lt;" : "&gt;");
        else if ((text->attribute && (c == '"' || c == '\'')) || (c >= 0x80 && document->ascii))
            growing_string(out, c == '"' ? "&quot;" : number);
        else
            growing_add(out, bytes + i, length);
    }
}
