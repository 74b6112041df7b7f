#include "engine/error.h"

#include <stdarg.h>
#include <stdio.h>

void make_printable(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f) *text = '?';
}

tolka_status fail(tolka_error *err, tolka_status status, const char *format, ...) {
    if (!err) return status;
    err->status = status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    make_printable(err->text);
    return status;
}

tolka_status need_arguments(tolka_error *err, const char *call, const struct argument *arguments) {
    for (; arguments->name; arguments++)
        if (!arguments->is_there)
            return fail(err, TOLKA_ARGUMENT, "%s: %s is NULL", call, arguments->name);
    return TOLKA_OK;
}
