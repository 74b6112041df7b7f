/* Errors are values: a status, and one line that says what, where, found, expected. */
#ifndef ERROR_H
#define ERROR_H

#include "engine/tolka.h"

#include <stdbool.h>

/* Fills *err (which may be NULL) and returns `status`, so that callers can `return fail(...)`. */
tolka_status fail(tolka_error *err, tolka_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* An argument of a public call that must not be NULL. */
struct argument {
    const char *name;
    bool is_there;
};

/* TOLKA_ARGUMENT if one of them is not there: "tolka_model_open: path is NULL". The list ends with
 * a name of NULL; `call` is __func__. */
tolka_status need_arguments(tolka_error *err, const char *call, const struct argument *arguments);

/* Text from a hostile file may hold anything: keeps a line one line, without control characters. */
void make_printable(char *text);

#endif
