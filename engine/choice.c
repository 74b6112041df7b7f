#include "engine/choice.h"

void choice_insert(struct choice *choice, size_t n_top, struct candidate candidate) {
    size_t i = choice->n_top;
    if (i < n_top)
        choice->n_top++;
    else if (candidate.value > choice->top[i - 1].value)
        i--;
    else
        return;
    for (; i > 0 && choice->top[i - 1].value < candidate.value; i--)
        choice->top[i] = choice->top[i - 1];
    choice->top[i] = candidate;
}
