#include "tools/bench_table.h"

#include <stdio.h>

static const char *plural(size_t n) {
    return n == 1 ? "" : "s";
}

void bench_print_model(const struct bench *bench, const char *name) {
    printf("%-8s %s: %s weights, %.1f MB%s%s; beam %d\n", name, bench->model_path, bench->cost.type,
           (double)bench->model_bytes / 1e6, bench->to ? ", to " : "", bench->to ? bench->to : "",
           bench->beam);
}

void bench_print_machine(const struct bench *bench) {
    const struct machine_limits *machine = &bench->machine;
    printf("machine  %s, %d core%s, %s kernels\n", machine->cpu, machine->cores,
           plural((size_t)machine->cores), bench->isa);
    printf("text     %s, %zu sentence%s, %zu word%s; %d round%s: median (least to most)\n",
           bench->text_name, bench->text_sentences, plural(bench->text_sentences),
           bench->text_words, plural(bench->text_words), bench->rounds,
           plural((size_t)bench->rounds));
}

static void print_spread(const char *before, const struct bench_rounds *rounds) {
    struct bench_spread spread = bench_spread(rounds);
    printf("%s%.2f ms (%.2f to %.2f)", before, spread.median * 1e3, spread.min * 1e3,
           spread.max * 1e3);
}

static double median_ms(const struct bench_rounds *rounds) {
    return bench_spread(rounds).median * 1e3;
}

static void print_single(const struct bench *bench) {
    const struct bench_load *load = &bench->load;
    const struct bench_latency *latency = &bench->latency;
    print_spread("\nload     ", &load->ready);
    printf(": model %.2f, tokenizer %.2f, translator %.2f;\n", median_ms(&load->model),
           median_ms(&load->tokenizer), median_ms(&load->translator));
    print_spread("         first sentence ", &load->first_sentence);
    print_spread("\nlatency  p50 ", &latency->median);
    printf(", p95 %.2f, least %.2f, most %.2f\n         (one sentence a call, one thread, %zu "
           "calls)\n",
           latency->p95 * 1e3, latency->min * 1e3, latency->max * 1e3, latency->n_calls);
    if (bench->peak)
        printf("memory   %.1f MB at most one sentence at a time, %.1f MB in all of the below "
               "(peak, mapped file included)\n",
               (double)bench->peak_single / 1e6, (double)bench->peak / 1e6);
}

static void print_cells(const struct bench *bench) {
    printf(
        "\n                   sentences/s                            ms a round     tokens/s of "
        "one core\n"
        "threads  batch   median   least    most  words/s  tokens/s    wall  processor  encoder  "
        "decoder\n");
    for (size_t i = 0; i < bench->n_cells; i++) {
        const struct bench_cell *cell = &bench->cells[i];
        struct bench_rates rates = bench_rates_of(bench, &cell->stats);
        struct bench_spread sentences = bench_rate((double)cell->n_sentences, &cell->wall);
        printf("%7d  %5d %8.0f %7.0f %7.0f %8.0f  %8.0f %7.1f   %8.1f %8.0f %8.0f\n", cell->threads,
               cell->batch, sentences.median, sentences.min, sentences.max,
               bench_rate((double)cell->n_words, &cell->wall).median,
               bench_rate((double)cell->target_tokens, &cell->wall).median, median_ms(&cell->wall),
               median_ms(&cell->processor), rates.encoder_tokens, rates.decoder_tokens);
    }
}

static void print_size(double bytes) {
    if (bytes >= 1 << 20)
        printf("%.0f MiB", bytes / (1 << 20));
    else
        printf("%.0f KiB", bytes / (1 << 10));
}

static void print_operations(const char *before, const char *what, double operations) {
    printf("%s%s %.*f GOP/s", before, what, operations < 1e10 ? 2 : 0, operations / 1e9);
}

static void print_limits(const struct bench *bench) {
    const struct machine_limits *machine = &bench->machine;
    printf("\nlimits of one core, measured\nreads    ");
    for (int i = 0; i < READ_LEVELS; i++) {
        printf("%s%s ", i ? ", " : "", machine->reads[i].level);
        printf("%.1f GB/s (", machine->reads[i].bytes_per_second / 1e9);
        print_size((double)machine->reads[i].bytes);
        printf(")");
    }
    printf("\nproducts ");
    for (int i = 0; i < MULTIPLY_TYPES; i++)
        print_operations(i ? ", " : "", machine->multiplies[i].type,
                         machine->multiplies[i].operations_per_second);
    putchar('\n');
}

static void print_batch_share(const struct bench *bench) {
    const struct bench_cell *cell = bench_fastest_cell(bench);
    struct bench_rates batch = bench_rates_of(bench, &cell->stats);
    double limit = bench_multiply_limit(bench);
    printf("batch %-3deach of %d core%s:", cell->batch, cell->threads,
           plural((size_t)cell->threads));
    print_operations(" ", "encoder", batch.encoder_multiplies);
    printf(", %.0f %% of the limit for %s;", 100 * bench_over(batch.encoder_multiplies, limit),
           bench_product_type(bench));
    print_operations(" ", "decoder", batch.decoder_multiplies);
    printf(", %.0f %%\n", 100 * bench_over(batch.decoder_multiplies, limit));
}

static void print_shares(const struct bench *bench) {
    const struct bench_cost *cost = &bench->cost;
    struct bench_rates single = bench_rates_of(bench, &bench->latency.stats);
    printf("\nweights  %.2f MB for a decoder step, %.2f MB for encoding; one sentence at a time "
           "%.2f MB a\n         generated token\n",
           cost->step_bytes / 1e6, cost->encoder_bytes / 1e6, bench_bytes_per_token(bench) / 1e6);
    printf("alone    decoder reads %.1f GB/s of weights: %.0f %% of the %.1f GB/s at which one "
           "core reads\n         %.2f MB again and again\n",
           single.decoder_reads / 1e9, 100 * bench_over(single.decoder_reads, bench->read_limit),
           bench->read_limit / 1e9, cost->step_bytes / 1e6);
    print_batch_share(bench);
    printf("all      %.0f ms of processor time\n", bench->processor * 1e3);
}

void bench_print_table(const struct bench *bench) {
    bench_print_model(bench, "model");
    bench_print_machine(bench);
    print_single(bench);
    print_cells(bench);
    print_limits(bench);
    print_shares(bench);
}
