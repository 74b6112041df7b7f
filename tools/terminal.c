#define _DEFAULT_SOURCE /* struct winsize */
#include "tools/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool is_set(const char *name) {
    const char *value = getenv(name);
    return value && *value;
}

bool terminal_is_dumb(void) {
    const char *term = getenv("TERM");
    return !term || !*term || strcmp(term, "dumb") == 0;
}

enum colours terminal_colours(int fd) {
    const char *depth = getenv("COLORTERM");
    if (!isatty(fd) || is_set("NO_COLOR") || terminal_is_dumb()) return NO_COLOURS;
    if (depth && (strcmp(depth, "truecolor") == 0 || strcmp(depth, "24bit") == 0))
        return TRUE_COLOURS;
    return COLOURS_256;
}

size_t terminal_columns(int fd) {
    const char *columns = getenv("COLUMNS");
    long n = columns ? strtol(columns, NULL, 10) : 0;
    struct winsize size;
    if (n <= 0 && ioctl(fd, TIOCGWINSZ, &size) == 0) n = size.ws_col;
    return n > 0 && n < 10000 ? (size_t)n : 80;
}
