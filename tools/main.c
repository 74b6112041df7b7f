/* tolka: finds the subcommand, parses its options, runs it. */
#define _POSIX_C_SOURCE 200809L
#include "tools/help.h"
#include "tools/written.h"

#include <signal.h>
#include <string.h>

static const struct command_spec *find_command(const char *name) {
    for (const struct command_spec *command = command_specs; command->name; command++)
        if (strcmp(command->name, name) == 0) return command;
    return NULL;
}

static int help(int argc, char **argv) {
    if (argc > 2 && argv[2][0] == '-')
        return print_generated(stdout, argv[2], argc > 3 ? argv[3] : NULL);
    const struct command_spec *command = argc > 2 ? find_command(argv[2]) : command_specs;
    if (!command) return complain(EXIT_USAGE, "no command is called %s; see tolka --help", argv[2]);
    print_help(stdout, command);
    return EXIT_DONE;
}

static int run(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "help") == 0) return help(argc, argv);
    const struct command_spec *command = argc > 1 ? find_command(argv[1]) : NULL;
    int first = command ? 2 : 1;
    if (!command) command = command_specs;
    struct options options = {.length_penalty = -1};
    if (!options_parse(&options, command->command, command->name, argc, argv, first))
        return EXIT_USAGE;
    if (options.help) return print_help(stdout, command), EXIT_DONE;
    if (options.version) return printf("tolka %s\n", TOLKA_VERSION), EXIT_DONE;
    return command->run(&options);
}

int main(int argc, char **argv) {
    /* A reader that goes away is found out by write(): what has to be removed is, and the program
     * ends quietly. */
    signal(SIGPIPE, SIG_IGN);
    occupy_standard_descriptors();
    return finish_standard_output(run(argc, argv));
}
