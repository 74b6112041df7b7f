#include "text/formats/markdown_spans.h"

#include <stdint.h>
#include <string.h>

struct walk {
    struct builder *builder;
    const char *bytes;
    size_t at, end; /* of what is left */
};

static char byte_at(const struct walk *walk, size_t i) {
    return i < walk->end ? walk->bytes[i] : 0;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* ---- links ----------------------------------------------------------------------------------- */

static size_t skip_quoted(const struct walk *walk, size_t i, char end) {
    for (i++; i < walk->end && walk->bytes[i] != end; i++)
        if (walk->bytes[i] == '\\') i++;
    return i + 1;
}

/* "](target "title")" from behind the bracket on; brackets in it are matched. */
static size_t skip_target(const struct walk *walk, size_t at) {
    size_t depth = 1, i = at + 1;
    bool blank = true; /* a title or <...> may begin */
    while (i < walk->end && depth > 0) {
        char c = walk->bytes[i];
        if (blank && (c == '"' || c == '\'' || c == '<')) {
            i = skip_quoted(walk, i, c == '<' ? '>' : c);
            blank = false;
            continue;
        }
        if (c == '\\') i++;
        if (c == '(') depth++;
        if (c == ')') depth--;
        blank = is_blank(c) || c == '\n' || c == '\r';
        i++;
    }
    return i;
}

/* "](target)", "][label]" or "]". */
static size_t link_end(const struct walk *walk, size_t at) {
    if (byte_at(walk, at) != ']') return at;
    if (byte_at(walk, at + 1) == '(') return skip_target(walk, at + 1);
    if (byte_at(walk, at + 1) == '[') return skip_quoted(walk, at + 1, ']');
    return at + 1;
}

/* ---- one mark -------------------------------------------------------------------------------- */

static size_t run_length(const struct walk *walk, char c, size_t most) {
    size_t n = 0;
    while (n < most && byte_at(walk, walk->at + n) == c) n++;
    return n;
}

static size_t mark_length(const struct walk *walk, MD_SPANTYPE type, bool enters) {
    char c = byte_at(walk, walk->at);
    switch (type) {
    case MD_SPAN_EM:
        return 1;
    case MD_SPAN_STRONG:
        return 2;
    case MD_SPAN_DEL:
        return run_length(walk, '~', 2);
    case MD_SPAN_A:
        if (enters) return c == '[' || c == '<';
        return c == '>' ? 1 : link_end(walk, walk->at) - walk->at;
    case MD_SPAN_IMG:
        return enters ? 2 : link_end(walk, walk->at) - walk->at;
    default:
        return 0;
    }
}

static void take(struct walk *walk, enum piece_kind kind, size_t n) {
    if (n == 0 || n > walk->end - walk->at) {
        walk->builder->broken = true;
        return;
    }
    builder_piece(walk->builder, kind, walk->at, walk->at + n);
    walk->at += n;
}

/* A line's end, and what the next line begins with: indentation, signs of quotation. */
static void take_line_end(struct walk *walk) {
    size_t from = walk->at, i = from;
    while (is_blank(byte_at(walk, i))) i++;
    if (byte_at(walk, i) == '\r') i++;
    if (byte_at(walk, i) != '\n') {
        walk->builder->broken = true;
        return;
    }
    for (i++; is_blank(byte_at(walk, i)) || byte_at(walk, i) == '>';) i++;
    take(walk, PIECE_BLANK, i - from);
}

static void take_event(struct walk *walk, const struct span_event *event) {
    if (event->what == SPAN_BREAK) {
        take_line_end(walk);
        return;
    }
    bool enters = event->what == SPAN_ENTER;
    take(walk, enters ? PIECE_OPEN : PIECE_CLOSE, mark_length(walk, event->type, enters));
}

size_t spans_between(struct builder *builder, size_t begin, size_t end,
                     const struct span_event *events, size_t n) {
    size_t last = end == SIZE_MAX ? builder->document->n_file : end;
    struct walk walk = {builder, builder->document->bytes.bytes, begin, last};
    for (size_t i = 0; i < n && !builder->broken; i++) take_event(&walk, &events[i]);
    if (end != SIZE_MAX && walk.at < end && !builder->broken) {
        /* A backslash before a character that it takes the meaning from. */
        if (walk.at + 1 == end && walk.bytes[walk.at] == '\\') return walk.at;
        builder->broken = true;
    }
    return walk.at;
}

size_t spans_before(const struct builder *builder, size_t end, const struct span_event *events,
                    size_t n) {
    const char *bytes = builder->document->bytes.bytes;
    for (size_t i = n; i > 0; i--) {
        size_t length =
            events[i - 1].type == MD_SPAN_STRONG || events[i - 1].type == MD_SPAN_IMG ? 2 : 1;
        if (events[i - 1].what != SPAN_ENTER) break;
        if (events[i - 1].type == MD_SPAN_DEL && end > 1 && bytes[end - 2] == '~') length = 2;
        if (length > end) break;
        end -= length;
    }
    return end;
}
