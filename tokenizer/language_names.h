/* Names of languages: in English, in themselves, in any language that ICU knows. */
#ifndef LANGUAGE_NAMES_H
#define LANGUAGE_NAMES_H

#include "tokenizer/locale_name.h"

enum { LONGEST_DISPLAY = 128 };

/* "German", "Simplified Chinese", "Serbian (Latin)" for "deu_Latn", "zho_Hans", "sr-Latn"; `in`
 * NULL: in the language itself. False if ICU has no name. */
bool language_display(struct gguf_string language, const char *in, char out[LONGEST_DISPLAY]);

/* Is this the language's name in English (with script and region, or without) or in itself, whatever
 * its case and accents? */
bool language_is_called(struct gguf_string language, const char *name);

/* Codes of the languages that have this name, whatever its case and accents: "no" for "norwegian",
 * "zh_Hans" for "Simplified Chinese", "de" for "Deutsch". */
enum { MOST_NAMESAKES = 8 };
size_t language_codes(const char *name, char codes[MOST_NAMESAKES][LONGEST_LANGUAGE_NAME]);

/* The code that a name stands for, kept in `code`; a code stands for itself. */
struct gguf_string language_code(const char *language, char code[LONGEST_LANGUAGE_NAME]);

/* Could this only be a name: too long for a code, or no code at all? */
bool language_is_name(struct gguf_string text);

/* A name without what people leave out when they type it: case, accents. False if too long. */
bool language_fold(const char *name, uint16_t out[LONGEST_DISPLAY], int32_t *n);

#endif
