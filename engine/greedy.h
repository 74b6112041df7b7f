/* One hypothesis a sentence: the best token at every step, or the tokens of a given target. */
#ifndef GREEDY_H
#define GREEDY_H

#include "engine/hypothesis.h"
#include "engine/output.h"

/* Extends the sentence's hypothesis by the best token; true when it is done. */
bool greedy_advance(const struct extending *extending, const struct choice *choice);

/* Teacher forcing: the token is the target's next. */
bool teacher_advance(const struct extending *extending, const struct choice *choice);

#endif
