/* How commands end, and what they say when they cannot do what was asked. */
#ifndef COMPLAIN_H
#define COMPLAIN_H

enum { EXIT_DONE = 0, EXIT_INPUT = 1, EXIT_USAGE = 2, EXIT_MODEL = 3, EXIT_SIGNAL = 128 };

/* "tolka: message" on stderr; returns `status`. */
int complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
