#include "engine/coverage.h"

#include <math.h>

void coverage_add(float *out, const float *had, const float *now, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = had[i] + now[i];
}

float coverage_logs(const float *had, const float *now, size_t n) {
    float sum = 0;
    for (size_t i = 0; i < n; i++) {
        float all = had[i] + now[i];
        if (all > 0 && all < 1) sum += logf(all);
    }
    return sum;
}
