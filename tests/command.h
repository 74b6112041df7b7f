/* Runs the tolka command (TOLKA in the environment, or build/tolka) and keeps what it says. */
#ifndef COMMAND_H
#define COMMAND_H

#include "tests/suites.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct ran {
    int status;      /* exit status; -1: it was killed */
    char *out, *err; /* each with a NUL behind */
    size_t n_out, n_err;
};

/* Without -m or TOLKA_MODEL, the shipped model. arguments end with NULL and leave the command's
 * name out. input NULL: none. */
struct ran run_bytes(const char *const *arguments, const void *input, size_t n_input);
struct ran run_text(const char *input, const char *const *arguments);
/* Another program than the command. */
struct ran run_file(const char *file, const char *const *arguments, const void *input,
                    size_t n_input);
/* Starts it, without waiting: no input, no complaints, and output to a file (NULL: nowhere). */
pid_t command_start(const char *const *arguments, const char *output);
/* The path of a file in the command's folder, which is that of the build. */
const char *built(const char *file, char path[4096]);
void ran_free(struct ran *ran);

/* run("text\n", "--to", "de") */
#define run(input, ...) run_text(input, (const char *const[]){__VA_ARGS__, NULL})

/* Runs, expects exit status 0 and nothing on standard error; the caller frees the output. */
char *run_well(const char *input, const char *const *arguments);
#define output_of(input, ...) run_well(input, (const char *const[]){__VA_ARGS__, NULL})

/* Expects this exit status, no output, and one line of error that says all of `says`, which are
 * separated by "|". */
void check_refusal(struct ran *ran, int status, const char *says);

size_t count_lines(const char *text, size_t n);
/* The i-th line of --json output; the caller decrefs it. */
json_t *json_line(const char *text, size_t i);

#endif
