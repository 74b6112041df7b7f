/* Hypotheses that do not compete: the best token at every step, the tokens of a given target,
 * samples, and alternatives that differ in their first token. */
#ifndef GREEDY_H
#define GREEDY_H

#include "engine/choice.h"
#include "engine/hypothesis.h"

/* Extends the sentence's hypothesis by the best token; true when it is done. */
bool greedy_advance(const struct extending *extending, const struct choice *choice);

/* Teacher forcing: the token is the target's next. */
bool teacher_advance(const struct extending *extending, const struct choice *choice);

/* Begins n_best hypotheses, which differ in their numbers alone. */
void samples_start(const struct extending *extending);
/* Extends each of them by the token that was drawn for it (or must come). */
bool samples_advance(const struct extending *extending, const struct choice *choices);

/* At the first free token the hypothesis becomes n_best ones with the best tokens, which then go on
 * greedily; choices have as many tokens. */
bool alternatives_advance(const struct extending *extending, const struct choice *choices);

#endif
