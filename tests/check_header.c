/* The public header as its readers meet it: by other compilers than ours, and with the program that
 * it begins with, which the Makefile takes out of it. */
#define _XOPEN_SOURCE 700
#include "tests/check_cli.h"
#include "tests/public_header.h"

#include <stdlib.h>
#include <unistd.h>

START_TEST(header_serves_c99_and_cpp) {
    ck_assert_int_eq(header_in_c(SHIPPED_MODEL), 1);
    ck_assert_int_eq(header_in_cpp(SHIPPED_MODEL), 1);
}
END_TEST

/* Where its "en-de.gguf" is there, the example says "Hallo."; elsewhere, what it misses. */
static void run_example(const char *name) {
    char path[4096];
    char *program = realpath(built(name, path), NULL), *model = realpath(SHIPPED_MODEL, NULL);
    ck_assert_msg(program && model, "no %s", path);
    struct folder folder = cli_folder();
    const char *const arguments[] = {"-c", "cd \"$1\" && exec \"$2\"", "sh", folder.path, program,
                                     NULL};
    struct ran ran = run_file("/bin/sh", arguments, "", 0);
    ck_assert_int_eq(ran.status, 1);
    ck_assert_str_eq(ran.err, "en-de.gguf: No such file or directory\n");
    ran_free(&ran);
    ck_assert_int_eq(symlink(model, cli_path(&folder, "en-de.gguf")), 0);
    ran = run_file("/bin/sh", arguments, "", 0);
    ck_assert_msg(ran.status == 0, "%s", ran.err);
    ck_assert_str_eq(ran.out, "Hallo.\n");
    ran_free(&ran);
    cli_remove(&folder, (const char *const[]){"en-de.gguf", NULL});
    free(program), free(model);
}

START_TEST(example_runs_as_it_stands) {
    run_example("tests/header_example_c");
    run_example("tests/header_example_cc");
}
END_TEST

Suite *header_suite(void) {
    Suite *suite = suite_create("header");
    TCase *header = tcase_create("header");
    tcase_set_timeout(header, 60);
    tcase_add_test(header, header_serves_c99_and_cpp);
    tcase_add_test(header, example_runs_as_it_stands);
    suite_add_tcase(suite, header);
    return suite;
}
