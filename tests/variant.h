/* Checkpoints that are a fixture with something changed: a folder of links to the fixture's files, some
 * of which are left out or replaced. All functions fail the running test where something is not
 * there. */
#ifndef VARIANT_H
#define VARIANT_H

#include "tests/fixture.h"

struct variant {
    char path[64];
};

struct variant variant_of(const char *folder);
void leave_out(const struct variant *variant, const char *name);
/* Takes the value over. */
void put_json(const struct variant *variant, const char *name, json_t *value);
void put_text_file(const struct variant *variant, const char *name, const char *text);
json_t *get_json(const struct variant *variant, const char *name);
/* One key of a JSON file; takes the value over. */
void set_key(const struct variant *variant, const char *name, const char *key, json_t *value);
void variant_free(const struct variant *variant);

/* What a conversion said, line by line. */
struct warnings {
    char text[4096];
};
/* For import_options.say, with `user` a struct warnings. */
void keep_warning(void *user, const char *line);
/* Converts it to float32 and opens the result. `said` may be NULL. */
tolka_status convert_variant(const struct variant *variant, tolka_model **model,
                             struct warnings *said, tolka_error *err);
/* The same, which must succeed; the folder is removed. */
tolka_model *open_variant(const struct variant *variant);
/* It must be refused with such a status and text; the folder is removed. */
void expect_refusal(const struct variant *variant, tolka_status expected, const char *says);
/* It must convert, and there must be such a warning (NULL: none at all); the folder is removed. */
void expect_warning(const struct variant *variant, const char *says);

#endif
