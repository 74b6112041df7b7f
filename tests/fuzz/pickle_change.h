/* Pickles, changed instruction by instruction. */
#ifndef PICKLE_CHANGE_H
#define PICKLE_CHANGE_H

#include "tests/fuzz/fuzz.h"

/* Of up to five pickles in a row; what follows them stays. */
void change_pickle(struct chance *chance, struct blob *bytes);
/* Where they end. */
size_t pickles_end(const struct blob *bytes);

#endif
