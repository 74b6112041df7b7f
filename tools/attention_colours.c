#include "tools/attention_colours.h"

#include <math.h>

/* Made in OKLCH: lightness 0.985 to 0.30 (dark: 0.215 to 0.94) in equal steps, hue about 260, most
 * chroma in the middle. */
const uint32_t light_shades[N_SHADES] = {0xf8fafd, 0xe3ecf6, 0xcfdeef, 0xbbcfe8, 0xa7c1e1, 0x93b2dd,
                                         0x7fa4d7, 0x6c95d2, 0x5b86cb, 0x4c77c2, 0x3d68b9, 0x3059b0,
                                         0x274aa2, 0x1f3c92, 0x182f82, 0x122172};
const uint32_t dark_shades[N_SHADES] = {0x161a20, 0x1b2536, 0x1e314c, 0x1f3e63, 0x1f4c7a, 0x215a8e,
                                        0x2269a2, 0x2078b6, 0x2888c6, 0x3b98d2, 0x4ca8dd, 0x5eb8e9,
                                        0x78c7f0, 0x95d6f6, 0xb0e4fc, 0xccf2ff};

int shade_of(float weight) {
    int shade = (int)lroundf((N_SHADES - 1) * sqrtf(weight > 0 ? weight : 0));
    return shade < N_SHADES ? shade : N_SHADES - 1;
}
