/* Two models beside each other. */
#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

#include "tools/bench_figures.h"

/* How many times as fast b is as a, by round: a's time over b's. */
struct bench_spread bench_load_ratio(const struct bench *a, const struct bench *b);
struct bench_spread bench_latency_ratio(const struct bench *a, const struct bench *b);
struct bench_spread bench_cell_ratio(const struct bench *a, const struct bench *b, size_t cell);
struct bench_spread bench_processor_ratio(const struct bench *a, const struct bench *b,
                                          size_t cell);

void bench_print_comparison(const struct bench *a, const struct bench *b);

#endif
