/* From paper to ink in even steps of lightness and one hue, so that more is darker (on a dark
 * ground brighter) to every eye. */
#ifndef ATTENTION_COLOURS_H
#define ATTENTION_COLOURS_H

#include <stdint.h>

enum { N_SHADES = 16 };
extern const uint32_t light_shades[N_SHADES], dark_shades[N_SHADES]; /* 0xrrggbb */

/* Steps grow with the square root of the weight: a tenth is a third of the way, and seen. */
int shade_of(float weight);

#endif
