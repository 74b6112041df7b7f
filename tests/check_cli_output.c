/* What the command writes: whole files or none, where they were asked for, and the truth when it
 * could not. */
#define _XOPEN_SOURCE 700
#include "tests/check_cli.h"
#include "tests/packages.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MARIAN "tests/fixtures/marian"

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* NULL: there is no such file. */
static char *read_file(const char *path, size_t *n) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
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

static void expect_text(const char *path, const char *expected) {
    size_t n;
    char *found = read_file(path, &n);
    ck_assert_msg(found != NULL, "no %s", path);
    ck_assert_str_eq(found, expected);
    free(found);
}

static size_t count_entries(const char *path, const char *prefix) {
    DIR *stream = opendir(path);
    ck_assert_ptr_nonnull(stream);
    size_t n = 0;
    for (struct dirent *entry; (entry = readdir(stream));)
        n += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(stream);
    return n;
}

/* ---- where it goes --------------------------------------------------------------------------- */

START_TEST(a_link_stays_and_its_file_is_replaced) {
    struct folder folder = cli_folder();
    char file[128], link[128];
    struct stat before, after, of_link;
    snprintf(file, sizeof file, "%s", cli_path(&folder, "file"));
    snprintf(link, sizeof link, "%s", cli_path(&folder, "link"));
    write_text(file, "what was there before\n");
    ck_assert_int_eq(chmod(file, 0640), 0);
    ck_assert_int_eq(symlink("file", link), 0);
    ck_assert_int_eq(stat(file, &before), 0);
    free(output_of("Good morning.\n", "--to", "de", "-o", link));
    expect_text(file, "Guten Morgen.\n");
    ck_assert_int_eq(lstat(link, &of_link), 0);
    ck_assert_int_eq(stat(file, &after), 0);
    ck_assert(S_ISLNK(of_link.st_mode));
    ck_assert_uint_eq(after.st_mode & 07777, 0640);
    ck_assert_uint_eq(after.st_uid, before.st_uid);
    ck_assert_uint_eq(after.st_gid, before.st_gid);
    cli_remove(&folder, (const char *const[]){"file", "link", NULL});
}
END_TEST

START_TEST(a_link_to_nothing_makes_its_file) {
    struct folder folder = cli_folder();
    char link[128];
    snprintf(link, sizeof link, "%s", cli_path(&folder, "link"));
    ck_assert_int_eq(symlink("file", link), 0);
    free(output_of("Good morning.\n", "--to", "de", "-o", link));
    expect_text(cli_path(&folder, "file"), "Guten Morgen.\n");
    unlink(link);
    ck_assert_int_eq(symlink("link", link), 0); /* to itself */
    struct ran ran = run("Good morning.\n", "--to", "de", "-o", link);
    check_refusal(&ran, 2, "link");
    cli_remove(&folder, (const char *const[]){"file", "link", NULL});
}
END_TEST

START_TEST(the_input_may_be_the_output) {
    struct folder folder = cli_folder();
    char path[128];
    snprintf(path, sizeof path, "%s", cli_path(&folder, "text"));
    write_text(path, "Good morning.\nHello.\n");
    free(output_of(NULL, "--to", "de", "-i", path, "-o", path));
    expect_text(path, "Guten Morgen.\nHallo.\n");
    cli_remove(&folder, (const char *const[]){"text", NULL});
}
END_TEST

START_TEST(devices_and_pipes_are_written_as_they_are) {
    struct folder folder = cli_folder();
    char path[128], line[64] = "";
    struct stat before, after;
    snprintf(path, sizeof path, "%s", cli_path(&folder, "pipe"));
    ck_assert_int_eq(stat("/dev/null", &before), 0);
    free(output_of("Good morning.\n", "--to", "de", "-o", "/dev/null"));
    free(output_of(NULL, "convert", MARIAN, "-o", "/dev/null"));
    free(output_of(NULL, "convert", MARIAN, "-o", "/dev/null", "--force"));
    free(
        output_of(NULL, "attention", "Hello.", "--to", "de", "-o", "/dev/null", "--format", "svg"));
    ck_assert_int_eq(stat("/dev/null", &after), 0);
    ck_assert(S_ISCHR(after.st_mode));
    ck_assert_uint_eq(after.st_ino, before.st_ino);
    ck_assert_uint_eq(after.st_mode, before.st_mode);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    free(output_of("Good morning.\n", "--to", "de", "-o", path));
    ck_assert_int_eq(read(fd, line, sizeof line - 1), 14);
    ck_assert_str_eq(line, "Guten Morgen.\n");
    close(fd);
    ck_assert(stat(path, &after) == 0 && S_ISFIFO(after.st_mode));
    char *found = output_of("Good morning.\n", "--to", "de", "-o", "/dev/stdout");
    ck_assert_str_eq(found, "Guten Morgen.\n");
    free(found);
    cli_remove(&folder, (const char *const[]){"pipe", NULL});
}
END_TEST

START_TEST(what_is_there_is_not_replaced_unasked) {
    struct folder folder = cli_folder();
    char path[128];
    snprintf(path, sizeof path, "%s", cli_path(&folder, "model.gguf"));
    write_text(path, "a model of mine\n");
    struct ran ran = run(NULL, "convert", MARIAN, "-o", path);
    check_refusal(&ran, 2, "model.gguf is there already|--force");
    ran = run(NULL, "attention", "Hello.", "--to", "de", "-o", path, "--format", "svg");
    check_refusal(&ran, 2, "model.gguf is there already|--force");
    ran = run(NULL, "convert", MARIAN, "-o", folder.path, "--force");
    check_refusal(&ran, 2, "is a directory");
    ran = run("Hello.\n", "--to", "de", "-o", folder.path);
    check_refusal(&ran, 2, "is a directory");
    ran = run(NULL, "convert", "tests/none", "-o", path, "--force");
    check_refusal(&ran, 3, "tests/none");
    ran = run("Hello.\n", "--to", "Klingon", "-o", path);
    check_refusal(&ran, 2, "Klingon");
    ran = run("Hello.\tHallo.\n", "score", "--to", "de", "--symmetrize", "union", "--reverse-model",
              "tests/none", "-o", path);
    check_refusal(&ran, 3, "tests/none");
    expect_text(path, "a model of mine\n");
    free(output_of(NULL, "convert", MARIAN, "-o", path, "--force", "-q"));
    free(output_of(NULL, "check", path));
    cli_remove(&folder, (const char *const[]){"model.gguf", NULL});
}
END_TEST

/* ---- what was made --------------------------------------------------------------------------- */

START_TEST(convert_says_what_it_made) {
    struct folder folder = cli_folder();
    char path[128];
    snprintf(path, sizeof path, "%s", cli_path(&folder, "en.gguf"));
    char *said = output_of(NULL, "convert", MARIAN, "-o", path);
    ck_assert_str_eq(said,
                     "en.gguf: marian, 217 k parameters, int8, 0.9 MB → 0.8 MB, deu fra, 4 of "
                     "4 stored sentences reproduced\n");
    free(said);
    said = output_of(NULL, "convert", MARIAN, "-o", path, "--force", "-q");
    ck_assert_str_eq(said, "");
    free(said);
    said = output_of(NULL, "convert", MARIAN, "-o", path, "--force", "--json", "-T", "f32");
    json_t *object = json_line(said, 0);
    ck_assert_str_eq(json_string_value(json_object_get(object, "type")), "f32");
    ck_assert_str_eq(json_string_value(json_object_get(object, "family")), "marian");
    ck_assert_int_eq(json_integer_value(json_object_get(object, "parameters")), 217019);
    ck_assert_int_eq(json_integer_value(json_object_get(object, "reproduced")), 4);
    json_decref(object);
    free(said);
    cli_remove(&folder, (const char *const[]){"en.gguf", NULL});
}
END_TEST

/* ---- what could not be written --------------------------------------------------------------- */

/* Runs with standard output going to `path`, or closed if that is NULL; returns the exit status. */
static int status_into(const char *path, const char *const *arguments, char said[256]) {
    char error[] = "/tmp/tolka-said-XXXXXX";
    int fd = mkstemp(error);
    ck_assert_int_ge(fd, 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        const char *program = getenv("TOLKA");
        char *argv[16] = {"tolka"};
        for (size_t i = 0; arguments[i] && i < 14; i++) argv[i + 1] = (char *)arguments[i];
        int out = path ? open(path, O_WRONLY) : -1;
        dup2(open("/dev/null", O_RDONLY), 0);
        dup2(fd, 2);
        close(1);
        if (out >= 0) dup2(out, 1);
        setenv("TOLKA_MODEL", SHIPPED_MODEL, 0);
        execv(program ? program : "build/tolka", argv);
        _exit(127);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ssize_t n = pread(fd, said, 255, 0);
    said[n > 0 ? n : 0] = 0;
    close(fd);
    unlink(error);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(a_full_disk_is_said) {
    static const char *const commands[][6] = {
        {"--to", "de", "Hello."},
        {"attention", "--to", "de", "Hello."},
        {"inspect", SHIPPED_MODEL},
        {"inspect", "--json", "--tensors", SHIPPED_MODEL},
        {"check"},
        {"--help"},
        {"--version"},
        {"help", "--man"},
        {"help", "--completion"},
    };
    char said[256];
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        int status = status_into("/dev/full", commands[i], said);
        ck_assert_msg(status == 1, "%s: exit status %d", commands[i][0], status);
        ck_assert_str_eq(said, "tolka: cannot write: No space left on device\n");
        status = status_into(NULL, commands[i], said);
        ck_assert_msg(status == 1, "%s: exit status %d", commands[i][0], status);
        ck_assert_str_eq(said, "tolka: cannot write: Bad file descriptor\n");
    }
    struct ran ran = run(NULL, "convert", MARIAN, "-o", "/dev/full");
    check_refusal(&ran, 3, "cannot write /dev/full: No space left on device");
    ran = run("Hello.\n", "--to", "de", "-o", "/dev/full");
    check_refusal(&ran, 1, "cannot write: No space left on device");
}
END_TEST

/* ---- interrupted ----------------------------------------------------------------------------- */

/* Ends it after a while; true: it had not ended by itself. */
static bool interrupt_after(pid_t child, long milliseconds, int number) {
    struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    int status;
    nanosleep(&pause, NULL);
    kill(child, number);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) ck_assert_int_eq(WTERMSIG(status), number);
    if (WIFEXITED(status)) ck_assert_int_eq(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status);
}

static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
enum { N_MOMENTS = 24 };

/* From 0 to 115 ms: a conversion of the fixture takes some 30 ms, and the more on a busy machine. */
static long moment(int i) {
    return i * 37 % N_MOMENTS * 5;
}

static const struct packed marian[] = {
    {.name = "m/model.safetensors", .from = MARIAN "/model.safetensors"},
    {.name = "m/config.json", .from = MARIAN "/config.json"},
    {.name = "m/vocab.json", .from = MARIAN "/vocab.json"},
    {.name = "m/source.spm", .from = MARIAN "/source.spm"},
    {.name = "m/target.spm", .from = MARIAN "/target.spm"},
    {.name = "m/generation_config.json", .from = MARIAN "/generation_config.json"},
    {.name = "m/tokenizer_config.json", .from = MARIAN "/tokenizer_config.json"},
    {.name = NULL},
};

/* What SIGKILL has left. */
static void remove_partial(const char *path) {
    DIR *stream = opendir(path);
    ck_assert_ptr_nonnull(stream);
    for (struct dirent *entry; (entry = readdir(stream));)
        if (strncmp(entry->d_name, ".tolka-", 7) == 0)
            ck_assert_int_eq(unlinkat(dirfd(stream), entry->d_name, 0), 0);
    closedir(stream);
}

/* The model that was there, or the whole new one. */
START_TEST(convert_can_be_interrupted) {
    struct folder folder = cli_folder();
    char path[128], archive[128], scratch[160];
    size_t n, n_whole;
    snprintf(path, sizeof path, "%s", cli_path(&folder, "model.gguf"));
    snprintf(archive, sizeof archive, "%s", cli_path(&folder, "model.tar"));
    snprintf(scratch, sizeof scratch, "%s/scratch", folder.path);
    ck_assert_int_eq(mkdir(scratch, 0700), 0);
    pack_files(archive, marian);
    free(output_of(NULL, "convert", MARIAN, "-o", path, "-q"));
    char *whole = read_file(path, &n_whole);
    setenv("TMPDIR", scratch, 1);
    for (int i = 0; i < N_MOMENTS; i++) {
        write_text(path, "the old one");
        interrupt_after(command_start((const char *const[]){"convert", i % 2 ? archive : MARIAN,
                                                            "-o", path, "--force", "-q", NULL},
                                      NULL),
                        moment(i), signals[i % 3]);
        char *found = read_file(path, &n);
        ck_assert_ptr_nonnull(found);
        ck_assert(strcmp(found, "the old one") == 0 ||
                  (n == n_whole && memcmp(found, whole, n) == 0));
        ck_assert_uint_eq(count_entries(folder.path, ".tolka"), 0);
        ck_assert_uint_eq(count_entries(scratch, "tolka"), 0);
        free(found);
    }
    for (int i = 0; i < N_MOMENTS; i++) { /* which nobody can do anything about */
        interrupt_after(
            command_start(
                (const char *const[]){"convert", MARIAN, "-o", path, "--force", "-q", NULL}, NULL),
            moment(i), SIGKILL);
        char *found = read_file(path, &n);
        ck_assert_ptr_nonnull(found);
        ck_assert(strcmp(found, "the old one") == 0 ||
                  (n == n_whole && memcmp(found, whole, n) == 0));
        free(found);
    }
    free(whole);
    remove_partial(folder.path);
    ck_assert_int_eq(rmdir(scratch), 0);
    cli_remove(&folder, (const char *const[]){"model.gguf", "model.tar", NULL});
}
END_TEST

static void write_lines(const char *path, int n) {
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < n; i++) fprintf(file, "I have %d friends in this town.\n", i);
    ck_assert_int_eq(fclose(file), 0);
}

/* Lines that were finished are there, each of them whole. */
START_TEST(translate_keeps_what_is_finished) {
    enum { LINES = 600 };
    struct folder folder = cli_folder();
    char in[128], out[128];
    size_t n_all, n, n_kept = 0;
    snprintf(in, sizeof in, "%s", cli_path(&folder, "in"));
    snprintf(out, sizeof out, "%s", cli_path(&folder, "out"));
    write_lines(in, LINES);
    free(output_of(NULL, "--to", "de", "-q", "-i", in, "-o", out));
    char *all = read_file(out, &n_all);
    ck_assert_uint_eq(count_lines(all, n_all), LINES);
    for (int i = 0; i < N_MOMENTS; i++) {
        write_text(out, "");
        interrupt_after(command_start((const char *const[]){"--to", "de", "-q", "-j", "1", "-B",
                                                            "1", "-i", in, "-o", out, NULL},
                                      NULL),
                        30 + 4 * moment(i), signals[i % 3]);
        char *found = read_file(out, &n);
        ck_assert_ptr_nonnull(found);
        ck_assert(n <= n_all && memcmp(found, all, n) == 0 && (n == 0 || found[n - 1] == '\n'));
        ck_assert_uint_eq(count_entries(folder.path, ".tolka"), 0);
        n_kept += n > 0 && n < n_all;
        free(found);
    }
    ck_assert_uint_gt(n_kept, 0);
    free(all);
    cli_remove(&folder, (const char *const[]){"in", "out", NULL});
}
END_TEST

/* An input that was to be replaced is worth more than half of its translation. */
START_TEST(an_input_is_never_half_replaced) {
    enum { LINES = 600 };
    struct folder folder = cli_folder();
    char text[128], unfinished[160];
    size_t n_before, n;
    snprintf(text, sizeof text, "%s", cli_path(&folder, "text"));
    snprintf(unfinished, sizeof unfinished, "%s.unfinished", text);
    write_lines(text, LINES);
    char *before = read_file(text, &n_before);
    for (int i = 0; i < 8; i++) {
        bool ended = !interrupt_after(
            command_start((const char *const[]){"--to", "de", "-q", "-j", "1", "-B", "1", "-i",
                                                text, "-o", text, NULL},
                          NULL),
            60 * i, signals[i % 3]);
        char *found = read_file(text, &n);
        if (!ended) ck_assert(n == n_before && memcmp(found, before, n) == 0);
        ck_assert_uint_eq(count_lines(found, n), LINES);
        ck_assert_uint_eq(count_entries(folder.path, ".tolka"), 0);
        free(found);
        unlink(unfinished);
        if (ended) write_lines(text, LINES);
    }
    free(before);
    cli_remove(&folder, (const char *const[]){"text", NULL});
}
END_TEST

TCase *cli_output_case(void) {
    TCase *output = tcase_create("output");
    tcase_set_timeout(output, 120);
    tcase_add_test(output, a_link_stays_and_its_file_is_replaced);
    tcase_add_test(output, a_link_to_nothing_makes_its_file);
    tcase_add_test(output, the_input_may_be_the_output);
    tcase_add_test(output, devices_and_pipes_are_written_as_they_are);
    tcase_add_test(output, what_is_there_is_not_replaced_unasked);
    tcase_add_test(output, convert_says_what_it_made);
    tcase_add_test(output, a_full_disk_is_said);
    tcase_add_test(output, convert_can_be_interrupted);
    tcase_add_test(output, translate_keeps_what_is_finished);
    tcase_add_test(output, an_input_is_never_half_replaced);
    return output;
}
