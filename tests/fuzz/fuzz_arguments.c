/* The command line: arguments are parsed, nothing is done. One argument a line. */
#include "tests/fuzz/fuzz_targets.h"

#include "tools/command_guess.h"
#include "tools/command_line.h"
#include "tools/memory_size.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ARGUMENTS = 100 };

static int split(char *text, char **arguments) {
    int n = 0;
    arguments[n++] = "tolka";
    for (char *line = text; line && n < MOST_ARGUMENTS;) {
        char *end = strchr(line, '\n');
        if (end) *end = 0;
        if (end || *line) arguments[n++] = line;
        line = end ? end + 1 : NULL;
    }
    arguments[n] = NULL;
    return n;
}

static void check(const struct options *options, char **arguments, int n) {
    size_t bytes;
    must(options->n_arguments >= 0 && options->n_arguments < n &&
             options->arguments + options->n_arguments == arguments + n,
         "what is left are arguments");
    must(options->n_settings >= 0 && options->n_settings <= MAX_SETTINGS, "settings are counted");
    char *text = join_arguments(options);
    must(text != NULL, "arguments are a text");
    free(text);
    memory_size(options->max_memory, "--max-memory", &bytes);
}

static void parse(char **arguments, int n) {
    char *copy[MOST_ARGUMENTS + 1];
    const struct command_spec *command = n > 1 ? find_command(arguments[1]) : NULL;
    if (n > 1) {
        near_command(arguments[1]);
        if (command && is_sentence(command, n, arguments)) command = NULL;
        if (!command) meant_command(n, arguments, false);
    }
    for (const struct command_spec *spec = command_specs; spec->name; spec++) {
        struct options options = {.length_penalty = -1};
        if (command && spec != command) continue;
        memcpy(copy, arguments, sizeof copy);
        if (options_parse(&options, spec->command, spec->name, n, copy, command ? 2 : 1))
            check(&options, copy, n);
    }
}

static void run(const uint8_t *bytes, size_t n) {
    char *arguments[MOST_ARGUMENTS + 1] = {NULL};
    char *text = calloc(n + 1, 1);
    must(text != NULL, "there is memory for arguments");
    if (n) memcpy(text, bytes, n);
    parse(arguments, split(text, arguments));
    free(text);
}

static const char *option_word(struct chance *chance) {
    size_t n = 0;
    while (option_specs[n].name) n++;
    return option_specs[chance_below(chance, n)].name;
}

static void change(struct chance *chance, struct blob *input) {
    static const char *const values[] = {
        "1",           "-1",       "0",       "1e9",       "de",           "=",       "-",   "--",
        "\n",          "\n-x\n",   "2G",      "1,2",       "a|b",          "top_k=3", "x y", ".5",
        "translate\n", "\xc3\xbc", "check\n", "convert\n", "-5 degrees\n", NULL};
    char word[100] = "--";
    const char *words[] = {word, NULL};
    strcat(strcat(word, option_word(chance)), chance_one_in(chance, 2) ? "\n" : "=");
    if (chance_one_in(chance, 4)) word[2 + chance_below(chance, strlen(word) - 2)] = 0;
    change_text(chance, input, chance_one_in(chance, 2) ? words : values);
}

const struct fuzz_target fuzz_arguments = {"arguments", run, change, 512, true};
