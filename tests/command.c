#define _POSIX_C_SOURCE 200809L
#include "tests/command.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program(void) {
    const char *path = getenv("TOLKA");
    return path && *path ? path : "build/tolka";
}

static char *read_all(FILE *file, size_t *n) {
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    *n = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*n + 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(fread(bytes, 1, *n, file), *n);
    bytes[*n] = 0;
    fclose(file);
    return bytes;
}

const char *built(const char *file, char path[4096]) {
    snprintf(path, 4096, "%s", program());
    char *slash = strrchr(path, '/');
    size_t used = slash ? (size_t)(slash - path) + 1 : 0;
    snprintf(path + used, 4096 - used, "%s", file);
    return path;
}

static void start(const char *file, const char *const *arguments, FILE *files[3]) {
    char *argv[64] = {(char *)file};
    for (size_t i = 0; arguments[i] && i < 62; i++) argv[i + 1] = (char *)arguments[i];
    for (int i = 0; i < 3; i++)
        if (dup2(fileno(files[i]), i) < 0) _exit(126);
    /* A build may be anywhere; where the command looks by itself has a test of its own. */
    setenv("TOLKA_MODEL", SHIPPED_MODEL, 0);
    /* The user's cache is none of ours; tests of the cache bring one. */
    setenv("XDG_CACHE_HOME", "/dev/null/none", 0);
    execv(file, argv);
    _exit(127);
}

/* Through files: a pipe that nobody reads from would block. */
struct ran run_file(const char *file, const char *const *arguments, const void *input,
                    size_t n_input) {
    FILE *files[3] = {tmpfile(), tmpfile(), tmpfile()};
    ck_assert(files[0] && files[1] && files[2]);
    ck_assert_uint_eq(fwrite(input, 1, n_input, files[0]), n_input);
    rewind(files[0]);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) start(file, arguments, files);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    struct ran ran = {.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1};
    ck_assert_msg(ran.status != 127, "cannot run %s", file);
    fclose(files[0]);
    ran.out = read_all(files[1], &ran.n_out);
    ran.err = read_all(files[2], &ran.n_err);
    return ran;
}

/* Check has handlers of its own, which must not run in a child that is no program of ours yet. */
pid_t command_start(const char *const *arguments, const char *output) {
    signal(SIGINT, SIG_DFL), signal(SIGTERM, SIG_DFL), signal(SIGHUP, SIG_DFL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child > 0) return child;
    FILE *null = fopen("/dev/null", "r+"), *out = output ? fopen(output, "w") : null;
    if (null && out) start(program(), arguments, (FILE *[3]){null, out, null});
    _exit(126);
}

struct ran run_bytes(const char *const *arguments, const void *input, size_t n_input) {
    return run_file(program(), arguments, input, n_input);
}

struct ran run_text(const char *input, const char *const *arguments) {
    return run_bytes(arguments, input ? input : "", input ? strlen(input) : 0);
}

void ran_free(struct ran *ran) {
    free(ran->out);
    free(ran->err);
    *ran = (struct ran){0};
}

char *run_well(const char *input, const char *const *arguments) {
    struct ran ran = run_text(input, arguments);
    ck_assert_msg(ran.status == 0 && ran.n_err == 0, "%s...: exit status %d, \"%s\"", arguments[0],
                  ran.status, ran.err);
    free(ran.err);
    return ran.out;
}

void check_refusal(struct ran *ran, int status, const char *says) {
    ck_assert_msg(ran->status == status, "exit status %d, not %d: \"%s\"", ran->status, status,
                  ran->err);
    ck_assert_msg(ran->n_out == 0, "output in spite of an error: \"%s\"", ran->out);
    ck_assert_msg(count_lines(ran->err, ran->n_err) == 1 && strncmp(ran->err, "tolka: ", 7) == 0,
                  "not one line of tolka: \"%s\"", ran->err);
    char wanted[256];
    snprintf(wanted, sizeof wanted, "%s", says);
    for (char *part = wanted, *next; part; part = next) {
        next = strchr(part, '|');
        if (next) *next++ = 0;
        ck_assert_msg(strstr(ran->err, part) != NULL, "\"%s\" does not say \"%s\"", ran->err, part);
    }
    ran_free(ran);
}

size_t count_lines(const char *text, size_t n) {
    size_t lines = 0;
    for (size_t i = 0; i < n; i++) lines += text[i] == '\n';
    return lines;
}

json_t *json_line(const char *text, size_t i) {
    for (; i > 0 && text; i--) {
        text = strchr(text, '\n');
        if (text) text++;
    }
    ck_assert_ptr_nonnull(text);
    json_error_t error;
    json_t *object = json_loadb(text, strcspn(text, "\n"), 0, &error);
    ck_assert_msg(json_is_object(object), "no JSON object: %.80s (%s)", text, error.text);
    return object;
}
