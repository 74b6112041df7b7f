/* Memory that runs out, threads that do not start, disks that fail: tests/faults/preload.c lets it
 * happen at the n-th time, in the command and in all of its libraries. Allowed is the right output
 * with status 0, or a status from 1 to 3 with a line that says why; no half-written file, nothing
 * left behind, and no output that is another one.
 *
 * Some n of each command are tried. FAULTS=stacks (make check-faults) tries, of all n to which the
 * same functions called each other, the first, the fourth, the sixteenth and so on; FAULTS=all
 * every n. FAULTS_PART=1/2 and FAULTS_PART=2/2 share them out between two processes. */
#define _XOPEN_SOURCE 700
#include "tests/check_faults.h"
#include "tests/faulty_runs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- a fault --------------------------------------------------------------------------------- */

/* A run of all of them tells of all of them, and fails in the end. */
static int n_found;

static void check_none_was_found(void) {
    ck_assert_msg(n_found == 0, "%d faults were not borne", n_found);
}

/* The outcome must be as without a fault, or a refusal (if any is allowed). */
static void try_fault(const struct job *job, struct folder *folder, const char *fault,
                      const struct outcome *expected, bool may_refuse) {
    struct outcome outcome = run_job(job, folder, fault);
    bool refused = may_refuse && is_refused(job, &outcome, expected);
    if ((!refused && !is_as_expected(job, fault, &outcome, expected)) || outcome.n_files > 0) {
        n_found++;
        fprintf(stderr,
                "%s, %s: status %d, %zu bytes of output, %zu in a file, %zu left: \"%.400s\"\n",
                job->name, fault, outcome.ran.status, outcome.ran.n_out, outcome.n_written,
                outcome.n_files, outcome.ran.n_err ? outcome.ran.err : outcome.ran.out);
    }
    outcome_free(&outcome);
}

/* ---- the n-th time --------------------------------------------------------------------------- */

static bool is_wanted(const char *most) {
    const char *wanted = getenv("FAULTS");
    return wanted && strcmp(wanted, most) == 0;
}

/* The numbers of a kind that are worth a try: n of them, in a row if `all`. */
struct numbers {
    long *list;
    long n;
    bool all;
};

/* What preload.c has counted: how many there were, and which of them differ. */
static struct numbers read_numbers(const char *path) {
    size_t n_bytes;
    char *text = read_whole_file(path, &n_bytes), *at = text;
    ck_assert_msg(text != NULL, "there is no %s", path);
    struct numbers numbers = {.all = is_wanted("all")};
    long total = strtol(text, &at, 10);
    numbers.list = calloc(n_bytes + 1, sizeof *numbers.list);
    ck_assert_ptr_nonnull(numbers.list);
    for (at++; *at; at++) numbers.list[numbers.n++] = strtol(at, &at, 10);
    if (numbers.all) numbers.n = total;
    free(text);
    unlink(path);
    return numbers;
}

/* *expected is what comes of a run without a fault. */
static struct numbers count_times(const struct job *job, struct folder *folder, const char *kind,
                                  struct outcome *expected) {
    char path[160], fault[40];
    snprintf(path, sizeof path, "%s.count", folder->path);
    snprintf(fault, sizeof fault, "%s:0", kind);
    setenv("FAULT_COUNT", path, 1);
    *expected = run_job(job, folder, fault);
    unsetenv("FAULT_COUNT");
    ck_assert_msg(expected->ran.status == 0, "%s: %s", job->name, expected->ran.err);
    return read_numbers(path);
}

/* In which of how many parts? */
static bool is_in_part(long i) {
    const char *text = getenv("FAULTS_PART");
    char *slash;
    if (!text) return true;
    long part = strtol(text, &slash, 10), parts = strtol(slash + (*slash == '/'), NULL, 10);
    return parts < 1 || i % parts == part - 1;
}

/* What measures the machine takes seconds each time, and is tried less often. */
static long step_of(const struct job *job, long n, long wanted) {
    if (is_wanted("all")) return 1;
    if (is_wanted("stacks")) return job->kind == JOB_FORM ? 5 : 1;
    if (job->kind == JOB_FORM) wanted = wanted / 4 + 1;
    return n / wanted + 1;
}

/* `suffix` "+": all from the n-th on. */
static void fail_each_time(const struct job *job, const char *kind, const char *suffix,
                           long wanted) {
    struct folder folder = cli_folder();
    struct outcome expected;
    char fault[60];
    struct numbers numbers = count_times(job, &folder, kind, &expected);
    long step = step_of(job, numbers.n, wanted);
    for (long i = 0; i * step < numbers.n; i++) {
        snprintf(fault, sizeof fault, "%s:%ld%s", kind,
                 numbers.all ? i + 1 : numbers.list[i * step], suffix);
        if (is_in_part(i)) try_fault(job, &folder, fault, &expected, true);
    }
    free(numbers.list);
    outcome_free(&expected);
    cli_remove(&folder, (const char *const[]){NULL});
    check_none_was_found();
}

START_TEST(memory_runs_out_once) {
    fail_each_time(&faulty_jobs[_i], "memory", "", 12);
}
END_TEST

START_TEST(memory_runs_out_for_good) {
    fail_each_time(&faulty_jobs[_i], "memory", "+", 3);
}
END_TEST

START_TEST(reads_fail) {
    fail_each_time(&faulty_jobs[_i], "read", "", 3);
}
END_TEST

START_TEST(writes_fail) {
    fail_each_time(&faulty_jobs[_i], "write", "", 2);
    fail_each_time(&faulty_jobs[_i], "write", "+", 3);
}
END_TEST

/* Opening, looking at, renaming, syncing. */
START_TEST(files_fail) {
    fail_each_time(&faulty_jobs[_i], "name", "", 4);
}
END_TEST

START_TEST(threads_do_not_start) {
    fail_each_time(&faulty_jobs[_i], "thread", "", 8);
    fail_each_time(&faulty_jobs[_i], "thread", "+", 8);
}
END_TEST

/* ---- what must not matter -------------------------------------------------------------------- */

static const char *const harmless[] = {"interrupt:2", "interrupt:3",   "short:1",
                                       "short:7",     "hidden:/proc/", "hidden:/sys/"};

START_TEST(interruptions_and_short_reads_change_nothing) {
    struct folder folder = cli_folder();
    struct outcome expected = run_job(&faulty_jobs[_i], &folder, "");
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (is_wanted("all") || is_wanted("stacks") || i % 2 == (size_t)_i % 2)
            try_fault(&faulty_jobs[_i], &folder, harmless[i], &expected, false);
    outcome_free(&expected);
    cli_remove(&folder, (const char *const[]){NULL});
    check_none_was_found();
}
END_TEST

/* ---- the system's own limits ----------------------------------------------------------------- */

/* Files that may not become larger, from none at all to most of them: the whole file or none. Bytes
 * of standard output are there already when the limit is met. */
START_TEST(files_may_not_grow) {
    static const char *const sizes[] = {"size:0", "size:1", "size:4096", "size:10000",
                                        "size:70000"};
    struct folder folder = cli_folder();
    struct outcome expected = run_job(&faulty_jobs[_i], &folder, "");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct outcome outcome = run_job(&faulty_jobs[_i], &folder, sizes[i]);
        bool left = faulty_jobs[_i].kind == JOB_PLACE && outcome.written &&
                    strcmp(outcome.written, faulty_jobs[_i].input) == 0;
        bool refused =
            outcome.ran.status >= 1 && outcome.ran.status <= 3 && (!outcome.written || left);
        ck_assert_msg(refused || is_as_expected(&faulty_jobs[_i], sizes[i], &outcome, &expected),
                      "%s, %s: status %d, %zu bytes", faulty_jobs[_i].name, sizes[i],
                      outcome.ran.status, outcome.n_written);
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
    struct outcome expected = run_job(&faulty_jobs[_i], &folder, "");
    int step = is_wanted("all") ? 1 : is_wanted("stacks") ? 5 : 47;
    for (int megabytes = 60; megabytes < 400; megabytes += step) {
        char fault[40];
        snprintf(fault, sizeof fault, "space:%d", megabytes);
        try_fault(&faulty_jobs[_i], &folder, fault, &expected, true);
    }
    outcome_free(&expected);
    cli_remove(&folder, (const char *const[]){NULL});
    check_none_was_found();
}
END_TEST

/* ---- the library ----------------------------------------------------------------------------- */

/* The program at the top of tolka.h, which has nothing but the library, and none of the command's
 * means. */
struct example {
    struct folder folder;
    char *program, *model;
};

static struct example example_open(void) {
    char path[4096];
    struct example example = {.folder = cli_folder()};
    example.program = realpath(built("tests/header_example_c", path), NULL);
    example.model = realpath(SHIPPED_MODEL, NULL);
    ck_assert_msg(example.program && example.model, "there is no %s", path);
    ck_assert_int_eq(symlink(example.model, cli_path(&example.folder, "en-de.gguf")), 0);
    /* protobuf's beginnings before main(), and ICU: docs/reliability.md says what remains. */
    setenv("FAULT_SPARES", "ld-linux:libicuuc", 1);
    return example;
}

static void example_close(struct example *example) {
    cli_remove(&example->folder, (const char *const[]){"en-de.gguf", NULL});
    free(example->program), free(example->model);
}

static struct ran run_example(const struct example *example, const char *fault) {
    char library[4096];
    const char *const arguments[] = {"-c",
                                     "cd \"$1\" && FAULT=$4 exec env LD_PRELOAD=\"$3\" \"$2\"",
                                     "sh",
                                     example->folder.path,
                                     example->program,
                                     realpath(built("tests/faults.so", library), NULL),
                                     fault,
                                     NULL};
    struct ran ran = run_file("/bin/sh", arguments, "", 0);
    free((char *)arguments[5]);
    return ran;
}

/* It says that there is no memory, or its "Hallo." */
static void try_example(const struct example *example, const char *fault) {
    struct ran ran = run_example(example, fault);
    bool told = ran.status == 1 && ran.n_out == 0 && count_lines(ran.err, ran.n_err) == 1;
    if (!told && (ran.status != 0 || strcmp(ran.out, "Hallo.\n") != 0)) {
        n_found++;
        fprintf(stderr, "the library, %s: status %d, \"%s\"\n", fault, ran.status, ran.err);
    }
    ran_free(&ran);
}

START_TEST(the_library_in_little_memory) {
    struct example example = example_open();
    char fault[40];
    for (int megabytes = 56; megabytes < 90; megabytes += 3) {
        snprintf(fault, sizeof fault, "space:%d", megabytes);
        try_example(&example, fault);
    }
    example_close(&example);
    check_none_was_found();
}
END_TEST

START_TEST(the_library_without_memory_once) {
    enum { SOME = 20 };
    struct example example = example_open();
    char path[160], fault[40];
    snprintf(path, sizeof path, "%s.count", example.folder.path);
    setenv("FAULT_COUNT", path, 1);
    struct ran ran = run_example(&example, "memory:0");
    unsetenv("FAULT_COUNT");
    ck_assert_str_eq(ran.out, "Hallo.\n");
    ran_free(&ran);
    struct numbers numbers = read_numbers(path);
    long step = is_wanted("all") || is_wanted("stacks") ? 1 : numbers.n / SOME + 1;
    for (long i = 0; i * step < numbers.n; i++) {
        snprintf(fault, sizeof fault, "memory:%ld", numbers.all ? i + 1 : numbers.list[i * step]);
        if (is_in_part(i)) try_example(&example, fault);
    }
    free(numbers.list);
    example_close(&example);
    check_none_was_found();
}
END_TEST

/* ---- no room --------------------------------------------------------------------------------- */

/* A folder that nothing can be made in, and a disk that is full. */
START_TEST(there_is_no_room_for_the_output) {
    static const char *const places[] = {"/proc/out.html", "/dev/full", "/dev/null/out.html"};
    for (size_t i = 0; i < 3; i++) {
        struct ran ran = run("Good morning.\n", "--to", "de", "-j1", "-o", places[i]);
        check_refusal(&ran, i == 1 ? 1 : 2, "tolka: ");
        ran = run(NULL, "convert", "-q", "tests/fixtures/marian", "-o", places[i]);
        check_refusal(&ran, i == 2 ? 2 : 3, places[i]);
    }
}
END_TEST

static TCase *new_case(Suite *suite, const char *name) {
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, is_wanted("all") || is_wanted("stacks") ? 100000 : 60);
    tcase_set_tags(tcase, "no_counts"); /* tests/coverage.sh */
    suite_add_tcase(suite, tcase);
    return tcase;
}

void add_machine_cases(Suite *suite) {
    TCase *limits = new_case(suite, "limits");
    tcase_add_loop_test(new_case(suite, "memory"), memory_runs_out_once, 0, N_JOBS);
    tcase_add_loop_test(new_case(suite, "no_memory"), memory_runs_out_for_good, 0, N_JOBS);
    tcase_add_loop_test(new_case(suite, "threads"), threads_do_not_start, 0, 2);
    tcase_add_loop_test(new_case(suite, "reads"), reads_fail, 0, N_JOBS);
    tcase_add_loop_test(new_case(suite, "writes"), writes_fail, 0, N_JOBS);
    tcase_add_loop_test(new_case(suite, "names"), files_fail, 0, N_JOBS);
    tcase_add_loop_test(limits, interruptions_and_short_reads_change_nothing, 0, N_JOBS);
    tcase_add_loop_test(limits, files_may_not_grow, 0, N_JOBS);
    tcase_add_loop_test(limits, address_space_is_scarce, 0, N_JOBS);
    TCase *library = new_case(suite, "library");
    tcase_add_test(library, the_library_in_little_memory);
    tcase_add_test(library, the_library_without_memory_once);
    tcase_add_test(limits, there_is_no_room_for_the_output);
}
