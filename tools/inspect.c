/* tolka inspect: what a model file or a checkpoint holds, and how two of them differ. */
#include "models/convert/describe.h"
#include "tools/commands.h"
#include "tools/inspect_difference.h"
#include "tools/printable.h"
#include "tools/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL = 16, SHOWN_LANGUAGES = 12 };

static void print_line(const char *label, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void print_line(const char *label, const char *format, ...) {
    va_list arguments;
    printf("%-*s ", LABEL, label);
    va_start(arguments, format);
    vprint_printable(stdout, format, arguments);
    va_end(arguments);
    putchar('\n');
}

static void print_string(const json_t *object, const char *key, const char *label) {
    const char *text = json_string_value(json_object_get(object, key));
    if (text) print_line(label, "%s", text);
}

/* ---- the configuration in a few lines -------------------------------------------------------- */

static long long number(const json_t *config, const char *key) {
    return (long long)json_integer_value(json_object_get(config, key));
}

static double real(const json_t *config, const char *key) {
    return json_number_value(json_object_get(config, key));
}

static void print_stack(const json_t *config, const char *name) {
    char layers[32], heads[32], ffn[32];
    snprintf(layers, sizeof layers, "%s.layers", name);
    snprintf(heads, sizeof heads, "%s.heads", name);
    snprintf(ffn, sizeof ffn, "%s.ffn", name);
    print_line(name, "%lld layer%s, %lld heads, width %lld, feed-forward %lld",
               number(config, layers), number(config, layers) == 1 ? "" : "s",
               number(config, heads), number(config, "d_model"), number(config, ffn));
}

static void print_vocabulary(const json_t *config) {
    long long source = number(config, "vocab.source"), target = number(config, "vocab.target");
    if (source == target)
        print_line("vocabulary", "%lld tokens", source);
    else
        print_line("vocabulary", "%lld source tokens, %lld target tokens", source, target);
}

static void print_positions(const json_t *config) {
    long long most = number(config, "position.max");
    const char *kind = json_string_value(json_object_get(config, "position.kind"));
    if (most)
        print_line("positions", "%s, at most %lld tokens", kind, most);
    else
        print_line("positions", "%s, no limit", kind);
}

static void print_generation(const json_t *config) {
    if (json_is_true(json_object_get(config, "sampling.on")))
        print_line("generation", "sampling, temperature %g, top-k %lld, top-p %g",
                   real(config, "sampling.temperature"), number(config, "sampling.top_k"),
                   real(config, "sampling.top_p"));
    else
        print_line("generation", "beam %lld, length penalty %g, at most %lld tokens",
                   number(config, "search.beam"), real(config, "search.length_penalty"),
                   number(config, "search.max_length"));
}

/* ---- languages, types ------------------------------------------------------------------------ */

static void print_languages(const json_t *languages) {
    size_t n = json_array_size(languages);
    if (n == 0) return;
    printf("%-*s %zu:", LABEL, "languages", n);
    for (size_t i = 0; i < n && i < SHOWN_LANGUAGES; i++)
        print_printable(stdout, " %s", json_string_value(json_array_get(languages, i)));
    puts(n > SHOWN_LANGUAGES ? " ... (--json lists all)" : "");
}

static void print_types(json_t *types) {
    const char *type;
    json_t *counts;
    json_object_foreach(types, type, counts) {
        long long n = number(counts, "tensors"), bytes = number(counts, "bytes");
        print_line(type, "%lld tensor%s, %.*f %s", n, n == 1 ? "" : "s", bytes < 100000 ? 2 : 1,
                   (double)bytes / (bytes < 100000 ? 1e3 : 1e6), bytes < 100000 ? "kB" : "MB");
    }
}

static void print_configuration(json_t *config) {
    const char *key;
    json_t *value;
    puts("\nconfiguration");
    json_object_foreach(config, key, value) {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
        const char *string = json_string_value(value);
        printf("  %-34s %s\n", key, string ? string : text ? text : "");
        free(text);
    }
}

static void print_tensors(const json_t *list) {
    size_t i;
    json_t *tensor;
    puts("\ntensors, outermost dimension first");
    json_array_foreach(list, i, tensor) {
        char *shape = json_dumps(json_object_get(tensor, "shape"), JSON_COMPACT);
        print_printable(stdout, "  %-48s %-5s %s",
                        json_string_value(json_object_get(tensor, "name")),
                        json_string_value(json_object_get(tensor, "type")), shape ? shape : "");
        putchar('\n');
        free(shape);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void print_model(json_t *object, json_t *config) {
    print_line("parameters", "%lld (%.3g million)", number(object, "parameters"),
               real(object, "parameters") / 1e6);
    print_stack(config, "encoder");
    print_stack(config, "decoder");
    print_vocabulary(config);
    print_positions(config);
    print_languages(json_object_get(object, "languages"));
    const char *tokenizer = json_string_value(json_object_get(object, "tokenizer"));
    print_line("tokenizer", "%s", tokenizer ? tokenizer : "none: token ids only (--ids)");
    if (json_is_true(json_object_get(object, "shortlist"))) print_line("shortlist", "yes");
    print_generation(config);
}

static void print_object(json_t *object) {
    json_t *config = json_object_get(object, "config"), *list = json_object_get(object, "list");
    print_string(object, "file", "file");
    print_string(object, "container", "container");
    print_string(object, "left_aside", "left aside");
    print_string(object, "architecture", "architecture");
    print_string(object, "family", "family");
    print_string(object, "converted_from", "converted from");
    print_string(object, "converted_by", "converted by");
    print_string(object, "license", "licence");
    if (config) print_model(object, config);
    print_types(json_object_get(object, "types"));
    print_string(object, "problem", "problem");
    if (config) print_configuration(config);
    if (list) print_tensors(list);
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
