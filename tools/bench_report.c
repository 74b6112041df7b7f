/* The numbers of `tolka bench`: a table for people, one JSON object for scripts. Both are made from
 * the same few rates. */
#include "tools/bench_report.h"

#include <jansson.h>

static double over(double a, double b) {
    return b > 0 ? a / b : 0;
}

/* Rates of a stretch of work; `seconds` of encoder and decoder are those of all workers together,
 * so these are rates of one core. */
struct rates {
    double encoder_tokens, decoder_tokens;         /* a second */
    double encoder_multiplies, decoder_multiplies; /* operations a second */
    double decoder_reads;                          /* bytes of weights a second */
};

static struct rates rates_of(const struct bench *bench, const tolka_stats *stats) {
    const struct bench_cost *cost = &bench->cost;
    double source = (double)stats->source_tokens, target = (double)stats->target_tokens;
    struct rates rates = {
        .encoder_tokens = over(source, stats->encoder_seconds),
        .decoder_tokens = over(target, stats->decoder_seconds),
        .encoder_multiplies = over(2 * cost->encoder_products * source, stats->encoder_seconds),
        /* Every generated token took a row of each hypothesis, or nearly so. */
        .decoder_multiplies =
            over(2 * cost->step_products * target * bench->beam, stats->decoder_seconds),
        .decoder_reads =
            over(cost->step_bytes * (double)stats->decoder_steps, stats->decoder_seconds),
    };
    return rates;
}

static double cell_rate(const struct bench_cell *cell) {
    return over((double)cell->target_tokens, cell->median);
}

static const struct bench_cell *fastest_cell(const struct bench *bench) {
    const struct bench_cell *best = &bench->cells[0];
    for (size_t i = 1; i < bench->n_cells; i++)
        if (cell_rate(&bench->cells[i]) > cell_rate(best)) best = &bench->cells[i];
    return best;
}

/* A sentence at a time: the encoder's weights once, the decoder's once a step. */
static double bytes_per_token(const struct bench *bench) {
    const tolka_stats *stats = &bench->latency.stats;
    return over(bench->cost.encoder_bytes * (double)stats->sentences +
                    bench->cost.step_bytes * (double)stats->decoder_steps,
                (double)stats->target_tokens);
}

static double multiply_limit(const struct bench *bench) {
    return machine_multiplies(&bench->machine, bench->cost.type);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *load_object(const struct bench_load *load) {
    return json_pack("{s:f, s:f, s:f, s:f}", "model_ms", load->model * 1e3, "tokenizer_ms",
                     load->tokenizer * 1e3, "translator_ms", load->translator * 1e3,
                     "first_sentence_ms", load->first_sentence * 1e3);
}

static json_t *cell_object(const struct bench *bench, const struct bench_cell *cell) {
    struct rates rates = rates_of(bench, &cell->stats);
    json_t *object =
        json_pack("{s:i, s:i, s:i, s:I, s:I, s:I, s:f, s:f, s:f, s:f}", "threads", cell->threads,
                  "batch", cell->batch, "beam", bench->beam, "sentences",
                  (json_int_t)cell->n_sentences, "source_tokens", (json_int_t)cell->source_tokens,
                  "target_tokens", (json_int_t)cell->target_tokens, "seconds", cell->median,
                  "seconds_fastest", cell->fastest, "tokens_per_s", cell_rate(cell),
                  "tokens_per_s_fastest", over((double)cell->target_tokens, cell->fastest));
    json_object_update_new(
        object, json_pack("{s:f, s:f, s:f, s:f, s:f}", "encoder_tokens_per_s", rates.encoder_tokens,
                          "decoder_tokens_per_s", rates.decoder_tokens, "encoder_operations_per_s",
                          rates.encoder_multiplies, "decoder_operations_per_s",
                          rates.decoder_multiplies, "decoder_bytes_per_s", rates.decoder_reads));
    return object;
}

static json_t *machine_object(const struct bench *bench) {
    const struct machine_limits *machine = &bench->machine;
    json_t *reads = json_array(), *multiplies = json_object();
    for (int i = 0; i < READ_LEVELS; i++)
        json_array_append_new(reads, json_pack("{s:s, s:I, s:f}", "level", machine->reads[i].level,
                                               "bytes", (json_int_t)machine->reads[i].bytes,
                                               "bytes_per_s", machine->reads[i].bytes_per_second));
    json_array_append_new(reads, json_pack("{s:s, s:I, s:f}", "level", "decoder", "bytes",
                                           (json_int_t)bench->cost.step_bytes, "bytes_per_s",
                                           bench->read_limit));
    for (int i = 0; i < MULTIPLY_TYPES; i++)
        json_object_set_new(multiplies, machine->multiplies[i].type,
                            json_real(machine->multiplies[i].operations_per_second));
    return json_pack("{s:o, s:o}", "read", reads, "operations_per_s", multiplies);
}

static json_t *share_object(const struct bench *bench) {
    struct rates single = rates_of(bench, &bench->latency.stats);
    struct rates batch = rates_of(bench, &fastest_cell(bench)->stats);
    return json_pack("{s:f, s:f, s:f}", "decoder_read",
                     over(single.decoder_reads, bench->read_limit), "encoder_multiply",
                     over(batch.encoder_multiplies, multiply_limit(bench)), "decoder_multiply",
                     over(batch.decoder_multiplies, multiply_limit(bench)));
}

static json_t *setting_object(const struct bench *bench) {
    return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:I, s:s?}", "version",
                     TOLKA_VERSION, "model", bench->model_path, "model_bytes",
                     (json_int_t)bench->model_bytes, "weights", bench->cost.type, "isa", bench->isa,
                     "cpu", bench->machine.cpu, "cores", bench->machine.cores, "beam", bench->beam,
                     "rounds", bench->rounds, "text", bench->text_name, "sentences",
                     (json_int_t)bench->n_sentences, "to", bench->to);
}

static void print_json(const struct bench *bench) {
    struct rates rates = rates_of(bench, &fastest_cell(bench)->stats);
    const struct bench_latency *latency = &bench->latency;
    json_t *object = setting_object(bench), *cells = json_array();
    for (size_t i = 0; i < bench->n_cells; i++)
        json_array_append_new(cells, cell_object(bench, &bench->cells[i]));
    json_object_update_new(
        object, json_pack("{s:f, s:o, s:f, s:f, s:f, s:I, s:f, s:f}", "load_ms",
                          bench->load.ready * 1e3, "load", load_object(&bench->load), "latency_p50",
                          latency->p50, "latency_p95", latency->p95, "latency_max", latency->max,
                          "latency_calls", (json_int_t)latency->n_calls, "encoder_tokens_per_s",
                          rates.encoder_tokens, "decoder_tokens_per_s", rates.decoder_tokens));
    json_object_update_new(
        object, json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "peak_memory_bytes",
                          (json_int_t)bench->peak, "peak_memory_single_bytes",
                          (json_int_t)bench->peak_single, "weight_bytes_per_token",
                          (json_int_t)bytes_per_token(bench), "encoder_weight_bytes",
                          (json_int_t)bench->cost.encoder_bytes, "decoder_weight_bytes",
                          (json_int_t)bench->cost.step_bytes, "throughput", cells, "machine",
                          machine_object(bench), "share", share_object(bench)));
    json_dumpf(object, stdout, JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(object);
}

/* ---- table ----------------------------------------------------------------------------------- */

static void print_setting(const struct bench *bench) {
    const struct machine_limits *machine = &bench->machine;
    printf("model    %s: %s weights, %.1f MB\n", bench->model_path, bench->cost.type,
           (double)bench->model_bytes / 1e6);
    printf("machine  %s, %d core%s, %s kernels\n", machine->cpu, machine->cores,
           machine->cores == 1 ? "" : "s", bench->isa);
    printf("text     %s, %zu sentences%s%s; beam %d; %d round%s\n", bench->text_name,
           bench->n_sentences, bench->to ? " to " : "", bench->to ? bench->to : "", bench->beam,
           bench->rounds, bench->rounds == 1 ? "" : "s");
}

static void print_single(const struct bench *bench) {
    const struct bench_load *load = &bench->load;
    const struct bench_latency *latency = &bench->latency;
    printf("\nload     %.2f ms: model %.2f, tokenizer %.2f, translator %.2f; first sentence %.2f "
           "ms\n",
           load->ready * 1e3, load->model * 1e3, load->tokenizer * 1e3, load->translator * 1e3,
           load->first_sentence * 1e3);
    printf("latency  p50 %.2f ms, p95 %.2f ms, most %.2f ms (one sentence a call, one thread, "
           "%zu calls)\n",
           latency->p50 * 1e3, latency->p95 * 1e3, latency->max * 1e3, latency->n_calls);
    if (bench->peak)
        printf("memory   %.1f MB at most one sentence at a time, %.1f MB in all of the below "
               "(peak, mapped file included)\n",
               (double)bench->peak_single / 1e6, (double)bench->peak / 1e6);
}

static void print_cells(const struct bench *bench) {
    printf("\nthroughput                            target tokens/s    tokens/s of one core\n"
           "threads  batch  sentences   tokens    median  fastest     encoder   decoder\n");
    for (size_t i = 0; i < bench->n_cells; i++) {
        const struct bench_cell *cell = &bench->cells[i];
        struct rates rates = rates_of(bench, &cell->stats);
        printf("%7d  %5d  %9zu %8llu  %8.0f %8.0f  %10.0f  %8.0f\n", cell->threads, cell->batch,
               cell->n_sentences, (unsigned long long)cell->target_tokens, cell_rate(cell),
               over((double)cell->target_tokens, cell->fastest), rates.encoder_tokens,
               rates.decoder_tokens);
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

static void print_shares(const struct bench *bench) {
    const struct bench_cost *cost = &bench->cost;
    const struct bench_cell *cell = fastest_cell(bench);
    struct rates single = rates_of(bench, &bench->latency.stats);
    struct rates batch = rates_of(bench, &cell->stats);
    double limit = multiply_limit(bench);
    printf("\nweights  %.2f MB for a decoder step, %.2f MB for encoding; one sentence at a time "
           "%.2f MB a\n         generated token\n",
           cost->step_bytes / 1e6, cost->encoder_bytes / 1e6, bytes_per_token(bench) / 1e6);
    printf("alone    decoder reads %.1f GB/s of weights: %.0f %% of the %.1f GB/s at which one "
           "core reads\n         %.2f MB again and again\n",
           single.decoder_reads / 1e9, 100 * over(single.decoder_reads, bench->read_limit),
           bench->read_limit / 1e9, cost->step_bytes / 1e6);
    printf("batch %-3deach of %d core%s:", cell->batch, cell->threads,
           cell->threads == 1 ? "" : "s");
    print_operations(" ", "encoder", batch.encoder_multiplies);
    printf(", %.0f %% of the limit for %s;", 100 * over(batch.encoder_multiplies, limit),
           cost->type);
    print_operations(" ", "decoder", batch.decoder_multiplies);
    printf(", %.0f %%\n", 100 * over(batch.decoder_multiplies, limit));
}

void bench_report(const struct bench *bench) {
    if (bench->options->json) {
        print_json(bench);
        return;
    }
    print_setting(bench);
    print_single(bench);
    print_cells(bench);
    print_limits(bench);
    print_shares(bench);
}
