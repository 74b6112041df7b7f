/* tolka attention in a terminal: the cross-attention as blocks of colour or shade. */
#include "tools/attention_colours.h"
#include "tools/attention_show.h"
#include "tools/printable.h"
#include "tools/text_width.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_ROW_LABEL = 18, TALLEST_HEADING = 12, NARROW = 2, LEAST_WIDE = 5 };

struct table {
    FILE *out;
    enum colours colours;
    const uint32_t *shades;
    const struct labels *rows, *columns;
    const float *weights;
    size_t label_width;
    bool upright; /* words stand above their columns, which are as wide as they; else they are
                     written downwards */
};

/* ---- text ------------------------------------------------------------------------------------ */

static void put_line(FILE *out, const char *text) {
    put_printable(out, text, strlen(text));
    fputc('\n', out);
}

/* As much as there is room for; the rest is "…". Returns the columns used. */
static size_t put_cut(FILE *out, const char *text, size_t width) {
    bool fits = text_columns(text) <= width;
    size_t used = 0;
    while (*text) {
        const char *start = text;
        size_t n = (size_t)character_columns(next_character(&text));
        if (!fits && used + n >= width) break;
        put_printable(out, start, (size_t)(text - start));
        used += n;
    }
    if (fits || width == 0) return used;
    fputs("…", out);
    return used + 1;
}

static void put_blanks(FILE *out, size_t n) {
    for (; n > 0; n--) fputc(' ', out);
}

/* ---- colours --------------------------------------------------------------------------------- */

static int channel(uint32_t colour, int which) {
    return (int)(colour >> (16 - 8 * which) & 0xff);
}

/* The nearest of the 6 x 6 x 6 colours that terminals with 256 have. */
static int cube_colour(uint32_t colour) {
    static const int levels[6] = {0, 95, 135, 175, 215, 255};
    int index = 0;
    for (int which = 0; which < 3; which++) {
        int best = 0;
        for (int i = 1; i < 6; i++)
            if (abs(levels[i] - channel(colour, which)) <
                abs(levels[best] - channel(colour, which)))
                best = i;
        index = 6 * index + best;
    }
    return 16 + index;
}

static void put_colour(const struct table *table, int ground, uint32_t colour) {
    if (table->colours == TRUE_COLOURS)
        fprintf(table->out, "\033[%d;2;%d;%d;%dm", ground, channel(colour, 0), channel(colour, 1),
                channel(colour, 2));
    else if (table->colours == COLOURS_256)
        fprintf(table->out, "\033[%d;5;%dm", ground, cube_colour(colour));
}

static void put_style(const struct table *table, const char *code) {
    if (table->colours) fprintf(table->out, "\033[%sm", code);
}

static void begin_cell(const struct table *table, float weight) {
    int shade = shade_of(weight);
    put_colour(table, 48, table->shades[shade]);
    put_colour(table, 38, table->shades[shade < 8 ? N_SHADES - 2 : 0]);
}

/* Some terminals say that their ground is light. */
static const uint32_t *terminal_shades(void) {
    const char *colours = getenv("COLORFGBG"), *ground = colours ? strrchr(colours, ';') : NULL;
    bool light = ground && (strcmp(ground, ";15") == 0 || strcmp(ground, ";7") == 0);
    return light ? light_shades : dark_shades;
}

/* ---- cells ----------------------------------------------------------------------------------- */

static void put_shade(FILE *out, float weight) {
    static const char *const blocks[] = {"  ", "░░", "▒▒", "▓▓", "██"};
    fputs(blocks[(4 * shade_of(weight) + N_SHADES / 2) / (N_SHADES - 1)], out);
}

/* "▓▓ 46": hundredths of the weight. */
static void put_percent(const struct table *table, float weight, size_t width) {
    long percent = lroundf(100 * weight);
    put_blanks(table->out, width - LEAST_WIDE);
    if (table->colours)
        put_blanks(table->out, 1);
    else
        put_shade(table->out, weight);
    if (percent > 0)
        fprintf(table->out, "%3ld", percent);
    else
        put_blanks(table->out, 3);
    if (table->colours) put_blanks(table->out, 1);
}

static void put_cell(const struct table *table, float weight, size_t width) {
    begin_cell(table, weight);
    if (table->upright)
        put_percent(table, weight, width);
    else if (table->colours)
        put_blanks(table->out, width);
    else
        put_shade(table->out, weight);
    put_style(table, "0");
    if (table->upright) fputc(' ', table->out);
}

static size_t column_width(const struct table *table, size_t column) {
    size_t width = text_columns(table->columns->texts[column]);
    if (!table->upright) return NARROW;
    return width > LEAST_WIDE ? width : LEAST_WIDE;
}

/* ---- headings -------------------------------------------------------------------------------- */

static void put_upright_heading(const struct table *table, size_t first, size_t end) {
    put_blanks(table->out, table->label_width + 2);
    for (size_t i = first; i < end; i++) {
        size_t width = column_width(table, i), used = text_columns(table->columns->texts[i]);
        put_blanks(table->out, width - used);
        if (table->columns->special[i]) put_style(table, "2");
        put_cut(table->out, table->columns->texts[i], width);
        put_style(table, "0");
        fputc(' ', table->out);
    }
    fputc('\n', table->out);
}

static size_t heading_height(const char *text) {
    size_t n = 0;
    while (*text) n += character_columns(next_character(&text)) > 0;
    return n;
}

/* Character number `line`, counted from below, of a word that stands on its last one. */
static void put_downwards(const struct table *table, const char *text, size_t line) {
    size_t height = heading_height(text);
    const char *start = " ", *end = start + 1;
    uint32_t character = ' ';
    if (line < height)
        for (size_t skip = height - line; skip > 0;) {
            start = text;
            character = next_character(&text);
            end = text;
            skip -= character_columns(character) > 0;
        }
    put_printable(table->out, start, (size_t)(end - start));
    put_blanks(table->out, NARROW - (size_t)character_columns(character));
}

static void put_tall_heading(const struct table *table, size_t first, size_t end) {
    size_t tallest = 0;
    for (size_t i = first; i < end; i++) {
        size_t height = heading_height(table->columns->texts[i]);
        if (height > tallest) tallest = height;
    }
    if (tallest > TALLEST_HEADING) tallest = TALLEST_HEADING;
    for (size_t line = tallest; line-- > 0;) {
        put_blanks(table->out, table->label_width + 2);
        for (size_t i = first; i < end; i++) put_downwards(table, table->columns->texts[i], line);
        fputc('\n', table->out);
    }
}

/* ---- the table ------------------------------------------------------------------------------- */

static void put_row(const struct table *table, size_t row, size_t first, size_t end) {
    if (table->rows->special[row]) put_style(table, "2");
    size_t used = put_cut(table->out, table->rows->texts[row], table->label_width);
    put_style(table, "0");
    put_blanks(table->out, table->label_width + 2 - used);
    for (size_t i = first; i < end; i++)
        put_cell(table, table->weights[row * table->columns->n + i], column_width(table, i));
    fputc('\n', table->out);
}

static void put_panel(const struct table *table, size_t first, size_t end) {
    fputc('\n', table->out);
    (table->upright ? put_upright_heading : put_tall_heading)(table, first, end);
    for (size_t row = 0; row < table->rows->n; row++) put_row(table, row, first, end);
}

/* The end of the columns from `first` on that fit; at least one. */
static size_t panel_end(const struct table *table, size_t first, size_t columns) {
    size_t used = table->label_width + 2, end = first;
    for (; end < table->columns->n; end++) {
        used += column_width(table, end) + table->upright;
        if (used > columns && end > first) break;
    }
    return end;
}

static size_t label_width(const struct labels *labels) {
    size_t widest = 0;
    for (size_t i = 0; i < labels->n; i++) {
        size_t width = text_columns(labels->texts[i]);
        if (width > widest) widest = width;
    }
    return widest < LONGEST_ROW_LABEL ? widest : LONGEST_ROW_LABEL;
}

void show_attention_text(FILE *out, const struct looked *looked, enum colours colours,
                         size_t columns) {
    const struct view *view = looked_view(looked);
    const struct map *map = &view->maps[TOLKA_CROSS_ATTENTION];
    struct table table = {.out = out,
                          .colours = colours,
                          .shades = terminal_shades(),
                          .rows = &view->target,
                          .columns = &view->source,
                          .weights = map_at(map, map->layers - 1, average_slot(map)),
                          .label_width = label_width(&view->target),
                          .upright = true};
    table.upright = panel_end(&table, 0, columns) == view->source.n;
    put_line(out, looked->source_text);
    put_line(out, looked->target_text);
    for (size_t first = 0, end; first < view->source.n; first = end) {
        end = panel_end(&table, first, columns);
        put_panel(&table, first, end);
    }
    fprintf(out,
            "\nHow much each row looks at each column%s: layer %zu of the decoder, average of its "
            "%zu heads.\n",
            table.upright ? ", in percent" : "", map->layers, map->heads);
}
