#define _GNU_SOURCE /* wait4, memmem */
#include "tests/bad_inputs.h"

#include "tests/fuzz/bad_input.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is promised of a refusal, and what a good input may take, whose sizes are anybody's. */
enum { MOST_SECONDS = 2, MOST_KILOBYTES = 300 * 1024, GOOD_SECONDS = 20, HANGS_AFTER = 120 };
enum { SANITIZER_STATUS = 99 };

struct places {
    char *folder, *output, *out, *err; /* folder: where the command may write */
};

struct run {
    int status; /* as wait4 has it */
    double seconds;
    long kilobytes;
    char err[8192];
    size_t n_out;
};

/* ---- a run ----------------------------------------------------------------------------------- */

static void redirect(const char *path, int flags, int to) {
    int file = open(path, flags, 0600);
    if (file < 0 || dup2(file, to) < 0) _exit(127);
}

static void become(const char *command, const struct bad_input *input,
                   const struct places *places) {
    const int write = O_WRONLY | O_CREAT | O_TRUNC;
    const char *arguments[MOST_ARGUMENTS + 1] = {command};
    memcpy(arguments + 1, input->arguments, sizeof input->arguments);
    setenv("ASAN_OPTIONS", "exitcode=99:allocator_may_return_null=1:detect_leaks=1", 1);
    setenv("UBSAN_OPTIONS", "exitcode=99:print_stacktrace=1", 1);
    setenv("XDG_CACHE_HOME", places->folder, 1);
    setenv("TMPDIR", places->folder, 1);
    redirect("/dev/null", O_RDONLY, STDIN_FILENO);
    redirect(places->out, write, STDOUT_FILENO);
    redirect(places->err, write, STDERR_FILENO);
    alarm(HANGS_AFTER);
    execv(command, (char *const *)arguments);
    _exit(127);
}

static double seconds_of(struct timeval time) {
    return (double)time.tv_sec + 1e-6 * (double)time.tv_usec;
}

static void read_err(struct run *run, const char *path) {
    FILE *file = fopen(path, "rb");
    size_t n = file ? fread(run->err, 1, sizeof run->err - 1, file) : 0;
    run->err[n] = 0;
    if (file) fclose(file);
}

static struct run run_command(const char *command, const struct bad_input *input,
                              const struct places *places) {
    struct run run = {.status = 0};
    struct rusage usage;
    struct stat info;
    pid_t child = fork();
    must(child >= 0, "there are processes");
    if (child == 0) become(command, input, places);
    must(wait4(child, &run.status, 0, &usage) == child, "a command ends");
    run.seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    run.kilobytes = usage.ru_maxrss;
    read_err(&run, places->err);
    run.n_out = stat(places->out, &info) == 0 ? (size_t)info.st_size : 0;
    return run;
}

/* ---- what is promised ------------------------------------------------------------------------ */

static bool is_note(const char *line, size_t n) {
    static const char *const notes[] = {"warning: ", "note: ", ": a model file is made of it"};
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        if (memmem(line, n, notes[i], strlen(notes[i]))) return true;
    return false;
}

/* Lines that begin as they should; -1: one that does not. Notes do not count. */
static int count_complaints(const char *err) {
    int n = 0;
    for (const char *line = err, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        if (strncmp(line, "tolka: ", 7) != 0 || !end) return -1;
        n += !is_note(line, (size_t)(end - line));
    }
    return n;
}

/* A report on stdout (tolka check, inspect --diff) says with status 1 that something is not right. */
static bool reports(const struct bad_input *input, const struct run *run) {
    return WEXITSTATUS(run->status) == 1 && run->n_out > 0 &&
           (strcmp(input->arguments[0], "check") == 0 ||
            strcmp(input->arguments[0], "inspect") == 0);
}

static const char *broken_promise(const struct bad_input *input, const struct run *run) {
    if (!WIFEXITED(run->status)) return "it ends by itself";
    int status = WEXITSTATUS(run->status), n_complaints = count_complaints(run->err);
    if (status == SANITIZER_STATUS) return "no sanitizer has anything to say";
    if (status > 3) return "the exit status is 0, 1, 2 or 3";
    if (n_complaints < 0) return "every line of error begins with the command's name";
    if (status == 0 && n_complaints > 0) return "what succeeds has no error";
    if (status > 0 && n_complaints != 1 && !reports(input, run)) return "a refusal is one line";
    if (run->kilobytes > MOST_KILOBYTES) return "less than 300 MB";
    if (run->seconds > (status ? MOST_SECONDS : GOOD_SECONDS)) return "less than two seconds";
    return NULL;
}

/* Only an input that was good has an output, and nothing else stays. The cache may. */
static const char *left_over(const struct places *places, bool done) {
    const char *broken = NULL;
    DIR *stream = opendir(places->folder);
    must(stream != NULL, "a folder is there");
    for (struct dirent *entry; (entry = readdir(stream));) {
        const char *name = entry->d_name;
        if (name[0] == '.' || strcmp(name, "tolka") == 0) continue;
        if (strcmp(name, "output") != 0 || !done) broken = "nothing is left of what was refused";
    }
    closedir(stream);
    return broken;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void tell(const struct bad_inputs *given, size_t number, const struct bad_input *input,
                 const struct run *run, const char *broken) {
    char path[4096];
    fprintf(stderr, "bad input %zu (%s), broken promise: %s\n ", number, input->kind, broken);
    for (const char *const *argument = input->arguments; *argument; argument++)
        fprintf(stderr, " %s", *argument);
    fprintf(stderr, "\n  wait status %#x, %.1f s, %ld MB\n%s", (unsigned)run->status, run->seconds,
            run->kilobytes / 1024, run->err);
    if (!given->keep) return;
    snprintf(path, sizeof path, "%s/%zu-%s", given->keep, number, input->kind);
    fuzz_write(path, input->bytes.bytes, input->bytes.n);
}

static void give(const struct bad_inputs *given, size_t number, const struct places *places,
                 struct bad_inputs_seen *seen) {
    struct bad_input input;
    must(mkdir(places->folder, 0700) == 0, "there is a folder for what is written");
    bad_input_make(&input, number, places->output);
    struct run run = run_command(given->command, &input, places);
    bool done = WIFEXITED(run.status) && WEXITSTATUS(run.status) == 0;
    const char *broken = broken_promise(&input, &run);
    if (!broken) broken = left_over(places, done);
    if (broken) tell(given, number, &input, &run, broken);
    if (run.seconds > seen->seconds) seen->seconds = run.seconds;
    if (run.kilobytes > seen->kilobytes) seen->kilobytes = run.kilobytes;
    *(broken ? &seen->broken : done ? &seen->accepted : &seen->refused) += 1;
    bad_input_end(&input);
    fuzz_remove(places->folder);
}

struct bad_inputs_seen give_bad_inputs(const struct bad_inputs *given) {
    struct bad_inputs_seen seen = {0};
    struct places places = {fuzz_path("written"), fuzz_path("written/output"), fuzz_path("out"),
                            fuzz_path("err")};
    for (size_t i = 0; i < given->n; i++) give(given, given->first + i, &places, &seen);
    free(places.folder), free(places.output), free(places.out), free(places.err);
    return seen;
}
