/* tolka attention as one page: fills the places of attention_page.html. */
#include "tools/attention_colours.h"
#include "tools/attention_draw.h"
#include "tools/attention_show.h"
#include "tools/embedded_page.h"
#include "tools/out_of_memory.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* attention_page.html, as the Makefile puts it into the program, with a NUL behind. */
extern const unsigned char tools_attention_page_html[];

static const char *const kind_names[N_MAPS] = {"encoder", "decoder", "cross"};

/* ---- words about it -------------------------------------------------------------------------- */

static void put_shades(FILE *out) {
    for (int i = 0; i < N_SHADES; i++)
        fprintf(out, ".s%d{fill:#%06x;fill:light-dark(#%06x,#%06x)}\n", i,
                (unsigned)light_shades[i], (unsigned)light_shades[i], (unsigned)dark_shades[i]);
}

static void put_facts(FILE *out, const struct looked *looked) {
    const struct map *encoder = &looked->words.maps[TOLKA_ENCODER_ATTENTION];
    const struct map *cross = &looked->words.maps[TOLKA_CROSS_ATTENTION];
    put_xml(out, looked->model);
    fprintf(out, " · %zu encoder layers of %zu heads · %zu decoder layers of %zu heads",
            encoder->layers, encoder->heads, cross->layers, cross->heads);
    fprintf(out, " · %zu source tokens, %zu target tokens", looked->source->n, looked->target->n);
}

/* Two columns instead of two rows where rows would be too wide. */
static void put_size(FILE *out, const struct looked *looked) {
    enum { WIDEST_ROW = 1500 };
    if (alignment_extent(looked_view(looked), true).width > WIDEST_ROW) fputs("long", out);
}

/* ---- drawings -------------------------------------------------------------------------------- */

/* Drawn for letters of 16 pixels; grows and shrinks with the page's. */
static void begin_drawing(FILE *out, const char *class, struct extent extent, double scale) {
    fprintf(out,
            "<svg class=\"%s\" viewBox=\"0 0 %.1f %.1f\" style=\"width:%.2frem;min-width:%.2frem;"
            "max-width:100%%\">\n",
            class, extent.width, extent.height, scale * extent.width / 16, extent.width / 16);
}

static void put_alignment(FILE *out, const struct view *view, const char *name) {
    fprintf(out, "<div class=\"%s\">\n", name);
    for (int across = 1; across >= 0; across--) {
        fprintf(out, "<div class=\"scroll %s\">", across ? "across" : "down");
        struct extent extent = alignment_extent(view, across);
        begin_drawing(out, "alignment", extent,
                      across ? fmin(1.7, fmax(1, 900 / extent.width)) : 1);
        draw_alignment(out, view, across);
        fputs("</svg></div>\n", out);
    }
    fputs("</div>\n", out);
}

static void put_frame(FILE *out, const struct view *view, tolka_attention_kind kind) {
    const struct map *map = &view->maps[kind];
    size_t layer = map->layers - 1, slot = average_slot(map);
    struct heat heat = heat_of(view, kind, layer, slot);
    fprintf(out,
            "<figure class=\"frame\" data-layer=\"%zu\" data-slot=\"%zu\">\n"
            "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"heat map; arrow keys "
            "go from cell to cell\">",
            layer, slot);
    begin_drawing(out, "heat", heat_extent(&heat), 1);
    draw_heat(out, &heat);
    fprintf(out,
            "</svg></div>\n<figcaption><span class=\"what\">Layer %zu, average of %zu heads</span>"
            "<output></output></figcaption></figure>\n",
            map->layers, map->heads);
}

static void put_thumb(FILE *out, const struct map *map, size_t layer, size_t slot) {
    const char *name = slot == average_slot(map) ? "average" : "rollout";
    fprintf(out,
            "<button class=\"thumb\" data-layer=\"%zu\" data-slot=\"%zu\" aria-label=\"layer %zu, "
            "%s\"><svg viewBox=\"0 0 %zu %zu\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
            layer, slot, layer + 1, name, map->n_keys, map->n_queries);
    draw_cells(out, map_at(map, layer, slot), map->n_queries, map->n_keys);
    fprintf(out, "</svg>%s</button>\n", name);
}

static void put_map(FILE *out, const struct view *view, const char *name,
                    tolka_attention_kind kind) {
    const struct map *map = &view->maps[kind];
    if (!map->at) return;
    fprintf(out, "<div class=\"view %s\" data-kind=\"%s\">\n", name, kind_names[kind]);
    put_frame(out, view, kind);
    fputs("<div class=\"layers\">\n", out);
    for (size_t layer = 0; layer < map->layers; layer++) {
        fprintf(out,
                "<div class=\"layer\"><h3>Layer %zu</h3><div class=\"thumbs\" style=\"--half:%zu;"
                "--all:%zu\">\n",
                layer + 1, (map->slots + 1) / 2, map->slots);
        for (size_t slot = map->heads; slot < map->slots; slot++) put_thumb(out, map, layer, slot);
        fputs("</div></div>\n", out);
    }
    fputs("</div></div>\n", out);
}

static void put_maps(FILE *out, const struct looked *looked, tolka_attention_kind kind) {
    put_map(out, &looked->words, "words", kind);
    put_map(out, &looked->pieces, "pieces", kind);
    if (!looked->words.maps[kind].at) fputs("<p>This model has none.</p>\n", out);
}

/* ---- data for the script --------------------------------------------------------------------- */

/* Weights as 16 bits each, lower byte first, in base 64. */
static json_t *json_weights(const struct map *map) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = map->layers * map->slots * map->n_queries * map->n_keys, n_digits = 0;
    char *text = memory_or_end(malloc(n / 3 * 8 + 16));
    unsigned bits = 0, n_bits = 0;
    for (size_t byte = 0; byte < 2 * n || byte % 3 != 0; byte++) {
        unsigned value = byte < 2 * n ? (unsigned)lroundf(65535 * map->at[byte / 2]) : 0;
        bits = bits << 8 | (value >> (byte % 2 ? 8 : 0) & 0xff);
        for (n_bits += 8; n_bits >= 6;) {
            n_bits -= 6;
            text[n_digits++] = digits[bits >> n_bits & 0x3f];
        }
    }
    for (size_t i = 0; i < (3 - 2 * n % 3) % 3; i++) text[n_digits - 1 - i] = '=';
    json_t *string = json_stringn(text, n_digits);
    free(text);
    return string;
}

static json_t *json_labels(const struct labels *labels) {
    json_t *list = json_array();
    for (size_t i = 0; i < labels->n; i++)
        json_array_append_new(list, json_string(labels->texts[i]));
    return list;
}

static json_t *json_view(const struct view *view) {
    json_t *object = json_object();
    for (int kind = 0; kind < N_MAPS; kind++) {
        const struct map *map = &view->maps[kind];
        json_t *entry = json_object();
        if (!map->at) continue;
        json_object_set_new(entry, "heads", json_integer((json_int_t)map->heads));
        json_object_set_new(entry, "slots", json_integer((json_int_t)map->slots));
        json_object_set_new(entry, "rows",
                            json_labels(view_rows(view, (tolka_attention_kind)kind)));
        json_object_set_new(entry, "columns",
                            json_labels(view_columns(view, (tolka_attention_kind)kind)));
        json_object_set_new(entry, "weights", json_weights(map));
        json_object_set_new(object, kind_names[kind], entry);
    }
    return object;
}

/* A "<" in JSON is in a string, and might end the script: written by its number, it cannot. */
static int put_json(const char *bytes, size_t n, void *user) {
    FILE *out = user;
    for (size_t i = 0; i < n; i++)
        if (bytes[i] == '<')
            fputs("\\u003c", out);
        else
            fputc(bytes[i], out);
    return 0;
}

static void put_data(FILE *out, const struct looked *looked) {
    json_t *object = json_object();
    json_object_set_new(object, "words", json_view(&looked->words));
    json_object_set_new(object, "pieces", json_view(&looked->pieces));
    json_dump_callback(object, put_json, out, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(object);
}

/* ---- the page -------------------------------------------------------------------------------- */

static void put_texts(FILE *out, const struct looked *looked, const char *place) {
    if (strcmp(place, "source") == 0) put_xml(out, looked->source_text);
    if (strcmp(place, "target") == 0) put_xml(out, looked->target_text);
    if (strcmp(place, "facts") == 0) put_facts(out, looked);
    if (strcmp(place, "size") == 0) put_size(out, looked);
    if (strcmp(place, "version") == 0) fputs(TOLKA_VERSION, out);
    if (strcmp(place, "words") == 0 && !looked->by_pieces) fputs("checked", out);
    if (strcmp(place, "pieces") == 0 && looked->by_pieces) fputs("checked", out);
}

static void put_drawings(FILE *out, const struct looked *looked, const char *place) {
    if (strcmp(place, "shades") == 0) put_shades(out);
    if (strcmp(place, "legend") == 0) draw_legend(out);
    if (strcmp(place, "data") == 0) put_data(out, looked);
    if (strcmp(place, "alignment") == 0) {
        put_alignment(out, &looked->words, "words");
        put_alignment(out, &looked->pieces, "pieces");
    }
    for (int kind = 0; kind < N_MAPS; kind++)
        if (strcmp(place, kind_names[kind]) == 0) put_maps(out, looked, (tolka_attention_kind)kind);
}

static void put_place(FILE *out, const char *place, const void *user) {
    const struct looked *looked = user;
    put_texts(out, looked, place);
    put_drawings(out, looked, place);
}

void show_attention_html(FILE *out, const struct looked *looked) {
    print_page(out, tools_attention_page_html, put_place, looked);
}
