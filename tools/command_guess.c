#define _POSIX_C_SOURCE 200809L
#include "tools/command_guess.h"

#include "tools/suggest.h"

#include <string.h>
#include <unistd.h>

const struct command_spec *find_command(const char *name) {
    for (const struct command_spec *command = command_specs; command->name; command++)
        if (strcmp(command->name, name) == 0) return command;
    return NULL;
}

const struct command_spec *near_command(const char *name) {
    const char *names[16] = {NULL};
    const size_t room = sizeof names / sizeof *names;
    for (size_t i = 0; command_specs[i].name && i < room; i++) names[i] = command_specs[i].name;
    const char *nearest = suggest(name, names, room);
    return nearest ? find_command(nearest) : NULL;
}

/* ---- what follows the first word ------------------------------------------------------------- */

struct following {
    int n_words, n_files;
    unsigned shared;   /* commands that have all the options */
    unsigned somebody; /* commands that have one of them */
};

/* Nobody writes a slash into a sentence without blanks around, or ends it with .gguf. */
static bool is_file(const char *argument) {
    if (strpbrk(argument, " \t\n")) return access(argument, F_OK) == 0;
    const char *ending = strrchr(argument, '.');
    return strchr(argument, '/') || (ending && strcmp(ending, ".gguf") == 0) ||
           access(argument, F_OK) == 0;
}

/* The commands that have an option, and whether its value is the next argument. */
static unsigned owners(const char *argument, bool *takes_next) {
    const char *name = argument + strspn(argument, "-");
    bool is_long = argument[1] == '-';
    size_t length = is_long ? strcspn(name, "=") : 1;
    unsigned commands = 0;
    *takes_next = false;
    for (const struct option_spec *spec = option_specs; spec->name; spec++) {
        if (is_long ? strncmp(spec->name, name, length) != 0 : spec->letter != *name) continue;
        commands |= spec->commands;
        if (spec->argument && !name[length]) *takes_next = true;
    }
    return commands;
}

static struct following look_ahead(int argc, char **argv) {
    struct following following = {.shared = ~0u};
    for (int i = 2; i < argc; i++) {
        bool takes_next = false;
        if (argv[i][0] != '-' || !argv[i][1] || strpbrk(argv[i], " \t\n")) {
            following.n_words++;
            following.n_files += is_file(argv[i]);
        } else if (strcmp(argv[i], "--") != 0) {
            unsigned commands = owners(argv[i], &takes_next);
            following.shared &= commands;
            following.somebody |= commands;
        }
        i += takes_next;
    }
    return following;
}

/* ---- guesses --------------------------------------------------------------------------------- */

const struct command_spec *meant_command(int argc, char **argv, bool may_ask) {
    const struct command_spec *command = near_command(argv[1]);
    if (!command) return NULL;
    struct following following = look_ahead(argc, argv);
    bool owns = (following.shared & command->command) && following.somebody;
    bool owns_alone = owns && !(following.shared & COMMAND_TRANSLATE);
    return following.n_files > 0 || owns_alone || (argc == 2 && may_ask) ? command : NULL;
}

bool is_sentence(const struct command_spec *command, int argc, char **argv) {
    struct following following = look_ahead(argc, argv);
    return following.n_words >= 2 && following.n_files == 0 &&
           !(following.shared & command->command) && (following.shared & COMMAND_TRANSLATE);
}
