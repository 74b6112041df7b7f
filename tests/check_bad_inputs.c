/* Files with something wrong in them, given to the command as anybody would give them. make
 * check-bad-inputs gives more of them, to a command with sanitizers. */
#include "tests/bad_inputs.h"
#include "tests/command.h"

START_TEST(bad_inputs) {
    char command[4096];
    struct bad_inputs given = {.command = built("tolka", command), .n = 120};
    struct bad_inputs_seen seen = give_bad_inputs(&given);
    ck_assert_uint_eq(seen.broken, 0);
    ck_assert_uint_gt(seen.refused, given.n / 2);
    ck_assert_uint_gt(seen.accepted, 0);
}
END_TEST

TCase *bad_inputs_case(void) {
    TCase *tcase = tcase_create("bad_inputs");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, bad_inputs);
    return tcase;
}
