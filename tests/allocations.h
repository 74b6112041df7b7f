/* Counts allocations, and lets one fail. The linker turns every call of malloc and its relatives in
 * the program (not in shared libraries) into a call of ours (--wrap, in the Makefile). */
#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

#include <stdbool.h>

/* Made so far, by all threads. */
long allocations_made(void);
/* The n-th from now (1: the next) returns NULL, and all after it until n is 0 again: no failure. */
void allocations_fail_from(long n);
/* Whether one has failed since then. */
bool allocations_failed(void);

#endif
