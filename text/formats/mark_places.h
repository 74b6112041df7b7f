/* Where the tags of a text go in its translation: each pair around the words that come from those
 * that it stood around, well nested, none lost and none twice. */
#ifndef MARK_PLACES_H
#define MARK_PLACES_H

#include "text/formats/document_parts.h"
#include "text/formats/words_linked.h"

/* Adds all pieces that are tags, breaks or left out, in the order in which they are written; a
 * struct placed each. `seen` and `target` are what the links are between. False: no memory. */
bool place_pieces(struct growing *out, const struct piece *pieces, size_t n, const char *seen,
                  size_t n_seen, const char *target, size_t n_target,
                  const struct linked_words *linked);

#endif
