/* soak SECONDS [THREADS]: tests/soak.h, for as long as one likes. */
#include "tests/soak.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    double duration = argc > 1 ? atof(argv[1]) : 60;
    int n_threads = argc > 2 ? atoi(argv[2]) : 8;
    struct soak_counts counts = soak(n_threads, duration, 1);
    printf("soak: %d threads, %.0f seconds: %zu translators, %zu models; %zu texts whole, %zu "
           "stopped; "
           "%zu streams, %zu documents, %zu scores, %zu attentions; %zu calls refused, "
           "%zu log lines\n",
           n_threads, duration, counts.translators, counts.models, counts.whole, counts.stopped,
           counts.streams, counts.documents, counts.scored, counts.attention, counts.refused,
           counts.lines);
    return 0;
}
