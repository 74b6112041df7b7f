/* What all pictures have in common: SVG files that need nothing else, for light and dark screens. */
#ifndef SVG_H
#define SVG_H

#include <stdbool.h>
#include <stdio.h>

struct extent {
    double width, height;
};

/* Text between tags or within an attribute: markup escaped, controls replaced. */
void put_xml(FILE *out, const char *text);
void put_xml_bytes(FILE *out, const char *text, const char *end);

/* Begins a picture: the caller puts its title, as text, and calls svg_ground. */
void svg_begin(FILE *out, struct extent extent);
/* Ends the title; font, ink and paper, "note" for what is said in small print, and the caller's own
 * rules for a light and a dark ground. */
void svg_ground(FILE *out, void (*put_rules)(FILE *out, bool dark));
void svg_end(FILE *out);

/* What is drawn until svg_group_end has its origin there. */
void svg_group(FILE *out, double x, double y);
void svg_group_end(FILE *out);

#endif
