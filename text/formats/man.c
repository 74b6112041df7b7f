#include "text/formats/man.h"

#include "text/formats/man_text.h"

#include "engine/error.h"

#include <ctype.h>
#include <string.h>

struct man_line {
    size_t begin, end, next; /* end: without what ends the line */
    bool request;
    size_t name, name_end, args; /* of a request */
};

struct reading_man {
    struct builder builder;
    const char *bytes;
    size_t n;
    size_t run;     /* where lines of text begin that are not built yet; SIZE_MAX: there are none */
    size_t run_end; /* behind the last of them, without its line's end */
    char until[32]; /* the request that ends what stays as it is; "": nothing does */
    size_t depth;   /* of \{ */
    bool tag;       /* the next line is a tag, or is set by the macro before it */
    bool heading;   /* the next line is a heading */
    bool name;      /* the section that says the page's name */
    bool synopsis;  /* the one that says how it is called */
    bool any;       /* was there a request? */
};

/* ---- lines ----------------------------------------------------------------------------------- */

static struct man_line read_line(const struct reading_man *r, size_t begin) {
    const char *newline = memchr(r->bytes + begin, '\n', r->n - begin);
    struct man_line line = {.begin = begin, .end = newline ? (size_t)(newline - r->bytes) : r->n};
    line.next = line.end + (newline != NULL);
    while (line.end > begin && strchr(" \t\r", r->bytes[line.end - 1]) && r->bytes[line.end - 1])
        line.end--;
    line.request = begin < line.end && (r->bytes[begin] == '.' || r->bytes[begin] == '\'');
    size_t at = begin + line.request;
    while (at < line.end && (r->bytes[at] == ' ' || r->bytes[at] == '\t')) at++;
    line.name = at;
    while (at < line.end && r->bytes[at] != ' ' && r->bytes[at] != '\t' && r->bytes[at] != '\\')
        at++;
    line.name_end = at;
    while (at < line.end && (r->bytes[at] == ' ' || r->bytes[at] == '\t')) at++;
    line.args = at;
    return line;
}

static bool is_named(const struct reading_man *r, const struct man_line *line, const char *name) {
    size_t n = line->name_end - line->name;
    return strlen(name) == n && memcmp(name, r->bytes + line->name, n) == 0;
}

static bool holds(const struct reading_man *r, const struct man_line *line, const char *escape) {
    for (size_t i = line->begin; i + 1 < line->end; i++)
        if (memcmp(r->bytes + i, escape, 2) == 0) return true;
    return false;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void build_run(struct reading_man *r) {
    if (r->run == SIZE_MAX) return;
    man_text(&r->builder, r->run, r->run_end);
    r->run = SIZE_MAX;
}

static void end_text(struct reading_man *r) {
    build_run(r);
    builder_end(&r->builder, LAYOUT_WRAP);
}

/* "name \- what it is": programs look for what is before the dash. Returns the byte behind it, or
 * the line's end. */
static size_t behind_name(const struct reading_man *r, const struct man_line *line) {
    for (size_t i = line->begin; i + 3 <= line->end; i++)
        if (memcmp(r->bytes + i, "\\- ", 3) == 0) return i + 3;
    return line->end;
}

/* The blank between the lines that are built and the next one. */
static void join_line(struct reading_man *r, size_t begin) {
    size_t n = r->builder.document->pieces.n / sizeof(struct piece);
    if (n > r->builder.first_piece) builder_piece(&r->builder, PIECE_BLANK, r->run_end, begin);
}

static void add_text(struct reading_man *r, const struct man_line *line) {
    size_t begin = r->name ? behind_name(r, line) : line->begin;
    if (r->name) end_text(r);
    if (begin == line->end) return;
    r->name = false;
    if (r->run == SIZE_MAX) {
        join_line(r, begin);
        r->run = begin;
    }
    r->run_end = line->end;
    if (r->heading) end_text(r);
    r->heading = false;
}

static void add_font(struct reading_man *r, const struct man_line *line) {
    build_run(r);
    join_line(r, line->begin);
    man_font_line(&r->builder, line->begin, line->args, line->end);
    r->run_end = line->end;
}

/* ---- requests -------------------------------------------------------------------------------- */

static void add_heading(struct reading_man *r, const struct man_line *line) {
    size_t begin = line->args, end = line->end, n;
    bool quoted = end > begin + 1 && r->bytes[begin] == '"' && r->bytes[end - 1] == '"';
    begin += quoted;
    end -= quoted;
    n = end - begin;
    r->heading = begin == end;
    if (is_named(r, line, "SH")) {
        r->name = n == 4 && memcmp(r->bytes + begin, "NAME", 4) == 0;
        r->synopsis = n == 8 && memcmp(r->bytes + begin, "SYNOPSIS", 8) == 0;
    }
    if (memchr(r->bytes + begin, '"', n)) return;
    man_text(&r->builder, begin, end);
    builder_end(&r->builder, LAYOUT_LINE);
}

/* Requests whose lines up to another one stay as they are. */
static const char *end_of_block(const struct reading_man *r, const struct man_line *line) {
    static const char *const blocks[][2] = {{"nf", "fi"}, {"EX", "EE"}, {"TS", "TE"}, {"EQ", "EN"},
                                            {"PS", "PE"}, {"de", "."},  {"de1", "."}, {"am", "."},
                                            {"ig", "."},  {"SY", "YS"}};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (is_named(r, line, blocks[i][0])) return blocks[i][1];
    return "";
}

static void begin_block(struct reading_man *r, const struct man_line *line) {
    const char *end = end_of_block(r, line);
    size_t at = line->args;
    strcpy(r->until, end);
    if (strcmp(end, ".") != 0) return;
    if (!is_named(r, line, "ig")) { /* the macro's own name comes first */
        while (at < line->end && r->bytes[at] != ' ') at++;
        while (at < line->end && r->bytes[at] == ' ') at++;
    }
    size_t n = line->end - at;
    if (n && n < sizeof r->until && r->bytes[at] != '\\') {
        memcpy(r->until, r->bytes + at, n);
        r->until[n] = 0;
    }
}

static void add_request(struct reading_man *r, const struct man_line *line) {
    bool font = man_is_font(r->bytes + line->name, line->name_end - line->name);
    bool inline_font = font && line->args < line->end && line->name == line->begin + 1 &&
                       !holds(r, line, "\\\"") &&
                       !memchr(r->bytes + line->begin, '\t', line->end - line->begin);
    if (inline_font && !r->tag && !r->heading && !r->synopsis && !r->name) {
        add_font(r, line);
        return;
    }
    end_text(r);
    if (font) r->tag = line->args == line->end;
    if (font) r->heading = false;
    if (is_named(r, line, "TP") || is_named(r, line, "TQ")) r->tag = true;
    if (is_named(r, line, "SH") || is_named(r, line, "SS")) add_heading(r, line);
    begin_block(r, line);
}

static void count_braces(struct reading_man *r, const struct man_line *line) {
    for (size_t i = line->begin; i + 1 < line->end; i++) {
        if (r->bytes[i] != '\\') continue;
        i++;
        if (r->bytes[i] == '{') r->depth++;
        if (r->bytes[i] == '}' && r->depth) r->depth--;
    }
}

/* Is a line part of what stays as it is? */
static bool stays(struct reading_man *r, const struct man_line *line) {
    bool inside = r->until[0] || r->depth;
    if (r->until[0]) {
        if (line->request && is_named(r, line, r->until)) r->until[0] = 0;
    } else if (r->depth || line->request) {
        count_braces(r, line);
        inside |= r->depth > 0;
    }
    return inside;
}

static void add_line(struct reading_man *r, const struct man_line *line) {
    if (stays(r, line)) {
        end_text(r);
    } else if (line->request) {
        add_request(r, line);
    } else if (line->begin == line->end || isspace((unsigned char)r->bytes[line->begin])) {
        end_text(r); /* a line that begins with a blank is a line of its own: a display */
    } else if (r->tag || r->synopsis) {
        end_text(r);
        r->tag = r->heading = false;
    } else {
        add_text(r, line);
    }
}

tolka_status man_parse(struct tolka_document *document, tolka_error *err) {
    struct reading_man r = {.builder = builder_new(document),
                            .bytes = document->bytes.bytes,
                            .n = document->n_file,
                            .run = SIZE_MAX};
    size_t number = 1;
    for (size_t at = 0; at < r.n; number++) {
        struct man_line line = read_line(&r, at);
        if (line.request && is_named(&r, &line, "Dd") && !r.any)
            return fail(err, TOLKA_FORMAT,
                        "line %zu: .Dd begins a page with mdoc macros; expected man macros (.TH)",
                        number);
        r.any |= line.request && line.name_end > line.name;
        add_line(&r, &line);
        at = line.next;
    }
    end_text(&r);
    return TOLKA_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

void man_encode(const struct tolka_document *document, const struct text *text, struct growing *out,
                const char *bytes, size_t n, bool starts_line) {
    (void)document, (void)text;
    if (n && starts_line && (bytes[0] == '.' || bytes[0] == '\'')) growing_string(out, "\\&");
    for (size_t i = 0; i < n; i++)
        if (bytes[i] == '\\')
            growing_string(out, "\\e");
        else if (bytes[i] == '"')
            growing_string(out, "\\(dq");
        else if (i == 0 && bytes[i] == '-')
            growing_string(out, "\\-");
        else
            growing_char(out, bytes[i]);
}
