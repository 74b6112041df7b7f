/* The kernels' tests alone, for an emulated processor (tests/arm/run.sh). */
#include "tests/suites.h"

#include <stdlib.h>

int main(void) {
    SRunner *runner = srunner_create(kernels_suite());
    srunner_run_all(runner, CK_NORMAL);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
