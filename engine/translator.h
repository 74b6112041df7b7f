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

/* Lets a translator that was made for alignments go without them for a while, as they take time, or
 * have them again. Returns what was before. */
bool translator_set_aligning(tolka_translator *translator, bool aligns);

/* Calls job(user, i) for i in [0, n) on the translator's threads; returns when all are done. For
 * work around a translation, such as tokenizing. */
void translator_share(tolka_translator *translator, size_t n, void (*job)(void *user, size_t i),
                      void *user);

#endif
