/* The prompt that the command is when it is alone on a terminal. */
#define _XOPEN_SOURCE 700
#include "tests/check_cli.h"
#include "tests/pseudo_terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(typed_lines_are_answered) {
    struct terminal terminal = in_terminal("--to", "de");
    terminal_expect(&terminal, ":help lists commands");
    terminal_expect(&terminal, "de> ");
    terminal_type(&terminal, "Good morning.\r");
    terminal_expect(&terminal, "Guten Morgen.\r\n");
    terminal_expect(&terminal, "de> ");
    terminal_type(&terminal, "\4"); /* Ctrl-D */
    ck_assert_int_eq(terminal_end(&terminal), 0);
}
END_TEST

/* What the command says with an option, the prompt says with a command of that name. */
START_TEST(commands_are_options) {
    struct terminal terminal = in_terminal("--to", "de", "-q");
    char *french = output_of("The weather is nice today.\n", "--to", "fr");
    char *best = output_of("Good morning.\n", "--to", "fr", "--beam", "4", "--nbest", "2");
    terminal_expect(&terminal, "de> ");
    terminal_type(&terminal, ":to fr\r");
    terminal_expect(&terminal, "fr> ");
    terminal_type(&terminal, "The weather is nice today.\r");
    *strchr(french, '\n') = 0;
    terminal_expect(&terminal, french);
    terminal_expect(&terminal, "fr> ");
    terminal_type(&terminal, ":beam 4\r");
    terminal_expect(&terminal, "fr> ");
    terminal_type(&terminal, ":nbest 2\r");
    terminal_expect(&terminal, "fr> ");
    terminal_type(&terminal, "Good morning.\r");
    for (char *line = strtok(best, "\n"); line; line = strtok(NULL, "\n"))
        terminal_expect(&terminal, strchr(line, '\t') + 1);
    terminal_expect(&terminal, "fr> ");
    terminal_type(&terminal, ":quit\r");
    ck_assert_int_eq(terminal_end(&terminal), 0);
    free(french), free(best);
}
END_TEST

START_TEST(the_last_text_again) {
    struct terminal terminal = in_terminal("--to", "de", "-q");
    terminal_expect(&terminal, "de> ");
    terminal_type(&terminal, ":attention\r");
    terminal_expect(&terminal, "no text yet");
    terminal_type(&terminal, "The weather is nice today.\r");
    terminal_expect(&terminal, "Das Wetter ist heute schön.\r\n");
    terminal_type(&terminal, ":attention\r");
    terminal_expect(&terminal, ">>deu<<");
    terminal_expect(&terminal, "How much each row looks at each column");
    terminal_type(&terminal, ":alternatives 3\r");
    char *others = output_of("The weather is nice today.\n", "--to", "de", "-a", "3");
    for (char *line = strtok(others, "\n"); line; line = strtok(NULL, "\n"))
        terminal_expect(&terminal, strchr(line, '\t') + 1);
    terminal_type(&terminal, "\4");
    ck_assert_int_eq(terminal_end(&terminal), 0);
    free(others);
}
END_TEST

/* Without --to the prompt asks, says nothing of mistakes, and takes a bare name. */
START_TEST(the_prompt_asks_for_a_language) {
    struct terminal terminal = in_terminal("-b", "1");
    terminal_expect(&terminal, "Type a text");
    ck_assert_ptr_null(strstr(terminal.shown, "tolka: "));
    terminal_expect(&terminal, "Translate to which language?");
    terminal_expect(&terminal, "Languages: eng deu fra\r\n");
    terminal_expect(&terminal, "tolka> ");
    terminal_type(&terminal, "Good morning.\r"); /* no language */
    terminal_expect(&terminal, "Translate to which language?");
    terminal_expect(&terminal, "tolka> ");
    terminal_type(&terminal, "German\r");
    terminal_expect(&terminal, "German> ");
    terminal_type(&terminal, "Good morning.\r");
    terminal_expect(&terminal, "Guten Morgen.\r\n");
    terminal_expect(&terminal, "German> ");
    terminal_type(&terminal, "\4");
    ck_assert_int_eq(terminal_end(&terminal), 0);
}
END_TEST

/* A mistake is said, and changes nothing. */
START_TEST(mistakes_change_nothing) {
    static const char *const wrong[][2] = {
        {":bem 4\r", "there is no :bem; did you mean :beam?"},
        {":zzzzzz\r", ":help lists the commands"},
        {":beam 0\r", "--beam is \"0\""},
        {":beam\r", ":beam needs a value"},
        {":beam off\r", "has not been set here"},
        {":to Klingon\r", "Klingon"},
        {":set no_such_key=1\r", "no_such_key"},
        {":model tests/none.gguf\r", "tests/none.gguf: No such file"},
        {":quit now\r", ":quit takes no value"},
        {":sample maybe\r", "expected on or off"},
    };
    struct terminal terminal = in_terminal("--to", "de", "-q");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        terminal_expect(&terminal, "de> ");
        terminal_type(&terminal, wrong[i][0]);
        terminal_expect(&terminal, wrong[i][1]);
    }
    terminal_type(&terminal, "Good morning.\r");
    terminal_expect(&terminal, "Guten Morgen.\r\n");
    terminal_type(&terminal, "\4");
    ck_assert_int_eq(terminal_end(&terminal), 0);
}
END_TEST

START_TEST(ctrl_c_ends_a_translation) {
    struct terminal terminal =
        in_terminal("--to", "de", "-b", "1", "--min-new-tokens", "9000", "-x", "10000", "-q");
    terminal_expect(&terminal, "de> ");
    terminal_type(&terminal, "The weather is nice today.\r");
    terminal_expect(&terminal, "Das Wetter ist heute");
    terminal_type(&terminal, "\3");
    terminal_expect(&terminal, "de> ");
    terminal_type(&terminal, "half a line");
    terminal_expect(&terminal, "half a line");
    terminal_type(&terminal, "\3");
    terminal_expect(&terminal, "^C\r\n");
    terminal_expect(&terminal, "de> ");
    terminal_type(&terminal, ":quit\r");
    ck_assert_int_eq(terminal_end(&terminal), 0);
}
END_TEST

START_TEST(sigterm_ends_a_prompt) {
    struct terminal terminal = in_terminal("--to", "de", "-q");
    terminal_expect(&terminal, "de> ");
    terminal_type(&terminal, "half a line");
    terminal_expect(&terminal, "half a line");
    ck_assert_int_eq(kill(terminal.child, SIGTERM), 0);
    int status = terminal_end(&terminal);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}
END_TEST

START_TEST(pasted_lines_are_one_text) {
    struct terminal terminal = in_terminal("--to", "de", "-q");
    terminal_expect(&terminal, "de> ");
    terminal_type(&terminal, "\033[200~Good morning.\rHello.\r\033[201~");
    terminal_expect(&terminal, "Hello.");
    terminal_type(&terminal, "\r");
    terminal_expect(&terminal, "Guten Morgen.\r\n");
    terminal_expect(&terminal, "Hallo.\r\n");
    terminal_expect(&terminal, "de> ");
    terminal_type(&terminal, "\4");
    ck_assert_int_eq(terminal_end(&terminal), 0);
}
END_TEST

START_TEST(tab_completes) {
    struct terminal terminal = in_terminal("-q", "--to", "fr");
    terminal_expect(&terminal, "fr> ");
    terminal_type(&terminal, ":alt\t");
    terminal_expect(&terminal, "ernatives ");
    terminal_type(&terminal, "\3:to d\t\r");
    terminal_expect(&terminal, "deu> ");
    terminal_type(&terminal, ":\t");
    terminal_expect(&terminal, "languages");
    terminal_expect(&terminal, "quit");
    terminal_type(&terminal, "\3\4");
    ck_assert_int_eq(terminal_end(&terminal), 0);
}
END_TEST

/* UTF-8 is edited in characters, whatever the locale. */
START_TEST(characters_are_edited) {
    struct terminal terminal = in_terminal("--to", "de", "-q");
    terminal_expect(&terminal, "de> ");
    terminal_type(&terminal, "Good morning.é本\177\177\r");
    terminal_expect(&terminal, "Guten Morgen.\r\n");
    terminal_type(&terminal, "\4");
    ck_assert_int_eq(terminal_end(&terminal), 0);
}
END_TEST

START_TEST(history_is_kept) {
    struct folder folder = cli_folder();
    struct stat info;
    setenv("TOLKA_TEST_STATE", "1", 1);
    setenv("XDG_STATE_HOME", folder.path, 1);
    for (int i = 0; i < 2; i++) {
        struct terminal terminal = in_terminal("--to", "de", "-q");
        terminal_expect(&terminal, "de> ");
        terminal_type(&terminal, i ? "\033[A\r" : "Good morning.\r"); /* the up arrow */
        terminal_expect(&terminal, "Guten Morgen.\r\n");
        terminal_type(&terminal, "\4");
        ck_assert_int_eq(terminal_end(&terminal), 0);
        ck_assert_int_eq(stat(cli_path(&folder, "tolka/history"), &info), 0);
        ck_assert_int_eq((int)(info.st_mode & 0777), 0600);
    }
    unlink(cli_path(&folder, "tolka/history"));
    rmdir(cli_path(&folder, "tolka"));
    cli_remove(&folder, (const char *const[]){NULL});
}
END_TEST

TCase *cli_prompt_case(void) {
    TCase *prompt = tcase_create("prompt");
    tcase_set_timeout(prompt, 300);
    tcase_add_test(prompt, typed_lines_are_answered);
    tcase_add_test(prompt, commands_are_options);
    tcase_add_test(prompt, the_last_text_again);
    tcase_add_test(prompt, mistakes_change_nothing);
    tcase_add_test(prompt, the_prompt_asks_for_a_language);
    tcase_add_test(prompt, ctrl_c_ends_a_translation);
    tcase_add_test(prompt, sigterm_ends_a_prompt);
    tcase_add_test(prompt, pasted_lines_are_one_text);
    tcase_add_test(prompt, tab_completes);
    tcase_add_test(prompt, characters_are_edited);
    tcase_add_test(prompt, history_is_kept);
    return prompt;
}
