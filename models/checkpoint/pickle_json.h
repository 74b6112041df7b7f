#ifndef PICKLE_JSON_H
#define PICKLE_JSON_H

#include "models/checkpoint/pickle.h"

/* The settings that fairseq saves beside the weights ("args", a Namespace, or "cfg", dicts of
 * them) as one flat JSON object, in which "model_type" is "fairseq", and "source_dictionary" and
 * "target_dictionary" are the names of files. *json is the caller's to free;
 * NULL: the checkpoint has none. */
tolka_status pickle_settings(char **json, const struct pickle *pickle, const char *path,
                             tolka_error *err);

#endif
