/* Languages that a model names, and how people name them. */
#ifndef LANGUAGES_H
#define LANGUAGES_H

#include "engine/gguf.h"

struct languages {
    const char *model; /* for messages */
    size_t n;
    struct gguf_string *tokens; /* "deu_Latn", ">>deu<<", "__de__", "de_DE", "<2de>" */
    int32_t *ids;
};

/* Finds the one language that `wanted` can mean: the token itself; its name without the marks
 * around it; the same language by another code (ISO 639-1, 639-2, 639-3) or by its English name.
 * `option` ("--to") is for messages, which list the choices. */
tolka_status language_find(const struct languages *languages, const char *wanted,
                           const char *option, size_t *found, tolka_error *err);

/* Fails with a message that `option` is missing, and the choices. */
tolka_status language_missing(const struct languages *languages, const char *option,
                              tolka_error *err);

/* Whether two names ("de", ">>deu<<", "German") mean the same language. */
bool language_same(struct gguf_string a, struct gguf_string b);

#endif
