#include "text/formats/break_places.h"

#include <math.h>
#include <string.h>

size_t break_place(const char *target, size_t n, const struct word_list *words, double share,
                   size_t after) {
    double wanted = share * (double)n, best = INFINITY;
    size_t place = n;
    for (size_t i = 0; i + 1 < words->n; i++) {
        size_t end = words->words[i].end;
        if (end <= after) continue;
        double away = fabs((double)end - wanted);
        if (strchr(".,;:!?", target[end - 1]) && target[end - 1]) away /= 2;
        if (away >= best) continue;
        best = away;
        place = end;
    }
    return place;
}
