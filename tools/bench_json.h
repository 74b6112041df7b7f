/* What `tolka bench --json` says: names and units as the manual has them (manual_page.roff). */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include "tools/bench_figures.h"

#include <stddef.h>

/* One object for one model; for two, an object of both and their ratios. */
void bench_print_json(const struct bench *const *benches, size_t n);

#endif
