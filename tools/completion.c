#include "tools/completion.h"

#include "tools/embedded_page.h"
#include "tools/option_use.h"
#include "tools/session.h"

#include <string.h>

/* The three scripts, as the Makefile puts them into the program, each with a NUL behind. */
extern const unsigned char tools_completion_bash[], tools_completion_zsh[], tools_completion_fish[];

static void put_commands(FILE *out, const char *between) {
    for (const struct command_spec *command = command_specs; command->name; command++)
        fprintf(out, "%s%s", command == command_specs ? "" : between, command->name);
}

static bool is_kind(const char *values, const char *kind) {
    return values && strcmp(values, kind) == 0;
}

/* Text between single quotes; each of `marked` gets a backslash. */
static void put_quoted(FILE *out, const char *text, const char *apostrophe, const char *marked) {
    for (; *text; text++) {
        if (*text == '\'') {
            fputs(apostrophe, out);
            continue;
        }
        if (strchr(marked, *text)) fputc('\\', out);
        fputc(*text, out);
    }
}

/* ---- bash ------------------------------------------------------------------------------------ */

static void put_bash_choice(FILE *out, const char *values) {
    if (!values)
        fputs("return", out);
    else if (is_kind(values, COMPLETE_FILES))
        fputs("files=any", out);
    else if (is_kind(values, COMPLETE_MODELS))
        fputs("files='*.gguf'", out);
    else if (is_kind(values, COMPLETE_LANGUAGES))
        fputs("words=$(_tolka_languages)", out);
    else
        fprintf(out, "words='%s'", values);
}

/* "translate:--to", for each of the option's commands and names. */
static void put_bash_patterns(FILE *out, const struct option_spec *spec) {
    const char *between = "";
    for (const struct command_spec *command = command_specs; command->name; command++) {
        if (!(spec->commands & command->command)) continue;
        fprintf(out, "%s%s:--%s", between, command->name, spec->name);
        if (spec->letter) fprintf(out, " | %s:-%c", command->name, spec->letter);
        between = " | ";
    }
}

static void put_bash_values(FILE *out) {
    for (const struct option_spec *spec = option_specs; spec->name; spec++) {
        if (!spec->argument) continue;
        fputs("    ", out);
        put_bash_patterns(out, spec);
        fputs(") ", out);
        put_bash_choice(out, option_values(spec));
        fputs(" ;;\n", out);
    }
}

static void put_bash_options(FILE *out) {
    for (const struct command_spec *command = command_specs; command->name; command++) {
        const char *blank = "";
        fprintf(out, "            %s) words='", command->name);
        for (const struct option_spec *spec = option_specs; spec->name; spec++) {
            if (!(spec->commands & command->command)) continue;
            fprintf(out, "%s--%s", blank, spec->name);
            blank = " ";
        }
        fputs("' ;;\n", out);
    }
}

static void put_bash_arguments(FILE *out) {
    for (const struct command_spec *command = command_specs; command->name; command++) {
        fprintf(out, "            %s) ", command->name);
        put_bash_choice(out, argument_values(command));
        fputs(" ;;\n", out);
    }
}

static void put_bash(FILE *out, const char *place, const void *user) {
    (void)user;
    if (strcmp(place, "commands|") == 0) put_commands(out, " | ");
    if (strcmp(place, "commands") == 0) put_commands(out, " ");
    if (strcmp(place, "values") == 0) put_bash_values(out);
    if (strcmp(place, "options") == 0) put_bash_options(out);
    if (strcmp(place, "arguments") == 0) put_bash_arguments(out);
}

/* ---- zsh ------------------------------------------------------------------------------------- */

static void put_zsh_action(FILE *out, const char *values) {
    if (!values)
        fputc(' ', out);
    else if (is_kind(values, COMPLETE_FILES))
        fputs("_files", out);
    else if (is_kind(values, COMPLETE_MODELS))
        fputs("_files -g \"*.gguf\"", out);
    else if (is_kind(values, COMPLETE_LANGUAGES))
        fputs("_tolka_languages", out);
    else
        fprintf(out, "(%s)", values);
}

/* '(-m --model)'{-m+,--model=}'[model file]:FILE:_files' */
static void put_zsh_option(FILE *out, const struct option_spec *spec) {
    const char *separate = spec->argument ? "=" : "";
    bool repeats = strcmp(spec->name, "set") == 0;
    fputs("            ", out);
    if (repeats)
        fputs("'*'", out);
    else if (spec->letter)
        fprintf(out, "'(-%c --%s)'", spec->letter, spec->name);
    if (spec->letter)
        fprintf(out, "{-%c%s,--%s%s}'[", spec->letter, spec->argument ? "+" : "", spec->name,
                separate);
    else
        fprintf(out, "'--%s%s[", spec->name, separate);
    put_quoted(out, spec->help, "'\\''", "[]\\");
    fputc(']', out);
    if (spec->argument) {
        fputc(':', out);
        put_quoted(out, spec->argument, "", ":");
        fputc(':', out);
        put_zsh_action(out, option_values(spec));
    }
    fputs("'\n", out);
}

static void put_zsh_options(FILE *out) {
    for (const struct command_spec *command = command_specs; command->name; command++) {
        fprintf(out, "    %s)\n        options=(\n", command->name);
        for (const struct option_spec *spec = option_specs; spec->name; spec++)
            if (spec->commands & command->command) put_zsh_option(out, spec);
        const char *values = argument_values(command);
        fprintf(out, "            '*:%s:", values ? "file" : "text");
        put_zsh_action(out, values);
        fputs("'\n        )\n        ;;\n", out);
    }
}

static void put_zsh(FILE *out, const char *place, const void *user) {
    (void)user;
    if (strcmp(place, "options") == 0) put_zsh_options(out);
    if (strcmp(place, "commands") != 0) return;
    for (const struct command_spec *command = command_specs; command->name; command++) {
        fprintf(out, "        '%s:", command->name);
        put_quoted(out, command->summary, "'\\''", "\\:");
        fputs("'\n", out);
    }
}

/* ---- fish ------------------------------------------------------------------------------------ */

static void put_fish_condition(FILE *out, unsigned commands) {
    fputs("complete -c tolka -n '__tolka_is", out);
    for (const struct command_spec *command = command_specs; command->name; command++)
        if (commands & command->command) fprintf(out, " %s", command->name);
    fputc('\'', out);
}

static void put_fish_choice(FILE *out, const char *values) {
    if (is_kind(values, COMPLETE_FILES))
        fputs(" -F", out);
    else if (is_kind(values, COMPLETE_MODELS))
        fputs(" -a '(__tolka_models)'", out);
    else if (is_kind(values, COMPLETE_LANGUAGES))
        fputs(" -a '(__tolka_languages)'", out);
    else if (values)
        fprintf(out, " -a '%s'", values);
}

static void put_fish_options(FILE *out) {
    for (const struct option_spec *spec = option_specs; spec->name; spec++) {
        put_fish_condition(out, spec->commands);
        fprintf(out, " -l %s", spec->name);
        if (spec->letter) fprintf(out, " -s %c", spec->letter);
        const char *values = option_values(spec);
        if (spec->argument) fputs(is_kind(values, COMPLETE_FILES) ? " -r" : " -x", out);
        put_fish_choice(out, values);
        fputs(" -d '", out);
        put_quoted(out, spec->help, "\\'", "\\");
        fputs("'\n", out);
    }
}

static void put_fish_arguments(FILE *out) {
    for (const struct command_spec *command = command_specs; command->name; command++) {
        const char *values = argument_values(command);
        if (!values) continue;
        put_fish_condition(out, command->command);
        put_fish_choice(out, values);
        fputc('\n', out);
    }
}

static void put_fish(FILE *out, const char *place, const void *user) {
    (void)user;
    if (strcmp(place, "commands") == 0) put_commands(out, " ");
    if (strcmp(place, "options") == 0) put_fish_options(out);
    if (strcmp(place, "arguments") == 0) put_fish_arguments(out);
    if (strcmp(place, "describe") != 0) return;
    for (const struct command_spec *command = command_specs; command->name; command++) {
        fprintf(out, "complete -c tolka -n __tolka_is_first -a %s -d '", command->name);
        put_quoted(out, command->summary, "\\'", "\\");
        fputs("'\n", out);
    }
}

/* ---- all ------------------------------------------------------------------------------------- */

bool print_completion(FILE *out, const char *shell) {
    static const struct {
        const char *name;
        const unsigned char *page;
        void (*put)(FILE *out, const char *place, const void *user);
    } shells[] = {{"bash", tools_completion_bash, put_bash},
                  {"zsh", tools_completion_zsh, put_zsh},
                  {"fish", tools_completion_fish, put_fish}};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strcmp(shells[i].name, shell) == 0)
            return print_page(out, shells[i].page, shells[i].put, NULL), true;
    return false;
}

/* A token without its marks: "deu" for ">>deu<<", "de" for "<2de>". Shells may read more into what
 * a file says than is good for them: nothing but names that are letters, digits, _ and - to all of
 * them. */
static void put_language(FILE *out, const char *token) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    if (strncmp(token, "<2", 2) == 0) token += 2;
    token += strcspn(token, letters);
    size_t n = strlen(token);
    while (n && !strchr(letters, token[n - 1])) n--;
    for (size_t i = 0; i < n; i++)
        if (!strchr(letters, token[i]) && !strchr("_-", token[i])) return;
    if (n) fprintf(out, "%.*s\n", (int)n, token);
}

/* Whoever presses a key does not want to wait until a checkpoint has been converted. */
int print_languages(FILE *out, const char *path) {
    const struct options options = {.model = path};
    struct model_file file = {.path = NULL};
    tolka_model *model = NULL;
    tolka_languages *languages;
    tolka_error err;
    if (path && is_checkpoint(path)) return EXIT_MODEL;
    int status = open_model(&file, &options, &model);
    if (status == EXIT_DONE && tolka_model_languages(model, &languages, &err) != TOLKA_OK)
        status = complain(EXIT_MODEL, "%s", err.text);
    if (status == EXIT_DONE) {
        for (size_t i = 0; languages && i < languages->n; i++)
            put_language(out, languages->names[i]);
        tolka_free(languages);
    }
    tolka_model_free(model);
    model_file_close(&file);
    return status;
}
