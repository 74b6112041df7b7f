#include "engine/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

void make_printable(char *text) {
    for (; *text; text++) {
        unsigned char first = (unsigned char)text[0], second = (unsigned char)text[1];
        bool is_c1 = first == 0xc2 && second >= 0x80 && second < 0xa0; /* U+0080 to U+009F */
        if (is_c1 || first < 0x20 || first == 0x7f) *text = '?';
        if (is_c1) *++text = '?';
    }
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
