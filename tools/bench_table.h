/* What `tolka bench` says to people about one model. All times are in milliseconds. */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include "tools/bench_figures.h"

void bench_print_table(const struct bench *bench);

/* "model    path: int8 weights, 9.8 MB", with another name in the first column. */
void bench_print_model(const struct bench *bench, const char *name);
void bench_print_machine(const struct bench *bench);

#endif
