#include "tools/bench_json.h"

#include "tools/bench_compare.h"

#include <jansson.h>

static json_t *spread_object(struct bench_spread spread, double unit) {
    return json_pack("{s:f, s:f, s:f}", "min", spread.min * unit, "median", spread.median * unit,
                     "max", spread.max * unit);
}

static json_t *ms_object(const struct bench_rounds *rounds) {
    return spread_object(bench_spread(rounds), 1e3);
}

static json_t *rate_object(double amount, const struct bench_rounds *times) {
    return spread_object(bench_rate(amount, times), 1);
}

static json_t *load_object(const struct bench_load *load) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "ready_ms", ms_object(&load->ready), "model_ms",
                     ms_object(&load->model), "tokenizer_ms", ms_object(&load->tokenizer),
                     "translator_ms", ms_object(&load->translator), "first_sentence_ms",
                     ms_object(&load->first_sentence));
}

static json_t *latency_object(const struct bench_latency *latency) {
    return json_pack("{s:o, s:f, s:f, s:f, s:I}", "p50_ms", ms_object(&latency->median), "p95_ms",
                     latency->p95 * 1e3, "min_ms", latency->min * 1e3, "max_ms", latency->max * 1e3,
                     "calls", (json_int_t)latency->n_calls);
}

static json_t *cell_object(const struct bench *bench, const struct bench_cell *cell) {
    struct bench_rates rates = bench_rates_of(bench, &cell->stats);
    json_t *object = json_pack(
        "{s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "threads", cell->threads,
        "batch", cell->batch, "beam", bench->beam, "sentences", (json_int_t)cell->n_sentences,
        "words", (json_int_t)cell->n_words, "source_tokens", (json_int_t)cell->source_tokens,
        "target_tokens", (json_int_t)cell->target_tokens, "ms", ms_object(&cell->wall),
        "processor_ms", ms_object(&cell->processor), "sentences_per_s",
        rate_object((double)cell->n_sentences, &cell->wall), "words_per_s",
        rate_object((double)cell->n_words, &cell->wall), "tokens_per_s",
        rate_object((double)cell->target_tokens, &cell->wall));
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
    struct bench_rates single = bench_rates_of(bench, &bench->latency.stats);
    struct bench_rates batch = bench_rates_of(bench, &bench_fastest_cell(bench)->stats);
    double limit = bench_multiply_limit(bench);
    return json_pack("{s:f, s:f, s:f}", "decoder_read",
                     bench_over(single.decoder_reads, bench->read_limit), "encoder_multiply",
                     bench_over(batch.encoder_multiplies, limit), "decoder_multiply",
                     bench_over(batch.decoder_multiplies, limit));
}

static json_t *setting_object(const struct bench *bench) {
    return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:I, s:I, s:s?}",
                     "version", TOLKA_VERSION, "model", bench->model_path, "model_bytes",
                     (json_int_t)bench->model_bytes, "weights", bench->cost.type, "isa", bench->isa,
                     "cpu", bench->machine.cpu, "cores", bench->machine.cores, "beam", bench->beam,
                     "rounds", bench->rounds, "text", bench->text_name, "sentences",
                     (json_int_t)bench->text_sentences, "words", (json_int_t)bench->text_words,
                     "to", bench->to);
}

static json_t *memory_object(const struct bench *bench) {
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "peak_memory_bytes", (json_int_t)bench->peak,
                     "peak_memory_single_bytes", (json_int_t)bench->peak_single,
                     "weight_bytes_per_token", (json_int_t)bench_bytes_per_token(bench),
                     "encoder_weight_bytes", (json_int_t)bench->cost.encoder_bytes,
                     "decoder_weight_bytes", (json_int_t)bench->cost.step_bytes);
}

static json_t *bench_object(const struct bench *bench) {
    struct bench_rates rates = bench_rates_of(bench, &bench_fastest_cell(bench)->stats);
    json_t *object = setting_object(bench), *cells = json_array();
    for (size_t i = 0; i < bench->n_cells; i++)
        json_array_append_new(cells, cell_object(bench, &bench->cells[i]));
    json_object_update_new(
        object, json_pack("{s:o, s:o, s:f, s:f}", "load", load_object(&bench->load), "latency",
                          latency_object(&bench->latency), "encoder_tokens_per_s",
                          rates.encoder_tokens, "decoder_tokens_per_s", rates.decoder_tokens));
    json_object_update_new(object, memory_object(bench));
    json_object_update_new(object, json_pack("{s:o, s:o, s:o, s:f}", "throughput", cells, "machine",
                                             machine_object(bench), "share", share_object(bench),
                                             "processor_ms", bench->processor * 1e3));
    return object;
}

static json_t *ratio_object(const struct bench *a, const struct bench *b) {
    json_t *cells = json_array();
    for (size_t i = 0; i < a->n_cells; i++)
        json_array_append_new(
            cells, json_pack("{s:i, s:i, s:o, s:o}", "threads", a->cells[i].threads, "batch",
                             a->cells[i].batch, "wall", spread_object(bench_cell_ratio(a, b, i), 1),
                             "processor", spread_object(bench_processor_ratio(a, b, i), 1)));
    return json_pack("{s:o, s:o, s:o}", "load", spread_object(bench_load_ratio(a, b), 1), "latency",
                     spread_object(bench_latency_ratio(a, b), 1), "throughput", cells);
}

void bench_print_json(const struct bench *const *benches, size_t n) {
    json_t *object = bench_object(benches[0]);
    if (n > 1)
        object = json_pack("{s:[o, o], s:o}", "models", object, bench_object(benches[1]), "ratio",
                           ratio_object(benches[0], benches[1]));
    json_dumpf(object, stdout, JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(object);
}
