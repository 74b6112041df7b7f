/* What `tolka bench` measures, on its way from bench.c to bench_report.c. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "engine/tolka.h"
#include "tools/machine.h"
#include "tools/options.h"

/* What a model makes a processor read and multiply, with the part of the output layer that is
 * computed. */
struct bench_cost {
    double encoder_bytes; /* read at least once a batch: encoder, keys and values of its output */
    double step_bytes;    /* read at least once a decoder step: decoder layers, output layer */
    double encoder_products; /* multiplications with a weight for a source token */
    double step_products;    /* for a decoder row */
    const char *type;        /* of the weights that most bytes belong to */
};

/* `output_share`: the mean part of the vocabulary that the shortlists leave; 1 without them. */
static inline struct bench_cost bench_cost(const tolka_cost *cost, double output_share) {
    return (struct bench_cost){
        /* The rows of a shortlist are gathered once a sentence. */
        cost->encoder_bytes + (output_share < 1 ? output_share * cost->output_bytes : 0),
        cost->step_bytes + output_share * cost->output_bytes,
        cost->encoder_products,
        cost->step_products + output_share * cost->output_products,
        cost->type,
    };
}

/* Seconds, each the median of all rounds. */
struct bench_load {
    double model, tokenizer, translator, ready, first_sentence;
};

/* One sentence a call on one thread, text to text, in seconds. */
struct bench_latency {
    size_t n_calls;
    double p50, p95, max;
    tolka_stats stats; /* of these calls */
};

/* The whole text at once, text to text. */
struct bench_cell {
    int threads, batch;
    size_t n_sentences;
    uint64_t source_tokens, target_tokens; /* of one round */
    double fastest, median;                /* seconds */
    tolka_stats stats;                     /* of all rounds */
};

enum { BENCH_LIST = 16 };

struct bench {
    const struct options *options;
    const char *model_path, *text_name, *isa, *to;
    size_t model_bytes;
    int beam, rounds;
    size_t n_sentences, n_failed;
    struct bench_load load;
    struct bench_latency latency;
    size_t n_cells;
    struct bench_cell cells[BENCH_LIST * BENCH_LIST];
    size_t peak_single, peak; /* bytes: after the latency runs; after everything */
    struct bench_cost cost;
    struct machine_limits machine;
    double read_limit; /* bytes a second over a working set of a decoder step's weights */
};

void bench_report(const struct bench *bench);

#endif
