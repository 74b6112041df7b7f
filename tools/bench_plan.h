/* What `tolka bench` is to measure: which lists of threads and batches, over which text, how often.
 * All models that are compared have the same plan. */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include "tools/bench_figures.h"
#include "tools/lines.h"
#include "tools/options.h"

struct bench_plan {
    const struct options *options;
    struct machine_limits machine; /* as far as it is known: processor and cores */
    int threads[BENCH_LIST + 1], batches[BENCH_LIST + 1]; /* ended by 0 */
    int rounds;
    const char *text_name;
    struct line *lines;
    size_t n_lines;
    bool on_terminal; /* progress is shown */
};

/* Complains and returns an exit status other than 0 on failure; freed in either case. */
int bench_plan(struct bench_plan *plan, const struct options *options);
void bench_plan_free(struct bench_plan *plan);

size_t bench_cells(const struct bench_plan *plan);
/* Stretches of a line between blanks. */
size_t bench_words(const struct line *line);

/* Overwrites a line on the terminal. */
__attribute__((format(printf, 2, 3))) void bench_progress(const struct bench_plan *plan,
                                                          const char *format, ...);

#endif
