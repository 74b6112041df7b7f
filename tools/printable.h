/* What comes out of files, printed so that it cannot do anything to a terminal: names of tensors and
 * languages, settings, translations. A control character is shown as U+FFFD. */
#ifndef PRINTABLE_H
#define PRINTABLE_H

#include <stdarg.h>
#include <stdio.h>

void put_printable(FILE *out, const char *text, size_t length);
/* The same with a format; what is longer than 8 KB is cut. */
void print_printable(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void vprint_printable(FILE *out, const char *format, va_list args);

/* Translations: the bytes as they are, but on a terminal as put_printable does it, less line ends and
 * tabs. */
void put_translation(FILE *out, const char *text, size_t length);

#endif
