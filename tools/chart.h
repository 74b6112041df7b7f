/* A chart with lines, as a part of an SVG picture: x on a logarithmic scale, labelled where something
 * was measured. */
#ifndef CHART_H
#define CHART_H

#include "tools/svg.h"

#include <stddef.h>

/* A median, and how far values lie apart. */
struct chart_point {
    double x, y, low, high;
};

struct chart_line {
    int colour; /* less than CHART_COLOURS */
    bool dashed;
    size_t n;
    const struct chart_point *points; /* in the order of x */
};

struct chart {
    const char *title, *x_title, *y_title; /* with units */
    bool logarithmic;                      /* y; else it begins at 0 */
    size_t n;
    const struct chart_line *lines;
};

enum { CHART_COLOURS = 6, CHART_WIDTH = 460, CHART_HEIGHT = 300 };

/* Rules for svg_ground: classes axis, grid, line, and c0, c1, ... */
void chart_rules(FILE *out, bool dark);
/* CHART_WIDTH x CHART_HEIGHT. */
void chart_draw(FILE *out, const struct chart *chart);
/* A piece of a line, 26 wide, where text stands at `y`. */
void chart_sample(FILE *out, double x, double y, int colour, bool dashed);

#endif
