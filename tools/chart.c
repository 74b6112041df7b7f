#include "tools/chart.h"

#include <math.h>

enum { LEFT = 64, RIGHT = 16, TOP = 34, BOTTOM = 48, MOST_TICKS = 24 };
static const double PLOT_WIDTH = CHART_WIDTH - LEFT - RIGHT;
static const double PLOT_HEIGHT = CHART_HEIGHT - TOP - BOTTOM;

/* Colours that people who see fewer of them tell apart, too (Okabe and Ito), lighter on dark ground.
 */
static const char *const colours[2][CHART_COLOURS] = {
    {"#0072b2", "#d55e00", "#008060", "#a8508c", "#8a6d00", "#5a5f6b"},
    {"#56b4e9", "#f08c4a", "#2fc79a", "#dd9cc4", "#e0c341", "#a4abb8"},
};

void chart_rules(FILE *out, bool dark) {
    fprintf(out,
            ".grid{stroke:%s;stroke-width:1}.axis{stroke:%s;stroke-width:1}"
            ".line{fill:none;stroke-width:2;stroke-linejoin:round}.range{stroke-width:1.5;"
            "stroke-opacity:.55}.dashed{stroke-dasharray:6 4}\n",
            dark ? "#2a2f39" : "#e4e2dc", dark ? "#6a7280" : "#9aa0ab");
    for (int i = 0; i < CHART_COLOURS; i++)
        fprintf(out, ".c%d{stroke:%s}.dot.c%d{fill:%s}", i, colours[dark][i], i, colours[dark][i]);
}

/* ---- scales ---------------------------------------------------------------------------------- */

struct scale {
    double low, high; /* at its ends; logarithms if it is logarithmic */
    bool logarithmic;
    double ticks[MOST_TICKS];
    int n_ticks;
};

/* From 0 to 1. */
static double share(const struct scale *scale, double value) {
    double at = scale->logarithmic ? log(value) : value;
    return scale->high > scale->low ? (at - scale->low) / (scale->high - scale->low) : 0.5;
}

static void add_tick(struct scale *scale, double value) {
    if (scale->n_ticks < MOST_TICKS) scale->ticks[scale->n_ticks++] = value;
}

/* The least of 1, 2, 5, 10, 20, ... that is no less. */
static double round_up(double value) {
    double ten = pow(10, floor(log10(value)));
    static const double steps[] = {1, 2, 5, 10};
    for (int i = 0; i < 4; i++)
        if (steps[i] * ten >= value * (1 - 1e-9)) return steps[i] * ten;
    return 10 * ten;
}

static struct scale linear_scale(double most) {
    struct scale scale = {0};
    if (!(most > 0)) most = 1;
    double step = round_up(most / 5);
    scale.high = ceil(most / step - 1e-9) * step;
    for (int i = 0; i * step <= scale.high * (1 + 1e-9); i++) add_tick(&scale, i * step);
    return scale;
}

/* Ticks at 1, 2, 5, 10, 20, ...; few, if the range is great. */
static struct scale logarithmic_scale(double least, double most) {
    struct scale scale = {.logarithmic = true};
    double low = round_up(least), high = round_up(most);
    while (low > least) low = round_up(low / 2.6);
    bool only_tens = high / low > 1e4;
    for (double tick = low; tick <= high * (1 + 1e-9); tick = round_up(tick * 1.1))
        if (!only_tens || fabs(log10(tick) - round(log10(tick))) < 1e-9) add_tick(&scale, tick);
    scale.low = log(low);
    scale.high = log(high > low ? high : 2 * low);
    return scale;
}

static struct scale y_scale(const struct chart *chart) {
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < chart->n; i++)
        for (size_t k = 0; k < chart->lines[i].n; k++) {
            const struct chart_point *point = &chart->lines[i].points[k];
            if (point->low > 0) least = fmin(least, point->low);
            most = fmax(most, point->high);
        }
    if (chart->logarithmic && most > 0 && least <= most) return logarithmic_scale(least, most);
    return linear_scale(most);
}

/* Ticks where something was measured; the ends keep a distance from the frame. */
static struct scale x_scale(const struct chart *chart) {
    struct scale scale = {.logarithmic = true};
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < chart->n; i++)
        for (size_t k = 0; k < chart->lines[i].n; k++) {
            double x = chart->lines[i].points[k].x;
            if (i == 0) add_tick(&scale, x);
            least = fmin(least, x);
            most = fmax(most, x);
        }
    double edge = most > least ? 0.05 * log(most / least) : 1;
    scale.low = log(least) - edge;
    scale.high = log(most) + edge;
    return scale;
}

/* ---- drawing --------------------------------------------------------------------------------- */

static double x_at(const struct scale *scale, double value) {
    return LEFT + PLOT_WIDTH * share(scale, value);
}

static double y_at(const struct scale *scale, double value) {
    return TOP + PLOT_HEIGHT * (1 - fmin(1, fmax(0, share(scale, value))));
}

static void draw_y_axis(FILE *out, const struct scale *scale, const char *title) {
    for (int i = 0; i < scale->n_ticks; i++) {
        double y = y_at(scale, scale->ticks[i]);
        fprintf(out, "<path class=\"grid\" d=\"M%d %.1fH%.1f\"/>", LEFT, y, LEFT + PLOT_WIDTH);
        fprintf(out,
                "<text class=\"note\" font-size=\"12\" text-anchor=\"end\" x=\"%d\" "
                "y=\"%.1f\">%g</text>\n",
                LEFT - 8, y + 4, scale->ticks[i]);
    }
    fprintf(out,
            "<text class=\"note\" font-size=\"12\" text-anchor=\"middle\" "
            "transform=\"translate(14 %.1f) rotate(-90)\">",
            TOP + PLOT_HEIGHT / 2);
    put_xml(out, title);
    fputs("</text>\n", out);
}

static void draw_x_axis(FILE *out, const struct scale *scale, const char *title) {
    enum { BETWEEN_LABELS = 26 };
    double bottom = TOP + PLOT_HEIGHT, last = -BETWEEN_LABELS;
    fprintf(out, "<path class=\"axis\" d=\"M%d %.1fH%.1f\"/>\n", LEFT, bottom, LEFT + PLOT_WIDTH);
    for (int i = 0; i < scale->n_ticks; i++) {
        double x = x_at(scale, scale->ticks[i]);
        fprintf(out, "<path class=\"axis\" d=\"M%.1f %.1fv5\"/>", x, bottom);
        if (x - last < BETWEEN_LABELS) continue;
        last = x;
        fprintf(out,
                "<text class=\"note\" font-size=\"12\" text-anchor=\"middle\" x=\"%.1f\" "
                "y=\"%.1f\">%g</text>\n",
                x, bottom + 19, scale->ticks[i]);
    }
    fprintf(out,
            "<text class=\"note\" font-size=\"12\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">",
            LEFT + PLOT_WIDTH / 2, CHART_HEIGHT - 8);
    put_xml(out, title);
    fputs("</text>\n", out);
}

static void draw_line(FILE *out, const struct chart_line *line, const struct scale *x_axis,
                      const struct scale *y_axis) {
    for (size_t i = 0; i < line->n; i++) {
        const struct chart_point *point = &line->points[i];
        fprintf(out, "<path class=\"range c%d\" d=\"M%.1f %.1fV%.1f\"/>", line->colour,
                x_at(x_axis, point->x), y_at(y_axis, point->low), y_at(y_axis, point->high));
    }
    fprintf(out, "<path class=\"line c%d%s\" d=\"", line->colour, line->dashed ? " dashed" : "");
    for (size_t i = 0; i < line->n; i++)
        fprintf(out, "%c%.1f %.1f", i ? 'L' : 'M', x_at(x_axis, line->points[i].x),
                y_at(y_axis, line->points[i].y));
    fputs("\"/>", out);
    for (size_t i = 0; i < line->n; i++)
        fprintf(out, "<circle class=\"dot c%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", line->colour,
                x_at(x_axis, line->points[i].x), y_at(y_axis, line->points[i].y));
    fputc('\n', out);
}

void chart_draw(FILE *out, const struct chart *chart) {
    struct scale x_axis = x_scale(chart), y_axis = y_scale(chart);
    fprintf(out, "<text font-size=\"14\" font-weight=\"600\" x=\"%d\" y=\"18\">", LEFT);
    put_xml(out, chart->title);
    fputs("</text>\n", out);
    draw_y_axis(out, &y_axis, chart->y_title);
    draw_x_axis(out, &x_axis, chart->x_title);
    for (size_t i = 0; i < chart->n; i++) draw_line(out, &chart->lines[i], &x_axis, &y_axis);
}

void chart_sample(FILE *out, double x, double y, int colour, bool dashed) {
    fprintf(out,
            "<path class=\"line c%d%s\" d=\"M%.1f %.1fh26\"/>"
            "<circle class=\"dot c%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n",
            colour, dashed ? " dashed" : "", x, y - 4, colour, x + 13, y - 4);
}
