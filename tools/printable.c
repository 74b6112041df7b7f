#define _POSIX_C_SOURCE 200809L
#include "tools/printable.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST_PRINTED = 8192 };

/* C0, DEL, and C1 in UTF-8 (0xc2 0x80 to 0xc2 0x9f): how many bytes of control character stand at
 * `text`? */
static size_t control_length(const char *text, size_t length) {
    unsigned char first = (unsigned char)text[0];
    if (first < 0x20 || first == 0x7f) return 1;
    bool is_c1 = first == 0xc2 && length > 1 && ((unsigned char)text[1] & 0xe0) == 0x80;
    return is_c1 ? 2 : 0;
}

void put_printable(FILE *out, const char *text, size_t length) {
    size_t plain = 0; /* bytes before text that are still to be written */
    while (length > 0) {
        size_t n = control_length(text, length);
        if (n > 0) {
            fwrite(text - plain, 1, plain, out);
            fputs("\xef\xbf\xbd", out);
        }
        plain = n > 0 ? 0 : plain + 1;
        text += n > 0 ? n : 1;
        length -= n > 0 ? n : 1;
    }
    fwrite(text - plain, 1, plain, out);
}

void vprint_printable(FILE *out, const char *format, va_list args) {
    char line[LONGEST_PRINTED];
    if (vsnprintf(line, sizeof line, format, args) >= 0) put_printable(out, line, strlen(line));
}

void print_printable(FILE *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vprint_printable(out, format, args);
    va_end(args);
}

/* Keeps line ends and tabs. */
static void put_lines(FILE *out, const char *text, size_t length) {
    while (length > 0) {
        size_t n = 0;
        while (n < length && text[n] != '\n' && text[n] != '\t') n++;
        bool with_return = n > 0 && n < length && text[n] == '\n' && text[n - 1] == '\r';
        put_printable(out, text, n - with_return);
        if (n < length) putc(text[n++], out);
        text += n;
        length -= n;
    }
}

void put_translation(FILE *out, const char *text, size_t length) {
    if (isatty(fileno(out)))
        put_lines(out, text, length);
    else
        fwrite(text, 1, length, out);
}
