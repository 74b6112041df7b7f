/* What `tolka bench` finds out about one model, on its way from measuring to what shows it; and the
 * rates that are made of it. Times are in seconds here, and in milliseconds wherever they are shown.
 */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include "engine/tolka.h"
#include "tools/machine.h"

#include <stdbool.h>

enum { BENCH_LIST = 16, BENCH_MAX_ROUNDS = 1000 };

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

/* One value a round, in the order of the rounds: another model's are put beside them. */
struct bench_rounds {
    int n;
    double values[BENCH_MAX_ROUNDS];
};

struct bench_spread {
    double min, median, max;
};
struct bench_spread bench_spread(const struct bench_rounds *rounds);
/* The same of a's values divided by b's, round by round. */
struct bench_spread bench_ratio(const struct bench_rounds *a, const struct bench_rounds *b);
/* `amount` a unit of time: the shortest time is the greatest rate. */
struct bench_spread bench_rate(double amount, const struct bench_rounds *times);

/* From the file to the first translation. */
struct bench_load {
    struct bench_rounds model, tokenizer, translator, ready, first_sentence;
};

/* One sentence a call on one thread, text to text. */
struct bench_latency {
    size_t n_calls;
    double min, p95, max;       /* of all calls */
    struct bench_rounds median; /* of a round's calls */
    tolka_stats stats;          /* of these calls */
};

/* The whole text at once, text to text. */
struct bench_cell {
    int threads, batch;
    size_t n_sentences, n_words;
    uint64_t source_tokens, target_tokens; /* of one round */
    struct bench_rounds wall, processor;
    tolka_stats stats; /* of all rounds */
};

struct bench {
    const char *model_path, *text_name, *isa, *from, *to;
    size_t model_bytes, text_sentences, text_words;
    int beam, rounds;
    size_t n_failed;
    struct bench_load load;
    struct bench_latency latency;
    size_t n_cells;
    struct bench_cell *cells;
    size_t peak_single, peak; /* bytes: after the latency calls; after everything */
    double processor;         /* seconds of the whole process, up to here */
    struct bench_cost cost;
    struct machine_limits machine;
    double read_limit; /* bytes a second over a working set of a decoder step's weights */
};

/* Rates of a stretch of work; `seconds` of encoder and decoder are those of all workers together,
 * so these are rates of one core. */
struct bench_rates {
    double encoder_tokens, decoder_tokens;         /* a second */
    double encoder_multiplies, decoder_multiplies; /* operations a second */
    double decoder_reads;                          /* bytes of weights a second */
};
struct bench_rates bench_rates_of(const struct bench *bench, const tolka_stats *stats);

/* a / b, or 0 where b is nothing. */
double bench_over(double a, double b);
const struct bench_cell *bench_fastest_cell(const struct bench *bench);
/* A sentence at a time: the encoder's weights once, the decoder's once a step. */
double bench_bytes_per_token(const struct bench *bench);
/* What products are made of: weights of the model's type, or floats that its blocks become. */
const char *bench_product_type(const struct bench *bench);
/* Operations a second that such products reach at best. */
double bench_multiply_limit(const struct bench *bench);
/* How long a sentence takes that is translated in batches of this cell's size: the time in which the
 * threads translate one batch each. */
struct bench_spread bench_batch_time(const struct bench_cell *cell);

#endif
