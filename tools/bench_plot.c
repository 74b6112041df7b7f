#include "tools/bench_plot.h"

#include "models/checkpoint/names.h"
#include "tools/chart.h"
#include "tools/complain.h"
#include "tools/text_width.h"
#include "tools/whole_file.h"

#include <string.h>

enum {
    EDGE = 24,
    HEAD = 84,
    KEY = 30,
    BETWEEN = 20,
    MODELS = 2,
    MOST_LINES = 4,
    LEAST_WIDTH = 720
};

/* What is measured goes over one of two numbers; each line has one value of the other. */
struct over {
    const char *x_title, *key;
    bool batches; /* over batches, a line for each number of threads; else the other way round */
};
static const struct over over_batches = {"sentences in a batch", "threads:", true};
static const struct over over_threads = {"threads", "batches of:", false};

struct picture {
    const struct bench *const *benches;
    size_t n;
    const struct over *columns[2];
    size_t n_columns;
};

/* ---- values ---------------------------------------------------------------------------------- */

static int x_of(const struct over *over, const struct bench_cell *cell) {
    return over->batches ? cell->batch : cell->threads;
}

static int key_of(const struct over *over, const struct bench_cell *cell) {
    return over->batches ? cell->threads : cell->batch;
}

/* Different values in order, each once; at most BENCH_LIST. */
static size_t values_of(const struct bench *bench, const struct over *over,
                        int (*of)(const struct over *, const struct bench_cell *),
                        int values[BENCH_LIST]) {
    size_t n = 0;
    for (size_t i = 0; i < bench->n_cells; i++) {
        int value = of(over, &bench->cells[i]);
        size_t at = 0;
        while (at < n && values[at] < value) at++;
        if ((at < n && values[at] == value) || n == BENCH_LIST) continue;
        memmove(&values[at + 1], &values[at], (n - at) * sizeof *values);
        values[at] = value;
        n++;
    }
    return n;
}

/* As many as eyes can follow, the first and the last among them. */
static size_t few_keys(const struct bench *bench, const struct over *over, int keys[MOST_LINES]) {
    int all[BENCH_LIST];
    size_t n = values_of(bench, over, key_of, all), n_kept = n < MOST_LINES ? n : MOST_LINES;
    for (size_t i = 0; i < n_kept; i++) keys[i] = all[n_kept > 1 ? i * (n - 1) / (n_kept - 1) : 0];
    return n_kept;
}

static const struct bench_cell *find_cell(const struct bench *bench, const struct over *over, int x,
                                          int key) {
    for (size_t i = 0; i < bench->n_cells; i++)
        if (x_of(over, &bench->cells[i]) == x && key_of(over, &bench->cells[i]) == key)
            return &bench->cells[i];
    return NULL;
}

static struct chart_point point_of(int x, const struct bench_cell *cell, bool latency) {
    struct bench_spread spread =
        latency ? bench_batch_time(cell) : bench_rate((double)cell->n_sentences, &cell->wall);
    double unit = latency ? 1e3 : 1;
    return (struct chart_point){x, spread.median * unit, spread.min * unit, spread.max * unit};
}

/* ---- drawing --------------------------------------------------------------------------------- */

/* A chart's lines with their points. */
struct lines {
    struct chart_line lines[MODELS * MOST_LINES];
    struct chart_point points[MODELS * MOST_LINES][BENCH_LIST];
    size_t n;
};

static void add_line(struct lines *lines, const struct bench *bench, const struct over *over,
                     int key, bool latency, struct chart_line line) {
    int xs[BENCH_LIST];
    size_t n = values_of(bench, over, x_of, xs);
    struct chart_point *points = lines->points[lines->n];
    for (size_t i = 0; i < n; i++) {
        const struct bench_cell *cell = find_cell(bench, over, xs[i], key);
        if (cell) points[line.n++] = point_of(xs[i], cell, latency);
    }
    line.points = points;
    lines->lines[lines->n++] = line;
}

static void draw_chart(FILE *out, const struct picture *picture, const struct over *over,
                       bool latency) {
    struct lines lines = {.n = 0};
    int keys[MOST_LINES];
    size_t n_keys = few_keys(picture->benches[0], over, keys);
    for (size_t model = 0; model < picture->n; model++)
        for (size_t i = 0; i < n_keys; i++)
            add_line(&lines, picture->benches[model], over, keys[i], latency,
                     (struct chart_line){.colour = (int)i, .dashed = model > 0});
    struct chart chart = {.title = latency ? "Latency" : "Throughput",
                          .x_title = over->x_title,
                          .y_title = latency ? "time of a batch, ms" : "sentences a second",
                          .logarithmic = latency,
                          .n = lines.n,
                          .lines = lines.lines};
    chart_draw(out, &chart);
}

static double put_sample(FILE *out, double x, int colour, bool dashed, const char *text) {
    enum { SIZE = 12, SAMPLE = 32, GAP = 20 };
    chart_sample(out, x, 16, colour, dashed);
    fprintf(out, "<text font-size=\"%d\" x=\"%.1f\" y=\"16\">", SIZE, x + SAMPLE);
    put_xml(out, text);
    fputs("</text>\n", out);
    return x + SAMPLE + SIZE * text_ems(text) + GAP;
}

/* What colours mean in a column, and dashes if there are two models. */
static void draw_key(FILE *out, const struct picture *picture, const struct over *over) {
    int keys[MOST_LINES];
    size_t n = few_keys(picture->benches[0], over, keys);
    double x = 64;
    for (size_t i = 0; i < n; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s%s%d", i ? "" : over->key, i ? "" : " ", keys[i]);
        x = put_sample(out, x, (int)i, false, text);
    }
}

/* A file's name, cut where it would leave no room for the other one's. */
static void put_name(FILE *out, const char *path) {
    enum { LONGEST = 30 };
    const char *name = file_name(path), *end = name;
    for (size_t n = 0; *end && n < LONGEST; n++) next_character(&end);
    put_xml_bytes(out, name, end);
    if (*end) fputs("…", out);
}

static void put_title(FILE *out, const struct picture *picture) {
    put_name(out, picture->benches[0]->model_path);
    if (picture->n > 1) {
        fputs(" beside ", out);
        put_name(out, picture->benches[1]->model_path);
    }
}

static void put_note(FILE *out, int y, const char *text) {
    fprintf(out, "<text class=\"note\" font-size=\"12\" x=\"%d\" y=\"%d\">", EDGE, y);
    put_xml(out, text);
    fputs("</text>\n", out);
}

static void draw_head(FILE *out, const struct picture *picture) {
    const struct bench *bench = picture->benches[0];
    char note[256];
    fprintf(out, "<text font-size=\"17\" font-weight=\"600\" x=\"%d\" y=\"34\">", EDGE);
    put_title(out, picture);
    fputs("</text>\n", out);
    snprintf(note, sizeof note, "%s, %d core%s, %s kernels", bench->machine.cpu,
             bench->machine.cores, bench->machine.cores == 1 ? "" : "s", bench->isa);
    put_note(out, 54, note);
    snprintf(note, sizeof note, "beam %d; median of %d round%s, bars from least to most%s",
             bench->beam, bench->rounds, bench->rounds == 1 ? "" : "s",
             picture->n > 1 ? "; dashed: the second model" : "");
    put_note(out, 72, note);
}

/* Two charts a column, one below the other; of one column, beside each other. */
static struct extent extent_of(const struct picture *picture) {
    return (struct extent){
        2 * EDGE + 2 * CHART_WIDTH + BETWEEN,
        EDGE + HEAD + KEY + (double)picture->n_columns * (CHART_HEIGHT + BETWEEN) - BETWEEN,
    };
}

static void draw_column(FILE *out, const struct picture *picture, size_t column) {
    double right = CHART_WIDTH + BETWEEN, down = CHART_HEIGHT + BETWEEN;
    svg_group(out, EDGE + (double)column * right, HEAD);
    draw_key(out, picture, picture->columns[column]);
    svg_group(out, 0, KEY);
    draw_chart(out, picture, picture->columns[column], false);
    svg_group_end(out);
    bool is_only = picture->n_columns == 1;
    svg_group(out, is_only ? right : 0, is_only ? KEY : KEY + down);
    draw_chart(out, picture, picture->columns[column], true);
    svg_group_end(out);
    svg_group_end(out);
}

static void draw_picture(FILE *out, const void *user) {
    const struct picture *picture = user;
    svg_begin(out, extent_of(picture));
    put_title(out, picture);
    svg_ground(out, chart_rules);
    draw_head(out, picture);
    for (size_t i = 0; i < picture->n_columns; i++) draw_column(out, picture, i);
    svg_end(out);
}

/* ---- the file -------------------------------------------------------------------------------- */

int bench_plot_check(const struct options *options) {
    const char *ending = strrchr(options->plot, '.');
    if (!ending || strcmp(ending, ".svg") != 0)
        return complain(EXIT_USAGE, "--plot is \"%s\"; expected a name in .svg", options->plot);
    return check_whole_file(options->plot, options->force);
}

/* A column in which all points would stand above one another says nothing. */
static void choose_columns(struct picture *picture) {
    static const struct over *const all[] = {&over_batches, &over_threads};
    int values[BENCH_LIST];
    for (int i = 0; i < 2; i++)
        if (values_of(picture->benches[0], all[i], x_of, values) > 1)
            picture->columns[picture->n_columns++] = all[i];
    if (picture->n_columns == 0) picture->columns[picture->n_columns++] = &over_batches;
}

int bench_plot(const struct options *options, const struct bench *const *benches, size_t n) {
    struct picture picture = {.benches = benches, .n = n};
    choose_columns(&picture);
    return write_whole_file(options->plot, options->force, draw_picture, &picture);
}
