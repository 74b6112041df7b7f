/* How a checkpoint of Hugging Face wants to be searched. */
#ifndef SEARCH_SETTINGS_H
#define SEARCH_SETTINGS_H

#include "engine/config.h"
#include "models/shown.h"

/* What generation_config.json (and config.json, as older ones have it) say about search. */
tolka_status read_generation(const struct checkpoint *checkpoint, struct config *config,
                             tolka_error *err);

#endif
