#define _POSIX_C_SOURCE 200809L
#include "tools/prompt_commands.h"

#include "tools/complain.h"
#include "tools/prompt_translate.h"
#include "tools/suggest.h"
#include "tools/wrapped_text.h"

#include <stdlib.h>
#include <string.h>

/* ---- what commands do ------------------------------------------------------------------------ */

static void help(struct prompt *prompt, const char *value);
static void settings(struct prompt *prompt, const char *value);

static void quit(struct prompt *prompt, const char *value) {
    (void)value;
    prompt->ended = true;
}

static void attention(struct prompt *prompt, const char *value) {
    (void)value;
    prompt_attention(prompt);
}

static void languages(struct prompt *prompt, const char *value) {
    (void)value;
    prompt_list_languages(prompt);
}

struct typed_command {
    const char *name;
    void (*run)(struct prompt *prompt, const char *value); /* NULL: the option of this name */
    const char *argument, *help;                           /* NULL: the option's */
};

static const struct typed_command commands[] = {
    {"to", NULL, NULL, NULL},
    {"from", NULL, NULL, NULL},
    {"languages", languages, "", "list the languages that the model knows"},
    {"model", NULL, NULL, "go on with another model"},
    {"alternatives", prompt_alternatives, "[N]",
     "the last text again: N (5) that differ in the first word"},
    {"attention", attention, "", "the last text again: what each word looks at"},
    {"nbest", NULL, NULL, NULL},
    {"beam", NULL, NULL, NULL},
    {"length-penalty", NULL, NULL, NULL},
    {"max-length", NULL, NULL, NULL},
    {"sample", NULL, NULL, "draw tokens instead of searching"},
    {"temperature", NULL, NULL, NULL},
    {"top-k", NULL, NULL, NULL},
    {"top-p", NULL, NULL, NULL},
    {"min-p", NULL, NULL, NULL},
    {"seed", NULL, NULL, NULL},
    {"prefix", NULL, NULL, NULL},
    {"no-repeat-ngram", NULL, NULL, NULL},
    {"repetition-penalty", NULL, NULL, NULL},
    {"set", NULL, NULL, "a setting by its name in generation_config.json"},
    {"settings", settings, "", "show what has been set here"},
    {"help", help, "", "show this"},
    {"quit", quit, "", "end; so does Ctrl-D"},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static const struct option_spec *option_of(const struct typed_command *command) {
    const struct option_spec *spec = option_specs;
    while (spec->name &&
           (!(spec->commands & COMMAND_TRANSLATE) || strcmp(spec->name, command->name) != 0))
        spec++;
    return spec;
}

static const char *argument_of(const struct typed_command *command) {
    if (command->argument) return command->argument;
    const char *argument = option_of(command)->argument;
    return argument ? argument : "";
}

static void help(struct prompt *prompt, const char *value) {
    (void)prompt;
    (void)value;
    puts("A text is translated; a line that begins with a colon is a command:");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        char left[64];
        snprintf(left, sizeof left, ":%s %s", commands[i].name, argument_of(&commands[i]));
        printf("  %-24s ", left);
        print_wrapped(stdout, commands[i].help ? commands[i].help : option_of(&commands[i])->help,
                      27);
    }
    puts("\"off\" instead of a value takes back what was set here (:beam off).\n"
         "Two colons begin a text with one. Ctrl-C ends a translation, tab completes,\n"
         "the up arrow brings back what was typed.");
}

static void settings(struct prompt *prompt, const char *value) {
    (void)value;
    if (prompt->session) printf("model %s\n", prompt->session->file.path);
    if (prompt->options.from) printf("from %s\n", prompt->options.from);
    if (prompt->options.to) printf("to %s\n", prompt->options.to);
    for (int i = 0; i < prompt->n_changes; i++) {
        const struct change *change = &prompt->changes[i];
        if (strcmp(change->name, "to") == 0 || strcmp(change->name, "from") == 0 ||
            strcmp(change->name, "model") == 0)
            continue;
        printf("%s %s\n", change->name, change->value ? change->value : "on");
    }
}

/* ---- the line -------------------------------------------------------------------------------- */

static const struct typed_command *find_command(const char *name, size_t length) {
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strncmp(commands[i].name, name, length) == 0 && !commands[i].name[length])
            return &commands[i];
    return NULL;
}

static void no_such_command(const char *name, size_t length) {
    const char *names[N_COMMANDS];
    for (size_t i = 0; i < N_COMMANDS; i++) names[i] = commands[i].name;
    char *typed = strndup(name, length);
    const char *meant = typed ? suggest(typed, names, N_COMMANDS) : NULL;
    free(typed);
    if (meant)
        complain(EXIT_USAGE, "there is no :%.*s; did you mean :%s?", (int)length, name, meant);
    else
        complain(EXIT_USAGE, "there is no :%.*s; :help lists the commands", (int)length, name);
}

/* What is set now, where it has no value of its own. */
static void set_option(struct prompt *prompt, const struct typed_command *command,
                       const char *value) {
    bool is_flag = !option_of(command)->argument;
    if (!is_flag && !*value) {
        bool is_language = strcmp(command->name, "to") == 0 || strcmp(command->name, "from") == 0;
        if (is_language)
            prompt_list_languages(prompt);
        else
            complain(EXIT_USAGE, ":%s needs a value: %s", command->name, argument_of(command));
        return;
    }
    if (is_flag && *value && strcmp(value, "off") != 0 && strcmp(value, "on") != 0) {
        complain(EXIT_USAGE, ":%s is \"%s\"; expected on or off", command->name, value);
        return;
    }
    prompt_change(prompt, command->name, is_flag && strcmp(value, "off") != 0 ? NULL : value);
}

void prompt_command(struct prompt *prompt, const char *line) {
    size_t length = strcspn(line, " \t\n=");
    const struct typed_command *command = find_command(line, length);
    if (!command) {
        no_such_command(line, length);
        return;
    }
    const char *value = line + length + strspn(line + length, " \t\n=");
    size_t used = strlen(value);
    while (used > 0 && strchr(" \t\n", value[used - 1])) used--;
    char *copy = strndup(value, used);
    if (!copy)
        complain(EXIT_MODEL, "out of memory");
    else if (!command->run)
        set_option(prompt, command, copy);
    else if (*copy && !*command->argument)
        complain(EXIT_USAGE, ":%s takes no value", command->name);
    else
        command->run(prompt, *copy ? copy : NULL);
    free(copy);
}

/* ---- completion ------------------------------------------------------------------------------ */

static void offer(struct completions *completions, const char *word, const char *typed) {
    if (completions->n < MAX_COMPLETIONS && strncmp(word, typed, completions->typed) == 0)
        completions->words[completions->n++] = word;
}

static void complete_language(const struct prompt *prompt, const char *typed,
                              struct completions *completions) {
    static char words[MAX_COMPLETIONS][LANGUAGE_WORD];
    size_t n = prompt->languages ? prompt->languages->n : 0;
    for (size_t i = 0; i < n && i < MAX_COMPLETIONS; i++)
        offer(completions, language_word(prompt->languages->names[i], words[i]), typed);
}

void prompt_complete(const struct prompt *prompt, const char *before,
                     struct completions *completions) {
    *completions = (struct completions){.n = 0};
    if (*before != ':') return;
    const char *name = before + 1;
    size_t length = strcspn(name, " ");
    const char *typed = name[length] ? name + length + strspn(name + length, " ") : name;
    completions->typed = strlen(typed);
    if (!name[length]) {
        for (size_t i = 0; i < N_COMMANDS; i++) offer(completions, commands[i].name, typed);
        return;
    }
    const struct typed_command *command = find_command(name, length);
    if (!command || command->run) return;
    if (strcmp(command->name, "model") == 0)
        completions->files = true;
    else if (strcmp(command->name, "to") == 0 || strcmp(command->name, "from") == 0)
        complete_language(prompt, typed, completions);
}
