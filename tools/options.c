#include "tools/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum value { VALUE_FLAG, VALUE_TEXT, VALUE_LONG, VALUE_DOUBLE };

struct option_spec {
    const char *name;
    char letter; /* 0: none */
    enum value value;
    const char *argument; /* NULL: a flag */
    const char *help;
    unsigned commands;
    size_t offset;
    double min, max;
};

#define AT(field) offsetof(struct options, field)
enum {
    SEARCHING = COMMAND_TRANSLATE | COMMAND_BENCH,
    RUNNING = COMMAND_TRANSLATE | COMMAND_BENCH | COMMAND_SCORE,
    ALL = 63,
};

/* An option that means something a little different to a command has an entry for it. The parser
 * may take either: letter, place and kind of value are the same. */
static const struct option_spec specs[] = {
    {"model", 'm', VALUE_TEXT, "FILE",
     "model file; without it TOLKA_MODEL, or the model that ships with tolka", RUNNING, AT(model),
     0, 0},
    {"to", 't', VALUE_TEXT, "LANG", "target language (de, deu, deu_Latn, ...)", RUNNING, AT(to), 0,
     0},
    {"from", 'f', VALUE_TEXT, "LANG", "source language, where the model wants to know", RUNNING,
     AT(from), 0, 0},
    {"input", 'i', VALUE_TEXT, "FILE", "read FILE instead of standard input",
     RUNNING & ~COMMAND_BENCH, AT(input), 0, 0},
    {"input", 'i', VALUE_TEXT, "FILE", "translate FILE instead of the built-in sentences",
     COMMAND_BENCH, AT(input), 0, 0},
    {"output", 'o', VALUE_TEXT, "FILE", "write FILE instead of standard output",
     COMMAND_TRANSLATE | COMMAND_SCORE | COMMAND_CONVERT, AT(output), 0, 0},
    {"beam", 'b', VALUE_LONG, "N", "beam size; 1 is greedy; default: what the model asks for",
     SEARCHING, AT(beam), 1, 64},
    {"nbest", 'n', VALUE_LONG, "N", "show the N best translations of each line", COMMAND_TRANSLATE,
     AT(nbest), 1, 64},
    {"length-penalty", 'l', VALUE_DOUBLE, "X",
     "divide scores by length^X; default: what the model asks for", RUNNING, AT(length_penalty), 0,
     100},
    {"early-stopping", 0, VALUE_TEXT, "RULE",
     "when beam search ends: heuristic, full or never; default: what the model asks for, or with "
     "--beam the heuristic",
     SEARCHING, AT(stop), 0, 0},
    {"max-length", 'x', VALUE_LONG, "N", "most tokens generated for a line, the end token included",
     SEARCHING, AT(max_length), 1, 1 << 20},
    {"batch", 'B', VALUE_TEXT, "N", "sentences decoded together (never changes the output)",
     RUNNING & ~COMMAND_BENCH, AT(batches), 0, 0},
    {"batch", 'B', VALUE_TEXT, "LIST", "sentences decoded together, such as 1,8,32; default: 1,32",
     COMMAND_BENCH, AT(batches), 0, 0},
    {"threads", 'j', VALUE_TEXT, "N", "worker threads; default: the cores this process may use",
     RUNNING & ~COMMAND_BENCH, AT(threads), 0, 0},
    {"threads", 'j', VALUE_TEXT, "LIST",
     "worker threads, such as 1,2,4; default: 1 and the cores this process may use", COMMAND_BENCH,
     AT(threads), 0, 0},
    {"json", 'J', VALUE_FLAG, NULL, "one JSON object a line, with ids and scores",
     COMMAND_TRANSLATE | COMMAND_SCORE, AT(json), 0, 0},
    {"json", 'J', VALUE_FLAG, NULL, "one JSON object instead of text",
     COMMAND_INSPECT | COMMAND_CHECK | COMMAND_BENCH, AT(json), 0, 0},
    {"ids", 'I', VALUE_FLAG, NULL, "read and write token ids instead of text",
     COMMAND_TRANSLATE | COMMAND_SCORE, AT(ids), 0, 0},
    {"no-shortlist", 0, VALUE_FLAG, NULL, "ignore the lexical shortlist that the model carries",
     RUNNING, AT(no_shortlist), 0, 0},
    {"type", 'T', VALUE_TEXT, "TYPE", "weights as f32, f16, bf16 or int8 (default)",
     COMMAND_CONVERT, AT(type), 0, 0},
    {"config", 0, VALUE_TEXT, "FILE", "config.json or decoder.yml, if it is not beside the weights",
     COMMAND_CONVERT | COMMAND_INSPECT, AT(config), 0, 0},
    {"vocab", 0, VALUE_TEXT, "FILE[,FILE]",
     "SentencePiece model or vocabulary (source,target if they differ), if not beside the weights",
     COMMAND_CONVERT, AT(vocab), 0, 0},
    {"shortlist", 0, VALUE_TEXT, "FILE", "lexical shortlist (Marian's .bin) to carry along",
     COMMAND_CONVERT, AT(shortlist), 0, 0},
    {"family", 0, VALUE_TEXT, "NAME", "family of the checkpoint, if it does not say itself",
     COMMAND_CONVERT | COMMAND_INSPECT, AT(family), 0, 0},
    {"diff", 0, VALUE_FLAG, NULL, "compare the tensors of two files", COMMAND_INSPECT, AT(diff), 0,
     0},
    {"tensors", 0, VALUE_FLAG, NULL, "list every tensor", COMMAND_INSPECT, AT(tensors), 0, 0},
    {"rounds", 'r', VALUE_LONG, "N", "repeat every measurement N times; default 5", COMMAND_BENCH,
     AT(rounds), 1, 1000},
    {"quiet", 'q', VALUE_FLAG, NULL, "no progress line, no warnings", ALL, AT(quiet), 0, 0},
    {"help", 'h', VALUE_FLAG, NULL, "show this help", ALL, AT(help), 0, 0},
    {"version", 'V', VALUE_FLAG, NULL, "show the version", ALL, AT(version), 0, 0},
};
enum { N_SPECS = sizeof specs / sizeof *specs };

int complain(int status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("tolka: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return status;
}

static const struct option_spec *find_spec(int letter_or_index) {
    for (int i = 0; i < N_SPECS; i++)
        if (letter_or_index == 256 + i || (specs[i].letter && letter_or_index == specs[i].letter))
            return &specs[i];
    return NULL;
}

static bool set_number(struct options *options, const struct option_spec *spec, const char *text) {
    char *end;
    errno = 0;
    double number = spec->value == VALUE_LONG ? (double)strtol(text, &end, 10) : strtod(text, &end);
    if (end == text || *end || errno || !(number >= spec->min && number <= spec->max)) {
        complain(EXIT_USAGE, "--%s is \"%s\"; expected %s from %g to %.10g", spec->name, text,
                 spec->value == VALUE_LONG ? "a whole number" : "a number", spec->min,
                 spec->max);
        return false;
    }
    void *at = (char *)options + spec->offset;
    if (spec->value == VALUE_LONG)
        *(long *)at = (long)number;
    else
        *(double *)at = number;
    return true;
}

static bool set_option(struct options *options, const struct option_spec *spec, const char *text) {
    void *at = (char *)options + spec->offset;
    switch (spec->value) {
    case VALUE_FLAG:
        *(bool *)at = true;
        return true;
    case VALUE_TEXT:
        *(const char **)at = text;
        return true;
    case VALUE_LONG:
    case VALUE_DOUBLE:
        return set_number(options, spec, text);
    }
    return false;
}

bool options_parse(struct options *options, const struct command_spec *command, int argc,
                   char **argv, int first) {
    struct option long_options[N_SPECS + 1];
    char short_options[2 * N_SPECS + 2] = ":";
    memset(long_options, 0, sizeof long_options);
    for (int i = 0, s = 1, l = 0; i < N_SPECS; i++) {
        if (!(specs[i].commands & command->command)) continue;
        int has_argument = specs[i].argument ? required_argument : no_argument;
        long_options[l++] = (struct option){specs[i].name, has_argument, NULL, 256 + i};
        if (!specs[i].letter) continue;
        short_options[s++] = specs[i].letter;
        if (specs[i].argument) short_options[s++] = ':';
    }
    opterr = 0;
    optind = first;
    for (int c; (c = getopt_long(argc, argv, short_options, long_options, NULL)) != -1;) {
        const struct option_spec *spec = find_spec(c == ':' ? optopt : c);
        const char *what = argv[optind - 1];
        if (c == ':')
            return complain(EXIT_USAGE, "%s needs a value; see tolka %s --help", what,
                            command->name),
                   false;
        if (c == '?' || !spec)
            return complain(EXIT_USAGE, "%s is no option of tolka %s; see tolka %s --help", what,
                            command->name, command->name),
                   false;
        if (!set_option(options, spec, optarg)) return false;
    }
    options->arguments = argv + optind;
    options->n_arguments = argc - optind;
    return true;
}

bool options_threads(const struct options *options, int *threads) {
    *threads = 0;
    if (!options->threads) return true;
    char *end;
    long n = strtol(options->threads, &end, 10);
    if (end == options->threads || *end || n < 1 || n > 256)
        return complain(EXIT_USAGE, "--threads is \"%s\"; expected a whole number from 1 to 256",
                        options->threads),
               false;
    *threads = (int)n;
    return true;
}

/* ---- what is made from the table ------------------------------------------------------------- */

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
    for (int i = 0; i < N_SPECS; i++) {
        if (!(specs[i].commands & command->command)) continue;
        char left[64], letter[8] = "    ";
        if (specs[i].letter) snprintf(letter, sizeof letter, "-%c, ", specs[i].letter);
        snprintf(left, sizeof left, "  %s--%s%s%s", letter, specs[i].name,
                 specs[i].argument ? " " : "", specs[i].argument ? specs[i].argument : "");
        fprintf(out, "%-*s", INDENT, left);
        if (strlen(left) >= INDENT) fprintf(out, "\n%*s", INDENT, "");
        print_wrapped(out, specs[i].help, INDENT, WIDTH);
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
    for (int i = 0; i < N_SPECS; i++) {
        fputs(".TP\n.B ", out);
        if (specs[i].letter) fprintf(out, "\\-%c, ", specs[i].letter);
        fputs("\\-\\-", out);
        print_roff(out, specs[i].name);
        if (specs[i].argument) fprintf(out, " \\fI%s\\fR", specs[i].argument);
        fputc('\n', out);
        print_roff(out, specs[i].help);
        fputs(" (", out);
        const char *comma = "";
        for (const struct command_spec *command = command_specs; command->name; command++)
            if (command->command & specs[i].commands) {
                fprintf(out, "%s%s", comma, command->name);
                comma = ", ";
            }
        fputs(")\n", out);
    }
    fputs(".SH ENVIRONMENT\n.TP\n.B TOLKA_MODEL\nmodel file where no \\-m is given\n"
          ".TP\n.B TOLKA_ISA\nscalar, avx2, avx512, amx or neon: forces an instruction set\n"
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
        for (int i = 0; i < N_SPECS; i++)
            if (specs[i].commands & command->command) fprintf(out, "--%s ", specs[i].name);
        fputs("' -- \"$cur\")) ;;\n", out);
    }
    fputs("        esac\n    else\n        COMPREPLY=($(compgen -f -- \"$cur\"))\n"
          "        ((COMP_CWORD == 1)) && COMPREPLY+=($(compgen -W '",
          out);
    for (const struct command_spec *command = command_specs; command->name; command++)
        fprintf(out, "%s ", command->name);
    fputs("' -- \"$cur\"))\n    fi\n}\ncomplete -o filenames -F _tolka tolka\n", out);
}
