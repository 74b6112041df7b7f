#ifndef DICTIONARY_H
#define DICTIONARY_H

#include "engine/map.h"
#include "models/checkpoint/vocabulary.h"

#include <stdbool.h>

/* fairseq's list of tokens: is every line a token, a blank and a count? */
bool is_dictionary(const struct map *map);
/* Its tokens, and the four that fairseq itself puts before them. */
tolka_status read_dictionary(struct vocabulary *vocabulary, const struct map *map, const char *path,
                             tolka_error *err);

#endif
