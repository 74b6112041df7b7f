/* The command on a machine that fails, as tests/faults/preload.c lets it. */
#ifndef FAULTY_RUNS_H
#define FAULTY_RUNS_H

#include "tests/check_cli.h"

enum job_kind {
    JOB_BYTES,  /* the same output, byte for byte, each time */
    JOB_LINES,  /* the same, or if it is refused the first lines of it */
    JOB_PLACE,  /* the same in the place of the input, which is there as it was if it is refused */
    JOB_LOOKS,  /* the same, or what could be seen, and why that is not all */
    JOB_FORM,   /* the same but for its numbers: it measures */
    JOB_CACHED, /* the same, and a file beside it that may not be there, but is whole if it is */
    JOB_PROMPT /* on a terminal, in which the input is typed; it goes on after most of what fails */
};

struct job {
    const char *name;
    enum job_kind kind;
    const char *input;
    const char *arguments[14];
};
enum { N_JOBS = 34 };
extern const struct job faulty_jobs[N_JOBS];

/* What came of a run: what it said, and the file that it wrote, if any. */
struct outcome {
    struct ran ran;
    char *written;
    size_t n_written;
    size_t n_files;        /* left behind in the folder */
    bool changed_terminal; /* and not back again */
};

/* `fault` as preload.c has it; "": none. */
struct outcome run_job(const struct job *job, struct folder *folder, const char *fault);
void outcome_free(struct outcome *outcome);

/* Is it as good as the outcome of a run without the fault? */
bool is_as_expected(const struct job *job, const char *fault, const struct outcome *outcome,
                    const struct outcome *expected);
/* Did the command say why not, with a status from 1 to 3, and write nothing but what is right? */
bool is_refused(const struct job *job, const struct outcome *outcome,
                const struct outcome *expected);

#endif
