#define _POSIX_C_SOURCE 200809L
#include "tools/complain.h"

#include "tools/printable.h"

#include <stdarg.h>
#include <stdio.h>

int complain(int status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    flockfile(stderr); /* lines of several threads stay lines */
    fputs("tolka: ", stderr);
    vprint_printable(stderr, format, args);
    fputc('\n', stderr);
    funlockfile(stderr);
    va_end(args);
    return status;
}
