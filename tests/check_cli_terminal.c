/* The command on a terminal, a pseudo-terminal here: text comes as it is decided, and only
 * there. */
#define _GNU_SOURCE /* TIOCSCTTY, with posix_openpt */
#include "tests/check_cli.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

struct terminal {
    int master, slave; /* slave: kept open, so that nothing is lost when the command ends */
    pid_t child;
    struct termios before;
};

/* Runs in the terminal, as its foreground process. */
static void become(const char *name, const char *const *arguments) {
    const char *program = getenv("TOLKA");
    char *argv[24] = {"tolka"};
    for (size_t i = 0; arguments[i] && i < 22; i++) argv[i + 1] = (char *)arguments[i];
    setsid();
    int terminal = open(name, O_RDWR);
    ioctl(terminal, TIOCSCTTY, 0);
    for (int i = 0; i < 3; i++) dup2(terminal, i);
    signal(SIGINT, SIG_DFL);
    setenv("TOLKA_MODEL", SHIPPED_MODEL, 0);
    execv(program && *program ? program : "build/tolka", argv);
    _exit(127);
}

static struct terminal terminal_run(const char *const *arguments) {
    struct terminal terminal = {.master = posix_openpt(O_RDWR | O_NOCTTY)};
    ck_assert_int_ge(terminal.master, 0);
    ck_assert_int_eq(grantpt(terminal.master) | unlockpt(terminal.master), 0);
    const char *name = ptsname(terminal.master);
    ck_assert_ptr_nonnull(name);
    terminal.slave = open(name, O_RDWR | O_NOCTTY);
    ck_assert_int_ge(terminal.slave, 0);
    ck_assert_int_eq(tcgetattr(terminal.slave, &terminal.before), 0);
    terminal.child = fork();
    ck_assert_int_ge(terminal.child, 0);
    if (terminal.child == 0) become(name, arguments);
    return terminal;
}

#define in_terminal(...) terminal_run((const char *const[]){__VA_ARGS__, NULL})

/* What has come, at least a byte of it; a minute is for machines that do something else, too. */
static size_t read_some(const struct terminal *terminal, char *text, size_t room) {
    struct pollfd ready = {.fd = terminal->master, .events = POLLIN};
    ck_assert_int_eq(poll(&ready, 1, 60000), 1);
    ssize_t n = read(terminal->master, text, room);
    ck_assert_int_gt(n, 0);
    return (size_t)n;
}

/* The wait status; the terminal must be as it was. */
static int terminal_end(const struct terminal *terminal) {
    int status;
    struct termios after;
    ck_assert_int_eq(waitpid(terminal->child, &status, 0), terminal->child);
    ck_assert_int_eq(tcgetattr(terminal->slave, &after), 0);
    ck_assert(
        after.c_iflag == terminal->before.c_iflag && after.c_oflag == terminal->before.c_oflag &&
        after.c_lflag == terminal->before.c_lflag && after.c_cflag == terminal->before.c_cflag);
    close(terminal->master);
    close(terminal->slave);
    return status;
}

/* Everything up to the end of the line, and in how many pieces it came. */
static size_t read_line(const struct terminal *terminal, char *text, size_t room) {
    size_t n = 0, n_pieces = 0;
    do {
        ck_assert_uint_lt(n, room - 1);
        n += read_some(terminal, text + n, room - 1 - n);
        n_pieces++;
        text[n] = 0;
    } while (!strchr(text, '\n'));
    return n_pieces;
}

START_TEST(words_come_as_they_are_decided) {
    static char text[65536];
    size_t n_pieces = 0;
    /* A reader that is kept waiting finds pieces together: not always. */
    for (int i = 0; i < 5 && n_pieces < 10; i++) {
        struct terminal terminal = in_terminal("--to", "de", "-b", "1", "--min-new-tokens", "400",
                                               "-x", "500", "The weather is nice today.");
        n_pieces = read_line(&terminal, text, sizeof text);
        ck_assert_int_eq(terminal_end(&terminal), 0);
    }
    ck_assert_uint_ge(n_pieces, 10);
    ck_assert_int_eq(strncmp(text, "Das Wetter ist heute schön.", 28), 0);
    ck_assert_ptr_null(strchr(text, '\033'));
    /* The terminal has made \r\n of \n. */
    char *whole = output_of("The weather is nice today.\n", "--to", "de", "-b", "1",
                            "--min-new-tokens", "400", "-x", "500");
    *strchr(text, '\r') = 0;
    *strchr(whole, '\n') = 0;
    ck_assert_str_eq(text, whole);
    free(whole);
}
END_TEST

START_TEST(typed_lines_are_answered) {
    static char text[4096];
    struct terminal terminal = in_terminal("--to", "de", "-q");
    ck_assert_int_eq(write(terminal.master, "Good morning.\n", 14), 14);
    read_line(&terminal, text, sizeof text); /* its echo */
    ck_assert_ptr_nonnull(strstr(text, "Good morning.\r\n"));
    if (!strstr(text, "Guten Morgen.\r\n")) read_line(&terminal, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "Guten Morgen.\r\n"));
    ck_assert_int_eq(write(terminal.master, "\4", 1), 1); /* Ctrl-D */
    ck_assert_int_eq(terminal_end(&terminal), 0);
}
END_TEST

START_TEST(interrupted_in_a_sentence) {
    static char text[65536];
    struct terminal terminal = in_terminal("--to", "de", "-b", "1", "--min-new-tokens", "9000",
                                           "-x", "10000", "The weather is nice today.");
    size_t n = read_some(&terminal, text, sizeof text);
    ck_assert_ptr_null(memchr(text, '\n', n));
    ck_assert_int_eq(write(terminal.master, "\3", 1), 1); /* Ctrl-C */
    int status = terminal_end(&terminal);
    ck_assert_msg((WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) ||
                      (WIFEXITED(status) && WEXITSTATUS(status) == 130),
                  "wait status %d", status);
}
END_TEST

/* On a terminal, with a pipe that is its --output: what is written at once, and is shorter than
 * PIPE_BUF, is read at once. */
START_TEST(files_get_whole_lines) {
    static char text[65536];
    struct folder folder = cli_folder();
    const char *path = cli_path(&folder, "pipe");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    struct terminal terminal =
        in_terminal("--to", "de", "-b", "1", "--min-new-tokens", "400", "-x", "500", "-o", path,
                    "The weather is nice today.\nGood morning.\nHello.");
    int fd = open(path, O_RDONLY);
    ck_assert_int_ge(fd, 0);
    size_t n_lines = 0;
    for (ssize_t n; (n = read(fd, text, sizeof text)) > 0;) {
        ck_assert_int_lt(n, 3 * 4096);
        ck_assert_int_eq(text[n - 1], '\n');
        n_lines += count_lines(text, (size_t)n);
    }
    close(fd);
    ck_assert_uint_eq(n_lines, 3);
    ck_assert_int_eq(terminal_end(&terminal), 0);
    cli_remove(&folder, (const char *const[]){"pipe", NULL});
}
END_TEST

TCase *cli_terminal_case(void) {
    TCase *terminal = tcase_create("terminal");
    tcase_set_timeout(terminal, 300);
    tcase_add_test(terminal, words_come_as_they_are_decided);
    tcase_add_test(terminal, typed_lines_are_answered);
    tcase_add_test(terminal, interrupted_in_a_sentence);
    tcase_add_test(terminal, files_get_whole_lines);
    return terminal;
}
