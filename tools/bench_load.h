/* How long it takes until a model translates. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "tools/bench_run.h"

/* Fills bench.load of each of n runs. Complains and returns an exit status other than 0 on failure.
 */
int bench_measure_load(struct bench_run *runs, size_t n);

#endif
