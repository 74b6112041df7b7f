#define _XOPEN_SOURCE 700
#include "tests/faulty_runs.h"

#include "tests/check_faults.h"
#include "tests/pseudo_terminal.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- commands -------------------------------------------------------------------------------- */

#define OUT "{out}" /* a file in the test's folder */
#define MARIAN "tests/fixtures/marian"
#define STUDENT "tests/fixtures/marian-student"

static const char two_lines[] = "Good morning.\nThe weather is nice today.\n";
static const char page[] = "# Title\n\nGood *morning*, `code` my friend. How are you?\n\n- one\n";

const struct job faulty_jobs[] = {
    {"lines", JOB_LINES, two_lines, {"--to", "de", "-j1", "-o", OUT}},
    {"in place", JOB_PLACE, two_lines, {"--to", "de", "-j1", "-i", OUT, "-o", OUT}},
    {"threads", JOB_BYTES, two_lines, {"--to", "de", "-j3", "-B", "1"}},
    {"json", JOB_BYTES, two_lines, {"--json", "--to", "de", "-j1", "--beam", "2", "--nbest", "2"}},
    {"ids", JOB_BYTES, "100 200 0\n", {"--ids", "--json", "--to", "de", "-j1"}},
    {"required", JOB_BYTES, NULL, {"--to", "de", "-j1", "--require", "Wagen", "I bought a car."}},
    {"alignments", JOB_BYTES, two_lines, {"--to", "de", "-j1", "--alignments"}},
    {"sample", JOB_BYTES, two_lines, {"--to", "fr", "-j1", "--sample", "-n", "2", "--seed", "3"}},
    {"document", JOB_BYTES, page, {"--to", "de", "-j1", "--format", "markdown", "-o", OUT}},
    {"t5",
     JOB_BYTES,
     NULL,
     {"-m", "tests/fixtures/t5-gguf-tiny/llama.gguf", "-j1", "--no-guards", "hello"}},
    {"score", JOB_BYTES, "Good morning.\tGuten Morgen.\n", {"score", "--to", "de", "-j1"}},
    {"attention", JOB_BYTES, NULL, {"attention", "Hello.", "--to", "de", "-j1", "-o", OUT}},
    {"map", JOB_BYTES, NULL, {"attention", "Hello.", "--to", "de", "-j1"}},
    {"languages", JOB_BYTES, NULL, {"languages", SHIPPED_MODEL}},
    {"inspect", JOB_LOOKS, NULL, {"inspect", "--json", MARIAN}},
    {"inspect a model", JOB_LOOKS, NULL, {"inspect", SHIPPED_MODEL}},
    {"diff", JOB_LOOKS, NULL, {"inspect", "--diff", MARIAN, MARIAN}},
    {"check", JOB_BYTES, NULL, {"check", SHIPPED_MODEL}},
    {"cache", JOB_BYTES, NULL, {"cache"}},
    {"manual", JOB_BYTES, NULL, {"help", "--man"}},
    {"completion", JOB_BYTES, NULL, {"help", "--completion=zsh"}},
    {"help", JOB_BYTES, NULL, {"convert", "--help"}},
    {"convert marian", JOB_BYTES, NULL, {"convert", "-q", MARIAN, "-o", OUT}},
    {"convert student",
     JOB_BYTES,
     NULL,
     {"convert", "-q", STUDENT "/model.student.npz", "--vocab", STUDENT "/vocab.spm", "--shortlist",
      STUDENT "/lex.s2t.bin", "-o", OUT}},
    {"convert bart", JOB_BYTES, NULL, {"convert", "-q", "tests/fixtures/bart", "-o", OUT}},
    {"convert pickle", JOB_BYTES, NULL, {"convert", "-q", "tests/fixtures/marian-bin", "-o", OUT}},
    {"convert ct2",
     JOB_BYTES,
     NULL,
     {"convert", "-q", "tests/fixtures/ct2-marian-int8", "-o", OUT}},
    {"convert fairseq",
     JOB_BYTES,
     NULL,
     {"convert", "-q", "tests/fixtures/fairseq/cfg", "-o", OUT}},
    {"convert nllb", JOB_BYTES, NULL, {"convert", "-q", "tests/fixtures/nllb-tiny", "-o", OUT}},
    {"convert t5",
     JOB_BYTES,
     NULL,
     {"convert", "-q", "tests/fixtures/t5-gguf-tiny/llama.gguf", "-o", OUT}},
    {"cached", JOB_CACHED, NULL, {"-q", "-m", MARIAN, "-t", "de", "-j1", "--no-guards", "hello"}},
    {"prompt", JOB_PROMPT, "Good morning.\r:beam 2\rHello.\r:quit\r", {"--to", "de", "-j1"}},
    {"bench", JOB_FORM, "Hello.\n", {"bench", "-r", "1", "-B1", "-j1", "--to", "de", "-i", "-"}},
    {"plot",
     JOB_FORM,
     "Hello.\n",
     {"bench", "--json", "-r", "1", "-B1", "-j1", "--to", "de", "-i", "-", "--plot", OUT}},
};
_Static_assert(sizeof faulty_jobs / sizeof *faulty_jobs == N_JOBS, "N_JOBS in the header");

/* ---- a run ----------------------------------------------------------------------------------- */

/* Keys are typed at once: they wait until they are read, whatever is shown or is not. */
static void run_in_terminal(const struct job *job, const char *const *arguments,
                            struct outcome *outcome) {
    struct terminal terminal = terminal_run(arguments);
    terminal_type(&terminal, job->input);
    char *shown = terminal_listen(&terminal);
    int status = terminal_wait(&terminal, &outcome->changed_terminal);
    outcome->ran = (struct ran){WIFEXITED(status) ? WEXITSTATUS(status) : -1, shown, strdup(""),
                                strlen(shown), 0};
}

/* What the command keeps for itself (folder/tolka): the prompt's history; models made of checkpoints,
 * of which one is taken for a file that was written. All else, unfinished files too, is left. */
static void take_state(struct folder *folder, struct outcome *outcome) {
    static const char ending[] = ".gguf";
    unlink(cli_path(folder, "tolka/history"));
    DIR *stream = opendir(cli_path(folder, "tolka"));
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        char name[600];
        size_t n = strlen(entry->d_name), n_ending = sizeof ending - 1;
        if (entry->d_name[0] == '.' || n <= n_ending) continue;
        if (strcmp(entry->d_name + n - n_ending, ending) != 0) continue;
        snprintf(name, sizeof name, "%s/tolka/%s", folder->path, entry->d_name);
        free(outcome->written);
        outcome->written = read_whole_file(name, &outcome->n_written);
        unlink(name);
    }
    if (stream) closedir(stream);
    rmdir(cli_path(folder, "tolka"));
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    ck_assert(file && fputs(text, file) >= 0);
    ck_assert_int_eq(fclose(file), 0);
}

struct outcome run_job(const struct job *job, struct folder *folder, const char *fault) {
    const char *arguments[16] = {NULL};
    char out[128], library[4096];
    struct outcome outcome = {.written = NULL};
    snprintf(out, sizeof out, "%s",
             cli_path(folder, job->kind == JOB_FORM ? "out.svg" : "out.html"));
    for (size_t i = 0; i < 14 && job->arguments[i]; i++)
        arguments[i] = strcmp(job->arguments[i], OUT) == 0 ? out : job->arguments[i];
    if (job->kind == JOB_PLACE) write_file(out, job->input);
    setenv("XDG_CACHE_HOME", folder->path, 1);
    setenv("XDG_STATE_HOME", folder->path, 1);
    setenv("TOLKA_TEST_STATE", "1", 1);
    setenv("FAULT", fault, 1);
    /* libedit bears none at all; the prompt asks for memory before it begins. */
    if (job->kind == JOB_PROMPT) setenv("FAULT_SPARES", "libedit", 1);
    setenv("LD_PRELOAD", built("tests/faults.so", library), 1);
    if (job->kind == JOB_PROMPT)
        run_in_terminal(job, arguments, &outcome);
    else
        outcome.ran = run_text(job->input, arguments);
    unsetenv("LD_PRELOAD");
    unsetenv("FAULT_SPARES");
    outcome.written = read_whole_file(out, &outcome.n_written);
    unlink(out);
    if (job->kind == JOB_PLACE) unlink(cli_path(folder, "out.html.unfinished"));
    take_state(folder, &outcome);
    outcome.n_files = count_files(folder->path);
    return outcome;
}

void outcome_free(struct outcome *outcome) {
    ran_free(&outcome->ran);
    free(outcome->written);
}

/* ---- whether it is right --------------------------------------------------------------------- */

static bool same_bytes(const char *a, size_t n_a, const char *b, size_t n_b) {
    return !a == !b && n_a == n_b && (!a || memcmp(a, b, n_a) == 0);
}

static bool is_same(const struct outcome *a, const struct outcome *b) {
    return a->ran.status == b->ran.status &&
           same_bytes(a->ran.out, a->ran.n_out, b->ran.out, b->ran.n_out) &&
           same_bytes(a->ran.err, a->ran.n_err, b->ran.err, b->ran.n_err);
}

/* A model of the cache has its state in its name, which is in it, too. */
static bool is_same_model(const struct outcome *a, const struct outcome *b) {
    enum { DIGITS_OF_STATE = 16 };
    size_t n_other = 0;
    if (!a->written || !b->written || a->n_written != b->n_written) return false;
    for (size_t i = 0; i < a->n_written; i++) n_other += a->written[i] != b->written[i];
    return n_other <= DIGITS_OF_STATE;
}

/* The next character that counts: blanks and what a number is written with do not. */
static char next_of_form(const char **text) {
    static const char of_numbers[] = "0123456789.+-e";
    bool digits = false;
    for (; **text; ++*text) {
        if (isspace((unsigned char)**text)) continue;
        digits |= isdigit((unsigned char)**text);
        if (!isdigit((unsigned char)**text) && !(digits && strchr(of_numbers, **text))) break;
    }
    return **text ? *(*text)++ : 0;
}

/* The same words, with other numbers. */
static bool same_form(const char *a, const char *b) {
    char from_a, from_b;
    do {
        from_a = next_of_form(&a);
        from_b = next_of_form(&b);
    } while (from_a && from_a == from_b);
    return from_a == from_b;
}

static bool is_of_files(const char *fault) {
    return strncmp(fault, "read", 4) == 0 || strncmp(fault, "name", 4) == 0 ||
           strncmp(fault, "hidden", 6) == 0;
}

/* All of it, whatever the machine did not tell about itself. */
static bool is_report(const char *text) {
    static const char begin[] = "model ", end[] = " of processor time\n";
    size_t n = strlen(text);
    json_t *object = json_loads(text, 0, NULL);
    bool has_times = json_object_get(object, "processor_ms") != NULL;
    json_decref(object);
    return has_times || (n > sizeof end && strncmp(text, begin, sizeof begin - 1) == 0 &&
                         strcmp(text + n - (sizeof end - 1), end) == 0);
}

static bool is_picture(const char *text, size_t n) {
    static const char begin[] = "<svg", end[] = "</svg>\n";
    return text && n > sizeof end && memcmp(text, begin, sizeof begin - 1) == 0 &&
           strcmp(text + n - (sizeof end - 1), end) == 0;
}

static size_t count_parts(const char *text, const char *part) {
    size_t n = 0;
    for (; (text = strstr(text, part)); text += strlen(part)) n++;
    return n;
}

/* Each of two texts has an answer: its translation, or why there is none. */
static bool has_answers(const struct outcome *outcome) {
    const char *shown = outcome->ran.out;
    size_t n_complaints = count_parts(shown, "tolka: ");
    if (outcome->ran.status < 0 || outcome->ran.status > 3 || outcome->changed_terminal)
        return false;
    if (outcome->ran.status > 0) return n_complaints > 0;
    return count_parts(shown, "Guten Morgen.\r\n") + count_parts(shown, "Hallo.\r\n") +
               n_complaints >=
           2;
}

/* A file of /proc or /sys that cannot be read is one that is not there. */
static bool is_measured(const char *fault, const struct outcome *outcome,
                        const struct outcome *expected) {
    bool same = is_of_files(fault) ? is_report(outcome->ran.out)
                                   : same_form(outcome->ran.out, expected->ran.out);
    return outcome->ran.status == 0 && outcome->ran.n_err == 0 && same &&
           (!expected->written || is_picture(outcome->written, outcome->n_written));
}

bool is_as_expected(const struct job *job, const char *fault, const struct outcome *outcome,
                    const struct outcome *expected) {
    bool same_file =
        same_bytes(outcome->written, outcome->n_written, expected->written, expected->n_written);
    switch (job->kind) {
    case JOB_BYTES:
    case JOB_LINES:
    case JOB_PLACE:
        return same_file && is_same(outcome, expected);
    case JOB_LOOKS:
        return is_same(outcome, expected) ||
               (is_of_files(fault) && (strstr(outcome->ran.out, "problem") ||
                                       strstr(outcome->ran.out, "matched by name only:")));
    case JOB_CACHED:
        return (!outcome->written || is_same_model(outcome, expected)) &&
               is_same(outcome, expected);
    case JOB_FORM:
        return is_measured(fault, outcome, expected);
    default:
        return has_answers(outcome);
    }
}

static bool are_first_lines(const struct outcome *outcome, const struct outcome *expected) {
    size_t n = outcome->n_written;
    return n > 0 && n <= expected->n_written && outcome->written[n - 1] == '\n' &&
           memcmp(outcome->written, expected->written, n) == 0;
}

/* A file is whole if it is there; where one line could not be translated, the others are in it. */
static bool may_be_there(const struct job *job, const struct outcome *outcome,
                         const struct outcome *expected) {
    if (!outcome->written) return true;
    if (job->kind == JOB_CACHED) return is_same_model(outcome, expected);
    if (job->kind == JOB_PLACE && strcmp(outcome->written, job->input) == 0) return true;
    if (job->kind == JOB_LINES && are_first_lines(outcome, expected)) return true;
    if (outcome->ran.status == 1 && expected->written)
        return count_lines(outcome->written, outcome->n_written) ==
               count_lines(expected->written, expected->n_written);
    return same_bytes(outcome->written, outcome->n_written, expected->written, expected->n_written);
}

/* One that was refused may have said a line more, about what was done before. */
bool is_refused(const struct job *job, const struct outcome *outcome,
                const struct outcome *expected) {
    size_t n = count_lines(outcome->ran.err, outcome->ran.n_err);
    return outcome->ran.status >= 1 && outcome->ran.status <= 3 && (n == 1 || n == 2) &&
           strncmp(outcome->ran.err, "tolka: ", 7) == 0 && may_be_there(job, outcome, expected);
}
