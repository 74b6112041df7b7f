/* The words of two texts and which of them belong together, by places in the texts' bytes. */
#ifndef WORDS_LINKED_H
#define WORDS_LINKED_H

#include "engine/tolka.h"

#include <stdbool.h>

struct word {
    size_t begin, end;
};

struct word_list {
    struct word *words;
    size_t n;
};

struct linked_words {
    struct word_list source, target;
    tolka_link *links; /* sorted by source, then target; all within the lists */
    size_t n_links;
};

/* Without links of the engine's (n_links 0), words are linked by their share of the text. */
bool linked_words_new(struct linked_words *out, const char *source, size_t n_source,
                      const char *target, size_t n_target, const tolka_link *links, size_t n_links);
void linked_words_free(struct linked_words *linked);

/* The first word that ends behind a place. */
size_t word_at(const struct word_list *list, size_t place);

#endif
