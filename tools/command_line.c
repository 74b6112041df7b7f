#define _POSIX_C_SOURCE 200809L
#include "tools/command_line.h"

#include "tools/arguments.h"
#include "tools/complain.h"
#include "tools/suggest.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct option_spec *find_spec(int letter_or_index) {
    for (int i = 0; option_specs[i].name; i++)
        if (letter_or_index == 256 + i ||
            (option_specs[i].letter && letter_or_index == option_specs[i].letter))
            return &option_specs[i];
    return NULL;
}

/* What getopt is told. */
struct known_options {
    enum command command;
    const char *name;
    struct option longs[MAX_OPTIONS + 1];
    char shorts[2 * MAX_OPTIONS + 2];
};

static struct known_options known_options(enum command command, const char *name) {
    struct known_options known = {.command = command, .name = name, .shorts = ":"};
    for (int i = 0, s = 1, l = 0; option_specs[i].name; i++) {
        const struct option_spec *spec = &option_specs[i];
        if (!(spec->commands & (unsigned)command)) continue;
        int has_argument = spec->argument ? required_argument : no_argument;
        known.longs[l++] = (struct option){spec->name, has_argument, NULL, 256 + i};
        if (!spec->letter) continue;
        known.shorts[s++] = spec->letter;
        if (spec->argument) known.shorts[s++] = ':';
    }
    return known;
}

/* A dash and a number, or a dash and several words, unless they are an option's value:
 * --prefix="Guten Tag", -p"Guten Tag". */
static bool is_text(void *user, const char *argument) {
    const struct known_options *known = user;
    if (argument[0] != '-' || !argument[1]) return false;
    const char *number = argument + 1 + (argument[1] == '.' || argument[1] == ',');
    if (*number >= '0' && *number <= '9') return true;
    size_t blank = strcspn(argument, " \t\n");
    if (!argument[blank]) return false;
    if (argument[1] == '-') return strcspn(argument, "=") > blank;
    const char *letter = argument[1] == ':' ? NULL : strchr(known->shorts, argument[1]);
    return !letter || letter[1] != ':';
}

/* The option that a name begins, if there are several: "--m" is --model or --min-p. */
static bool is_ambiguous(const struct known_options *known, const char *name, size_t length,
                         const char *found[2]) {
    int n = 0;
    for (const struct option *option = known->longs; option->name; option++)
        if (strncmp(option->name, name, length) == 0 && n < 2) found[n++] = option->name;
    return n == 2;
}

/* What other programs call some of them. */
static const char *other_name(const char *typed) {
    static const char *const names[][2] = {
        {"lang", "to"},
        {"language", "to"},
        {"target", "to"},
        {"target-lang", "to"},
        {"tgt-lang", "to"},
        {"tgt", "to"},
        {"source", "from"},
        {"source-lang", "from"},
        {"src-lang", "from"},
        {"src", "from"},
        {"file", "input"},
        {"in", "input"},
        {"out", "output"},
        {"output-file", "output"},
        {"beam-size", "beam"},
        {"num-beams", "beam"},
        {"batch-size", "batch"},
        {"jobs", "threads"},
        {"cpu-threads", "threads"},
        {"n-best", "nbest"},
        {"silent", "quiet"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i][0], typed) == 0) return names[i][1];
    return NULL;
}

static bool no_such_letter(const struct known_options *known, int letter) {
    complain(EXIT_USAGE, "-%c is no option of tolka %s; see tolka %s --help", letter, known->name,
             known->name);
    return false;
}

/* NULL: nothing comes near. */
static const char *meant_option(const struct known_options *known, const char *typed) {
    const char *names[MAX_OPTIONS], *other = other_name(typed);
    size_t n = 0;
    for (const struct option *option = known->longs; option->name; option++) {
        if (other && strcmp(option->name, other) == 0) return other;
        names[n++] = option->name;
    }
    return suggest(typed, names, n);
}

static bool no_such_name(const struct known_options *known, const char *typed) {
    const char *found[2], *name = typed + strspn(typed, "-");
    int length = (int)strcspn(name, "=");
    if (length > 0 && is_ambiguous(known, name, (size_t)length, found))
        return complain(EXIT_USAGE, "--%.*s could be --%s or --%s", length, name, found[0],
                        found[1]),
               false;
    char *word = strndup(name, (size_t)length);
    const char *meant = word ? meant_option(known, word) : NULL;
    free(word);
    if (meant)
        complain(EXIT_USAGE, "--%.*s is no option of tolka %s; did you mean --%s?", length, name,
                 known->name, meant);
    else
        complain(EXIT_USAGE, "--%.*s is no option of tolka %s; see tolka %s --help", length, name,
                 known->name, known->name);
    return false;
}

static bool refuse(const struct known_options *known, const char *typed) {
    if (optopt >= 256)
        return complain(EXIT_USAGE, "--%s takes no value", option_specs[optopt - 256].name), false;
    return optopt ? no_such_letter(known, optopt) : no_such_name(known, typed);
}

/* "-to de" is "-t o de" to getopt. */
static bool lacks_a_dash(const struct known_options *known, const char *typed, const char *value) {
    if (typed[0] != '-' || value != typed + 2) return false; /* the next argument */
    for (const struct option *option = known->longs; option->name; option++)
        if (strcmp(option->name, typed + 1) == 0)
            return complain(EXIT_USAGE, "%s is -%c %s; did you mean -%s?", typed, typed[1], value,
                            typed),
                   true;
    return false;
}

static bool parse(struct options *options, const struct known_options *known,
                  const struct held_texts *held, int argc, char **argv) {
    for (int c; (c = getopt_long(argc, argv, known->shorts, known->longs, NULL)) != -1;) {
        const struct option_spec *spec = find_spec(c);
        if (c == ':')
            return complain(EXIT_USAGE, "%s needs a value; see tolka %s --help", argv[optind - 1],
                            known->name),
                   false;
        if (c == '?' || !spec) return refuse(known, argv[optind - 1]);
        if (c < 256 && lacks_a_dash(known, argv[optind - 1], optarg)) return false;
        if (!option_apply(options, spec, held_text(held, optarg, argc))) return false;
    }
    return true;
}

bool options_parse(struct options *options, enum command command, const char *name, int argc,
                   char **argv, int first) {
    struct known_options known = known_options(command, name);
    struct held_texts held;
    argc -= first - 1; /* getopt begins behind the first */
    argv += first - 1;
    if (!hold_texts(&held, argc, argv, 1, is_text, &known))
        return complain(EXIT_MODEL, "out of memory"), false;
    opterr = 0;
    optind = 0; /* anew: it may have left an earlier command line in the middle of an argument */
    bool ok = parse(options, &known, &held, argc, argv);
    release_texts(&held, argc, argv);
    options->arguments = argv + optind;
    options->n_arguments = argc - optind;
    return ok;
}
