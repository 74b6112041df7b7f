#define _GNU_SOURCE /* TIOCSCTTY, with posix_openpt */
#include "tests/pseudo_terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

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
    setenv("TERM", "xterm", 1);
    setenv("NO_COLOR", "1", 1);
    if (!getenv("TOLKA_TEST_STATE")) unsetenv("HOME"), unsetenv("XDG_STATE_HOME");
    execv(program && *program ? program : "build/tolka", argv);
    _exit(127);
}

struct terminal terminal_run(const char *const *arguments) {
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

/* A minute is for machines that do something else, too. */
size_t read_some(const struct terminal *terminal, char *text, size_t room) {
    struct pollfd ready = {.fd = terminal->master, .events = POLLIN};
    ck_assert_int_eq(poll(&ready, 1, 60000), 1);
    ssize_t n = read(terminal->master, text, room);
    ck_assert_int_gt(n, 0);
    return (size_t)n;
}

static bool is_same_mode(const struct termios *a, const struct termios *b) {
    return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_lflag == b->c_lflag &&
           a->c_cflag == b->c_cflag;
}

int terminal_wait(const struct terminal *terminal, bool *changed) {
    int status;
    struct termios after;
    ck_assert_int_eq(waitpid(terminal->child, &status, 0), terminal->child);
    ck_assert_int_eq(tcgetattr(terminal->slave, &after), 0);
    *changed = !is_same_mode(&after, &terminal->before);
    close(terminal->master);
    close(terminal->slave);
    return status;
}

int terminal_end(const struct terminal *terminal) {
    bool changed;
    int status = terminal_wait(terminal, &changed);
    ck_assert(!changed);
    return status;
}

static bool has_ended(const struct terminal *terminal) {
    siginfo_t info = {.si_pid = 0};
    return waitid(P_PID, (id_t)terminal->child, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid != 0;
}

char *terminal_listen(const struct terminal *terminal) {
    enum { MILLISECONDS = 20, MOST_TIMES = 3000 };
    struct pollfd ready = {.fd = terminal->master, .events = POLLIN};
    size_t n = 0, room = 1 << 16;
    char *shown = malloc(room);
    ck_assert_ptr_nonnull(shown);
    for (int times = 0; times < MOST_TIMES; times++) {
        bool ended = has_ended(terminal); /* before the last look */
        while (n + 1 < room && poll(&ready, 1, ended ? 0 : MILLISECONDS) == 1) {
            ssize_t got = read(terminal->master, shown + n, room - 1 - n);
            if (got <= 0) break;
            n += (size_t)got;
        }
        if (ended) break;
        if (times + 1 == MOST_TIMES) kill(terminal->child, SIGKILL);
    }
    shown[n] = 0;
    return shown;
}

void terminal_type(const struct terminal *terminal, const char *keys) {
    ck_assert_int_eq(write(terminal->master, keys, strlen(keys)), (ssize_t)strlen(keys));
}

void terminal_expect(struct terminal *terminal, const char *text) {
    for (char *found; !(found = strstr(terminal->shown, text));) {
        size_t n = strlen(terminal->shown), kept = sizeof terminal->shown / 2;
        if (n >= kept) {
            memmove(terminal->shown, terminal->shown + n - kept / 2, kept / 2 + 1);
            n = kept / 2;
        }
        n += read_some(terminal, terminal->shown + n, sizeof terminal->shown - 1 - n);
        terminal->shown[n] = 0;
    }
    char *behind = strstr(terminal->shown, text) + strlen(text);
    memmove(terminal->shown, behind, strlen(behind) + 1);
}
