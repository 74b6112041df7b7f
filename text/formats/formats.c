#define _POSIX_C_SOURCE 200809L
#include "text/formats/formats.h"

#include "text/formats/html.h"
#include "text/formats/man.h"
#include "text/formats/markdown.h"
#include "text/formats/plain_text.h"
#include "text/formats/po.h"
#include "text/formats/subtitles.h"
#include "text/formats/table_lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct format formats[] = {
    {"lines", "", lines_parse, lines_encode, NULL, false},
    {"text", "", plain_text_parse, plain_text_encode, NULL, false},
    {"markdown", ".md .markdown .mkd", markdown_parse, markdown_encode, NULL, false},
    {"html", ".html .htm .xhtml", html_parse, html_encode, NULL, false},
    {"srt", ".srt", srt_parse, plain_text_encode, NULL, false},
    {"vtt", ".vtt", vtt_parse, html_encode, NULL, false},
    {"po", ".po .pot", po_parse, plain_text_encode, po_insert, false},
    {"man", ".man", man_parse, man_encode, NULL, true},
    {"tsv", "", tsv_parse, lines_encode, NULL, false},
};
enum { N_FORMATS = sizeof formats / sizeof *formats };

static bool read_column(const char *text, long *column) {
    char *end;
    errno = 0;
    *column = strtol(text, &end, 10);
    return end != text && !*end && !errno && *column >= 1;
}

const struct format *format_named(const char *name, long *column) {
    bool with_column = strncmp(name, "tsv:", 4) == 0;
    *column = 0;
    if (with_column && !read_column(name + 4, column)) return NULL;
    if (strcmp(name, "tsv") == 0) return NULL;
    for (size_t i = 0; i < N_FORMATS; i++)
        if (strcmp(formats[i].name, with_column ? "tsv" : name) == 0) return &formats[i];
    return NULL;
}

static bool is_listed(const char *ending, const char *list) {
    size_t n = strlen(ending);
    for (const char *at = list; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (length == n && strncasecmp(at, ending, n) == 0) return true;
        at += length;
    }
    return false;
}

const struct format *format_of_file(const char *path) {
    const char *slash = strrchr(path, '/'), *ending = strrchr(slash ? slash : path, '.');
    for (size_t i = 0; ending && i < N_FORMATS; i++)
        if (is_listed(ending, formats[i].endings)) return &formats[i];
    return &formats[0];
}

void format_names(char *out, size_t size) {
    size_t n = 0;
    for (size_t i = 0; i < N_FORMATS && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%s%s", i ? ", " : "", formats[i].name,
                              strcmp(formats[i].name, "tsv") == 0 ? ":COLUMN" : "");
}
