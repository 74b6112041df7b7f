/* What a prompt goes by: the options of the command line, what has been changed since, and the
 * session that was opened with them. */
#ifndef PROMPT_STATE_H
#define PROMPT_STATE_H

#include "tools/session.h"

enum { MAX_CHANGES = 64, LANGUAGE_WORD = 64 };

/* An option by its long name; value NULL: a flag. */
struct change {
    char *name, *value;
};

struct prompt {
    const struct options *given;
    struct options options; /* with the changes */
    struct change changes[MAX_CHANGES];
    int n_changes;
    struct session *session;    /* NULL: a language has to be chosen first */
    tolka_languages *languages; /* of the model; NULL: it names none */
    char *last;                 /* the last text; NULL: none yet */
    bool ended;
};

/* Opens a session with the options of the command line; an exit status. */
int prompt_open(struct prompt *prompt, const struct options *given);
void prompt_close(struct prompt *prompt);

/* Sets an option, or with value "off" forgets that it was set here. False after a complaint, and
 * then nothing has changed. */
bool prompt_change(struct prompt *prompt, const char *name, const char *value);

/* A language without the marks that models write around it: "deu" of ">>deu<<". */
const char *language_word(const char *name, char word[LANGUAGE_WORD]);
/* Lists the model's languages. */
void prompt_list_languages(const struct prompt *prompt);
/* Of a model that has to know a language first. */
void prompt_ask_language(const struct prompt *prompt);
/* Is this line nothing but the name of one of them? */
bool prompt_names_language(const struct prompt *prompt, const char *line);

#endif
