/* Where a command writes: the one place that makes files for the user. A regular file is written
 * beside the one that it will replace and put in its place when it is whole; pipes and devices are
 * written as they are. Links are followed: what they point to is replaced. */
#ifndef OUTPUT_FILE_H
#define OUTPUT_FILE_H

#include "engine/error.h"
#include "models/checkpoint/duties.h"

#include <stdbool.h>
#include <stdio.h>

enum output_flags {
    OUTPUT_REPLACE = 1, /* a file that is there already */
    OUTPUT_LINES = 2,   /* when the program is interrupted, what is finished is put in place, unless
                           that is nothing */
};

struct output_file {
    int fd;
    unsigned flags;
    bool is_input; /* it will replace the file that is being read */
    char *target;  /* without links */
    char *partial; /* beside it; NULL: written in place */
    struct duty duty;
};

/* Could `path` be written? Nothing is touched. TOLKA_ARGUMENT or TOLKA_IO says why not. */
tolka_status output_check(const char *path, unsigned flags, tolka_error *err);

/* path NULL or "-": standard output. On failure nothing is left to close. */
tolka_status output_open(struct output_file *output, const char *path, unsigned flags,
                         tolka_error *err);
/* Is this the file that is being read? If so, an interrupted run leaves it as it was, and what is
 * finished beside it. */
void output_reads(struct output_file *output, int input);
/* A stream of its own, which is closed before output_finish; NULL: errno says why. */
FILE *output_file_stream(const struct output_file *output);
/* Between these two, lines are not whole. */
void output_hold(const struct output_file *output);
void output_release(const struct output_file *output);

/* Puts what was written in place, on the disk. The output is closed, whatever comes. */
tolka_status output_finish(struct output_file *output, tolka_error *err);
/* The same for an output that ends before its end, unless nothing was written or it is the input: then
 * the file stays as it was, and what was written is beside it. Says so. */
void output_stop(struct output_file *output);
/* Leaves everything as it was before output_open. Does nothing after output_finish. */
void output_discard(struct output_file *output);

/* Ends the program at once with this exit status, after what must be done first. */
_Noreturn void output_end(int status);
/* The same out of the handler of a fault, on whatever thread it was. */
_Noreturn void output_end_from_handler(int status);
/* Ends the program as one that is ended by SIGPIPE, after what must be done first. */
_Noreturn void output_broken_pipe(void);

#endif
