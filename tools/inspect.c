/* tolka inspect: what a model file or a checkpoint holds, and how two of them differ. */
#include "models/convert/describe.h"
#include "tools/commands.h"
#include "tools/inspect_difference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one file -------------------------------------------------------------------------------- */

static void print_value(const char *key, const json_t *value, int indent) {
    if (json_is_null(value)) return;
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    bool quoted = text && text[0] == '"';
    size_t length = text ? strlen(text) : 0;
    printf("%*s%-*s %.*s\n", indent, "", 28 - indent, key, (int)(quoted ? length - 2 : length),
           text ? text + quoted : "");
    free(text);
}

static void print_languages(const json_t *languages) {
    size_t n = json_array_size(languages);
    if (n == 0) return;
    printf("%-28s", "languages");
    for (size_t i = 0; i < n && i < 12; i++)
        printf(" %s", json_string_value(json_array_get(languages, i)));
    if (n > 12) printf(" ... (%zu; --json lists all)", n);
    putchar('\n');
}

static void print_object(json_t *object) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        if (strcmp(key, "languages") == 0) {
            print_languages(value);
        } else if (strcmp(key, "types") == 0) {
            const char *type;
            json_t *counts;
            json_object_foreach(value, type, counts)
                printf("%-28s %" JSON_INTEGER_FORMAT " tensors, %.1f MB\n", type,
                       json_integer_value(json_object_get(counts, "tensors")),
                       (double)json_integer_value(json_object_get(counts, "bytes")) / 1e6);
        } else if (strcmp(key, "config") == 0) {
            const char *name;
            json_t *field;
            puts("configuration");
            json_object_foreach(value, name, field) print_value(name, field, 2);
        } else if (strcmp(key, "list") == 0) {
            size_t i;
            json_t *tensor;
            puts("tensors, outermost dimension first");
            json_array_foreach(value, i, tensor) {
                char *shape = json_dumps(json_object_get(tensor, "shape"), JSON_COMPACT);
                printf("  %-48s %-5s %s\n", json_string_value(json_object_get(tensor, "name")),
                       json_string_value(json_object_get(tensor, "type")), shape ? shape : "");
                free(shape);
            }
        } else {
            print_value(key, value, 0);
        }
    }
}

static int inspect_file(const struct options *options) {
    const struct import_options import_options = {.config = options->config,
                                                  .family = options->family};
    json_t *object;
    tolka_error err;
    if (describe(&object, options->arguments[0], &import_options, options->tensors, &err) !=
        TOLKA_OK)
        return complain(EXIT_MODEL, "%s", err.text);
    if (options->json) {
        json_dumpf(object, stdout, JSON_REAL_PRECISION(9));
        putchar('\n');
    } else {
        print_object(object);
    }
    json_decref(object);
    return EXIT_DONE;
}

int run_inspect(struct options *options) {
    if (options->n_arguments != (options->diff ? 2 : 1))
        return complain(EXIT_USAGE, options->diff ? "inspect --diff takes two files"
                                                  : "inspect takes one file or directory");
    return options->diff ? inspect_difference(options) : inspect_file(options);
}
