#include "tools/attention_draw.h"

#include "tools/attention_colours.h"
#include "tools/text_width.h"

#include <math.h>
#include <string.h>

/* ---- text ------------------------------------------------------------------------------------ */

enum { LONGEST_LABEL = 24 }; /* characters of a word that are shown */

/* Where a label is cut; at its end if it is not. */
static const char *label_end(const char *text) {
    const char *at = text, *cut = text;
    for (size_t n = 0; *at; n++) {
        next_character(&at);
        if (n == LONGEST_LABEL - 2) cut = at;
        if (n == LONGEST_LABEL) return cut;
    }
    return at;
}

static void put_label(FILE *out, const char *text) {
    const char *end = label_end(text);
    put_xml_bytes(out, text, end);
    if (!*end) return;
    fputs("…<title>", out);
    put_xml(out, text);
    fputs("</title>", out);
}

static double label_ems(const char *text) {
    double ems = text_ems(text), most = 0.62 * LONGEST_LABEL;
    return ems < most ? ems : most;
}

/* ---- alignment: where words stand ------------------------------------------------------------ */

enum { WORD_SIZE = 18, WORD_GAP = 14, LINE_HEIGHT = 24, LINE_GAP = 8, DISTANCE = 112, MARGIN = 8 };
static const double FAINTEST = 0.08;

/* Words in a row (or in a column), special ones left out. */
struct line {
    const struct labels *labels;
    bool across;
    double offset, gap;
};

static double word_length(const struct labels *labels, size_t i, bool across) {
    if (labels->special[i]) return 0;
    return across ? WORD_SIZE * label_ems(labels->texts[i]) : LINE_HEIGHT;
}

static size_t count_words(const struct labels *labels) {
    size_t n = 0;
    for (size_t i = 0; i < labels->n; i++) n += !labels->special[i];
    return n;
}

static double line_length(const struct labels *labels, bool across, double gap) {
    double length = 0;
    for (size_t i = 0; i < labels->n; i++) length += word_length(labels, i, across);
    size_t n = count_words(labels);
    return n ? length + gap * (double)(n - 1) : length;
}

/* The shorter line is spread, within reason: most lines between the two are nearly straight
 * then. */
static struct line spread(const struct labels *labels, bool across, double length) {
    double least = across ? WORD_GAP : LINE_GAP;
    size_t n = count_words(labels);
    double spare = length - line_length(labels, across, least);
    double gap = least + (n > 1 ? spare / (double)(n - 1) : 0);
    if (gap > 5 * least) gap = 5 * least;
    double offset = (length - line_length(labels, across, gap)) / 2;
    return (struct line){labels, across, offset, gap};
}

/* The middle of word `word`. */
static double place(const struct line *line, size_t word) {
    double at = line->offset;
    for (size_t i = 0; i < word; i++)
        if (!line->labels->special[i]) at += word_length(line->labels, i, line->across) + line->gap;
    return MARGIN + at + word_length(line->labels, word, line->across) / 2;
}

static double longer_line(const struct view *view, bool across) {
    double gap = across ? WORD_GAP : LINE_GAP;
    return fmax(line_length(&view->source, across, gap), line_length(&view->target, across, gap));
}

static double widest_word(const struct labels *labels) {
    double widest = 0;
    for (size_t i = 0; i < labels->n; i++) widest = fmax(widest, word_length(labels, i, true));
    return widest;
}

struct extent alignment_extent(const struct view *view, bool across) {
    double length = longer_line(view, across) + 2 * MARGIN;
    if (across) return (struct extent){length, DISTANCE + 2 * LINE_HEIGHT + 2 * MARGIN};
    double words = widest_word(&view->source) + widest_word(&view->target);
    return (struct extent){words + DISTANCE + 4 * MARGIN, length};
}

/* ---- alignment: lines and words -------------------------------------------------------------- */

struct alignment {
    FILE *out;
    const struct view *view;
    struct line source, target;
    double near, far; /* where lines begin and end, across the rows or columns */
};

static void draw_link(const struct alignment *alignment, struct link link, bool best) {
    double from = place(&alignment->source, link.source),
           to = place(&alignment->target, link.target);
    double near = alignment->near, far = alignment->far, middle = (near + far) / 2;
    double weight = (double)link.weight;
    fprintf(alignment->out,
            "<path class=\"link%s\" data-s=\"%zu\" data-t=\"%zu\" stroke-width=\"%.2f\" "
            "stroke-opacity=\"%.2f\" d=\"",
            best ? " best" : "", link.source, link.target, 0.8 + 9 * weight,
            best ? 0.5 + 0.5 * weight : 0.1 + 0.3 * weight);
    if (alignment->source.across)
        fprintf(alignment->out, "M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f", from, near, from,
                middle, to, middle, to, far);
    else
        fprintf(alignment->out, "M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f", near, from, middle,
                from, middle, to, far, to);
    fputs("\"><title>", alignment->out);
    put_xml(alignment->out, alignment->view->source.texts[link.source]);
    fputs(" \xe2\x80\x93 ", alignment->out);
    put_xml(alignment->out, alignment->view->target.texts[link.target]);
    fprintf(alignment->out, "  %.2f</title></path>\n", weight);
}

static bool is_aligned(const struct view *view, size_t source, size_t target) {
    for (size_t i = 0; i < view->n_links; i++)
        if (view->links[i].target == target) return view->links[i].source == source;
    return false;
}

static void draw_faint_links(const struct alignment *alignment) {
    const struct view *view = alignment->view;
    const struct map *map = &view->aligning;
    for (size_t i = 0; i < map->n_queries; i++)
        for (size_t j = 0; j < map->n_keys; j++) {
            float weight = map->at[i * map->n_keys + j];
            if ((double)weight < FAINTEST || view->source.special[j] || view->target.special[i] ||
                is_aligned(view, j, i))
                continue;
            draw_link(alignment, (struct link){j, i, weight}, false);
        }
}

static void draw_words(const struct alignment *alignment, const struct line *line, char side,
                       double at) {
    const char *anchor = line->across ? "middle" : side == 's' ? "end" : "start";
    for (size_t i = 0; i < line->labels->n; i++) {
        if (line->labels->special[i]) continue;
        double along = place(line, i);
        fprintf(alignment->out,
                "<text class=\"word\" data-%c=\"%zu\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" "
                "font-size=\"%d\">",
                side, i, line->across ? along : at, line->across ? at : along + WORD_SIZE * 0.35,
                anchor, WORD_SIZE);
        put_label(alignment->out, line->labels->texts[i]);
        fputs("</text>\n", alignment->out);
    }
}

void draw_alignment(FILE *out, const struct view *view, bool across) {
    double length = longer_line(view, across);
    double left = across ? 0 : widest_word(&view->source) + MARGIN;
    struct alignment alignment = {out,
                                  view,
                                  spread(&view->source, across, length),
                                  spread(&view->target, across, length),
                                  across ? MARGIN + LINE_HEIGHT + 2 : left + MARGIN,
                                  0};
    alignment.far = alignment.near + DISTANCE - 4;
    draw_faint_links(&alignment);
    for (size_t i = 0; i < view->n_links; i++) draw_link(&alignment, view->links[i], true);
    draw_words(&alignment, &alignment.source, 's', across ? MARGIN + WORD_SIZE : left);
    draw_words(&alignment, &alignment.target, 't',
               across ? alignment.far + WORD_SIZE + 4 : alignment.far + MARGIN);
}

/* ---- heat maps ------------------------------------------------------------------------------- */

enum { LABEL_SIZE = 14 };
static const double SLANT = 0.7071; /* column labels rise at 45 degrees */

struct heat heat_of(const struct view *view, tolka_attention_kind kind, size_t layer, size_t slot) {
    return (struct heat){view_rows(view, kind), view_columns(view, kind),
                         map_at(&view->maps[kind], layer, slot)};
}

static double cell_size(const struct heat *heat) {
    size_t n = heat->rows->n > heat->columns->n ? heat->rows->n : heat->columns->n;
    return n <= 10 ? 42 : n <= 16 ? 34 : n <= 28 ? 26 : 22;
}

static double label_length(const char *text) {
    return LABEL_SIZE * label_ems(text);
}

static double longest_label(const struct labels *labels) {
    double longest = 0;
    for (size_t i = 0; i < labels->n; i++) longest = fmax(longest, label_length(labels->texts[i]));
    return longest;
}

/* Left of the cells, and above them. */
static struct extent heat_margin(const struct heat *heat) {
    return (struct extent){longest_label(heat->rows) + 12,
                           SLANT * (longest_label(heat->columns) + LABEL_SIZE) + 10};
}

/* The last columns' labels stand out to the right. */
struct extent heat_extent(const struct heat *heat) {
    struct extent margin = heat_margin(heat);
    double cell = cell_size(heat), width = cell * (double)heat->columns->n;
    double right = width;
    for (size_t i = 0; i < heat->columns->n; i++)
        right = fmax(right, cell * ((double)i + 0.5) +
                                SLANT * label_length(heat->columns->texts[i]) + LABEL_SIZE);
    return (struct extent){margin.width + right + 2,
                           margin.height + cell * (double)heat->rows->n + 2};
}

static void draw_label(FILE *out, const struct labels *labels, size_t i, const char *attributes) {
    fprintf(out, "<text class=\"label%s\" font-size=\"%d\" %s>",
            labels->special[i] ? " special" : "", LABEL_SIZE, attributes);
    put_label(out, labels->texts[i]);
    fputs("</text>\n", out);
}

static void draw_labels(FILE *out, const struct heat *heat) {
    struct extent margin = heat_margin(heat);
    double cell = cell_size(heat);
    char attributes[128];
    fputs("<g class=\"columns\">\n", out);
    for (size_t i = 0; i < heat->columns->n; i++) {
        snprintf(attributes, sizeof attributes, "transform=\"translate(%.1f %.1f) rotate(-45)\"",
                 margin.width + cell * ((double)i + 0.5) + 3, margin.height - 7);
        draw_label(out, heat->columns, i, attributes);
    }
    fputs("</g>\n<g class=\"rows\" text-anchor=\"end\">\n", out);
    for (size_t i = 0; i < heat->rows->n; i++) {
        snprintf(attributes, sizeof attributes, "x=\"%.1f\" y=\"%.1f\"", margin.width - 8,
                 margin.height + cell * ((double)i + 0.5) + LABEL_SIZE * 0.35);
        draw_label(out, heat->rows, i, attributes);
    }
    fputs("</g>\n", out);
}

/* Neighbours of one shade are one rectangle. */
static void draw_shade(FILE *out, int shade, const float *weights, size_t n_rows,
                       size_t n_columns) {
    bool any = false;
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0, end; j < n_columns; j = end) {
            end = j + 1;
            if (shade_of(weights[i * n_columns + j]) != shade) continue;
            while (end < n_columns && shade_of(weights[i * n_columns + end]) == shade) end++;
            if (!any) fprintf(out, "<path class=\"s%d\" d=\"", shade);
            fprintf(out, "M%zu %zuh%zuv1h-%zuz", j, i, end - j, end - j);
            any = true;
        }
    if (any) fputs("\"/>", out);
}

void draw_cells(FILE *out, const float *weights, size_t n_rows, size_t n_columns) {
    fprintf(out, "<rect class=\"s0\" width=\"%zu\" height=\"%zu\"/><g class=\"cells\">", n_columns,
            n_rows);
    for (int shade = 1; shade < N_SHADES; shade++)
        draw_shade(out, shade, weights, n_rows, n_columns);
    fputs("</g>", out);
}

static void draw_grid(FILE *out, size_t n_rows, size_t n_columns) {
    fputs("<path class=\"grid\" d=\"", out);
    for (size_t i = 1; i < n_rows; i++) fprintf(out, "M0 %zuh%zu", i, n_columns);
    for (size_t i = 1; i < n_columns; i++) fprintf(out, "M%zu 0v%zu", i, n_rows);
    fputs("\"/>", out);
}

void draw_heat(FILE *out, const struct heat *heat) {
    struct extent margin = heat_margin(heat);
    draw_labels(out, heat);
    fprintf(out, "<g class=\"plot\" transform=\"translate(%.1f %.1f) scale(%.0f)\">", margin.width,
            margin.height, cell_size(heat));
    draw_cells(out, heat->weights, heat->rows->n, heat->columns->n);
    draw_grid(out, heat->rows->n, heat->columns->n);
    fputs("<rect class=\"cursor\" width=\"1\" height=\"1\"/></g>\n", out);
}

/* ---- legend ---------------------------------------------------------------------------------- */

void draw_legend(FILE *out) {
    static const double ticks[] = {0, 0.1, 0.25, 0.5, 1};
    const double width = LEGEND_WIDTH - 20, step = width / N_SHADES;
    for (int i = 0; i < N_SHADES; i++)
        fprintf(out, "<rect class=\"s%d\" x=\"%.2f\" width=\"%.2f\" height=\"10\"/>\n", i,
                10 + i * step, step);
    for (size_t i = 0; i < sizeof ticks / sizeof *ticks; i++)
        fprintf(out,
                "<text class=\"label\" font-size=\"11\" text-anchor=\"middle\" x=\"%.1f\" "
                "y=\"24\">%g</text>\n",
                10 + step / 2 + (width - step) * sqrt(ticks[i]), ticks[i]);
}
