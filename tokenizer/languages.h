/* Languages that a model names, and how people name them. */
#ifndef LANGUAGES_H
#define LANGUAGES_H

#include "tokenizer/locale_name.h"

/* Far more than there are languages (ISO 639-3 has 8,000): what a lookup may have to go through. */
enum { LANGUAGES_LIMIT = 16384 };

struct languages {
    const char *model; /* for messages */
    size_t n;
    struct gguf_string *tokens; /* "deu_Latn", ">>deu<<", "__de__", "de_DE", "<2de>" */
    int32_t *ids;
    const struct locale_name
        *parsed; /* [N_KINSHIPS][n]; NULL: taken apart when one is looked for */
};

/* Could this be the name of a language in a model: printable ASCII, not too long? */
bool language_is_sound(struct gguf_string token);

/* Finds the one language that `wanted` can mean: the token itself; its name without the marks
 * around it; the same language by another code (BCP 47, POSIX, ISO 639) or by its name in English
 * or in itself. `role` ("target language") is for messages, which list the choices. */
tolka_status language_find(const struct languages *languages, const char *wanted, const char *role,
                           size_t *found, tolka_error *err);

/* Fails with a message that a language in this role is needed, and the choices. */
tolka_status language_missing(const struct languages *languages, const char *role,
                              tolka_error *err);

/* Whether two names ("de", ">>deu<<", "German") mean the same language. */
bool language_same(struct gguf_string a, struct gguf_string b);

#endif
