/* tolka attention as one picture: the alignment and the cross-attention. */
#include "tools/attention_colours.h"
#include "tools/attention_draw.h"
#include "tools/attention_show.h"

#include <math.h>

enum { EDGE = 28, BETWEEN = 36, WIDEST_ACROSS = 1100, CAPTION = 26 };

static void put_shades(FILE *out, const uint32_t shades[N_SHADES]) {
    for (int i = 0; i < N_SHADES; i++) fprintf(out, ".s%d{fill:#%06x}", i, (unsigned)shades[i]);
}

static void put_style(FILE *out) {
    fputs("<style>\ntext{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',"
          "sans-serif;fill:#1c1f26}\n.paper{fill:#fcfbf9}.link{fill:none;stroke:#3059b0}"
          ".special,.note{fill:#6a6f7b}.cursor{fill:none}"
          ".grid{fill:none;stroke:#fcfbf9;stroke-width:.05}\n",
          out);
    put_shades(out, light_shades);
    fputs("\n@media (prefers-color-scheme:dark){text{fill:#e7e9ee}.paper{fill:#14171d}"
          ".link{stroke:#5eb8e9}.special,.note{fill:#98a0ae}.grid{stroke:#14171d}\n",
          out);
    put_shades(out, dark_shades);
    fputs("}\n</style>\n", out);
}

struct place {
    double x, y;
};

/* The alignment above the map, or beside it where it would be too wide. */
struct layout {
    bool across;
    struct extent whole;
    struct place alignment, heat, caption;
};

static struct layout lay_out(const struct view *view, const struct heat *heat) {
    struct extent top = alignment_extent(view, true), side = alignment_extent(view, false);
    struct extent map = heat_extent(heat);
    struct layout layout = {.across = top.width <= WIDEST_ACROSS};
    if (layout.across) {
        double width = fmax(fmax(top.width, map.width), LEGEND_WIDTH + 320);
        layout.whole.width = width + 2 * EDGE;
        layout.alignment = (struct place){EDGE + (width - top.width) / 2, EDGE};
        layout.heat = (struct place){EDGE + (width - map.width) / 2, EDGE + top.height + BETWEEN};
        layout.caption = (struct place){EDGE, layout.heat.y + map.height + BETWEEN};
    } else {
        layout.whole.width = side.width + BETWEEN + map.width + 2 * EDGE;
        layout.alignment = (struct place){EDGE, EDGE};
        layout.heat = (struct place){EDGE + side.width + BETWEEN, EDGE};
        layout.caption = (struct place){layout.heat.x, EDGE + map.height + BETWEEN};
    }
    layout.whole.height = layout.caption.y + CAPTION + EDGE;
    if (!layout.across) layout.whole.height = fmax(layout.whole.height, side.height + 2 * EDGE);
    return layout;
}

static void move_to(FILE *out, struct place place) {
    fprintf(out, "<g transform=\"translate(%.1f %.1f)\">\n", place.x, place.y);
}

static void put_caption(FILE *out, const struct map *map, struct place place) {
    move_to(out, place);
    draw_legend(out);
    fprintf(out,
            "<text class=\"note\" font-size=\"13\" x=\"%d\" y=\"10\">How much each word of the "
            "translation looks at</text>\n<text class=\"note\" font-size=\"13\" x=\"%d\" "
            "y=\"27\">each word of the source: layer %zu, average of %zu heads</text>\n</g>\n",
            LEGEND_WIDTH + 16, LEGEND_WIDTH + 16, map->layers, map->heads);
}

void show_attention_svg(FILE *out, const struct looked *looked) {
    const struct view *view = looked_view(looked);
    const struct map *map = &view->maps[TOLKA_CROSS_ATTENTION];
    struct heat heat = heat_of(view, TOLKA_CROSS_ATTENTION, map->layers - 1, average_slot(map));
    struct layout layout = lay_out(view, &heat);
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
            "viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n<title>",
            layout.whole.width, layout.whole.height, layout.whole.width, layout.whole.height);
    put_xml(out, looked->source_text);
    fputs(" \xe2\x80\x93 ", out);
    put_xml(out, looked->target_text);
    fputs("</title>\n", out);
    put_style(out);
    fputs("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n", out);
    move_to(out, layout.alignment);
    draw_alignment(out, view, layout.across);
    fputs("</g>\n", out);
    move_to(out, layout.heat);
    draw_heat(out, &heat);
    fputs("</g>\n", out);
    put_caption(out, map, layout.caption);
    fputs("</svg>\n", out);
}
