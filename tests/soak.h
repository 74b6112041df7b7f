/* Many threads that share a model: each makes translators, uses them, lets callbacks and other threads
 * interfere, and frees them again. Whatever comes out whole must be what a translator alone says. */
#ifndef SOAK_H
#define SOAK_H

#include <stddef.h>

struct soak_counts {
    size_t translators, models;                   /* made and freed */
    size_t whole, stopped;                        /* texts */
    size_t refused;                               /* calls from callbacks */
    size_t lines;                                 /* of logs */
    size_t streams, documents, scored, attention; /* calls that went to their end */
};

/* For `duration` seconds, and at least `rounds` translators for each thread. Ends the program unless
 * every promise is kept. */
struct soak_counts soak(int n_threads, double duration, size_t rounds);

#endif
