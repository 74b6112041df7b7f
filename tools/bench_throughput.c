#include "tools/bench_throughput.h"

#include "tools/complain.h"

#include <stdlib.h>

/* One model's work for one cell. */
struct work {
    tolka_translator *translator;
    tolka_stats before;
};

static void count_failure(void *user, size_t index, tolka_result *result) {
    (void)index;
    *(size_t *)user += tolka_result_status(result, NULL) != TOLKA_OK;
    tolka_result_free(result);
}

/* Text to ids to ids to text, as a file is translated. Round 0 warms up. */
static int one_round(struct work *work, struct bench_run *run, const tolka_text *texts, int round) {
    struct bench_cell *cell = &run->bench.cells[run->bench.n_cells];
    tolka_error err;
    bench_progress(run->plan, "throughput, threads %d, batch %d, round %d of %d", cell->threads,
                   cell->batch, round, run->plan->rounds);
    if (round == 1) tolka_translator_stats(work->translator, &work->before);
    double began = seconds_now(), processor = processor_seconds();
    tolka_status status =
        tolka_translate_texts(work->translator, run->tokenizer, texts, cell->n_sentences,
                              count_failure, &run->bench.n_failed, &err);
    if (status != TOLKA_OK) return complain(EXIT_MODEL, "%s", err.text);
    if (round == 0) return EXIT_DONE;
    cell->wall.values[cell->wall.n++] = seconds_now() - began;
    cell->processor.values[cell->processor.n++] = processor_seconds() - processor;
    return EXIT_DONE;
}

static void finish(const struct work *work, struct bench_run *run) {
    struct bench_cell *cell = &run->bench.cells[run->bench.n_cells++];
    uint64_t rounds = (uint64_t)run->plan->rounds;
    cell->stats = bench_stats_since(work->translator, &work->before);
    cell->source_tokens = cell->stats.source_tokens / rounds;
    cell->target_tokens = cell->stats.target_tokens / rounds;
}

/* The whole text, as often as every thread needs it to have two full batches. */
static tolka_text *repeat_text(const struct bench_plan *plan, int threads, int batch, size_t *n) {
    size_t wanted = 2 * (size_t)threads * (size_t)batch;
    *n = (wanted + plan->n_lines - 1) / plan->n_lines * plan->n_lines;
    tolka_text *texts = calloc(*n, sizeof *texts);
    for (size_t i = 0; texts && i < *n; i++) {
        const struct line *line = &plan->lines[i % plan->n_lines];
        texts[i] = (tolka_text){.source = line->bytes, .source_length = line->length};
    }
    return texts;
}

static int begin(struct work *work, struct bench_run *run, int threads, int batch, size_t n) {
    struct bench *bench = &run->bench;
    bench->cells[bench->n_cells] = (struct bench_cell){
        .threads = threads,
        .batch = batch,
        .n_sentences = n,
        .n_words = n / bench->text_sentences * bench->text_words,
    };
    return bench_open_translator(run, &work->translator, run->model, threads, batch);
}

static int measure_cell(struct bench_run *runs, size_t n, int threads, int batch) {
    struct work work[BENCH_MODELS] = {0};
    size_t n_texts;
    tolka_text *texts = repeat_text(runs->plan, threads, batch, &n_texts);
    int status = texts ? EXIT_DONE : complain(EXIT_MODEL, "out of memory");
    for (size_t i = 0; i < n && status == EXIT_DONE; i++)
        status = begin(&work[i], &runs[i], threads, batch, n_texts);
    for (int round = 0; round <= runs->plan->rounds; round++)
        for (size_t i = 0; i < n && status == EXIT_DONE; i++) {
            size_t turn = bench_turn(i, n, round);
            status = one_round(&work[turn], &runs[turn], texts, round);
        }
    for (size_t i = 0; i < n; i++) {
        if (status == EXIT_DONE) finish(&work[i], &runs[i]);
        tolka_translator_free(work[i].translator);
    }
    free(texts);
    return status;
}

int bench_measure_throughput(struct bench_run *runs, size_t n) {
    const struct bench_plan *plan = runs->plan;
    int status = EXIT_DONE;
    for (const int *threads = plan->threads; *threads; threads++)
        for (const int *batch = plan->batches; *batch && status == EXIT_DONE; batch++)
            status = measure_cell(runs, n, *threads, *batch);
    return status;
}
