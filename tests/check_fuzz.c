/* The fuzz targets' corpora, given to them once more: seeds, and what broke something once. And a few
 * changes of each, always the same ones, so that the targets' own code is seen to work without a
 * fuzzer. */
#include "engine/map.h" /* before check.h, which has a fail() of its own */
#include "tests/fuzz/fuzz.h"
#include "tests/suites.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANGES = 8 };

static void run_changes(const struct fuzz_target *target, const struct blob *seed) {
    struct chance chance = {seed->n, change_plainly};
    size_t longest = target->longest ? target->longest : 4096;
    for (int i = 0; i < CHANGES; i++) {
        struct blob input = {0};
        blob_put(&input, seed->bytes, seed->n);
        for (int n = i; n >= 0; n -= 2)
            (target->change ? target->change : change_blob)(&chance, &input);
        if (input.n <= longest) target->run(input.bytes, input.n);
        blob_free(&input);
    }
}

static void replay(const struct fuzz_target *target, const char *folder, const char *name) {
    char path[400];
    struct map map;
    struct blob seed = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_int_eq(map_open(&map, path, NULL), TOLKA_OK);
    blob_put(&seed, map.bytes, map.n_bytes);
    map_close(&map);
    target->run(seed.bytes, seed.n);
    run_changes(target, &seed);
    blob_free(&seed);
}

START_TEST(corpora) {
    const struct fuzz_target *target = fuzz_targets[_i];
    char folder[100];
    size_t n = 0;
    if (target->complains) ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", target->name);
    DIR *stream = opendir(folder);
    ck_assert_msg(stream, "no %s", folder);
    for (struct dirent *entry; (entry = readdir(stream));) {
        if (entry->d_name[0] == '.') continue;
        replay(target, folder, entry->d_name);
        n++;
    }
    closedir(stream);
    ck_assert_msg(n > 0, "%s is empty", folder);
}
END_TEST

Suite *fuzz_suite(void) {
    int n_targets = 0;
    while (fuzz_targets[n_targets]) n_targets++;
    Suite *suite = suite_create("fuzz");
    TCase *tcase = tcase_create("corpora");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, corpora, 0, n_targets);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, bad_inputs_case());
    return suite;
}
