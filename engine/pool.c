#define _GNU_SOURCE
#include "engine/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct pool {
    int n_threads, n_started;
    pthread_t *threads;
    struct seat {
        struct pool *pool;
        int worker;
    } * seats;
    pthread_mutex_t mutex;
    pthread_cond_t wake, idle;
    /* under the mutex: */
    unsigned long long round; /* of pool_run calls; threads wait for it to change */
    int n_busy;
    bool stop;
    /* of this round: */
    size_t n_items;
    atomic_size_t next;
    void (*job)(void *user, size_t item, int worker);
    void *user;
};

static void work(struct pool *pool, int worker) {
    for (size_t item; (item = atomic_fetch_add(&pool->next, 1)) < pool->n_items;)
        pool->job(pool->user, item, worker);
}

static void *thread_main(void *argument) {
    struct seat *seat = argument;
    struct pool *pool = seat->pool;
    unsigned long long seen = 0;
    pthread_mutex_lock(&pool->mutex);
    while (true) {
        while (pool->round == seen && !pool->stop) pthread_cond_wait(&pool->wake, &pool->mutex);
        if (pool->stop) break;
        seen = pool->round;
        pthread_mutex_unlock(&pool->mutex);
        work(pool, seat->worker);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->n_busy == 0) pthread_cond_signal(&pool->idle);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

struct pool *pool_new(int n_threads) {
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool) return NULL;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->idle, NULL);
    pool->n_threads = n_threads;
    pool->threads = calloc((size_t)n_threads, sizeof *pool->threads);
    pool->seats = calloc((size_t)n_threads, sizeof *pool->seats);
    bool sound = pool->threads && pool->seats;
    for (int i = 1; sound && i < n_threads; i++) {
        pool->seats[i] = (struct seat){pool, i};
        sound = pthread_create(&pool->threads[i], NULL, thread_main, &pool->seats[i]) == 0;
        if (sound) pool->n_started++;
    }
    if (sound) return pool;
    pool_free(pool);
    return NULL;
}

void pool_free(struct pool *pool) {
    if (!pool) return;
    pthread_mutex_lock(&pool->mutex);
    pool->stop = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 1; i <= pool->n_started; i++) pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_cond_destroy(&pool->idle);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->threads);
    free(pool->seats);
    free(pool);
}

int pool_threads(const struct pool *pool) {
    return pool->n_threads;
}

void pool_start(struct pool *pool, size_t n, void (*job)(void *user, size_t item, int worker),
                void *user) {
    pthread_mutex_lock(&pool->mutex);
    pool->n_items = n;
    pool->job = job;
    pool->user = user;
    atomic_store(&pool->next, 0);
    if (n > 0) {
        pool->n_busy = pool->n_started;
        pool->round++;
        pthread_cond_broadcast(&pool->wake);
    }
    pthread_mutex_unlock(&pool->mutex);
}

void pool_finish(struct pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    while (pool->n_busy) pthread_cond_wait(&pool->idle, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

void pool_run(struct pool *pool, size_t n, void (*job)(void *user, size_t item, int worker),
              void *user) {
    if (n < 2 || pool->n_started == 0) { /* not worth waking anybody */
        for (size_t item = 0; item < n; item++) job(user, item, 0);
        return;
    }
    pool_start(pool, n, job, user);
    work(pool, 0);
    pool_finish(pool);
}

/* cgroup v2: "max 100000" or "200000 100000" (quota and period in microseconds). */
static int cgroup_cores(void) {
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
    if (!file) return 0;
    long long quota, period;
    int n = fscanf(file, "%lld %lld", &quota, &period);
    fclose(file);
    if (n != 2 || quota <= 0 || period <= 0) return 0;
    return (int)((quota + period - 1) / period);
}

int available_cores(void) {
    cpu_set_t set;
    int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    int quota = cgroup_cores();
    if (quota > 0 && quota < cores) cores = quota;
    return cores > 0 ? cores : 1;
}
