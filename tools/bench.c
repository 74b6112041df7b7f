/* tolka bench: how fast a model is on this machine, and how far from what the machine could do; or
 * how fast two models are beside each other. docs/performance.md says what each number includes. */
#include "tools/bench_compare.h"
#include "tools/bench_json.h"
#include "tools/bench_latency.h"
#include "tools/bench_load.h"
#include "tools/bench_plot.h"
#include "tools/bench_table.h"
#include "tools/bench_throughput.h"
#include "tools/commands.h"

#include <stdlib.h>

/* ---- limits ---------------------------------------------------------------------------------- */

/* How much of the output layer the sentences' shortlists leave, on average. */
static double output_share(const tolka_stats *stats, size_t vocab) {
    double all = (double)stats->sentences * (double)vocab;
    return all > 0 ? (double)stats->candidates / all : 1;
}

static void find_cost(struct bench_run *run) {
    tolka_cost cost;
    tolka_model_cost(run->model, &cost);
    run->bench.cost = bench_cost(&cost, output_share(&run->bench.latency.stats, cost.target_vocab));
}

static void measure_limits(struct bench_run *runs, size_t n) {
    bench_progress(runs->plan, "limits of the machine");
    machine_measure(&runs->bench.machine, runs->decoding.isa);
    for (size_t i = 0; i < n; i++) {
        struct bench *bench = &runs[i].bench;
        find_cost(&runs[i]);
        bench->machine = runs->bench.machine;
        bench->read_limit = measure_reads((size_t)bench->cost.step_bytes);
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void note_memory(struct bench_run *runs, size_t n, bool is_single) {
    size_t peak = peak_memory();
    for (size_t i = 0; i < n; i++)
        *(is_single ? &runs[i].bench.peak_single : &runs[i].bench.peak) = peak;
}

static int measure(struct bench_run *runs, size_t n) {
    int status = bench_measure_load(runs, n);
    if (status == EXIT_DONE) status = bench_measure_latency(runs, n);
    note_memory(runs, n, true);
    if (status == EXIT_DONE) status = bench_measure_throughput(runs, n);
    /* Before the limits, which need memory and time of their own. */
    note_memory(runs, n, false);
    for (size_t i = 0; i < n; i++) runs[i].bench.processor = processor_seconds();
    if (status == EXIT_DONE) measure_limits(runs, n);
    bench_progress(runs->plan, "%s", "");
    return status;
}

static int report(const struct bench_run *runs, size_t n) {
    const struct bench *benches[BENCH_MODELS] = {&runs[0].bench, &runs[n - 1].bench};
    const struct options *options = runs->plan->options;
    if (options->json)
        bench_print_json(benches, n);
    else if (n > 1)
        bench_print_comparison(benches[0], benches[1]);
    else
        bench_print_table(benches[0]);
    int status = options->plot ? bench_plot(options, benches, n) : EXIT_DONE;
    size_t n_failed = 0;
    for (size_t i = 0; i < n; i++) n_failed += runs[i].bench.n_failed;
    if (!n_failed) return status;
    return complain(EXIT_INPUT, "%zu translations failed, and count in no token rate", n_failed);
}

static int bench_models(const struct bench_plan *plan, const struct options *options,
                        struct bench_run *runs) {
    size_t n = options->n_arguments ? (size_t)options->n_arguments : 1, n_open = 0;
    int status = EXIT_DONE;
    while (n_open < n && status == EXIT_DONE) {
        const char *named = options->n_arguments ? options->arguments[n_open] : NULL;
        status = bench_run_open(&runs[n_open++], plan, named);
    }
    if (status == EXIT_DONE) status = measure(runs, n);
    if (status == EXIT_DONE) status = report(runs, n);
    for (size_t i = 0; i < n_open; i++) bench_run_close(&runs[i]);
    return status;
}

static int check_arguments(const struct options *options) {
    if (options->n_arguments > BENCH_MODELS)
        return complain(EXIT_USAGE,
                        "bench compares two models, and %d were given; text comes from -i FILE",
                        options->n_arguments);
    if (options->n_arguments && options->model)
        return complain(EXIT_USAGE,
                        "bench takes models as arguments or one with --model, not both");
    return options->plot ? bench_plot_check(options) : EXIT_DONE;
}

int run_bench(struct options *options) {
    struct bench_plan plan = {0};
    int status = check_arguments(options);
    if (status != EXIT_DONE) return status;
    struct bench_run *runs = calloc(BENCH_MODELS, sizeof *runs); /* every round is kept */
    if (!runs) return complain(EXIT_MODEL, "out of memory");
    status = bench_plan(&plan, options);
    if (status == EXIT_DONE) status = bench_models(&plan, options, runs);
    bench_plan_free(&plan);
    free(runs);
    return status;
}
