#include "tools/help.h"

#include "tools/completion.h"
#include "tools/examples.h"
#include "tools/manual.h"
#include "tools/option_use.h"
#include "tools/wrapped_text.h"

#include <string.h>

enum { INDENT = 26 };

static void print_option(FILE *out, const struct option_spec *spec) {
    char left[64], letter[8] = "    ";
    if (spec->letter) snprintf(letter, sizeof letter, "-%c, ", spec->letter);
    snprintf(left, sizeof left, "  %s--%s%s%s", letter, spec->name, spec->argument ? " " : "",
             spec->argument ? spec->argument : "");
    if (strlen(left) + 1 < INDENT)
        fprintf(out, "%-*s", INDENT, left);
    else
        fprintf(out, "%s\n%*s", left, INDENT, "");
    print_wrapped(out, spec->help, INDENT);
}

static void print_group(FILE *out, const struct command_spec *command, enum option_group group) {
    bool any = false;
    for (const struct option_spec *spec = option_specs; spec->name; spec++) {
        if (!(spec->commands & command->command) || option_group(spec) != group) continue;
        if (!any) fprintf(out, "\n%s:\n", option_group_names[group]);
        any = true;
        print_option(out, spec);
    }
}

static void print_commands(FILE *out) {
    fputs("\ncommands:\n", out);
    for (const struct command_spec *command = command_specs; command->name; command++)
        fprintf(out, "  %-12s%s\n", command->name, command->summary);
    fputs("tolka COMMAND --help shows the options of a command; man tolka, everything.\n", out);
}

static void print_examples(FILE *out, const struct command_spec *command) {
    fputs("\nexamples:\n", out);
    for (const struct example *example = examples; example->line; example++)
        if (example->command == command->command)
            fprintf(out, "  %s\n      %s\n", example->line, example->says);
}

void print_help(FILE *out, const struct command_spec *command) {
    fprintf(out, "usage: tolka %s%s\n\n", command->name, command->arguments);
    print_wrapped(out, command->details, 0);
    if (command->command == COMMAND_TRANSLATE) print_commands(out);
    for (enum option_group group = 0; group < OPTION_GROUPS; group++)
        print_group(out, command, group);
    print_examples(out, command);
    fputs("\nexit status: 0 done, 1 some input could not be translated, 2 wrong usage,\n"
          "3 the model or file cannot be loaded\n",
          out);
}

int print_generated(FILE *out, const char *option, const char *argument) {
    static const char completion[] = "--completion";
    const size_t n = sizeof completion - 1;
    if (strcmp(option, "--man") == 0) return print_manual(out), EXIT_DONE;
    if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0)
        return print_help(out, command_specs), EXIT_DONE;
    if (strcmp(option, "--languages") == 0) return print_languages(out, argument);
    if (strncmp(option, completion, n) == 0 && (!option[n] || option[n] == '=')) {
        const char *shell = option[n] ? option + n + 1 : "bash";
        if (print_completion(out, shell)) return EXIT_DONE;
        return complain(EXIT_USAGE, "%s is \"%s\"; expected bash, zsh or fish", completion, shell);
    }
    return complain(EXIT_USAGE, "%s is no option of tolka help; see tolka --help", option);
}
