/* What the rooms above the engine may ask of a translator besides tolka.h. */
#ifndef TRANSLATOR_H
#define TRANSLATOR_H

#include "engine/tolka.h"

#include <stdbool.h>

/* What it was made with, defaults filled in; lists and names belong to it. */
const tolka_options *translator_options(const tolka_translator *translator);

/* Tokens that a sentence should have at most, n_special that stand around it aside: what the caller
 * asks for, or else the model, as far as the model can tell positions apart. */
size_t translator_max_source(const tolka_translator *translator, size_t n_special);

/* Around a call that makes others: a stop is for the outermost one that is under way, so it is heeded
 * before there are ids, too, and between the parts of a text. */
void translator_enter(tolka_translator *translator);
void translator_leave(tolka_translator *translator);

/* Calls job(user, i) for i in [0, n) on the translator's threads; returns when all are done. For
 * work around a translation, such as tokenizing. */
void translator_share(tolka_translator *translator, size_t n, void (*job)(void *user, size_t i),
                      void *user);

#endif
