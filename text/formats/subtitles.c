#define _GNU_SOURCE /* memmem */
#include "text/formats/subtitles.h"

#include "engine/error.h"
#include "text/formats/html_text.h"

#include <ctype.h>
#include <string.h>

/* A sentence is followed across so many cues. A cue with more lines is a list of lines. */
enum { MOST_CUES = 4, MOST_ROWS = 3 };

struct cue {
    size_t begin, end; /* of its text, without the newline behind it */
    size_t next;
    size_t rows;
    bool tags, turns; /* has it tags; do speakers take turns in it ("- Yes.")? */
};

struct reading_cues {
    struct builder *builder;
    const char *bytes;
    size_t n;
    bool entities; /* WebVTT has them */
};

/* ---- lines ----------------------------------------------------------------------------------- */

static size_t line_end(const struct reading_cues *r, size_t at) {
    const char *newline = memchr(r->bytes + at, '\n', r->n - at);
    return newline ? (size_t)(newline - r->bytes) : r->n;
}

static bool is_blank(const struct reading_cues *r, size_t begin, size_t end) {
    while (begin < end && isspace((unsigned char)r->bytes[begin])) begin++;
    return begin == end;
}

/* "- ", also with the dashes of other languages: its length, with the blanks. */
static size_t dash_length(const struct reading_cues *r, size_t at, size_t end) {
    size_t n = at < end && r->bytes[at] == '-' ? 1 : 0;
    if (end - at >= 3 && (memcmp(r->bytes + at, "\xe2\x80\x93", 3) == 0 ||
                          memcmp(r->bytes + at, "\xe2\x80\x94", 3) == 0))
        n = 3;
    while (n && at + n < end && r->bytes[at + n] == ' ') n++;
    return n;
}

/* ---- cues ------------------------------------------------------------------------------------ */

static void read_cue(const struct reading_cues *r, size_t at, struct cue *cue) {
    *cue = (struct cue){.begin = at, .end = at};
    while (at < r->n) {
        size_t end = line_end(r, at);
        if (is_blank(r, at, end)) break;
        cue->turns |= dash_length(r, at, end) > 0;
        cue->rows++;
        cue->end = end;
        at = end + (end < r->n);
    }
    cue->next = at;
    cue->tags = memchr(r->bytes + cue->begin, '<', cue->end - cue->begin) ||
                memchr(r->bytes + cue->begin, '{', cue->end - cue->begin);
    while (cue->end > cue->begin && isspace((unsigned char)r->bytes[cue->end - 1])) cue->end--;
}

/* The cue whose time stands at or behind `at`; false: there is none. */
static bool find_cue(const struct reading_cues *r, size_t at, struct cue *cue) {
    while (at < r->n) {
        size_t end = line_end(r, at);
        bool is_time = memmem(r->bytes + at, end - at, "-->", 3) != NULL;
        at = end + (end < r->n);
        if (is_time) return read_cue(r, at, cue), true;
    }
    return false;
}

static bool runs_on(const struct reading_cues *r, const struct cue *cue, const struct cue *next) {
    if (cue->begin == cue->end || next->begin == next->end) return false;
    if (cue->tags || cue->turns || next->tags || next->turns || next->rows > MOST_ROWS)
        return false;
    char last = r->bytes[cue->end - 1], first = r->bytes[next->begin];
    return !strchr(".?!:;)\"'", last) && last > 0 && islower((unsigned char)first);
}

/* ---- their text ------------------------------------------------------------------------------ */

static size_t tag_length(const char *bytes, size_t at, size_t end) {
    bool brace = bytes[at] == '{' && at + 1 < end && bytes[at + 1] == '\\';
    bool angle = bytes[at] == '<' && at + 1 < end &&
                 (isalnum((unsigned char)bytes[at + 1]) || bytes[at + 1] == '/');
    const char *last = brace || angle ? memchr(bytes + at, brace ? '}' : '>', end - at) : NULL;
    return last ? (size_t)(last - bytes) + 1 - at : 0;
}

static void build_plain(const struct reading_cues *r, size_t begin, size_t end) {
    if (r->entities)
        html_text(r->builder, begin, end);
    else
        builder_spaced(r->builder, begin, end);
}

static void build_tag(const struct reading_cues *r, size_t begin, size_t end) {
    if (r->bytes[begin] == '<' && !isdigit((unsigned char)r->bytes[begin + 1]))
        html_mark(r->builder, begin, end);
    else
        builder_piece(r->builder, PIECE_SINGLE, begin, end);
}

static void build_range(const struct reading_cues *r, size_t begin, size_t end) {
    size_t from = begin;
    for (size_t at = begin; at < end;) {
        size_t n = tag_length(r->bytes, at, end);
        if (n) {
            build_plain(r, from, at);
            build_tag(r, at, at + n);
            from = at + n;
        }
        at += n ? n : 1;
    }
    build_plain(r, from, end);
}

/* What each speaker says is a text, or each line. */
static void build_turns(const struct reading_cues *r, const struct cue *cue) {
    size_t from = cue->begin;
    for (size_t at = cue->begin; at < cue->end;) {
        size_t end = line_end(r, at), dash = dash_length(r, at, end);
        if (dash || !cue->turns) {
            build_range(r, from, at);
            builder_end(r->builder, LAYOUT_ROWS);
            from = at + dash;
        }
        at = end + 1;
    }
    build_range(r, from, cue->end);
    builder_end(r->builder, LAYOUT_ROWS);
}

/* A cue, and those that go on with its sentence; returns the byte behind them. */
static size_t build_cues(const struct reading_cues *r, struct cue cue) {
    struct cue next;
    build_range(r, cue.begin, cue.end);
    for (int i = 1; i < MOST_CUES && find_cue(r, cue.next, &next) && runs_on(r, &cue, &next); i++) {
        builder_piece(r->builder, PIECE_BREAK, cue.end, next.begin)->rows = next.rows;
        build_range(r, next.begin, next.end);
        cue = next;
    }
    builder_end(r->builder, LAYOUT_ROWS);
    return cue.next;
}

static void parse(struct tolka_document *document, bool entities) {
    struct builder builder = builder_new(document);
    struct reading_cues r = {&builder, document->bytes.bytes, document->n_file, entities};
    struct cue cue;
    for (size_t at = 0; find_cue(&r, at, &cue);) {
        at = cue.next;
        if (cue.turns || cue.rows > MOST_ROWS)
            build_turns(&r, &cue);
        else
            at = build_cues(&r, cue);
    }
}

tolka_status srt_parse(struct tolka_document *document, tolka_error *err) {
    (void)err;
    parse(document, false);
    return TOLKA_OK;
}

tolka_status vtt_parse(struct tolka_document *document, tolka_error *err) {
    static const char bom[] = "\xef\xbb\xbf", magic[] = "WEBVTT";
    const char *bytes = document->bytes.bytes;
    size_t n = document->n_file, at = n >= 3 && memcmp(bytes, bom, 3) == 0 ? 3 : 0;
    if (n - at < 6 || memcmp(bytes + at, magic, 6) != 0)
        return fail(err, TOLKA_FORMAT, "line 1: WebVTT begins with WEBVTT, and this does not");
    parse(document, true);
    return TOLKA_OK;
}
