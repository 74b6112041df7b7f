#include "tools/bench_latency.h"

#include "tools/complain.h"

#include <stdlib.h>

enum { MAX_CALLS = 1000, WARM_UP = 20 };

/* One model's calls. */
struct calls {
    tolka_translator *translator;
    size_t n;     /* a round */
    double *took; /* of all rounds, one after the other */
    tolka_stats before;
};

/* Translates n lines spread evenly over the text, a call each; returns how many failed. */
static size_t translate_singly(const struct bench_run *run, tolka_translator *translator, size_t n,
                               double *took) {
    const struct bench_plan *plan = run->plan;
    size_t n_failed = 0;
    for (size_t i = 0; i < n; i++) {
        char *translation;
        double began = seconds_now();
        tolka_status status =
            tolka_translate_text(translator, run->tokenizer,
                                 plan->lines[i * plan->n_lines / n].bytes, &translation, NULL);
        took[i] = seconds_now() - began;
        n_failed += status != TOLKA_OK;
        tolka_free(translation);
    }
    return n_failed;
}

static int begin(struct calls *calls, const struct bench_run *run) {
    const struct bench_plan *plan = run->plan;
    calls->n = plan->n_lines < MAX_CALLS ? plan->n_lines : MAX_CALLS;
    calls->took = calloc(calls->n * (size_t)plan->rounds, sizeof *calls->took);
    if (!calls->took) return complain(EXIT_MODEL, "out of memory");
    int status = bench_open_translator(run, &calls->translator, run->model, 1, 1);
    if (status != EXIT_DONE) return status;
    translate_singly(run, calls->translator, calls->n < WARM_UP ? calls->n : WARM_UP, calls->took);
    tolka_translator_stats(calls->translator, &calls->before);
    return EXIT_DONE;
}

static void one_round(struct calls *calls, struct bench_run *run, int round) {
    bench_progress(run->plan, "latency, round %d of %d", round + 1, run->plan->rounds);
    run->bench.n_failed +=
        translate_singly(run, calls->translator, calls->n, calls->took + calls->n * (size_t)round);
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void finish(const struct calls *calls, struct bench_run *run) {
    struct bench_latency *latency = &run->bench.latency;
    size_t n = calls->n, n_all = n * (size_t)run->plan->rounds;
    for (int round = 0; round < run->plan->rounds; round++) {
        double *took = calls->took + n * (size_t)round;
        qsort(took, n, sizeof *took, compare_doubles);
        latency->median.values[latency->median.n++] = (took[(n - 1) / 2] + took[n / 2]) / 2;
    }
    qsort(calls->took, n_all, sizeof *calls->took, compare_doubles);
    latency->n_calls = n_all;
    latency->min = calls->took[0];
    latency->p95 = calls->took[(size_t)(0.95 * (double)n_all)];
    latency->max = calls->took[n_all - 1];
    latency->stats = bench_stats_since(calls->translator, &calls->before);
    run->bench.isa = tolka_translator_isa(calls->translator);
}

int bench_measure_latency(struct bench_run *runs, size_t n) {
    struct calls calls[BENCH_MODELS] = {0};
    int status = EXIT_DONE;
    for (size_t i = 0; i < n && status == EXIT_DONE; i++) status = begin(&calls[i], &runs[i]);
    for (int round = 0; round < runs->plan->rounds && status == EXIT_DONE; round++)
        for (size_t i = 0; i < n; i++) {
            size_t turn = bench_turn(i, n, round);
            one_round(&calls[turn], &runs[turn], round);
        }
    for (size_t i = 0; i < n; i++) {
        if (status == EXIT_DONE) finish(&calls[i], &runs[i]);
        tolka_translator_free(calls[i].translator);
        free(calls[i].took);
    }
    return status;
}
