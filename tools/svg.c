#include "tools/svg.h"

#include "tools/text_width.h"

#include <stdint.h>
#include <string.h>

void put_xml_bytes(FILE *out, const char *text, const char *end) {
    while (text < end && *text) {
        const char *start = text;
        uint32_t character = next_character(&text);
        if (is_unprintable(character))
            fputs("\xef\xbf\xbd", out);
        else if (character < 0x80 && strchr("&<>\"'", (int)character))
            fprintf(out, "&#%d;", (int)character);
        else
            fwrite(start, 1, (size_t)(text - start), out);
    }
}

void put_xml(FILE *out, const char *text) {
    put_xml_bytes(out, text, text + strlen(text));
}

void svg_begin(FILE *out, struct extent extent) {
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
            "viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n<title>",
            extent.width, extent.height, extent.width, extent.height);
}

void svg_ground(FILE *out, void (*put_rules)(FILE *out, bool dark)) {
    fputs("</title>\n<style>\ntext{font-family:system-ui,-apple-system,'Segoe UI',Roboto,"
          "'Noto Sans',sans-serif;fill:#1c1f26}\n.paper{fill:#fcfbf9}.note{fill:#6a6f7b}",
          out);
    put_rules(out, false);
    fputs("\n@media (prefers-color-scheme:dark){text{fill:#e7e9ee}.paper{fill:#14171d}"
          ".note{fill:#98a0ae}",
          out);
    put_rules(out, true);
    fputs("}\n</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n", out);
}

void svg_end(FILE *out) {
    fputs("</svg>\n", out);
}

void svg_group(FILE *out, double x, double y) {
    fprintf(out, "<g transform=\"translate(%.1f %.1f)\">\n", x, y);
}

void svg_group_end(FILE *out) {
    fputs("</g>\n", out);
}
