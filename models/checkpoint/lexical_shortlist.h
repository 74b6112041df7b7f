/* Marian's binary lexical shortlist (lex.s2t.bin): for each source id, the target ids that may
 * translate it. */
#ifndef LEXICAL_SHORTLIST_H
#define LEXICAL_SHORTLIST_H

#include "engine/error.h"

struct lexical_shortlist {
    uint64_t first; /* ids below it are always candidates; from 1 to the target vocabulary */
    uint32_t n_offsets;
    uint32_t *offsets; /* source id w has ids[offsets[w]] .. ids[offsets[w + 1]]; the last source id
                        * may have no list: n_offsets is the source vocabulary, or one more */
    uint32_t n_ids;
    uint32_t *ids; /* all below the target vocabulary */
};

tolka_status shortlist_read(struct lexical_shortlist *shortlist, const char *path,
                            uint32_t source_vocabulary, uint32_t target_vocabulary,
                            tolka_error *err);
void shortlist_free(struct lexical_shortlist *shortlist);

#endif
