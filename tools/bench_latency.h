/* How long one sentence takes. */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include "tools/bench_run.h"

/* Fills bench.latency of each of n runs, counts failures, and notes the instruction set. Complains
 * and returns an exit status other than 0 on failure. */
int bench_measure_latency(struct bench_run *runs, size_t n);

#endif
