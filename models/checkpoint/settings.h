/* Typed look-up in what stands beside weights: config.json, generation_config.json, model.yml.
 *
 * A key is a path: "task_specific_params.translation_en_to_de.num_beams", and a number picks an
 * element of an array: "bad_words_ids.0". A key that is absent, or null, gives the default. A value
 * of another type than the one asked for is an error that names the file and the key. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "engine/error.h"

#include <stdbool.h>

struct settings;

/* Reads a JSON file. One that is not there gives empty settings unless it is required. */
tolka_status settings_open(struct settings **out, const char *path, bool required,
                           tolka_error *err);
/* The same out of memory; `name` stands for the path in messages. */
tolka_status settings_parse(struct settings **out, const char *text, size_t length,
                            const char *name, tolka_error *err);
tolka_status settings_parse_yaml(struct settings **out, const char *text, size_t length,
                                 const char *name, tolka_error *err);
void settings_free(struct settings *settings); /* accepts NULL */

const char *settings_name(const struct settings *settings);

/* There, and not null? */
bool settings_has(const struct settings *settings, const char *key);
/* There, and null? */
bool settings_is_null(const struct settings *settings, const char *key);
/* Elements of an array, keys of an object; 0 for anything else. */
size_t settings_length(const struct settings *settings, const char *key);

tolka_status settings_integer(const struct settings *settings, const char *key, int64_t absent,
                              int64_t *out, tolka_error *err);
tolka_status settings_number(const struct settings *settings, const char *key, double absent,
                             double *out, tolka_error *err);
tolka_status settings_boolean(const struct settings *settings, const char *key, bool absent,
                              bool *out, tolka_error *err);
/* *out lives as long as the settings (or is `absent`). */
tolka_status settings_string(const struct settings *settings, const char *key, const char *absent,
                             const char **out, tolka_error *err);
/* An array of integers, or one integer alone. *n is how many there are (absent: 0), of which at
 * most `capacity` are stored. */
tolka_status settings_integers(const struct settings *settings, const char *key, int64_t *out,
                               size_t capacity, size_t *n, tolka_error *err);

/* Keys of the outermost object that no call above has asked for and that are not null, in file
 * order (a look at "a.b" counts for "a"). Returns how many there are; stores at most `capacity`. */
size_t settings_unread(const struct settings *settings, const char **keys, size_t capacity);

#endif
