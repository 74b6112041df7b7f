/* tolka attention as one picture: the alignment and the cross-attention. */
#include "tools/attention_colours.h"
#include "tools/attention_draw.h"
#include "tools/attention_show.h"

#include <math.h>

enum { EDGE = 28, BETWEEN = 36, WIDEST_ACROSS = 1100, CAPTION = 26 };

static void put_shades(FILE *out, const uint32_t shades[N_SHADES]) {
    for (int i = 0; i < N_SHADES; i++) fprintf(out, ".s%d{fill:#%06x}", i, (unsigned)shades[i]);
}

static void put_rules(FILE *out, bool dark) {
    fprintf(out, ".link{fill:none;stroke:%s}.special{fill:%s}.cursor{fill:none}",
            dark ? "#5eb8e9" : "#3059b0", dark ? "#98a0ae" : "#6a6f7b");
    fprintf(out, ".grid{fill:none;stroke:%s;stroke-width:.05}\n", dark ? "#14171d" : "#fcfbf9");
    put_shades(out, dark ? dark_shades : light_shades);
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

static void put_caption(FILE *out, const struct map *map, struct place place) {
    svg_group(out, place.x, place.y);
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
    svg_begin(out, layout.whole);
    put_xml(out, looked->source_text);
    fputs(" \xe2\x80\x93 ", out);
    put_xml(out, looked->target_text);
    svg_ground(out, put_rules);
    svg_group(out, layout.alignment.x, layout.alignment.y);
    draw_alignment(out, view, layout.across);
    svg_group_end(out);
    svg_group(out, layout.heat.x, layout.heat.y);
    draw_heat(out, &heat);
    svg_group_end(out);
    put_caption(out, map, layout.caption);
    svg_end(out);
}
