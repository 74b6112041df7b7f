#include "tools/help.h"

#include <string.h>

static void print_wrapped(FILE *out, const char *text, int indent, int width) {
    int column = indent;
    for (const char *word = text; *word;) {
        int n = (int)strcspn(word, " ");
        if (column + n >= width && column > indent) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        fprintf(out, "%s%.*s", column > indent ? " " : "", n, word);
        column += n + (column > indent);
        word += n;
        while (*word == ' ') word++;
    }
    fputc('\n', out);
}

void print_help(FILE *out, const struct command_spec *command) {
    enum { INDENT = 28, WIDTH = 96 };
    fprintf(out, "usage: tolka %s%s\n\n", command->name, command->arguments);
    print_wrapped(out, command->details, 0, WIDTH);
    if (command->command == COMMAND_TRANSLATE) {
        fputs("\ncommands:\n", out);
        for (const struct command_spec *other = command_specs; other->name; other++)
            fprintf(out, "  %-12s %s\n", other->name, other->summary);
        fputs("  tolka COMMAND --help shows the options of a command\n", out);
    }
    fputs("\noptions:\n", out);
    for (const struct option_spec *spec = option_specs; spec->name; spec++) {
        if (!(spec->commands & command->command)) continue;
        char left[64], letter[8] = "    ";
        if (spec->letter) snprintf(letter, sizeof letter, "-%c, ", spec->letter);
        snprintf(left, sizeof left, "  %s--%s%s%s", letter, spec->name, spec->argument ? " " : "",
                 spec->argument ? spec->argument : "");
        fprintf(out, "%-*s", INDENT, left);
        if (strlen(left) >= INDENT) fprintf(out, "\n%*s", INDENT, "");
        print_wrapped(out, spec->help, INDENT, WIDTH);
    }
    fputs("\nexit status: 0 done, 1 some input could not be translated, 2 wrong usage,\n"
          "3 the model or file cannot be loaded\n",
          out);
}

static void print_roff(FILE *out, const char *text) {
    for (; *text; text++) {
        if (*text == '-' || *text == '\\') fputc('\\', out);
        fputc(*text, out);
    }
}

void print_manual(FILE *out) {
    fprintf(out, ".TH TOLKA 1 \"\" \"tolka %s\" \"User Commands\"\n.SH NAME\n", TOLKA_VERSION);
    fputs("tolka \\- translate with trained encoder\\-decoder transformers\n.SH SYNOPSIS\n", out);
    for (const struct command_spec *command = command_specs; command->name; command++) {
        fprintf(out, ".B tolka %s\n", command->name);
        print_roff(out, command->arguments + 1);
        fputs("\n.br\n", out);
    }
    fputs(".SH COMMANDS\n", out);
    for (const struct command_spec *command = command_specs; command->name; command++) {
        fprintf(out, ".TP\n.B %s\n", command->name);
        print_roff(out, command->details);
        fputc('\n', out);
    }
    fputs(".SH OPTIONS\n", out);
    for (const struct option_spec *spec = option_specs; spec->name; spec++) {
        fputs(".TP\n.B ", out);
        if (spec->letter) fprintf(out, "\\-%c, ", spec->letter);
        fputs("\\-\\-", out);
        print_roff(out, spec->name);
        if (spec->argument) fprintf(out, " \\fI%s\\fR", spec->argument);
        fputc('\n', out);
        print_roff(out, spec->help);
        fputs(" (", out);
        const char *comma = "";
        for (const struct command_spec *command = command_specs; command->name; command++)
            if (command->command & spec->commands) {
                fprintf(out, "%s%s", comma, command->name);
                comma = ", ";
            }
        fputs(")\n", out);
    }
    fputs(".SH ENVIRONMENT\n.TP\n.B TOLKA_MODEL\nmodel file where no \\-m is given\n"
          ".TP\n.B TOLKA_ISA\nscalar, avx2, avx512, amx or neon: forces an instruction set\n"
          ".TP\n.B XDG_CACHE_HOME\nwhere model files made of checkpoints are kept, in tolka/; "
          "otherwise ~/.cache\n.TP\n.B TMPDIR\nwhere archives are unpacked; otherwise /tmp\n"
          ".SH EXIT STATUS\n0 done, 1 some input could not be translated, 2 wrong usage, 3 the "
          "model or file cannot be loaded\n",
          out);
}

void print_completion(FILE *out) {
    fputs("# bash completion for tolka\n_tolka() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} "
          "command=translate\n"
          "    local word\n    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
          "        case $word in\n            ",
          out);
    for (const struct command_spec *command = command_specs; command->name; command++)
        fprintf(out, "%s%s", command == command_specs ? "" : "|", command->name);
    fputs(") command=$word; break ;;\n        esac\n    done\n    case $prev in\n", out);
    fputs(
        "        --type|-T) COMPREPLY=($(compgen -W 'f32 f16 bf16 int8' -- \"$cur\")); return ;;\n"
        "    esac\n    if [[ $cur == -* ]]; then\n        case $command in\n",
        out);
    for (const struct command_spec *command = command_specs; command->name; command++) {
        fprintf(out, "            %s) COMPREPLY=($(compgen -W '", command->name);
        for (const struct option_spec *spec = option_specs; spec->name; spec++)
            if (spec->commands & command->command) fprintf(out, "--%s ", spec->name);
        fputs("' -- \"$cur\")) ;;\n", out);
    }
    fputs("        esac\n    else\n        COMPREPLY=($(compgen -f -- \"$cur\"))\n"
          "        ((COMP_CWORD == 1)) && COMPREPLY+=($(compgen -W '",
          out);
    for (const struct command_spec *command = command_specs; command->name; command++)
        fprintf(out, "%s ", command->name);
    fputs("' -- \"$cur\"))\n    fi\n}\ncomplete -o filenames -F _tolka tolka\n", out);
}
