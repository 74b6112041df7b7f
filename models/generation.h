/* How a checkpoint of Hugging Face wants to be searched. */
#ifndef MODELS_GENERATION_H
#define MODELS_GENERATION_H

#include "engine/config.h"
#include "models/reading.h"
#include "models/shown.h"

/* What generation_config.json (and config.json, as older ones have it) say about search. */
tolka_status read_generation(const struct checkpoint *checkpoint, struct config *config,
                             tolka_error *err);

/* Where a key is looked up: generation_config.json, or config.json for exports that are older than
 * the former. Where both are there, what config.json says about generating is void. */
struct reading generation_reading(const struct checkpoint *checkpoint, const char *key,
                                  tolka_error *err);

#endif
