/* What the rooms above the engine may ask of a translator besides tolka.h. */
#ifndef TRANSLATOR_H
#define TRANSLATOR_H

#include "engine/tolka.h"

#include <stdbool.h>

/* Do its results have alignments? */
bool translator_aligns(const tolka_translator *translator);

/* Calls job(user, i) for i in [0, n) on the translator's threads; returns when all are done. For
 * work around a translation, such as tokenizing. */
void translator_share(tolka_translator *translator, size_t n, void (*job)(void *user, size_t i),
                      void *user);

#endif
