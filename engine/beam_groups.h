/* Diverse beam search (Vijayakumar et al. 2016) by the rules of transformers' group beam search: a
 * beam falls into groups, which search side by side. At every step one group after another chooses,
 * and a token costs the later ones diversity_penalty for each time that it was chosen by an earlier
 * one. */
#ifndef BEAM_GROUPS_H
#define BEAM_GROUPS_H

#include "engine/beam_rules.h"

/* A hypothesis for every group; a hypothesis's number is its group's. */
void groups_start(const struct extending *extending);

/* As beam_advance. */
bool groups_advance(const struct extending *extending, const struct choice *choices);

#endif
