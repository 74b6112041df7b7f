/* `tolka bench --plot`: throughput and latency over sizes of batches and numbers of threads. */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include "tools/bench_figures.h"
#include "tools/options.h"

/* Could the picture be written? Complains and returns an exit status other than 0 if not. */
int bench_plot_check(const struct options *options);
/* Writes it, of one model or two. */
int bench_plot(const struct options *options, const struct bench *const *benches, size_t n);

#endif
