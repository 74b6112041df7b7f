/* tolka: finds the subcommand, parses its options, runs it. */
#define _POSIX_C_SOURCE 200809L
#include "tools/command_guess.h"
#include "tools/cut_file.h"
#include "tools/help.h"
#include "tools/out_of_memory.h"
#include "tools/written.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int help(int argc, char **argv) {
    if (argc > 2 && argv[2][0] == '-')
        return print_generated(stdout, argv[2], argc > 3 ? argv[3] : NULL);
    const struct command_spec *command = argc > 2 ? find_command(argv[2]) : command_specs;
    const struct command_spec *meant = command ? NULL : near_command(argv[2]);
    if (meant)
        return complain(EXIT_USAGE, "no command is called %s; did you mean %s?", argv[2],
                        meant->name);
    if (!command) return complain(EXIT_USAGE, "no command is called %s; see tolka --help", argv[2]);
    print_help(stdout, command);
    return EXIT_DONE;
}

/* "tolka --help convert" asks about convert. */
static int print_help_asked(const struct command_spec *command, const struct options *options) {
    const struct command_spec *named =
        options->n_arguments == 1 ? find_command(options->arguments[0]) : NULL;
    print_help(stdout, named ? named : command);
    return EXIT_DONE;
}

static bool may_ask(void) {
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* 'y': yes, 'n': no, else: no answer. */
static int ask(const char *typed, const char *meant) {
    char answer[16];
    if (!may_ask()) return 0;
    fprintf(stderr, "tolka: %s is no command; did you mean \"tolka %s\"? [y/n] ", typed, meant);
    if (!fgets(answer, sizeof answer, stdin)) return fputc('\n', stderr), 0;
    return *answer | 0x20;
}

/* The command that the arguments are for, and the first of them. False: there was a slip, and
 * nobody to ask. */
static bool choose_command(int argc, char **argv, const struct command_spec **command, int *first) {
    *command = argc > 1 ? find_command(argv[1]) : NULL;
    if (*command && is_sentence(*command, argc, argv)) *command = NULL;
    const struct command_spec *meant = NULL;
    if (argc > 1 && !find_command(argv[1]) && argv[1][0] != '-')
        meant = meant_command(argc, argv, may_ask());
    int answer = meant ? ask(argv[1], meant->name) : 'n';
    if (answer == 'y') *command = meant;
    *first = *command ? 2 : 1;
    if (!*command) *command = command_specs;
    if (answer == 'y' || answer == 'n') return true;
    complain(
        EXIT_USAGE,
        "%s is no command; did you mean tolka %s? To translate the text: tolka translate %s ...",
        argv[1], meant->name, argv[1]);
    return false;
}

static int run(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "help") == 0) return help(argc, argv);
    const struct command_spec *command;
    int first;
    if (!choose_command(argc, argv, &command, &first)) return EXIT_USAGE;
    struct options options = {.length_penalty = -1};
    if (!options_parse(&options, command->command, command->name, argc, argv, first))
        return EXIT_USAGE;
    if (options.help) return print_help_asked(command, &options);
    if (options.version) return printf("tolka %s\n", TOLKA_VERSION), EXIT_DONE;
    return command->run(&options);
}

int main(int argc, char **argv) {
    /* A reader that goes away is found out by write(): what has to be removed is, and the program
     * ends quietly. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* the same for a file that may not become so large */
    occupy_standard_descriptors();
    json_memory_or_end();
    icu_memory_or_end();
    expect_cut_files();
    return finish_standard_output(run(argc, argv));
}
