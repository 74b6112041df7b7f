/* One call's sentences: brought into an order, shared out among workers in batches, translated, and
 * their results queued for the caller. */
#ifndef BATCH_H
#define BATCH_H

#include "engine/worker.h"

#include <pthread.h>
#include <stdatomic.h>

/* What all sentences of a call are translated with. */
struct batch_options {
    struct search_options search;
    size_t max_length; /* tokens generated at most */
    size_t batch;      /* sentences decoded together by a worker at most */
    size_t n_workers;
};

struct job {
    const struct model *model;
    struct batch_options options;
    const tolka_input *inputs;
    size_t n_inputs;
    size_t *order; /* indices of the inputs that can be translated, longest first */
    size_t n_order;
    size_t *n_steps;    /* [n_order]: the greatest output limit from this place on */
    atomic_size_t next; /* place in `order` of the next sentence to be taken */
    /* the queue of results; under the mutex: */
    pthread_mutex_t mutex;
    pthread_cond_t finished;
    struct job_result {
        size_t index;
        tolka_result *result;
    } * results; /* [n_inputs], of which n_finished are there */
    size_t n_finished;
    size_t n_taken;    /* by the caller */
    bool *has_result;  /* [n_inputs] */
    atomic_bool *stop; /* somebody wants no more; borrowed */
};

/* Checks and orders n > 0 inputs, which are borrowed. Those that cannot be translated have their
 * results at once. */
tolka_status job_begin(struct job *job, const struct model *model,
                       const struct batch_options *options, const tolka_input *inputs, size_t n,
                       atomic_bool *stop, tolka_error *err);
/* When no worker has it any more. Results that nobody took are freed. */
void job_end(struct job *job);

/* When all workers are done: inputs that have no result, because the job was stopped, get one that
 * says so. */
void job_finish_stopped(struct job *job);

/* One turn of a worker: fill vacant places, encode, step, collect the finished. False: there is
 * nothing left for it to do, or the job was stopped. */
bool worker_turn(struct worker *worker, struct job *job);

/* Tokens generated at most for any input. */
static inline size_t job_steps(const struct job *job) {
    return job->n_order ? job->n_steps[0] : 0;
}

/* Takes the next result from the queue. False: there is none yet, or if `wait` is set, there will
 * be no other. */
bool job_take(struct job *job, bool wait, struct job_result *out);

#endif
