/* Errors are values: a status, and one line that says what, where, found, expected. */
#ifndef ERROR_H
#define ERROR_H

#include "engine/tolka.h"

/* Fills *err (which may be NULL) and returns `status`, so that callers can `return fail(...)`. */
tolka_status fail(tolka_error *err, tolka_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Text from a hostile file may hold anything: keeps a line one line, without control characters. */
void make_printable(char *text);

#endif
