#include "tools/manual.h"

#include "tools/embedded_page.h"
#include "tools/examples.h"
#include "tools/option_use.h"

#include <string.h>

/* manual_page.roff, as the Makefile puts it into the program, with a NUL behind. */
extern const unsigned char tools_manual_page_roff[];

static void put_character(FILE *out, char c) {
    switch (c) {
    case '\\':
        fputs("\\e", out);
        break;
    case '-':
        fputs("\\-", out);
        break;
    case '"':
        fputs("\\(dq", out);
        break;
    case '^':
        fputs("\\(ha", out);
        break;
    default:
        fputc(c, out);
    }
}

/* Lines are short, as in pages that people write; what begins with a dot would be a command. */
static void put_text(FILE *out, const char *text) {
    enum { LONGEST = 66 };
    int column = 0;
    for (; *text; text++) {
        bool breaks = *text == ' ' && column > 0 &&
                      column + (int)strcspn(text + 1, " ") > LONGEST && text[1] != '.' &&
                      text[1] != '\'';
        column = breaks ? 0 : column + 1;
        put_character(out, breaks ? '\n' : *text);
    }
}

static void put_synopsis(FILE *out) {
    for (const struct command_spec *command = command_specs; command->name; command++) {
        fprintf(out, "%s.B tolka %s\n", command == command_specs ? "" : ".br\n", command->name);
        put_text(out, command->arguments + 1);
        fputc('\n', out);
    }
}

static void put_commands(FILE *out) {
    for (const struct command_spec *command = command_specs; command->name; command++) {
        fprintf(out, ".TP\n.B %s\n", command->name);
        put_text(out, command->details);
        fputc('\n', out);
    }
}

/* What an option does, and the commands that take it. */
static void put_meaning(FILE *out, const struct option_spec *spec) {
    char text[1024];
    const char *before = " (";
    size_t n = (size_t)snprintf(text, sizeof text, "%s", spec->help);
    for (const struct command_spec *command = command_specs; command->name; command++) {
        if (!(command->command & spec->commands) || n >= sizeof text) continue;
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", before, command->name);
        before = ", ";
    }
    put_text(out, text);
    fputs(")\n", out);
}

static void put_option(FILE *out, const struct option_spec *spec) {
    fputs(".TP\n\\fB", out);
    if (spec->letter) fprintf(out, "\\-%c\\fR, \\fB", spec->letter);
    fputs("\\-\\-", out);
    put_text(out, spec->name);
    fputs("\\fR", out);
    if (spec->argument) fprintf(out, " \\fI%s\\fR", spec->argument);
    fputc('\n', out);
    put_meaning(out, spec);
}

static void put_options(FILE *out) {
    for (enum option_group group = 0; group < OPTION_GROUPS; group++) {
        fprintf(out, ".SS %c%s\n", option_group_names[group][0] - 'a' + 'A',
                option_group_names[group] + 1);
        for (const struct option_spec *spec = option_specs; spec->name; spec++)
            if (option_group(spec) == group) put_option(out, spec);
    }
}

static void put_examples(FILE *out) {
    for (const struct example *example = examples; example->line; example++) {
        fputs(".TP\n\\fB", out);
        put_text(out, example->line);
        fputs("\\fR\n", out);
        put_text(out, example->says);
        fputc('\n', out);
    }
}

static void put(FILE *out, const char *place, const void *user) {
    (void)user;
    if (strcmp(place, "version") == 0) fputs(TOLKA_VERSION, out);
    if (strcmp(place, "synopsis") == 0) put_synopsis(out);
    if (strcmp(place, "commands") == 0) put_commands(out);
    if (strcmp(place, "options") == 0) put_options(out);
    if (strcmp(place, "examples") == 0) put_examples(out);
}

void print_manual(FILE *out) {
    print_page(out, tools_manual_page_roff, put, NULL);
}
