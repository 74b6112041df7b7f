/* A small model and sentences of many lengths for it. */
#ifndef LENGTHS_SCENE_H
#define LENGTHS_SCENE_H

#include "tests/fixture.h"

enum { N_INPUTS = 40, LONGEST = 60 };

/* Sentences of 1 to LONGEST tokens; each ends as the model wants it. */
struct scene {
    struct fixture fixture;
    int32_t ids[LONGEST];
    tolka_input inputs[N_INPUTS];
};

void scene_open(struct scene *scene);

#endif
