/* Threads that share out work, and memory for a batch in one piece. */
#include "engine/arena.h"
#include "engine/pool.h"
#include "tests/suites.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { N_ITEMS = 1000, MAX_WORKERS = 8 };

struct tally {
    int n_threads;
    atomic_int times[N_ITEMS];
    atomic_int busy[MAX_WORKERS];
    atomic_int wrong;
};

static void count(void *user, size_t item, int worker) {
    struct tally *tally = user;
    if (worker < 0 || worker >= tally->n_threads) {
        atomic_fetch_add(&tally->wrong, 1);
        return;
    }
    /* A worker does one item at a time: what it computes with is its own. */
    if (atomic_fetch_add(&tally->busy[worker], 1) != 0) atomic_fetch_add(&tally->wrong, 1);
    atomic_fetch_add(&tally->times[item], 1);
    atomic_fetch_sub(&tally->busy[worker], 1);
}

START_TEST(every_item_once) {
    static const size_t counts[] = {0, 1, 2, 3, 7, 64, N_ITEMS};
    struct pool *pool = pool_new(_i);
    ck_assert_ptr_nonnull(pool);
    ck_assert_int_eq(pool_threads(pool), _i);
    for (int round = 0; round < 20; round++)
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
            struct tally *tally = calloc(1, sizeof *tally);
            ck_assert_ptr_nonnull(tally);
            tally->n_threads = _i;
            pool_run(pool, counts[k], count, tally);
            size_t n_wrong = 0;
            for (size_t i = 0; i < N_ITEMS; i++) n_wrong += tally->times[i] != (i < counts[k]);
            ck_assert_uint_eq(n_wrong, 0);
            ck_assert_int_eq(tally->wrong, 0);
            free(tally);
        }
    pool_free(pool);
}
END_TEST

START_TEST(pools_come_and_go) {
    for (int i = 0; i < 200; i++) pool_free(pool_new(1 + i % MAX_WORKERS));
    pool_free(NULL);
    ck_assert_int_ge(available_cores(), 1);
}
END_TEST

/* ---- arena ----------------------------------------------------------------------------------- */

START_TEST(arena_lays_out_what_it_measured) {
    struct arena arena = {0};
    for (size_t round = 1; round < 5; round++) {
        struct arena measured = arena_measure();
        for (size_t i = 0; i < 10; i++) ck_assert_ptr_null(arena_take(&measured, i * round, 12));
        ck_assert(arena_reserve(&arena, &measured));
        unsigned char *last = NULL;
        for (size_t i = 0; i < 10; i++) {
            unsigned char *taken = arena_take(&arena, i * round, 12);
            ck_assert_ptr_nonnull(taken);
            ck_assert_uint_eq((uintptr_t)taken % 64, 0);
            if (last) ck_assert(taken >= last + (i - 1) * round * 12 + 64);
            memset(taken, 0x5a, i * round * 12 + 64); /* the room behind is promised */
            last = taken;
        }
        ck_assert(!arena.overflow);
    }
    arena_free(&arena);
}
END_TEST

START_TEST(arena_notices_overflow) {
    static const size_t sizes[][2] = {
        {SIZE_MAX, 2}, {SIZE_MAX / 2 + 1, 2}, {SIZE_MAX, 1}, {SIZE_MAX - 64, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct arena arena = {0}, measured = arena_measure();
        arena_take(&measured, 100, 1);
        arena_take(&measured, sizes[i][0], sizes[i][1]);
        arena_take(&measured, 100, 1);
        ck_assert(measured.overflow);
        ck_assert(!arena_reserve(&arena, &measured));
        arena_free(&arena);
    }
    struct arena arena = {0}, measured = arena_measure();
    arena_take(&measured, SIZE_MAX / 4, 1); /* fits just so; nothing more does */
    arena_take(&measured, SIZE_MAX - 1000, 1);
    ck_assert(measured.overflow);
    ck_assert(!arena_reserve(&arena, &measured));
}
END_TEST

Suite *pool_suite(void) {
    Suite *suite = suite_create("pool");
    TCase *pool = tcase_create("pool"), *arena = tcase_create("arena");
    tcase_set_timeout(pool, 60);
    tcase_add_loop_test(pool, every_item_once, 1, MAX_WORKERS + 1);
    tcase_add_test(pool, pools_come_and_go);
    tcase_add_test(arena, arena_lays_out_what_it_measured);
    tcase_add_test(arena, arena_notices_overflow);
    suite_add_tcase(suite, pool);
    suite_add_tcase(suite, arena);
    return suite;
}
