/* Which of a model's languages a code can mean. */
#ifndef LANGUAGE_MATCH_H
#define LANGUAGE_MATCH_H

#include "tokenizer/languages.h"

/* How far a language of the model is from the one that is wanted, which differ in nothing but
 * script, region and variant; less is nearer. */
enum { NO_MATCH = -1, MATCHES_WITHOUT_SCRIPT = 1 << 8 };

/* What has been found for a wanted language. */
struct language_match {
    enum kinship kinship;
    int distance;                /* of the nearest */
    char script[LONGEST_SUBTAG]; /* its script */
    size_t found;                /* the first that is so near */
    size_t n; /* those that could be meant as well as it; 0: the model has no such language */
};

struct language_match language_match(const struct languages *languages, struct gguf_string wanted);

/* Could this language be meant, too? Of a match that found none: is it the same language in another
 * script? */
bool language_is_rival(const struct language_match *match, struct gguf_string wanted,
                       struct gguf_string offered);

#endif
