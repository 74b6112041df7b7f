#define _POSIX_C_SOURCE 200809L
#include "tools/prompt_state.h"

#include "tools/complain.h"

#include <stdlib.h>
#include <string.h>

/* ---- languages ------------------------------------------------------------------------------- */

const char *language_word(const char *name, char word[LANGUAGE_WORD]) {
    static const char *const marks[][2] = {{">>", "<<"}, {"__", "__"}, {"<2", ">"}};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        size_t before = strlen(marks[i][0]), behind = strlen(marks[i][1]);
        if (length <= before + behind || strncmp(name, marks[i][0], before) != 0 ||
            strcmp(name + length - behind, marks[i][1]) != 0)
            continue;
        snprintf(word, LANGUAGE_WORD, "%.*s", (int)(length - before - behind), name + before);
        return word;
    }
    snprintf(word, LANGUAGE_WORD, "%s", name);
    return word;
}

void prompt_list_languages(const struct prompt *prompt) {
    char word[LANGUAGE_WORD];
    if (!prompt->languages || prompt->languages->n == 0) {
        puts("The model names no languages.");
        return;
    }
    fputs("Languages:", stdout);
    for (size_t i = 0; i < prompt->languages->n; i++)
        printf(" %s", language_word(prompt->languages->names[i], word));
    putchar('\n');
}

void prompt_ask_language(const struct prompt *prompt) {
    const char *which = prompt->options.to ? "from" : "to";
    printf("Translate %s which language? (Later :%s changes it.)\n", which, which);
    prompt_list_languages(prompt);
    fflush(stdout);
}

bool prompt_names_language(const struct prompt *prompt, const char *line) {
    size_t index;
    return prompt->languages &&
           tolka_find_language(prompt->languages, line, &index, NULL) == TOLKA_OK;
}

/* ---- sessions -------------------------------------------------------------------------------- */

static void session_delete(struct session *session) {
    if (session) session_close(session);
    free(session);
}

/* NULL after a complaint, and *status says why. */
static struct session *session_new(const struct options *options, int *status) {
    struct session *session = malloc(sizeof *session);
    tolka_options decoding;
    *status = session ? EXIT_DONE : complain(EXIT_MODEL, "out of memory");
    if (*status == EXIT_DONE && !decoding_options(options, &decoding)) {
        free(session);
        *status = EXIT_USAGE;
        return NULL;
    }
    if (*status == EXIT_DONE) *status = session_open(session, options, &decoding);
    if (*status == EXIT_DONE) return session;
    session_delete(session);
    return NULL;
}

/* Is all that these options lack a language? Looks at the model's, too; an exit status. */
static int lacks_language(const struct options *options, tolka_languages **languages, bool *lacks) {
    struct model_file file;
    tolka_model *model = NULL;
    tolka_tokenizer *tokenizer = NULL;
    tolka_status made = TOLKA_OK;
    int status = open_model(&file, options, &model);
    if (status == EXIT_DONE && tolka_model_languages(model, languages, NULL) == TOLKA_OK &&
        *languages && (*languages)->n > 0)
        made = tolka_tokenizer_new(&tokenizer, model, options->from, options->to, NULL);
    *lacks = made == TOLKA_ARGUMENT;
    if (!*lacks) {
        tolka_free(*languages);
        *languages = NULL;
    }
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
    model_file_close(&file);
    return status;
}

/* A session, or the languages of a model that wants to know one first, if `may_lack` says that this
 * is no mistake. Where no language was named the prompt asks, and nothing else needs to be said. */
static struct session *session_or_languages(const struct options *options, bool may_lack,
                                            tolka_languages **languages, int *status) {
    bool lacks = false;
    *status = EXIT_DONE;
    if (may_lack && !options->to && !options->from)
        *status = lacks_language(options, languages, &lacks);
    if (*status != EXIT_DONE || lacks) return NULL;
    struct session *session = session_new(options, status);
    if (session) {
        tolka_model_languages(session->model, languages, NULL);
    } else if (*status == EXIT_USAGE && may_lack) {
        int looked = lacks_language(options, languages, &lacks);
        if (lacks) *status = looked;
    }
    return session;
}

/* Takes up new options. False after a complaint. */
static bool reopen(struct prompt *prompt, const struct options *options, bool may_lack,
                   int *status) {
    tolka_languages *languages = NULL;
    struct session *session = session_or_languages(options, may_lack, &languages, status);
    if (!session && *status != EXIT_DONE) return false;
    session_delete(prompt->session);
    tolka_free(prompt->languages);
    prompt->session = session;
    prompt->languages = languages;
    prompt->options = *options;
    return true;
}

/* ---- changes --------------------------------------------------------------------------------- */

static void change_free(struct change *change) {
    free(change->name);
    free(change->value);
    *change = (struct change){NULL, NULL};
}

/* Settings of --set are told apart by their keys. */
static int find_change(const struct prompt *prompt, const char *name, const char *value) {
    for (int i = 0; i < prompt->n_changes; i++) {
        const struct change *change = &prompt->changes[i];
        if (strcmp(change->name, name) != 0) continue;
        if (strcmp(name, "set") != 0) return i;
        size_t key = strcspn(value, "=");
        if (strcspn(change->value, "=") == key && strncmp(change->value, value, key) == 0) return i;
    }
    return -1;
}

/* The options of the command line with the changes; the last of two that are one setting counts. */
static bool apply_changes(const struct prompt *prompt, const struct change *changes, int n,
                          struct options *options) {
    *options = *prompt->given;
    for (int i = 0; i < n; i++)
        if (!options_set(options, COMMAND_TRANSLATE, changes[i].name, changes[i].value))
            return false;
    return true;
}

bool prompt_change(struct prompt *prompt, const char *name, const char *value) {
    struct change changes[MAX_CHANGES + 1];
    struct options options;
    int n = prompt->n_changes, at = find_change(prompt, name, value ? value : ""), status;
    bool off = value && strcmp(value, "off") == 0;
    if (off && at < 0) return complain(EXIT_USAGE, ":%s has not been set here", name), false;
    if (!off && at < 0 && n == MAX_CHANGES)
        return complain(EXIT_USAGE, "more than %d settings", MAX_CHANGES), false;
    memcpy(changes, prompt->changes, (size_t)n * sizeof *changes);
    struct change old = {NULL, NULL}, new = {NULL, NULL};
    if (at >= 0) {
        old = changes[at];
        memmove(changes + at, changes + at + 1, (size_t)(--n - at) * sizeof *changes);
    }
    if (!off) {
        new = (struct change){strdup(name), value ? strdup(value) : NULL};
        changes[n++] = new;
    }
    bool is_model = strcmp(name, "model") == 0, is_from = strcmp(name, "from") == 0;
    bool may_lack = is_model || is_from || !prompt->session || off;
    if ((!off && (!new.name || (value && !new.value))) ||
        !apply_changes(prompt, changes, n, &options) ||
        !reopen(prompt, &options, may_lack, &status)) {
        change_free(&new);
        return false;
    }
    change_free(&old);
    memcpy(prompt->changes, changes, (size_t)n * sizeof *changes);
    prompt->n_changes = n;
    return true;
}

/* ---- life ------------------------------------------------------------------------------------ */

int prompt_open(struct prompt *prompt, const struct options *given) {
    *prompt = (struct prompt){.given = given};
    int status;
    reopen(prompt, given, !given->to || !given->from, &status);
    return status;
}

void prompt_close(struct prompt *prompt) {
    session_delete(prompt->session);
    tolka_free(prompt->languages);
    for (int i = 0; i < prompt->n_changes; i++) change_free(&prompt->changes[i]);
    free(prompt->last);
}
