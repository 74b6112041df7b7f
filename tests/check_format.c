/* docs/format.md is the specification of the model file, and this is what makes it true: its tables
 * and examples beside the code, both ways. Here the settings, and what tolka check allows. */
#define _POSIX_C_SOURCE 200809L
#include "tests/check_format.h"

#include "tests/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- settings -------------------------------------------------------------------------------- */

static const char *type_text(enum field_type type) {
    static const char *const names[] = {[FIELD_U32] = "u32",
                                        [FIELD_I32] = "i32",
                                        [FIELD_F32] = "f32",
                                        [FIELD_BOOL] = "bool",
                                        [FIELD_ENUM] = "string"};
    return names[type];
}

static void list_names(const struct config_field *field, char text[128]) {
    size_t n = 0;
    for (size_t i = 0; field->names[i]; i++)
        n += (size_t)snprintf(text + n, 128 - n, "%s%s", i ? ", " : "", field->names[i]);
}

static void values_text(const struct config_field *field, char text[128]) {
    if (field->type == FIELD_ENUM)
        list_names(field, text);
    else if (field->type == FIELD_BOOL)
        strcpy(text, "false, true");
    else
        snprintf(text, 128, "%.10g .. %.10g", field->min, field->max);
}

static void absent_text(const struct config_field *field, char text[128]) {
    if (field->required)
        strcpy(text, "required");
    else if (field->type == FIELD_ENUM)
        snprintf(text, 128, "%s", field->names[(size_t)field->absent]);
    else if (field->type == FIELD_BOOL)
        strcpy(text, field->absent != 0 ? "true" : "false");
    else
        snprintf(text, 128, "%.10g", field->absent);
}

static void expect_cell(const struct table *table, size_t row, const char *column,
                        const char *expected) {
    const char *found = cell(table, row, column);
    ck_assert_msg(strcmp(found, expected) == 0, "%s, %s: \"%s\" in the document, \"%s\" in code",
                  table->cells[row][0], column, found, expected);
}

static void check_setting(const struct table *table, size_t row, const struct config_field *field) {
    char text[128];
    snprintf(text, sizeof text, "tolka.%s", field->key);
    expect_cell(table, row, "key", text);
    expect_cell(table, row, "type", type_text(field->type));
    values_text(field, text);
    expect_cell(table, row, "values", text);
    absent_text(field, text);
    expect_cell(table, row, "absent", text);
}

/* In the order of the code, so that none is missing and none too many. */
START_TEST(settings) {
    struct document *document = document_open(FORMAT_DOCUMENT);
    const struct table *table = document_table(document, "Settings", 0);
    size_t n = 0;
    for (; config_fields[n].key; n++) {
        ck_assert_msg(n < table->n_rows, "tolka.%s is not documented", config_fields[n].key);
        check_setting(table, n, &config_fields[n]);
    }
    if (n < table->n_rows) ck_abort_msg("%s does not exist", cell(table, n, "key"));
    document_free(document);
}
END_TEST

/* ---- tolka check ----------------------------------------------------------------------------- */

static void expect_allowed(const char *output, const char *allowed) {
    char text[64];
    snprintf(text, sizeof text, "(%s allowed)", allowed);
    ck_assert_msg(strstr(output, text), "the document has %s; tolka check says %s", text, output);
}

START_TEST(tolerances) {
    struct document *document = document_open(FORMAT_DOCUMENT);
    const struct table *table = document_table(document, "Stored references", 1);
    char path[] = "/tmp/tolka-format-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_uint_eq(table->n_rows, 5);
    for (size_t row = 0; row < table->n_rows; row++) {
        const char *type = cell(table, row, "weights");
        free(output_of(NULL, "convert", "tests/fixtures/marian", "-o", path, "--type", type, "-q",
                       "--force"));
        char *output = output_of(NULL, "check", path);
        expect_allowed(output, cell(table, row, "greatest"));
        expect_allowed(output, cell(table, row, "mean"));
        free(output);
    }
    unlink(path);
    document_free(document);
}
END_TEST

Suite *format_suite(void) {
    Suite *suite = suite_create("format");
    TCase *settings_case = tcase_create("settings");
    tcase_set_timeout(settings_case, 120);
    tcase_add_test(settings_case, settings);
    tcase_add_test(settings_case, tolerances);
    suite_add_tcase(suite, settings_case);
    suite_add_tcase(suite, format_tensors_case());
    suite_add_tcase(suite, format_layout_case());
    suite_add_tcase(suite, format_files_case());
    return suite;
}
