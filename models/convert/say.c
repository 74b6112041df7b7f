#include "models/convert/say.h"

#include <stdarg.h>
#include <stdio.h>

enum { LONGEST_LINE = 8192 };

static void say(const struct import *import, const char *kind, const char *format, va_list args) {
    char line[LONGEST_LINE];
    if (!import->options.say) return;
    int n = snprintf(line, sizeof line, "%s: ", kind);
    vsnprintf(line + n, sizeof line - (size_t)n, format, args);
    make_printable(line);
    import->options.say(import->options.user, line);
}

void import_warn(const void *import, const char *format, ...) {
    va_list args;
    va_start(args, format);
    say(import, "warning", format, args);
    va_end(args);
}

void import_note(const void *import, const char *format, ...) {
    va_list args;
    va_start(args, format);
    say(import, "note", format, args);
    va_end(args);
}
