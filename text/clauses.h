/* Where a sentence that is too long can be cut in two. */
#ifndef CLAUSES_H
#define CLAUSES_H

#include <stddef.h>

/* Near the middle if possible: behind a mark between clauses, else before a blank, else between two
 * characters as people see them. 0: it has only one of those. Time is linear in the length. */
size_t clause_cut(const char *text, size_t length);

#endif
