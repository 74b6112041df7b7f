#include "tools/bench_compare.h"

#include "tools/bench_table.h"

#include <stdio.h>

struct bench_spread bench_load_ratio(const struct bench *a, const struct bench *b) {
    return bench_ratio(&a->load.ready, &b->load.ready);
}

struct bench_spread bench_latency_ratio(const struct bench *a, const struct bench *b) {
    return bench_ratio(&a->latency.median, &b->latency.median);
}

struct bench_spread bench_cell_ratio(const struct bench *a, const struct bench *b, size_t cell) {
    return bench_ratio(&a->cells[cell].wall, &b->cells[cell].wall);
}

struct bench_spread bench_processor_ratio(const struct bench *a, const struct bench *b,
                                          size_t cell) {
    return bench_ratio(&a->cells[cell].processor, &b->cells[cell].processor);
}

enum { COLUMN = 28 };

static void print_column(const struct bench_spread *spread, double unit, int digits) {
    char text[64];
    snprintf(text, sizeof text, "%.*f (%.*f to %.*f)", digits, spread->median * unit, digits,
             spread->min * unit, digits, spread->max * unit);
    printf("%-*s", COLUMN, text);
}

static void print_row(const char *what, const struct bench_spread *a, const struct bench_spread *b,
                      double unit, int digits, const struct bench_spread *ratio) {
    printf("%-26s", what);
    print_column(a, unit, digits);
    print_column(b, unit, digits);
    printf("%.2f (%.2f to %.2f)\n", ratio->median, ratio->min, ratio->max);
}

static void print_cell(const struct bench *a, const struct bench *b, size_t i) {
    const struct bench_cell *mine = &a->cells[i], *other = &b->cells[i];
    struct bench_spread of_a = bench_rate((double)mine->n_sentences, &mine->wall);
    struct bench_spread of_b = bench_rate((double)other->n_sentences, &other->wall);
    struct bench_spread ratio = bench_cell_ratio(a, b, i);
    struct bench_spread processor_a = bench_spread(&mine->processor);
    struct bench_spread processor_b = bench_spread(&other->processor);
    struct bench_spread processor = bench_processor_ratio(a, b, i);
    printf("\n%d thread%s, batches of %d\n", mine->threads, mine->threads == 1 ? "" : "s",
           mine->batch);
    print_row("  sentences/s", &of_a, &of_b, 1, 0, &ratio);
    of_a = bench_rate((double)mine->n_words, &mine->wall);
    of_b = bench_rate((double)other->n_words, &other->wall);
    print_row("  words/s", &of_a, &of_b, 1, 0, &ratio);
    print_row("  processor, ms a round", &processor_a, &processor_b, 1e3, 1, &processor);
}

static void print_single(const struct bench *a, const struct bench *b) {
    struct bench_spread of_a = bench_spread(&a->load.ready), of_b = bench_spread(&b->load.ready);
    struct bench_spread ratio = bench_load_ratio(a, b);
    printf("\n%-26s%-*s%-*sB as fast as A, times\n", "", COLUMN, "A", COLUMN, "B");
    print_row("load, ms", &of_a, &of_b, 1e3, 2, &ratio);
    of_a = bench_spread(&a->latency.median);
    of_b = bench_spread(&b->latency.median);
    ratio = bench_latency_ratio(a, b);
    print_row("latency p50, ms", &of_a, &of_b, 1e3, 2, &ratio);
}

void bench_print_comparison(const struct bench *a, const struct bench *b) {
    bench_print_model(a, "A");
    bench_print_model(b, "B");
    bench_print_machine(a);
    print_single(a, b);
    for (size_t i = 0; i < a->n_cells; i++) print_cell(a, b, i);
    printf("\nall      %.0f ms of processor time\n", b->processor * 1e3);
}
