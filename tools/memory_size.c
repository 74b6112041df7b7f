#include "tools/memory_size.h"

#include "tools/complain.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* 0: there is no such unit. */
static double unit(const char *text) {
    static const struct {
        const char *name;
        double bytes;
    } units[] = {{"M", 1e6}, {"MB", 1e6}, {"G", 1e9}, {"GB", 1e9}, {"T", 1e12}, {"TB", 1e12}};
    while (*text == ' ') text++;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcasecmp(text, units[i].name) == 0) return units[i].bytes;
    return 0;
}

bool memory_size(const char *text, const char *option, size_t *bytes) {
    const double most = 1e15; /* far from where a size_t ends */
    if (!text) return true;
    char *end = NULL;
    double number = isdigit((unsigned char)*text) ? strtod(text, &end) : 0;
    double size = end && end != text ? number * unit(end) : 0;
    if (!(size >= 1e6 && size <= most)) {
        complain(EXIT_USAGE, "--%s is \"%s\"; expected 1M or more, such as 500M or 2G", option,
                 text);
        return false;
    }
    *bytes = (size_t)size;
    return true;
}
