/* How much is translated in a second, for each number of threads and sentences in a batch. */
#ifndef BENCH_THROUGHPUT_H
#define BENCH_THROUGHPUT_H

#include "tools/bench_run.h"

/* Fills bench.cells of each of n runs. Complains and returns an exit status other than 0 on failure.
 */
int bench_measure_throughput(struct bench_run *runs, size_t n);

#endif
