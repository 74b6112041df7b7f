/* A language as people and checkpoints write it, taken apart: BCP 47 ("zh-Hant-TW"), POSIX
 * ("de_DE.UTF-8"), ISO 639-1, -2 and -3 ("de", "ger", "deu"), and the tokens of checkpoints
 * ("deu_Latn", "de_DE", ">>deu<<", "__de__", "<2de>"). */
#ifndef LOCALE_NAME_H
#define LOCALE_NAME_H

#include "engine/gguf.h"

enum { LONGEST_LANGUAGE_NAME = 64, LONGEST_SUBTAG = 12, LONGEST_LOCALE = 160 };

struct locale_name {
    char text[LONGEST_LANGUAGE_NAME]; /* lower case, '-' as '_', without marks; "": too long */
    /* "" where the name does not say it; `language` is "" of what cannot be a code */
    char language[LONGEST_SUBTAG]; /* of two letters where there is such a code */
    char script[LONGEST_SUBTAG], region[LONGEST_SUBTAG], variant[LONGEST_LANGUAGE_NAME];
};

/* Which names of languages count as one: each level takes in those before it. */
enum kinship {
    SAME_CODE,      /* "deu" is "de" */
    SAME_CANONICAL, /* CLDR says that "cmn" is "zh", "iw" is "he", "ger" is "de" */
    SAME_FAMILY,    /* what checkpoints and people mean by a macrolanguage: "nob" by "no" */
};
enum { N_KINSHIPS = SAME_FAMILY + 1 };

/* A token without the marks around it. */
struct gguf_string without_marks(struct gguf_string token);

void locale_read(struct locale_name *name, struct gguf_string text, enum kinship kinship);

/* The language of an ICU locale; "" if it has none, or one that is too long to be one. */
void locale_language(const char *locale, char language[LONGEST_SUBTAG]);

/* "de", "zh_Hant", "pt_BR"; variants too. */
void locale_id(const struct locale_name *name, char out[LONGEST_LOCALE]);

/* The script that it says, or that its region implies ("zh_TW": "Hant"), or "". */
void locale_script(const struct locale_name *name, char script[LONGEST_SUBTAG]);

/* Is the script one that the language is written in if nobody says which? */
enum usualness { UNUSUAL, USUAL_IS_UNKNOWN, USUAL };
enum usualness locale_usualness(const struct locale_name *name, const char *script);

#endif
