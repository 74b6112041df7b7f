/* Words that stand for protected spans while a text is translated: names and numbers, which models
 * copy well. */
#ifndef STAND_INS_H
#define STAND_INS_H

#include <stdbool.h>
#include <stddef.h>

/* How many of them a text has used; zeros at first. */
struct stand_ins {
    size_t next_name, next_number;
};

/* The next one, of the kind that is asked for, which the text does not hold itself; NULL: there are
 * no more. */
const char *next_stand_in(struct stand_ins *used, bool is_number, const char *text, size_t n);

/* Is a stand-in for bytes [begin, end) of a text a word there, or are letters glued to it, as in
 * "<0>here</0>"? */
bool stand_in_is_glued(const char *text, size_t n, size_t begin, size_t end);

/* The place of a stand-in in a translation, if it is there once; SIZE_MAX: it is not. */
size_t find_stand_in(const char *text, size_t n, const char *stand_in, size_t length);

#endif
