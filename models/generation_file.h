/* generation_config.json, and what config.json said before there was one. */
#ifndef GENERATION_FILE_H
#define GENERATION_FILE_H

#include "models/reading.h"
#include "models/shown.h"

bool has_generation_file(const struct checkpoint *checkpoint);

/* Where a key is looked up: generation_config.json, or config.json for exports that are older than
 * the former. Where both are there, what config.json says about generating is void. */
struct reading generation_reading(const struct checkpoint *checkpoint, const char *key,
                                  tolka_error *err);

#endif
