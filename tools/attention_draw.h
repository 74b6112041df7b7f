/* The drawings that the page and the picture of tolka attention are made of, as SVG. Colours are
 * classes: s0 to s15 are shades; link, best, word, special, label, grid and cursor are what they
 * say. */
#ifndef ATTENTION_DRAW_H
#define ATTENTION_DRAW_H

#include "tools/attention_data.h"
#include "tools/svg.h"

#include <stdio.h>

/* Source and translation in two rows, or in two columns, with lines between words: the alignment's,
 * and fainter ones where a word looks, too. */
struct extent alignment_extent(const struct view *view, bool across);
void draw_alignment(FILE *out, const struct view *view, bool across);

/* One map with its labels. */
struct heat {
    const struct labels *rows, *columns;
    const float *weights;
};
struct heat heat_of(const struct view *view, tolka_attention_kind kind, size_t layer, size_t slot);
struct extent heat_extent(const struct heat *heat);
void draw_heat(FILE *out, const struct heat *heat);

/* The cells alone, each 1 x 1. */
void draw_cells(FILE *out, const float *weights, size_t n_rows, size_t n_columns);

/* What shades mean: LEGEND_WIDTH x LEGEND_HEIGHT. */
enum { LEGEND_WIDTH = 240, LEGEND_HEIGHT = 30 };
void draw_legend(FILE *out);

#endif
