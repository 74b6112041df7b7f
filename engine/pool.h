/* Worker threads that wait for work and share it out one item at a time. */
#ifndef POOL_H
#define POOL_H

#include <stddef.h>

struct pool;

/* n_threads counts the caller of pool_run, who works too; NULL: threads cannot be had. */
struct pool *pool_new(int n_threads);
void pool_free(struct pool *pool);
int pool_threads(const struct pool *pool);
/* Calls job(user, item, worker) for all items in [0, n); worker is in [0, n_threads), 0 being the
 * caller. Returns when all are done. One caller at a time. */
void pool_run(struct pool *pool, size_t n, void (*job)(void *user, size_t item, int worker),
              void *user);

/* The same without the caller, who has something else to do until pool_finish, which waits. */
void pool_start(struct pool *pool, size_t n, void (*job)(void *user, size_t item, int worker),
                void *user);
void pool_finish(struct pool *pool);

/* Cores that this process may use (affinity and cgroup quota), at least 1. */
int available_cores(void);

#endif
