/* Making a model file of a checkpoint, with what is said on the way. */
#ifndef MAKING_H
#define MAKING_H

#include "models/convert/conversion.h"
#include "tools/options.h"

/* --type, or int8; false after a complaint. */
bool choose_type(const struct options *options, enum dtype *type);

/* Converts; warnings, notes and progress go to standard error, unless it is to be quiet. Returns an
 * exit status. `how` needs no say and no progress. */
int make_model(const char *checkpoint, const char *path, struct convert_options *how, bool quiet,
               struct conversion_result *result);

#endif
