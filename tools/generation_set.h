/* --set key=value: settings by the names and in the form that generation_config.json has them. */
#ifndef GENERATION_SET_H
#define GENERATION_SET_H

#include "engine/tolka.h"

#include <jansson.h>
#include <stdbool.h>

struct generation_set {
    tolka_generation generation;
    tolka_options *options; /* for keys that are options: num_beams, length_penalty, ... */
    void **owned;           /* lists that were made */
    size_t n_owned;
};

/* Starts with what the model asks for. */
void generation_set_init(struct generation_set *set, const tolka_model *model,
                         tolka_options *options);
void generation_set_free(struct generation_set *set);

enum { SET_WHY = 200 };
/* False, and why, if there is no such key or it cannot have this value. */
bool generation_set_json(struct generation_set *set, const char *key, const json_t *value,
                         char why[SET_WHY]);
/* The same for "key=value" with a JSON value. */
bool generation_set_text(struct generation_set *set, const char *assignment, char why[SET_WHY]);

/* One more word that translations must have: one of n phrases, of which a copy is made. False: no
 * memory. */
bool generation_set_require(struct generation_set *set, const tolka_sequence *phrases, size_t n);

#endif
