/* YAML as JSON values, so that both kinds of settings are looked up the same way. */
#ifndef YAML_JSON_H
#define YAML_JSON_H

#include "engine/error.h"

#include <jansson.h>

/* *out is the caller's to json_decref. Aliases, tags and complex keys are refused. */
tolka_status yaml_to_json(json_t **out, const char *text, size_t length, const char *name,
                          tolka_error *err);

#endif
