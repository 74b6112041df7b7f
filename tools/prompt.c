#define _POSIX_C_SOURCE 200809L
#include "tools/prompt.h"

#include "tools/complain.h"
#include "tools/interrupt.h"
#include "tools/prompt_line.h"
#include "tools/prompt_translate.h"
#include "tools/written.h"

#include <string.h>
#include <unistd.h>

static bool is_standard(const char *path) {
    return !path || strcmp(path, "-") == 0;
}

bool wants_prompt(const struct options *options) {
    return options->n_arguments == 0 && is_standard(options->input) &&
           is_standard(options->output) && !options->json && !options->ids &&
           !options->prefix_column && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* A colon begins a command, two a text with one. */
static void take_line(struct prompt *prompt, const char *line) {
    if (line[0] == ':' && line[1] != ':')
        prompt_command(prompt, line + 1);
    else if (!prompt->session && prompt_names_language(prompt, line))
        prompt_change(prompt, prompt->options.to ? "from" : "to", line);
    else
        prompt_translate(prompt, line[0] == ':' ? line + 1 : line);
}

/* A SIGTERM ends the prompt between two lines. */
static int run_lines(struct prompt *prompt, struct editor *editor, struct prompt_history *history) {
    const char *line;
    int reason = 0;
    editor_hush(
        editor); /* until editor_free: keys wait for the next line, and mean the same in it */
    while (!prompt->ended) {
        interrupt_catch(NULL);
        line = editor_read(editor, &reason);
        if (interrupted()) return EXIT_DONE;
        if (!line) break;
        if (!*line) continue;
        history_add(history, line);
        editor_hush(editor);
        take_line(prompt, line);
        int unwritten = flush_output(stdout);
        if (interrupted() && !interrupted_by_user()) return EXIT_DONE;
        if (unwritten) return complain(EXIT_INPUT, "cannot write: %s", strerror(unwritten));
    }
    if (!prompt->ended) putchar('\n');
    return reason ? complain(EXIT_INPUT, "cannot read: %s", strerror(reason)) : EXIT_DONE;
}

static void greet(const struct prompt *prompt) {
    if (prompt->options.quiet) return;
    fputs("Type a text to translate it; :help lists commands, Ctrl-D ends.\n", stderr);
    if (!prompt->session) prompt_ask_language(prompt);
}

int run_prompt(const struct options *options) {
    struct prompt prompt;
    int status = prompt_open(&prompt, options);
    if (status == EXIT_DONE) {
        struct prompt_history history = history_read();
        struct editor *editor = editor_new(&prompt, &history);
        greet(&prompt);
        status =
            editor ? run_lines(&prompt, editor, &history) : complain(EXIT_MODEL, "out of memory");
        editor_free(editor);
        history_write(&history);
    }
    prompt_close(&prompt);
    interrupt_die();
    return status;
}
