/* Memory that runs out, threads that do not start, disks that fail: tests/faults/preload.c lets it
 * happen at the n-th time, in the command and in all of its libraries. Allowed is the right output
 * with status 0, or a status from 1 to 3 with a line that says why; no half-written file, nothing
 * left behind, and no output that is another one.
 *
 * Some n of each command are tried, FAULTS=all (make check-faults) tries every one. */
#define _XOPEN_SOURCE 700
#include "tests/check_faults.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- commands -------------------------------------------------------------------------------- */

#define OUT "{out}" /* a file in the test's folder */
#define MARIAN "tests/fixtures/marian"
#define STUDENT "tests/fixtures/marian-student"

static const char two_lines[] = "Good morning.\nThe weather is nice today.\n";
static const char page[] = "# Title\n\nGood *morning*, `code` my friend. How are you?\n\n- one\n";

static const struct job {
    const char *name, *input;
    const char *arguments[10];
} jobs[] = {
    {"lines", two_lines, {"--to", "de", "-j1", "-o", OUT}},
    {"threads", two_lines, {"--to", "de", "-j3", "-B", "1"}},
    {"json", two_lines, {"--json", "--to", "de", "-j1", "--beam", "2", "--nbest", "2"}},
    {"required", NULL, {"--to", "de", "-j1", "--require", "Wagen", "I bought a car."}},
    {"alignments", two_lines, {"--to", "de", "-j1", "--alignments"}},
    {"sample", two_lines, {"--to", "fr", "-j1", "--sample", "-n", "2", "--seed", "3"}},
    {"document", page, {"--to", "de", "-j1", "--format", "markdown", "-o", OUT}},
    {"t5", NULL, {"-m", "tests/fixtures/t5-gguf-tiny/llama.gguf", "-j1", "--no-guards", "hello"}},
    {"score", "Good morning.\tGuten Morgen.\n", {"score", "--to", "de", "-j1"}},
    {"attention", NULL, {"attention", "Hello.", "--to", "de", "-j1", "-o", OUT}},
    {"map", NULL, {"attention", "Hello.", "--to", "de", "-j1"}},
    {"languages", NULL, {"languages", SHIPPED_MODEL}},
    {"inspect", NULL, {"inspect", "--json", MARIAN}},
    {"inspect a model", NULL, {"inspect", SHIPPED_MODEL}},
    {"diff", NULL, {"inspect", "--diff", MARIAN, MARIAN}},
    {"check", NULL, {"check", SHIPPED_MODEL}},
    {"cache", NULL, {"cache"}},
    {"manual", NULL, {"help", "--man"}},
    {"completion", NULL, {"help", "--completion=zsh"}},
    {"help", NULL, {"convert", "--help"}},
    {"convert marian", NULL, {"convert", "-q", MARIAN, "-o", OUT}},
    {"convert student",
     NULL,
     {"convert", "-q", STUDENT "/model.student.npz", "--vocab", STUDENT "/vocab.spm", "--shortlist",
      STUDENT "/lex.s2t.bin", "-o", OUT}},
    {"convert bart", NULL, {"convert", "-q", "tests/fixtures/bart", "-o", OUT}},
    {"convert pickle", NULL, {"convert", "-q", "tests/fixtures/marian-bin", "-o", OUT}},
    {"convert ct2", NULL, {"convert", "-q", "tests/fixtures/ct2-marian-int8", "-o", OUT}},
    {"convert fairseq", NULL, {"convert", "-q", "tests/fixtures/fairseq/cfg", "-o", OUT}},
    {"convert nllb", NULL, {"convert", "-q", "tests/fixtures/nllb-tiny", "-o", OUT}},
    {"convert t5", NULL, {"convert", "-q", "tests/fixtures/t5-gguf-tiny/llama.gguf", "-o", OUT}},
};
enum { N_JOBS = sizeof jobs / sizeof *jobs };

/* ---- a run ----------------------------------------------------------------------------------- */

/* What came of it: what it said, and the file that it wrote, if any. */
struct outcome {
    struct ran ran;
    char *written;
    size_t n_written, n_files;
};

static struct outcome run_job(const struct job *job, struct folder *folder, const char *fault) {
    const char *arguments[12] = {NULL};
    char out[128], library[4096];
    snprintf(out, sizeof out, "%s", cli_path(folder, "out.html"));
    for (size_t i = 0; i < 10 && job->arguments[i]; i++)
        arguments[i] = strcmp(job->arguments[i], OUT) == 0 ? out : job->arguments[i];
    setenv("XDG_CACHE_HOME", folder->path, 1);
    setenv("FAULT", fault, 1);
    setenv("LD_PRELOAD", built("tests/faults.so", library), 1);
    struct outcome outcome = {.ran = run_text(job->input, arguments)};
    unsetenv("LD_PRELOAD");
    outcome.written = read_whole_file(out, &outcome.n_written);
    unlink(out);
    outcome.n_files = count_files(folder->path);
    return outcome;
}

static void outcome_free(struct outcome *outcome) {
    ran_free(&outcome->ran);
    free(outcome->written);
}

static bool same_bytes(const char *a, size_t n_a, const char *b, size_t n_b) {
    return !a == !b && n_a == n_b && (!a || memcmp(a, b, n_a) == 0);
}

static bool is_same(const struct outcome *a, const struct outcome *b) {
    return a->ran.status == b->ran.status &&
           same_bytes(a->ran.out, a->ran.n_out, b->ran.out, b->ran.n_out) &&
           same_bytes(a->ran.err, a->ran.n_err, b->ran.err, b->ran.n_err) &&
           same_bytes(a->written, a->n_written, b->written, b->n_written);
}

/* One that was refused may have said a line more, about what was done before. */
static bool is_refused(const struct outcome *outcome) {
    size_t n = count_lines(outcome->ran.err, outcome->ran.n_err);
    return outcome->ran.status >= 1 && outcome->ran.status <= 3 && (n == 1 || n == 2) &&
           strncmp(outcome->ran.err, "tolka: ", 7) == 0;
}

/* Tries a fault; the outcome must be as without one, or a refusal (if any is allowed). */
static void try_fault(const struct job *job, struct folder *folder, const char *fault,
                      const struct outcome *expected, bool may_refuse) {
    struct outcome outcome = run_job(job, folder, fault);
    bool refused = may_refuse && is_refused(&outcome);
    ck_assert_msg(refused || is_same(&outcome, expected),
                  "%s, %s: status %d, %zu bytes of output, %zu in a file, \"%s\"", job->name, fault,
                  outcome.ran.status, outcome.ran.n_out, outcome.n_written, outcome.ran.err);
    ck_assert_msg(outcome.n_files == 0, "%s, %s: %zu files are left behind", job->name, fault,
                  outcome.n_files);
    outcome_free(&outcome);
}

/* ---- the n-th time --------------------------------------------------------------------------- */

static bool all_of_them(void) {
    const char *wanted = getenv("FAULTS");
    return wanted && strcmp(wanted, "all") == 0;
}

/* How many times there are in a run; *expected is what comes of it without a fault. */
static long count_times(const struct job *job, struct folder *folder, const char *kind,
                        struct outcome *expected) {
    char path[160], fault[40], *text;
    size_t n;
    snprintf(path, sizeof path, "%s.count", folder->path);
    snprintf(fault, sizeof fault, "%s:0", kind);
    setenv("FAULT_COUNT", path, 1);
    *expected = run_job(job, folder, fault);
    unsetenv("FAULT_COUNT");
    text = read_whole_file(path, &n);
    ck_assert_msg(text != NULL, "%s: %s does not count", job->name, path);
    long times = atol(text);
    free(text);
    unlink(path);
    return times;
}

static bool is_prime(long n) {
    for (long i = 2; i * i <= n; i++)
        if (n % i == 0) return false;
    return true;
}

/* From each to the next, so that some `wanted` of n are tried: a prime, lest they all fall on the
 * same turn of something that repeats itself. */
static long step_of(long n, long wanted) {
    long step = n / wanted;
    while (step > 1 && !is_prime(step)) step++;
    return step < 1 || all_of_them() ? 1 : step;
}

/* `suffix` "+": all from the n-th on. */
static void fail_each_time(const struct job *job, const char *kind, const char *suffix,
                           long wanted) {
    struct folder folder = cli_folder();
    struct outcome expected;
    char fault[60];
    long n = count_times(job, &folder, kind, &expected);
    ck_assert_msg(expected.ran.status == 0, "%s: %s", job->name, expected.ran.err);
    for (long i = 1; i <= n; i += step_of(n, wanted)) {
        snprintf(fault, sizeof fault, "%s:%ld%s", kind, i, suffix);
        try_fault(job, &folder, fault, &expected, true);
    }
    outcome_free(&expected);
    cli_remove(&folder, (const char *const[]){NULL});
}

START_TEST(memory_runs_out_once) {
    fail_each_time(&jobs[_i], "memory", "", 12);
}
END_TEST

START_TEST(memory_runs_out_for_good) {
    fail_each_time(&jobs[_i], "memory", "+", 3);
}
END_TEST

START_TEST(reads_fail) {
    fail_each_time(&jobs[_i], "read", "", 3);
    fail_each_time(&jobs[_i], "write", "+", 3);
}
END_TEST

START_TEST(threads_do_not_start) {
    fail_each_time(&jobs[_i], "thread", "", 8);
    fail_each_time(&jobs[_i], "thread", "+", 8);
}
END_TEST

/* ---- what must not matter -------------------------------------------------------------------- */

static const char *const harmless[] = {"interrupt:2", "interrupt:3",   "short:1",
                                       "short:7",     "hidden:/proc/", "hidden:/sys/"};

START_TEST(interruptions_and_short_reads_change_nothing) {
    struct folder folder = cli_folder();
    struct outcome expected = run_job(&jobs[_i], &folder, "");
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (all_of_them() || i % 2 == (size_t)_i % 2)
            try_fault(&jobs[_i], &folder, harmless[i], &expected, false);
    outcome_free(&expected);
    cli_remove(&folder, (const char *const[]){NULL});
}
END_TEST

/* ---- the system's own limits ----------------------------------------------------------------- */

/* Files that may not become larger, from none at all to most of them: the whole file or none. Bytes
 * of standard output are there already when the limit is met. */
START_TEST(files_may_not_grow) {
    static const char *const sizes[] = {"size:0", "size:1", "size:4096", "size:10000",
                                        "size:70000"};
    struct folder folder = cli_folder();
    struct outcome expected = run_job(&jobs[_i], &folder, "");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct outcome outcome = run_job(&jobs[_i], &folder, sizes[i]);
        bool refused = outcome.ran.status >= 1 && outcome.ran.status <= 3 && !outcome.written;
        ck_assert_msg(refused || is_same(&outcome, &expected), "%s, %s: status %d, %zu bytes",
                      jobs[_i].name, sizes[i], outcome.ran.status, outcome.n_written);
        ck_assert_uint_eq(outcome.n_files, 0);
        outcome_free(&outcome);
    }
    outcome_free(&expected);
    cli_remove(&folder, (const char *const[]){NULL});
}
END_TEST

/* From what the libraries take to what is enough for everything. */
START_TEST(address_space_is_scarce) {
    struct folder folder = cli_folder();
    struct outcome expected = run_job(&jobs[_i], &folder, "");
    for (int megabytes = 60; megabytes < 400; megabytes += all_of_them() ? 1 : 23) {
        char fault[40];
        snprintf(fault, sizeof fault, "space:%d", megabytes);
        try_fault(&jobs[_i], &folder, fault, &expected, true);
    }
    outcome_free(&expected);
    cli_remove(&folder, (const char *const[]){NULL});
}
END_TEST

/* A folder that nothing can be made in, and a disk that is full. */
START_TEST(there_is_no_room_for_the_output) {
    static const char *const places[] = {"/proc/out.html", "/dev/full", "/dev/null/out.html"};
    for (size_t i = 0; i < 3; i++) {
        struct ran ran = run(two_lines, "--to", "de", "-j1", "-o", places[i]);
        check_refusal(&ran, i == 1 ? 1 : 2, "tolka: ");
        ran = run(NULL, "convert", "-q", MARIAN, "-o", places[i]);
        check_refusal(&ran, i == 2 ? 2 : 3, places[i]);
    }
}
END_TEST

TCase *faults_machine_case(void) {
    TCase *tcase = tcase_create("machine");
    tcase_set_timeout(tcase, all_of_them() ? 100000 : 60);
    tcase_set_tags(tcase, "no_counts"); /* tests/coverage.sh */
    tcase_add_loop_test(tcase, memory_runs_out_once, 0, N_JOBS);
    tcase_add_loop_test(tcase, memory_runs_out_for_good, 0, N_JOBS);
    tcase_add_loop_test(tcase, reads_fail, 0, N_JOBS);
    tcase_add_loop_test(tcase, threads_do_not_start, 0, 2);
    tcase_add_loop_test(tcase, interruptions_and_short_reads_change_nothing, 0, N_JOBS);
    tcase_add_loop_test(tcase, files_may_not_grow, 0, N_JOBS);
    tcase_add_loop_test(tcase, address_space_is_scarce, 0, 3);
    tcase_add_test(tcase, there_is_no_room_for_the_output);
    return tcase;
}
