/* Gives bad inputs (tests/fuzz/bad_input.h) to the command, and sees to it that it ends as
 * docs/reliability.md says: by itself, soon, in little memory, and if it refuses with one line. */
#ifndef BAD_INPUTS_H
#define BAD_INPUTS_H

#include <stddef.h>

struct bad_inputs {
    const char *command; /* the program */
    size_t first, n;     /* numbers of inputs */
    const char *keep;    /* a folder for those that broke a promise; NULL: none */
};

struct bad_inputs_seen {
    size_t refused, accepted, broken;
    double seconds; /* of the processor, at most */
    long kilobytes; /* at most */
};

/* What is broken is told on stderr. */
struct bad_inputs_seen give_bad_inputs(const struct bad_inputs *given);

#endif
