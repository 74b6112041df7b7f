#include "tools/bench_figures.h"

#include <stdlib.h>
#include <string.h>

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct bench_spread bench_spread(const struct bench_rounds *rounds) {
    double sorted[BENCH_MAX_ROUNDS];
    size_t n = (size_t)rounds->n;
    if (n == 0) return (struct bench_spread){0, 0, 0};
    memcpy(sorted, rounds->values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_doubles);
    return (struct bench_spread){sorted[0], (sorted[(n - 1) / 2] + sorted[n / 2]) / 2,
                                 sorted[n - 1]};
}

double bench_over(double a, double b) {
    return b > 0 ? a / b : 0;
}

struct bench_spread bench_ratio(const struct bench_rounds *a, const struct bench_rounds *b) {
    struct bench_rounds ratio = {.n = a->n < b->n ? a->n : b->n};
    for (int i = 0; i < ratio.n; i++) ratio.values[i] = bench_over(a->values[i], b->values[i]);
    return bench_spread(&ratio);
}

struct bench_spread bench_rate(double amount, const struct bench_rounds *times) {
    struct bench_spread spread = bench_spread(times);
    return (struct bench_spread){bench_over(amount, spread.max), bench_over(amount, spread.median),
                                 bench_over(amount, spread.min)};
}

struct bench_rates bench_rates_of(const struct bench *bench, const tolka_stats *stats) {
    const struct bench_cost *cost = &bench->cost;
    double source = (double)stats->source_tokens, target = (double)stats->target_tokens;
    struct bench_rates rates = {
        .encoder_tokens = bench_over(source, stats->encoder_seconds),
        .decoder_tokens = bench_over(target, stats->decoder_seconds),
        .encoder_multiplies =
            bench_over(2 * cost->encoder_products * source, stats->encoder_seconds),
        /* Every generated token took a row of each hypothesis, or nearly so. */
        .decoder_multiplies =
            bench_over(2 * cost->step_products * target * bench->beam, stats->decoder_seconds),
        .decoder_reads =
            bench_over(cost->step_bytes * (double)stats->decoder_steps, stats->decoder_seconds),
    };
    return rates;
}

static double cell_rate(const struct bench_cell *cell) {
    return bench_rate((double)cell->target_tokens, &cell->wall).median;
}

const struct bench_cell *bench_fastest_cell(const struct bench *bench) {
    const struct bench_cell *best = &bench->cells[0];
    for (size_t i = 1; i < bench->n_cells; i++)
        if (cell_rate(&bench->cells[i]) > cell_rate(best)) best = &bench->cells[i];
    return best;
}

double bench_bytes_per_token(const struct bench *bench) {
    const tolka_stats *stats = &bench->latency.stats;
    return bench_over(bench->cost.encoder_bytes * (double)stats->sentences +
                          bench->cost.step_bytes * (double)stats->decoder_steps,
                      (double)stats->target_tokens);
}

const char *bench_product_type(const struct bench *bench) {
    return machine_multiplies(&bench->machine, bench->cost.type) > 0 ? bench->cost.type : "f32";
}

double bench_multiply_limit(const struct bench *bench) {
    return machine_multiplies(&bench->machine, bench_product_type(bench));
}

struct bench_spread bench_batch_time(const struct bench_cell *cell) {
    double share = (double)cell->threads * cell->batch / (double)cell->n_sentences;
    struct bench_spread wall = bench_spread(&cell->wall);
    return (struct bench_spread){wall.min * share, wall.median * share, wall.max * share};
}
