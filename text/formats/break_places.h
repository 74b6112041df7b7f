/* Where a translation that runs across several subtitles is divided among them. */
#ifndef BREAK_PLACES_H
#define BREAK_PLACES_H

#include "text/formats/words_linked.h"

/* The blank (or the end) behind byte `after` of the translation that is nearest to a share of it;
 * one behind punctuation counts as twice as near. */
size_t break_place(const char *target, size_t n, const struct word_list *words, double share,
                   size_t after);

#endif
