/* tolka languages: which languages a model has, and how to ask for them. */
#include "models/checkpoint/names.h"
#include "tools/commands.h"
#include "tools/out_of_memory.h"
#include "tools/printable.h"
#include "tools/session.h"
#include "tools/text_width.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CODES = 8 };

/* What is said of one language; owned. */
struct row {
    const char *token; /* the model's own name; borrowed */
    char *english, *native;
    char *codes[MOST_CODES];
    size_t n_codes;
    int source, target; /* -1: the file does not say */
    bool default_from, default_to;
};

struct table {
    const char *path;
    tolka_languages *languages;
    struct row *rows;
    size_t n;
};

/* ---- rows ------------------------------------------------------------------------------------ */

static bool has_code(const struct row *row, const char *code) {
    for (size_t i = 0; i < row->n_codes; i++)
        if (strcmp(row->codes[i], code) == 0) return true;
    return strcmp(row->token, code) == 0;
}

/* Takes over a code, if it finds this language; frees it if not. */
static void add_code(struct row *row, const struct table *table, size_t index, char *code) {
    size_t found;
    if (code && row->n_codes < MOST_CODES && !has_code(row, code) &&
        (table->languages->n == 0 ||
         (tolka_find_language(table->languages, code, &found, NULL) == TOLKA_OK && found == index)))
        row->codes[row->n_codes++] = code;
    else
        free(code);
}

/* What tolka says of a language; NULL: there is no such name. It says the same when there is no memory,
 * and then errno is set. */
static char *said(char *(*say)(const char *language), const char *token) {
    errno = 0;
    char *name = say(token);
    return !name && errno == ENOMEM ? memory_or_end(NULL) : name;
}

static char *english_name(const char *token) {
    return tolka_language_name(token, "en");
}

static char *native_name(const char *token) {
    return tolka_language_name(token, NULL);
}

/* "zh-Hant-TW" as far as its parts take it: "zh", "zh-Hant", all of it. */
static void add_codes(struct row *row, const struct table *table, size_t index) {
    char *tag = said(tolka_language_tag, row->token);
    for (size_t n = 0; tag && tag[n]; n++) {
        if (tag[n + 1] && tag[n + 1] != '-') continue;
        char *part = memory_or_end(calloc(1, n + 2));
        memcpy(part, tag, n + 1);
        size_t before = row->n_codes;
        add_code(row, table, index, part);
        if (row->n_codes > before) break; /* the shortest will do */
    }
    tolka_free(tag);
    add_code(row, table, index, said(tolka_language_iso639_3, row->token));
}

static bool is_language(const char *name, const char *token) {
    return name && strcmp(name, token) == 0;
}

static void fill_row(struct row *row, const struct table *table, size_t index) {
    row->english = said(english_name, row->token);
    row->native = said(native_name, row->token);
    row->default_from = is_language(table->languages->default_from, row->token);
    row->default_to = is_language(table->languages->default_to, row->token);
    add_codes(row, table, index);
}

/* A model of one pair names nothing but its defaults. */
static void fill_pair(struct table *table) {
    const char *const names[] = {table->languages->default_from, table->languages->default_to};
    for (int i = 0; i < 2; i++) {
        if (!names[i]) continue;
        struct row *row = &table->rows[table->n];
        *row = (struct row){.token = names[i], .source = i == 0, .target = i == 1};
        fill_row(row, table, table->n++);
    }
}

static void fill_table(struct table *table) {
    const tolka_languages *languages = table->languages;
    if (languages->n == 0) fill_pair(table);
    for (size_t i = 0; i < languages->n; i++) {
        struct row *row = &table->rows[table->n++];
        row->token = languages->names[i];
        row->source = languages->are_sources ? 1 : -1;
        row->target = 1;
        fill_row(row, table, i);
    }
}

static void free_table(struct table *table) {
    for (size_t i = 0; i < table->n; i++) {
        tolka_free(table->rows[i].english);
        tolka_free(table->rows[i].native);
        for (size_t k = 0; k < table->rows[i].n_codes; k++) free(table->rows[i].codes[k]);
    }
    free(table->rows);
    tolka_free(table->languages);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void print_head(const struct table *table) {
    const tolka_languages *languages = table->languages;
    print_printable(stdout, "%s: ", file_name(table->path));
    if (languages->n == 0)
        puts(table->n ? "one pair of languages"
                      : "no languages to choose from: text goes in as is");
    else
        printf("%zu %s\n", languages->n,
               languages->are_sources
                   ? "languages to translate from (--from) and to (--to)"
                   : "languages to translate to (--to); those it translates from are not named");
    if (table->n) puts("");
}

static void print_column(const char *text, size_t width) {
    print_printable(stdout, "%s%*s", text, (int)(width + 2 - text_columns(text)), "");
}

static size_t wider(size_t width, const char *text) {
    size_t columns = text ? text_columns(text) : 0;
    return columns > width ? columns : width;
}

static void join_codes(const struct row *row, char out[256]) {
    size_t used = 0;
    out[0] = 0;
    for (size_t i = 0; i < row->n_codes && used < 256; i++)
        used += (size_t)snprintf(out + used, 256 - used, "%s%s", i ? ", " : "", row->codes[i]);
}

static const char *role(const struct row *row, bool is_pair) {
    if (is_pair) return row->source ? "  (from)" : "  (to)";
    if (row->default_from && row->default_to) return "  (default)";
    return row->default_from ? "  (default --from)" : row->default_to ? "  (default --to)" : "";
}

/* Names in the language itself come last: some are written from right to left. */
static void print_table(const struct table *table) {
    size_t token = 0, codes = 0, english = 0;
    char text[256];
    for (size_t i = 0; i < table->n; i++) {
        join_codes(&table->rows[i], text);
        token = wider(token, table->rows[i].token);
        codes = wider(codes, text);
        english = wider(english, table->rows[i].english);
    }
    print_head(table);
    for (size_t i = 0; i < table->n; i++) {
        const struct row *row = &table->rows[i];
        join_codes(row, text);
        print_column(row->token, token);
        print_column(text, codes);
        print_column(row->english ? row->english : "", english);
        print_printable(stdout, "%s%s", row->native ? row->native : "",
                        role(row, table->languages->n == 0));
        putchar('\n');
    }
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *maybe_text(const char *text) {
    return text ? json_string(text) : json_null();
}

static json_t *maybe_flag(int flag) {
    return flag < 0 ? json_null() : json_boolean(flag);
}

static json_t *row_object(const struct row *row) {
    json_t *object = json_object(), *codes = json_array();
    for (size_t i = 0; i < row->n_codes; i++)
        json_array_append_new(codes, json_string(row->codes[i]));
    json_object_set_new(object, "name", json_string(row->token));
    json_object_set_new(object, "codes", codes);
    json_object_set_new(object, "english", maybe_text(row->english));
    json_object_set_new(object, "native", maybe_text(row->native));
    json_object_set_new(object, "source", maybe_flag(row->source));
    json_object_set_new(object, "target", maybe_flag(row->target));
    json_object_set_new(object, "default_source", json_boolean(row->default_from));
    json_object_set_new(object, "default_target", json_boolean(row->default_to));
    return object;
}

static void print_json(const struct table *table) {
    json_t *object = json_object(), *rows = json_array();
    for (size_t i = 0; i < table->n; i++) json_array_append_new(rows, row_object(&table->rows[i]));
    json_object_set_new(object, "model", json_string(table->path));
    json_object_set_new(object, "languages", rows);
    json_dumpf(object, stdout, 0);
    putchar('\n');
    json_decref(object);
}

/* ---- the command ----------------------------------------------------------------------------- */

static int list(struct table *table, const tolka_model *model, bool as_json) {
    enum { PAIR = 2 };
    tolka_error err;
    if (tolka_model_languages(model, &table->languages, &err) != TOLKA_OK)
        return complain(EXIT_MODEL, "%s", err.text);
    table->rows = calloc(table->languages->n + PAIR, sizeof *table->rows);
    if (!table->rows) return complain(EXIT_MODEL, "out of memory");
    fill_table(table);
    (as_json ? print_json : print_table)(table);
    return EXIT_DONE;
}

int run_languages(struct options *options) {
    struct table table = {.n = 0};
    tolka_model *model = NULL;
    struct model_file file;
    if (options->n_arguments > (options->model ? 0 : 1))
        return complain(EXIT_USAGE, "languages takes one model file");
    if (options->n_arguments) options->model = options->arguments[0];
    int status = open_model(&file, options, &model);
    table.path = file.path;
    if (status == EXIT_DONE) status = list(&table, model, options->json);
    free_table(&table);
    tolka_model_free(model);
    model_file_close(&file);
    return status;
}
