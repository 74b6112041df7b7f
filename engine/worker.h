/* Everything that one thread translates with. No other thread touches it while it works. */
#ifndef WORKER_H
#define WORKER_H

#include "engine/log.h"
#include "engine/search.h"

#include <pthread.h>

struct worker_stats {
    uint64_t source_tokens, target_tokens, sentences, steps, candidates;
    double encoder_seconds, decoder_seconds;
};

struct worker {
    struct arena arena;  /* what a batch needs, laid out anew for each */
    struct arena caches; /* the decoder's, which stay in their places */
    size_t max_memory;   /* bytes that it may hold; 0: any number */
    struct batch_shape shape;
    struct transformer transformer;
    struct shortlists shortlists;
    struct output output;
    struct search search;
    struct source_rows *sources; /* [n_sentences] on their way into the encoder */
    bool takes_more;             /* the batch takes further sentences as places become vacant */
    struct aligner *aligner;     /* NULL: nobody asked for alignments */
    bool aligns;                 /* ... and they are wanted now */
    struct log *log;             /* the translator's; NULL: none */
    struct worker_stats stats;
    pthread_mutex_t mutex;
    struct worker_stats published; /* under the mutex: what other threads may see */
};

/* In memory that is zero. */
void worker_init(struct worker *worker, const struct model *model, const struct kernels *kernels);
/* Before its first batch: where it gets memory. */
void worker_take_from(struct worker *worker, const tolka_allocator *allocator);
void worker_free(struct worker *worker);
/* Bytes that a batch takes if all its translations run to their limit; SIZE_MAX: no machine has as
 * many. */
size_t worker_needs(const struct worker *worker, const struct batch_shape *shape);
/* Are they as many as it may hold? */
bool worker_may_hold(const struct worker *worker, size_t bytes);
/* Says what a sentence that it may not hold needs; `shape` is of a batch of it alone. */
tolka_status worker_refuse(const struct worker *worker, const struct batch_shape *shape,
                           size_t needs, tolka_error *err);
/* Makes room for a batch, within max_memory; false: no memory. */
bool worker_reserve(struct worker *worker, const struct batch_shape *shape);
/* Bytes that it holds. */
size_t worker_holds(const struct worker *worker);

void worker_publish_stats(struct worker *worker);
struct worker_stats worker_published_stats(struct worker *worker);

#endif
