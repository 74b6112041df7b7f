/* The command in a terminal of its own, in which a test types and reads. */
#ifndef PSEUDO_TERMINAL_H
#define PSEUDO_TERMINAL_H

#include "tests/suites.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

struct terminal {
    int master, slave; /* slave: kept open, so that nothing is lost when the command ends */
    pid_t child;
    struct termios before;
    char shown[1 << 16]; /* read and not yet expected; a string */
};

/* Without colours, and without a home unless TOLKA_TEST_STATE is set. */
struct terminal terminal_run(const char *const *arguments);
#define in_terminal(...) terminal_run((const char *const[]){__VA_ARGS__, NULL})

/* What has come, at least a byte of it. */
size_t read_some(const struct terminal *terminal, char *text, size_t room);
void terminal_type(const struct terminal *terminal, const char *keys);
/* Reads until this text has come, and forgets all up to its end. */
void terminal_expect(struct terminal *terminal, const char *text);
/* All that is shown until the command ends, or for a minute; the caller frees it. */
char *terminal_listen(const struct terminal *terminal);
/* The wait status; *changed: the terminal is not as it was. */
int terminal_wait(const struct terminal *terminal, bool *changed);
/* The same; the terminal must be as it was. */
int terminal_end(const struct terminal *terminal);

#endif
