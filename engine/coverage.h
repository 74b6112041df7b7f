/* Coverage (Wu et al. 2016, equation 14): how much attention each source token has had from all
 * target tokens together. A translation that left some out has a lower score. */
#ifndef COVERAGE_H
#define COVERAGE_H

#include <stddef.h>

/* out[n] = had[n] + now[n] */
void coverage_add(float *out, const float *had, const float *now, size_t n);

/* The sum of log(min(had + now, 1)) over the source, as CTranslate2 has it: tokens without any
 * attention do not count. */
float coverage_logs(const float *had, const float *now, size_t n);

#endif
