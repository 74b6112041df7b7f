/* The manual page: every field of every --json output is in it, with an example, and nothing is
 * that no command prints; programs that read manual pages find nothing wrong with it. */
#define _POSIX_C_SOURCE 200809L
#include "tests/check_cli.h"

#include "tools/examples.h"
#include "tools/option_use.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIXTURES "tests/fixtures/"
enum { MAX_FIELDS = 96 };

/* ---- a section of the page ------------------------------------------------------------------- */

struct field {
    char path[96], types[64];
    bool in_example, printed;
};

struct section {
    const char *title;
    struct field fields[MAX_FIELDS];
    size_t n_fields;
    json_t *examples;
};

/* Text as it is read: "\-" is "-", "\e" is "\", "\fB" nothing. */
static void unescape(const char *from, size_t n, char *to) {
    for (const char *end = from + n; from < end; from++) {
        if (*from != '\\') {
            *to++ = *from;
        } else if (*++from == 'f') {
            from++;
        } else if (*from == '(') {
            *to++ = strncmp(from, "(dq", 3) == 0 ? '"' : '^';
            from += 2;
        } else {
            *to++ = *from == 'e' ? '\\' : *from;
        }
    }
    *to = 0;
}

/* The examples between .EX and .EE: one JSON text after another. */
static const char *read_examples(struct section *section, const char *at) {
    const char *end = strstr(at, "\n.EE");
    ck_assert_msg(end != NULL, "%s: no .EE", section->title);
    char *text = malloc((size_t)(end - at) + 1), *rest = text;
    unescape(at, (size_t)(end - at), text);
    while (rest[strspn(rest, "\n ")]) {
        json_error_t err;
        json_t *example = json_loads(rest, JSON_DISABLE_EOF_CHECK, &err);
        ck_assert_msg(example != NULL, "%s: %s: %.60s", section->title, err.text, rest);
        json_array_append_new(section->examples, example);
        rest += err.position;
    }
    free(text);
    return end + 1;
}

/* "path (type, type or type)" */
static void read_field(struct section *section, const char *line, size_t n) {
    char text[256];
    ck_assert_uint_lt(n, sizeof text);
    ck_assert_uint_lt(section->n_fields, MAX_FIELDS);
    unescape(line, n, text);
    struct field *field = &section->fields[section->n_fields++];
    *field = (struct field){.printed = false};
    ck_assert_msg(sscanf(text, "%95s (%63[^)])", field->path, field->types) == 2, "%s: %s",
                  section->title, text);
}

static struct section read_section(const char *page, const char *title) {
    struct section section = {.title = title, .examples = json_array()};
    char heading[128];
    snprintf(heading, sizeof heading, "\n.SS %s\n", title);
    const char *at = strstr(page, heading);
    ck_assert_msg(at != NULL, "no section %s", title);
    for (at = strchr(at + 1, '\n'); at; at = strchr(at, '\n')) {
        at++;
        if (strncmp(at, ".S", 2) == 0) break;
        if (strncmp(at, ".EX\n", 4) == 0) at = read_examples(&section, at + 4);
        if (strncmp(at, ".TP\n", 4) == 0) read_field(&section, at + 4, strcspn(at + 4, "\n"));
    }
    ck_assert_uint_gt(section.n_fields, 0);
    ck_assert_uint_gt(json_array_size(section.examples), 0);
    return section;
}

/* ---- fields of JSON -------------------------------------------------------------------------- */

/* "*" stands for any characters; a prefix will do if the text is only the beginning of a path. */
static bool matches(const char *pattern, const char *text, bool prefix) {
    if (!*text && prefix) return true;
    if (*pattern == '*')
        return matches(pattern + 1, text, prefix) || (*text && matches(pattern, text + 1, prefix));
    if (*pattern != *text) return false;
    return !*text || matches(pattern + 1, text + 1, prefix);
}

static bool takes(const struct field *field, const char *type) {
    char words[64], *rest = words;
    if (!type) return true;
    snprintf(words, sizeof words, "%s", field->types);
    for (char *word; (word = strtok_r(rest, ", ", &rest));)
        if (strcmp(word, type) == 0 ||
            (strcmp(word, "number") == 0 && strcmp(type, "integer") == 0))
            return true;
    return false;
}

/* A value that holds no others, or an empty array (no type). */
static void meet(struct section *section, const char *path, const char *type, bool printed) {
    bool found = false;
    for (size_t i = 0; i < section->n_fields; i++) {
        struct field *field = &section->fields[i];
        if (!matches(field->path, path, !type) || !takes(field, type)) continue;
        found = true;
        if (type && printed) field->printed = true;
        if (type && !printed) field->in_example = true;
    }
    ck_assert_msg(found, "%s: %s %s (%s) is not in the manual", section->title,
                  printed ? "the command prints" : "the example has", path, type ? type : "[]");
}

static const char *type_name(const json_t *value) {
    static const char *const names[] = {
        [JSON_OBJECT] = "object",   [JSON_ARRAY] = "array", [JSON_STRING] = "string",
        [JSON_INTEGER] = "integer", [JSON_REAL] = "number", [JSON_TRUE] = "boolean",
        [JSON_FALSE] = "boolean",   [JSON_NULL] = "null"};
    return names[json_typeof(value)];
}

static void walk(struct section *section, const char *path, json_t *value, bool printed) {
    char below[160];
    const char *key;
    json_t *item;
    size_t i;
    if (json_is_object(value)) {
        json_object_foreach(value, key, item) {
            snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", key);
            walk(section, below, item, printed);
        }
        return;
    }
    if (!json_is_array(value)) {
        meet(section, path, type_name(value), printed);
        return;
    }
    snprintf(below, sizeof below, "%s[]", path);
    if (json_array_size(value) == 0) meet(section, below, NULL, printed);
    json_array_foreach(value, i, item) walk(section, below, item, printed);
}

/* ---- what commands print --------------------------------------------------------------------- */

static void walk_output(struct section *section, const char *output) {
    size_t n = count_lines(output, strlen(output));
    ck_assert_uint_gt(n, 0);
    for (size_t i = 0; i < n; i++) {
        json_t *object = json_line(output, i);
        ck_assert_ptr_nonnull(object);
        walk(section, "", object, true);
        json_decref(object);
    }
}

struct printing {
    const char *title, *input;
    const char *arguments[12];
};

#define LINES "Hi.\n\nGood morning.\n"
static const struct printing printings[] = {
    {"tolka translate \\-\\-json", LINES, {"--to", "de", "--json"}},
    {"tolka translate \\-\\-json",
     LINES,
     {"--to", "de", "--json", "-n", "2", "-b", "2", "--soft-alignments"}},
    {"tolka translate \\-\\-json",
     "8001 6 0\n7 99999999\n",
     {"--ids", "--json", "-x", "5", "--alternatives", "2"}},
    {"tolka translate \\-\\-json", "Hi.\n", {"--to", "de", "--json", "--sample", "-n", "2"}},
    {"tolka translate \\-\\-json", "Hello there. How are you?\n", {"--to", "de", "--json"}},
    {"tolka translate \\-\\-json", /* a model that is made to repeat itself */
     "Hi. No.\n",
     {"--to", "de", "--json", "-b", "1", "-x", "8", "--set", "sequence_bias=[[[3924],60]]", "--set",
      "no_repeat_ngram_size=40"}},
    {"tolka score \\-\\-json", "Hi.\tHallo.\nx\n\t\n", {"score", "--to", "de", "--json"}},
    {"tolka score \\-\\-json",
     "Hi.\tHallo.\n",
     {"score", "--to", "de", "--from", "en", "--json", "--soft-alignments", "--symmetrize",
      "union"}},
    {"tolka score \\-\\-json",
     "8001 6 0\t5 0\n",
     {"score", "--ids", "--json", "--normalize", "--per-token"}},
    {"tolka inspect \\-\\-json", NULL, {"inspect", "--json", "--tensors", SHIPPED_MODEL}},
    {"tolka inspect \\-\\-json", NULL, {"inspect", "--json", FIXTURES "t5-gguf-tiny/llama.gguf"}},
    {"tolka inspect \\-\\-json", NULL, {"inspect", "--json", FIXTURES "marian-student"}},
    {"tolka inspect \\-\\-json",
     NULL,
     {"inspect", "--json", FIXTURES "vaswani", "--family", "nobody"}},
    {"tolka inspect \\-\\-diff \\-\\-json",
     NULL,
     {"inspect", "--diff", "--json", FIXTURES "marian", FIXTURES "ct2-marian-float32"}},
    {"tolka inspect \\-\\-diff \\-\\-json",
     NULL,
     {"inspect", "--diff", "--json", FIXTURES "ct2-marian-int8", FIXTURES "marian"}},
    {"tolka inspect \\-\\-diff \\-\\-json",
     NULL,
     {"inspect", "--diff", "--json", FIXTURES "marian", FIXTURES "bart", "--family", "nobody"}},
    {"tolka check \\-\\-json", NULL, {"check", "--json"}},
    {"tolka convert \\-\\-json",
     NULL,
     {"convert", "--json", FIXTURES "marian", "-o", "build/manual.gguf", "--force"}},
    {"tolka languages \\-\\-json", NULL, {"languages", "--json"}},
    {"tolka bench \\-\\-json", NULL, {"bench", "--json", "-r", "1", "-B", "1", "-j", "1"}},
    {"tolka bench A B \\-\\-json",
     NULL,
     {"bench", "--json", "-r", "1", "-B", "1", "-j", "1", SHIPPED_MODEL, SHIPPED_MODEL}},
    {"tolka attention \\-o map.json", NULL, {"attention", "--to", "de", "Hi.", "--format", "json"}},
};
enum { N_PRINTINGS = sizeof printings / sizeof *printings };

static void check_section(const char *page, const char *title) {
    struct section section = read_section(page, title);
    size_t i;
    json_t *example;
    json_array_foreach(section.examples, i, example) walk(&section, "", example, false);
    for (i = 0; i < N_PRINTINGS; i++) {
        if (strcmp(printings[i].title, title) != 0) continue;
        struct ran ran = run_text(printings[i].input, printings[i].arguments);
        ck_assert_msg(ran.status == 0 || ran.status == 1, "%s: %s", title, ran.err);
        walk_output(&section, ran.out);
        ran_free(&ran);
    }
    for (i = 0; i < section.n_fields; i++) {
        const struct field *field = &section.fields[i];
        bool container = strncmp(field->types, "object", 6) == 0;
        if (container && !strstr(field->types, "null")) continue;
        ck_assert_msg(field->in_example, "%s: no example has %s", title, field->path);
        ck_assert_msg(field->printed, "%s: no run has printed %s", title, field->path);
    }
    json_decref(section.examples);
}

START_TEST(json_is_what_the_manual_says) {
    char *page = output_of(NULL, "help", "--man");
    size_t n = 0;
    for (const char *at = strstr(page, "\n.SH JSON"); at; at = strstr(at + 1, "\n.SS tolka ")) n++;
    for (size_t i = 0; i < N_PRINTINGS; i++)
        if (i == 0 || strcmp(printings[i].title, printings[i - 1].title) != 0) {
            check_section(page, printings[i].title);
            n--;
        }
    ck_assert_uint_eq(n, 1);
    free(page);
}
END_TEST

/* ---- the page as a whole --------------------------------------------------------------------- */

START_TEST(manual_has_its_sections) {
    static const char *const headings[] = {"NAME",    "SYNOPSIS", "DESCRIPTION", "COMMANDS",
                                           "OPTIONS", "EXAMPLES", "EXIT STATUS", "ENVIRONMENT",
                                           "FILES",   "JSON",     "SEE ALSO"};
    char *page = output_of(NULL, "help", "--man");
    const char *at = page;
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++) {
        char heading[64];
        snprintf(heading, sizeof heading, "\n.SH %s\n", headings[i]);
        at = strstr(at, heading);
        ck_assert_msg(at != NULL, "no %s", headings[i]);
    }
    ck_assert_ptr_null(strstr(page, "{{"));
    free(page);
}
END_TEST

/* Every environment variable that a source asks for is in the page. */
START_TEST(manual_knows_the_environment) {
    char *page = output_of(NULL, "help", "--man");
    static const char script[] =
        "grep -ohE '(getenv|is_set)\\(\"[A-Z_]+' engine/*.c tokenizer/*.c text/*.c models/*/*.c "
        "tools/*.c | sed 's/.*\"//' | sort -u";
    const char *const arguments[] = {"-c", script, NULL};
    struct ran ran = run_file("/bin/sh", arguments, "", 0);
    size_t n = 0;
    char *rest = ran.out;
    for (char *name; (name = strtok_r(rest, "\n", &rest)); n++)
        ck_assert_msg(strstr(page, name) != NULL, "%s is not in the manual", name);
    ck_assert_uint_gt(n, 4);
    ran_free(&ran);
    free(page);
}
END_TEST

/* 0: it is installed; else it says so, loudly: a check that was not made is no check passed. */
static bool lacks(const char *program) {
    char command[64];
    snprintf(command, sizeof command, "command -v %s >/dev/null", program);
    if (system(command) == 0) return false;
    fprintf(stderr, "NOT CHECKED: %s is not installed (sh tools/setup.sh check)\n", program);
    return true;
}

static void check_reader(const char *program, const char *command) {
    char *page = output_of(NULL, "help", "--man");
    if (lacks(program)) return;
    const char *const arguments[] = {"-c", command, NULL};
    struct ran ran = run_file("/bin/sh", arguments, page, strlen(page));
    ck_assert_msg(ran.status == 0 && ran.n_out == 0, "%s: %s%s", program, ran.out, ran.err);
    ran_free(&ran);
    free(page);
}

START_TEST(manual_readers_find_nothing_wrong) {
    check_reader("mandoc", "mandoc -T lint -W style 2>&1");
    check_reader("groff", "groff -ww -man -T utf8 2>&1 >/dev/null");
}
END_TEST

/* ---- help ------------------------------------------------------------------------------------ */

/* In a terminal of 80 columns no line is broken, and none ends with blanks. */
START_TEST(help_fits_a_terminal) {
    for (const struct command_spec *command = command_specs; command->name; command++) {
        char *help = output_of(NULL, command->name, "--help"), *rest = help;
        ck_assert_ptr_nonnull(strstr(help, "\nexamples:\n"));
        for (char *line; (line = strtok_r(rest, "\n", &rest));) {
            size_t n = strlen(line);
            ck_assert_msg(n < 80, "%s: %s", command->name, line);
            ck_assert_msg(line[n - 1] != ' ', "%s: %s", command->name, line);
        }
        free(help);
    }
}
END_TEST

static const struct option_spec *find_option(const char *name, size_t n, enum command command) {
    for (const struct option_spec *spec = option_specs; spec->name; spec++)
        if ((spec->commands & command) &&
            (n == 1 ? spec->letter == *name
                    : strlen(spec->name) == n && strncmp(spec->name, name, n) == 0))
            return spec;
    return NULL;
}

/* Options in examples are options of their commands. */
START_TEST(examples_can_be_typed) {
    unsigned shown = 0;
    for (const struct example *example = examples; example->line; example++) {
        const char *text = example->line, *word;
        shown |= example->command;
        ck_assert_int_eq(strncmp(text, "tolka ", 6), 0);
        for (int n; next_word(&text, &word, &n);) {
            int dashes = (int)strspn(word, "-");
            if (dashes == 0) continue;
            ck_assert_msg(find_option(word + dashes, (size_t)(n - dashes), example->command),
                          "%s: %.*s", example->line, n, word);
        }
    }
    for (const struct command_spec *command = command_specs; command->name; command++)
        ck_assert_msg(shown & command->command, "no example of %s", command->name);
}
END_TEST

TCase *cli_manual_case(void) {
    TCase *manual = tcase_create("manual");
    tcase_set_timeout(manual, 120);
    tcase_add_test(manual, json_is_what_the_manual_says);
    tcase_add_test(manual, manual_has_its_sections);
    tcase_add_test(manual, manual_knows_the_environment);
    tcase_add_test(manual, manual_readers_find_nothing_wrong);
    tcase_add_test(manual, help_fits_a_terminal);
    tcase_add_test(manual, examples_can_be_typed);
    return manual;
}
