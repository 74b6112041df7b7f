/* What tolka_model_open gives: a model, and the file that it lies in. */
#ifndef OPEN_H
#define OPEN_H

#include "engine/generation.h"
#include "engine/gguf.h"
#include "engine/map.h"
#include "engine/model.h"

struct tolka_model {
    char *name;
    struct map map; /* bytes NULL: the caller's memory */
    struct gguf gguf;
    struct model model;
    struct generation_lists lists; /* of the configuration, as the public header has them */
};

#endif
