#define _XOPEN_SOURCE 700
#include "tests/variant.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = 512 };

static void path_in(const struct variant *variant, const char *name, char path[PATH_ROOM]) {
    snprintf(path, PATH_ROOM, "%s/%.300s", variant->path, name);
}

static void link_into(const struct variant *variant, const char *folder, const char *name) {
    char from[PATH_ROOM], to[PATH_ROOM];
    snprintf(from, sizeof from, FIXTURES "%.100s/%.300s", folder, name);
    path_in(variant, name, to);
    char *absolute = realpath(from, NULL);
    ck_assert_ptr_nonnull(absolute);
    ck_assert_int_eq(symlink(absolute, to), 0);
    free(absolute);
}

struct variant variant_of(const char *folder) {
    struct variant variant = {"/tmp/tolka-variant-XXXXXX"};
    char from[PATH_ROOM];
    ck_assert_ptr_nonnull(mkdtemp(variant.path));
    snprintf(from, sizeof from, FIXTURES "%.100s", folder);
    DIR *directory = opendir(from);
    ck_assert_ptr_nonnull(directory);
    for (const struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] != '.') link_into(&variant, folder, entry->d_name);
    closedir(directory);
    return variant;
}

void leave_out(const struct variant *variant, const char *name) {
    char path[PATH_ROOM];
    path_in(variant, name, path);
    ck_assert_int_eq(unlink(path), 0);
}

void put_json(const struct variant *variant, const char *name, json_t *value) {
    char path[PATH_ROOM];
    path_in(variant, name, path);
    unlink(path); /* the link, not the fixture's file */
    ck_assert_int_eq(json_dump_file(value, path, 0), 0);
    json_decref(value);
}

void put_text_file(const struct variant *variant, const char *name, const char *text) {
    char path[PATH_ROOM];
    path_in(variant, name, path);
    unlink(path);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

json_t *get_json(const struct variant *variant, const char *name) {
    char path[PATH_ROOM];
    path_in(variant, name, path);
    json_t *value = json_load_file(path, 0, NULL);
    ck_assert_ptr_nonnull(value);
    return value;
}

void set_key(const struct variant *variant, const char *name, const char *key, json_t *value) {
    json_t *object = get_json(variant, name);
    json_object_set_new(object, key, value);
    put_json(variant, name, object);
}

void variant_free(const struct variant *variant) {
    char path[PATH_ROOM];
    DIR *directory = opendir(variant->path);
    ck_assert_ptr_nonnull(directory);
    for (const struct dirent *entry; (entry = readdir(directory));) {
        path_in(variant, entry->d_name, path);
        if (entry->d_name[0] != '.') unlink(path);
    }
    closedir(directory);
    ck_assert_int_eq(rmdir(variant->path), 0);
}

/* ---- conversion ------------------------------------------------------------------------------ */

void keep_warning(void *user, const char *line) {
    struct warnings *said = user;
    size_t used = strlen(said->text);
    snprintf(said->text + used, sizeof said->text - used, "%s\n", line);
}

tolka_status convert_variant(const struct variant *variant, tolka_model **model,
                             struct warnings *said, tolka_error *err) {
    struct convert_options options = {.type = DTYPE_F32};
    char output[PATH_ROOM];
    if (said) options.import = (struct import_options){.say = keep_warning, .user = said};
    path_in(variant, "model.gguf", output);
    tolka_status status = convert(variant->path, output, &options, err);
    return status == TOLKA_OK ? tolka_model_open(model, output, err) : status;
}

tolka_model *open_variant(const struct variant *variant) {
    tolka_error err = {0};
    tolka_model *model = NULL;
    tolka_status status = convert_variant(variant, &model, NULL, &err);
    variant_free(variant);
    ck_assert_msg(status == TOLKA_OK, "%s", err.text);
    return model;
}

void expect_refusal(const struct variant *variant, tolka_status expected, const char *says) {
    tolka_error err = {0};
    tolka_model *model = NULL;
    tolka_status status = convert_variant(variant, &model, NULL, &err);
    variant_free(variant);
    if (status == TOLKA_OK) tolka_model_free(model);
    ck_assert_msg(status == expected && strstr(err.text, says), "%d \"%s\", not %d \"%s\"", status,
                  err.text, expected, says);
}

void expect_warning(const struct variant *variant, const char *says) {
    struct warnings said = {""};
    tolka_error err = {0};
    tolka_model *model = NULL;
    tolka_status status = convert_variant(variant, &model, &said, &err);
    variant_free(variant);
    ck_assert_msg(status == TOLKA_OK, "%s", err.text);
    tolka_model_free(model);
    ck_assert_msg(says ? strstr(said.text, says) != NULL : !*said.text, "\"%s\", not \"%s\"",
                  said.text, says ? says : "");
}
