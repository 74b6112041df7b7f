/* What tolka_model_open gives: a model, and the file that it lies in. */
#ifndef OPEN_H
#define OPEN_H

#include "engine/gguf.h"
#include "engine/map.h"
#include "engine/model.h"

struct tolka_model {
    char *name;
    struct map map; /* bytes NULL: the caller's memory */
    struct gguf gguf;
    struct model model;
};

#endif
