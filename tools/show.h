/* One translated line as text or JSON. */
#ifndef SHOW_H
#define SHOW_H

#include "engine/tolka.h"

#include <stdbool.h>
#include <stdio.h>

struct shown {
    const char *source;
    size_t source_length;
    const int32_t *ids; /* --ids: what the source text was read as, and ids stand for text; */
    size_t n_ids;       /* else NULL: the result has texts */
    bool is_ids;
    const tolka_result *result; /* NULL: there was nothing to translate */
    bool json, all;             /* all: every hypothesis, not only the best */
    bool scoring, normalize;    /* the score of a given target is a sum, or divided by its length */
    const char *problem;        /* why there is none; or NULL */
    bool alignments, soft;      /* soft: their weights, too */
    const tolka_link *symmetric; /* of words, instead of the result's own; or NULL */
    size_t n_symmetric;
};

/* Writes " ||| 0-0 1-2 ...", the words (--ids: tokens) of hypothesis k that belong together. */
void show_alignment(FILE *out, const struct shown *shown, size_t k);

/* Writes part of a translation: a line in is a line out, whatever the pieces hold. */
void show_piece(FILE *out, const char *text, size_t length);

/* Writes the line, newline included. */
void show(FILE *out, const struct shown *shown);

/* Reads blank-separated token ids; false if the text is something else. The caller frees *ids. */
bool parse_ids(const char *text, size_t length, int32_t **ids, size_t *n);

#endif
