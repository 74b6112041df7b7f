/* The rules about folders, headers and names that tests/rooms.sh knows. */
#include "tests/command.h"

START_TEST(no_rule_is_broken) {
    char build[4096];
    const char *const arguments[] = {"tests/rooms.sh", built(".", build), NULL};
    struct ran ran = run_file("/bin/sh", arguments, "", 0);
    ck_assert_msg(ran.status == 0 && ran.n_err == 0, "%s%s", ran.out, ran.err);
    ran_free(&ran);
}
END_TEST

Suite *rooms_suite(void) {
    Suite *suite = suite_create("rooms");
    TCase *rooms = tcase_create("rooms");
    tcase_set_timeout(rooms, 60);
    tcase_add_test(rooms, no_rule_is_broken);
    suite_add_tcase(suite, rooms);
    return suite;
}
