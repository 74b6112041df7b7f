/* The recipes for GNU parallel in examples/scale, which tests/scale/parallel.sh tries, with workers that
 * are killed. Those for other engines are tried by make check-scale. */
#include "tests/command.h"

#include <string.h>

START_TEST(every_line_comes_once_and_in_order) {
    char build[4096];
    const char *const arguments[] = {"tests/scale/parallel.sh", built(".", build), NULL};
    struct ran ran = run_file("/bin/sh", arguments, "", 0);
    ck_assert_msg(ran.status == 0 && strcmp(ran.out, "parallel: every line once, in order\n") == 0,
                  "%s%s", ran.out, ran.err);
    ran_free(&ran);
}
END_TEST

Suite *scale_suite(void) {
    Suite *suite = suite_create("scale");
    TCase *parallel = tcase_create("parallel");
    tcase_set_timeout(parallel, 240);
    tcase_set_tags(parallel, "no_counts"); /* tests/coverage.sh */
    tcase_add_test(parallel, every_line_comes_once_and_in_order);
    suite_add_tcase(suite, parallel);
    return suite;
}
