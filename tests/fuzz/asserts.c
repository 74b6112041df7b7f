/* What Check's assertions come to outside of a test: helpers of the tests have them. */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void _mark_point(const char *file, int line) {
    (void)file, (void)line;
}

void _ck_assert_failed(const char *file, int line, const char *expression, const char *message,
                       ...) {
    va_list args;
    fprintf(stderr, "%s:%d: %s: ", file, line, expression ? expression : "failed");
    va_start(args, message);
    if (message) vfprintf(stderr, message, args);
    va_end(args);
    abort();
}
