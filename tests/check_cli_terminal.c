/* The command on a terminal, a pseudo-terminal here: text comes as it is decided, and only
 * there. */
#define _XOPEN_SOURCE 700
#include "tests/check_cli.h"
#include "tests/pseudo_terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Where there is somebody to answer. */
START_TEST(a_slip_is_asked_about) {
    struct terminal terminal = in_terminal("covert", "tests", "--to", "de");
    terminal_expect(&terminal, "did you mean \"tolka convert\"? [y/n] ");
    terminal_type(&terminal, "n\n");
    terminal_expect(&terminal, "\n");
    ck_assert_int_eq(terminal_end(&terminal), 0);
    terminal = in_terminal("covert", "tests");
    terminal_expect(&terminal, "[y/n] ");
    terminal_type(&terminal, "y\n");
    terminal_expect(&terminal, "--output");
    int status = terminal_end(&terminal);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 2);
    terminal = in_terminal("langauges"); /* nothing follows */
    terminal_expect(&terminal, "did you mean \"tolka languages\"? [y/n] ");
    terminal_type(&terminal, "y\n");
    terminal_expect(&terminal, ">>deu<<");
    ck_assert_int_eq(terminal_end(&terminal), 0);
}
END_TEST

/* Lines of a file are counted, once each. */
START_TEST(progress_of_a_file) {
    struct folder folder = cli_folder();
    char in[160];
    snprintf(in, sizeof in, "%s", cli_path(&folder, "in"));
    FILE *file = fopen(in, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 200; i++) fprintf(file, "Good morning, %d friends.\n", i);
    ck_assert_int_eq(fclose(file), 0);
    struct terminal terminal = in_terminal("--to", "de", "-i", in, "-o", cli_path(&folder, "out"));
    terminal_expect(&terminal, " of 200 lines, ");
    terminal_expect(&terminal, "200 lines in ");
    terminal_expect(&terminal, " tokens/s\r\n");
    ck_assert_int_eq(terminal_end(&terminal), 0);
    cli_remove(&folder, (const char *const[]){"in", "out", NULL});
}
END_TEST

/* What a signal leaves are whole lines, the first ones. */
START_TEST(a_signal_leaves_whole_lines) {
    static const char line_format[] = "There are %d friends in the garden.\n";
    struct folder folder = cli_folder();
    char in[160];
    static char text[1 << 16];
    snprintf(in, sizeof in, "%s", cli_path(&folder, "in"));
    FILE *file = fopen(in, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 5000; i++) fprintf(file, line_format, i);
    ck_assert_int_eq(fclose(file), 0);
    const char *path = cli_path(&folder, "pipe");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    struct terminal terminal = in_terminal("--to", "de", "-q", "-i", in, "-o", path);
    int fd = open(path, O_RDONLY);
    ck_assert_int_ge(fd, 0);
    size_t used = 0;
    bool told = false;
    for (ssize_t n; (n = read(fd, text + used, sizeof text - 1 - used)) > 0;) {
        used += (size_t)n;
        if (!told) ck_assert_int_eq(kill(terminal.child, SIGTERM), 0);
        told = true;
    }
    close(fd);
    text[used] = 0;
    int status = terminal_end(&terminal);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "wait status %d", status);
    ck_assert(used > 0 && text[used - 1] == '\n');
    size_t n_lines = count_lines(text, used), n_source = 0;
    ck_assert_uint_lt(n_lines, 5000);
    static char source[1 << 18];
    for (size_t i = 0; i < n_lines; i++)
        n_source += (size_t)sprintf(source + n_source, line_format, (int)i);
    char *whole = output_of(source, "--to", "de");
    ck_assert_str_eq(text, whole);
    free(whole);
    cli_remove(&folder, (const char *const[]){"in", "pipe", NULL});
}
END_TEST

TCase *cli_terminal_case(void) {
    TCase *terminal = tcase_create("terminal");
    tcase_set_timeout(terminal, 300);
    tcase_add_test(terminal, words_come_as_they_are_decided);
    tcase_add_test(terminal, interrupted_in_a_sentence);
    tcase_add_test(terminal, files_get_whole_lines);
    tcase_add_test(terminal, a_slip_is_asked_about);
    tcase_add_test(terminal, progress_of_a_file);
    tcase_add_test(terminal, a_signal_leaves_whole_lines);
    return terminal;
}
