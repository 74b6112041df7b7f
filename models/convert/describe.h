/* What a model file or a checkpoint holds. */
#ifndef DESCRIBE_H
#define DESCRIBE_H

#include "models/convert/import.h"

#include <jansson.h>

/* Everything there is to say: *out is the caller's to json_decref. A file that is no model, and no
 * checkpoint of a family that tolka knows, still has tensors; "problem" says why it is neither. */
tolka_status describe(json_t **out, const char *path, const struct import_options *options,
                      bool with_tensors, tolka_error *err);

#endif
