/* The machine fails: files are cut short while they are in use, memory runs out, disks are full. The
 * command says what it was, in one line, and harms nothing. */
#define _XOPEN_SOURCE 700
#include "tests/check_faults.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- files ----------------------------------------------------------------------------------- */

static void copy_file(const char *from, const char *to) {
    char bytes[1 << 16];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    ck_assert(in && out);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, in)) > 0;)
        ck_assert_uint_eq(fwrite(bytes, 1, n, out), n);
    ck_assert_int_eq(fclose(in) | fclose(out), 0);
}

size_t count_files(const char *folder) {
    DIR *stream = opendir(folder);
    ck_assert_ptr_nonnull(stream);
    size_t n = 0;
    for (struct dirent *entry; (entry = readdir(stream));) n += entry->d_name[0] != '.';
    rewinddir(stream);
    for (struct dirent *entry; (entry = readdir(stream));)
        n += strncmp(entry->d_name, ".tolka-", 7) == 0; /* not in its place yet */
    closedir(stream);
    return n;
}

char *read_whole_file(const char *path, size_t *n) {
    FILE *file = fopen(path, "rb");
    *n = 0;
    if (!file) return NULL;
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    *n = (size_t)ftell(file);
    rewind(file);
    char *bytes = calloc(1, *n + 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(fread(bytes, 1, *n, file), *n);
    fclose(file);
    return bytes;
}

/* ---- a command that waits for its next line -------------------------------------------------- */

struct talk {
    pid_t child;
    int in;    /* what we say */
    FILE *out; /* what it answers */
    FILE *errors;
};

static struct talk talk_start(const char *const *arguments) {
    int in[2], out[2];
    struct talk talk = {.errors = tmpfile()};
    const char *program = getenv("TOLKA");
    char *argv[16] = {"tolka"};
    for (size_t i = 0; arguments[i] && i < 14; i++) argv[i + 1] = (char *)arguments[i];
    ck_assert_ptr_nonnull(talk.errors);
    ck_assert_int_eq(pipe(in) | pipe(out), 0);
    signal(SIGPIPE, SIG_IGN);
    talk.child = fork();
    ck_assert_int_ge(talk.child, 0);
    if (talk.child == 0) {
        dup2(in[0], 0), dup2(out[1], 1), dup2(fileno(talk.errors), 2);
        close(in[0]), close(in[1]), close(out[0]), close(out[1]);
        execv(program ? program : "build/tolka", argv);
        _exit(127);
    }
    close(in[0]), close(out[1]);
    talk.in = in[1];
    talk.out = fdopen(out[0], "r");
    ck_assert_ptr_nonnull(talk.out);
    return talk;
}

static void say_line(const struct talk *talk, const char *line) {
    (void)!write(talk->in, line, strlen(line));
}

/* Ends what we have to say, and waits for its end; *errors is what it complained of. */
static int talk_end(struct talk *talk, char *errors, size_t size) {
    int status;
    close(talk->in);
    ck_assert_int_eq(waitpid(talk->child, &status, 0), talk->child);
    rewind(talk->errors);
    errors[fread(errors, 1, size - 1, talk->errors)] = 0;
    fclose(talk->out);
    fclose(talk->errors);
    return status;
}

/* ---- a model that is cut short while it is mapped -------------------------------------------- */

static void cut(const char *path, off_t n_bytes) {
    ck_assert_int_eq(truncate(path, n_bytes), 0);
}

/* A part of it is gone, or all, or all and its name. */
START_TEST(a_model_that_is_cut_short) {
    struct folder folder = cli_folder();
    char model[128], line[100], errors[1000];
    snprintf(model, sizeof model, "%s", cli_path(&folder, "model.gguf"));
    copy_file(SHIPPED_MODEL, model);
    struct talk talk = talk_start((const char *const[]){"-m", model, "--to", "de", NULL});
    say_line(&talk, "Good morning.\n");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, talk.out));
    ck_assert_str_eq(line, "Guten Morgen.\n");
    cut(model, _i == 0 ? 3000000 : 0);
    if (_i == 2) ck_assert_int_eq(unlink(model), 0);
    say_line(&talk, "Where did you put the keys, and who has seen them?\n");
    int status = talk_end(&talk, errors, sizeof errors);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 3, "wait status %d", status);
    ck_assert_msg(strstr(errors, model) && strstr(errors, "was cut short"), "\"%s\"", errors);
    ck_assert_msg(count_lines(errors, strlen(errors)) == 1, "\"%s\"", errors);
    cli_remove(&folder, (const char *const[]){_i == 2 ? NULL : "model.gguf", NULL});
}
END_TEST

/* What was done is put where it belongs, as when somebody ends the program, and nothing else is left
 * behind; with several threads, of which more than one finds out. */
START_TEST(temporaries_are_removed) {
    struct folder folder = cli_folder();
    const struct timespec moment = {0, 10000000};
    char model[128], out[128], errors[1000];
    snprintf(model, sizeof model, "%s", cli_path(&folder, "model.gguf"));
    snprintf(out, sizeof out, "%s", cli_path(&folder, "out"));
    copy_file(SHIPPED_MODEL, model);
    copy_file("/dev/null", out);
    struct talk talk = talk_start(
        (const char *const[]){"-m", model, "--to", "de", "-o", out, "-j", "3", "-B", "1", NULL});
    say_line(&talk, "Good morning.\n");
    for (int i = 0; i < 6000 && count_files(folder.path) < 3; i++) nanosleep(&moment, NULL);
    ck_assert_uint_eq(count_files(folder.path), 3); /* it has begun */
    cut(model, 0);
    for (int i = 0; i < 50; i++) say_line(&talk, "Where did you put the keys?\nWho are you?\n");
    int status = talk_end(&talk, errors, sizeof errors);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 3, "wait status %d", status);
    ck_assert_msg(strstr(errors, model) && strstr(errors, "was cut short"), "\"%s\"", errors);
    ck_assert_uint_eq(count_files(folder.path), 2);
    cli_remove(&folder, (const char *const[]){"model.gguf", "out", NULL});
}
END_TEST

/* Sent by somebody, the signal is what it always was. */
START_TEST(a_signal_that_was_sent) {
    char errors[1000], line[100];
    struct talk talk = talk_start((const char *const[]){"-m", SHIPPED_MODEL, "--to", "de", NULL});
    say_line(&talk, "Good morning.\n");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, talk.out));
    ck_assert_int_eq(kill(talk.child, SIGBUS), 0);
    int status = talk_end(&talk, errors, sizeof errors);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS, "wait status %d", status);
    ck_assert_str_eq(errors, "");
}
END_TEST

Suite *faults_suite(void) {
    Suite *suite = suite_create("faults");
    TCase *files = tcase_create("files");
    tcase_set_timeout(files, 60);
    tcase_add_loop_test(files, a_model_that_is_cut_short, 0, 3);
    tcase_add_test(files, temporaries_are_removed);
    tcase_add_test(files, a_signal_that_was_sent);
    suite_add_tcase(suite, files);
    suite_add_tcase(suite, faults_kills_case());
#ifndef POISON /* a sanitizer stands where the faults would be preloaded */
    add_machine_cases(suite);
#endif
    return suite;
}
