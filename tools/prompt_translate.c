#define _POSIX_C_SOURCE 200809L
#include "tools/prompt_translate.h"

#include "tools/attention_gather.h"
#include "tools/attention_show.h"
#include "tools/complain.h"
#include "tools/interrupt.h"
#include "tools/show.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- one line -------------------------------------------------------------------------------- */

struct emitted {
    size_t n;
};

static int print_piece(void *user, const char *text, size_t length) {
    struct emitted *emitted = user;
    show_piece(stdout, text, length);
    emitted->n += length;
    return fflush(stdout) != 0 || interrupted();
}

static void keep_result(void *user, size_t index, tolka_result *result) {
    (void)index;
    *(tolka_result **)user = result;
}

/* As it comes, or all hypotheses. */
static tolka_status translate(const struct session *session, const tolka_text *text, bool all,
                              tolka_result **result, struct emitted *emitted, tolka_error *err) {
    if (all)
        return tolka_translate_texts(session->translator, session->tokenizer, text, 1, keep_result,
                                     result, err);
    return tolka_stream_text(session->translator, session->tokenizer, text, print_piece, emitted,
                             result, err);
}

static void show_result(const struct options *options, const tolka_text *text,
                        const tolka_result *result, bool all) {
    struct shown shown = {.source = text->source,
                          .source_length = text->source_length,
                          .result = result,
                          .all = all,
                          .alignments = shows_alignments(options)};
    if (all)
        show(stdout, &shown);
    else
        putchar('\n');
}

static void translate_line(const struct options *options, const struct session *session,
                           const char *line, size_t length) {
    const char *prefix = options->prefix, *reason = "out of memory";
    tolka_text text = {line, length, prefix, prefix ? strlen(prefix) : 0};
    tolka_result *result = NULL;
    tolka_error err;
    struct emitted emitted = {0};
    bool all = options->nbest > 0 || options->alternatives > 0;
    tolka_status status = translate(session, &text, all, &result, &emitted, &err);
    if (status == TOLKA_OK)
        status = tolka_result_status(result, &reason);
    else
        reason = err.text;
    if (status == TOLKA_OK) {
        show_result(options, &text, result, all);
    } else {
        if (emitted.n || status == TOLKA_STOPPED) putchar('\n');
        fflush(stdout);
        if (status != TOLKA_STOPPED) complain(EXIT_INPUT, "%s", reason);
    }
    tolka_result_free(result);
    fflush(stdout);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool is_blank(const char *line, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') return false;
    return true;
}

static void translate_lines(const struct options *options, const struct session *session,
                            const char *text) {
    interrupt_catch(session->translator);
    while (*text && !interrupted()) {
        size_t length = strcspn(text, "\n");
        if (!is_blank(text, length)) translate_line(options, session, text, length);
        text += length + (text[length] == '\n');
    }
    interrupt_release();
}

/* Of a model that has to know a language first. */
static bool is_ready(const struct prompt *prompt) {
    if (prompt->session) return true;
    prompt_ask_language(prompt);
    return false;
}

static bool has_text(const struct prompt *prompt) {
    if (!prompt->last) puts("There is no text yet.");
    return prompt->last && is_ready(prompt);
}

void prompt_translate(struct prompt *prompt, const char *text) {
    free(prompt->last);
    prompt->last = strdup(text);
    if (is_ready(prompt)) translate_lines(&prompt->options, prompt->session, text);
}

/* ---- the last text --------------------------------------------------------------------------- */

/* What chooses tokens otherwise does not go with alternatives. */
static struct options alternatives_of(const struct options *options) {
    static const char *const sampling[] = {"sample", "temperature", "top-k",
                                           "top-p",  "min-p",       "seed"};
    struct options changed = *options;
    changed.beam = changed.nbest = 0;
    changed.n_settings = 0;
    for (int i = 0; i < options->n_settings; i++) {
        bool keep = true;
        for (size_t k = 0; k < sizeof sampling / sizeof *sampling; k++)
            if (strcmp(options->settings[i].option, sampling[k]) == 0) keep = false;
        if (keep) changed.settings[changed.n_settings++] = options->settings[i];
    }
    return changed;
}

void prompt_alternatives(struct prompt *prompt, const char *n) {
    if (!has_text(prompt)) return;
    struct options options = alternatives_of(&prompt->options);
    struct session session;
    tolka_options decoding;
    if (!options_set(&options, COMMAND_TRANSLATE, "alternatives", n ? n : "5") ||
        !decoding_options(&options, &decoding))
        return;
    if (session_open(&session, &options, &decoding) == EXIT_DONE)
        translate_lines(&options, &session, prompt->last);
    session_close(&session);
}

/* Of its first line that says something. */
static char *first_line(const char *text) {
    size_t length = strcspn(text, "\n");
    while (text[length] && is_blank(text, length)) {
        text += length + 1;
        length = strcspn(text, "\n");
    }
    return strndup(text, length);
}

void prompt_attention(struct prompt *prompt) {
    struct gathered gathered;
    if (!has_text(prompt)) return;
    char *text = first_line(prompt->last);
    if (!text) {
        complain(EXIT_MODEL, "out of memory");
        return;
    }
    interrupt_catch(prompt->session->translator);
    if (gather(&gathered, &prompt->options, prompt->session, text) == EXIT_DONE)
        show_attention_text(stdout, &gathered.looked, terminal_colours(STDOUT_FILENO),
                            terminal_columns(STDOUT_FILENO));
    interrupt_release();
    gathered_free(&gathered);
    fflush(stdout);
    free(text);
}
