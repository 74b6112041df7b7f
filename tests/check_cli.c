/* The command as scripts and people use it: text in and out, its promises in JSON, and what it says
 * when something is wrong. */
#define _XOPEN_SOURCE 700
#include "tests/check_cli.h"

#include "tools/commands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- help ------------------------------------------------------------------------------------ */

START_TEST(help_of_every_command) {
    for (const struct command_spec *command = command_specs; command->name; command++) {
        char *long_way = output_of(NULL, command->name, "--help");
        char *short_way = output_of(NULL, command->name, "-h");
        char *help = output_of(NULL, "help", command->name);
        ck_assert_str_eq(long_way, help);
        ck_assert_str_eq(short_way, help);
        ck_assert_ptr_nonnull(strstr(help, command->name));
        ck_assert_ptr_nonnull(strstr(help, "--quiet"));
        for (const struct option_spec *spec = option_specs; spec->name; spec++) {
            char option[64];
            snprintf(option, sizeof option, "--%s ", spec->name);
            if (spec->commands & command->command)
                ck_assert_msg(strstr(help, option) != NULL, "%s: no %s", command->name, option);
        }
        ck_assert_ptr_nonnull(strstr(help, "exit status"));
        free(long_way), free(short_way), free(help);
    }
    char *help = output_of(NULL, "--help"), *man = output_of(NULL, "help", "--man");
    char *completion = output_of(NULL, "help", "--completion");
    for (const struct command_spec *command = command_specs; command->name; command++) {
        ck_assert_ptr_nonnull(strstr(help, command->name));
        ck_assert_ptr_nonnull(strstr(man, command->name));
        ck_assert_ptr_nonnull(strstr(completion, command->name));
    }
    ck_assert_int_eq(strncmp(man, ".TH TOLKA 1", 11), 0);
    for (const struct option_spec *spec = option_specs; spec->name; spec++)
        ck_assert_msg(strstr(completion, spec->name) != NULL, "no --%s", spec->name);
    free(help), free(man), free(completion);
    char *version = output_of(NULL, "--version");
    ck_assert_str_eq(version, "tolka " TOLKA_VERSION "\n");
    free(version);
}
END_TEST

/* ---- options --------------------------------------------------------------------------------- */

static const struct command_spec *command_of(enum command which) {
    const struct command_spec *command = command_specs;
    while (command->name && command->command != which) command++;
    ck_assert_ptr_nonnull(command->name);
    return command;
}

static struct options parse(enum command command, const char *option, const char *value) {
    char *argv[] = {"tolka", (char *)option, (char *)value, NULL};
    struct options options = {.length_penalty = -1};
    ck_assert_msg(
        options_parse(&options, command, command_of(command)->name, value ? 3 : 2, argv, 1), "%s",
        option);
    ck_assert_int_eq(options.n_arguments, 0);
    return options;
}

static bool tried[256]; /* by place in the table */

static void mark_tried(const char *option) {
    for (size_t i = 0; option_specs[i].name; i++)
        if (strcmp(option + strspn(option, "-"), option_specs[i].name) == 0) tried[i] = true;
}

/* One option sets one field, and it is this one. */
#define SETS(command, option, value, field, expected)                                              \
    do {                                                                                           \
        struct options before = {.length_penalty = -1};                                            \
        struct options after = parse(command, option, value);                                      \
        ck_assert_msg(after.field == (expected), "%s sets something else", option);                \
        mark_tried(option);                                                                        \
        after.field = before.field;                                                                \
        after.arguments = before.arguments;                                                        \
        ck_assert_msg(same_options(&before, &after), "%s sets more", option);                      \
    } while (0)

static bool same_value(const struct option_spec *spec, const void *a, const void *b) {
    switch (spec->value) {
    case VALUE_FLAG:
        return *(const bool *)a == *(const bool *)b;
    case VALUE_TEXT:
        return *(const char *const *)a == *(const char *const *)b;
    case VALUE_LONG:
        return *(const long *)a == *(const long *)b;
    case VALUE_DOUBLE:
        return *(const double *)a == *(const double *)b;
    case VALUE_SETTING:
        return true; /* settings are counted */
    }
    return false;
}

static bool same_options(const struct options *a, const struct options *b) {
    for (const struct option_spec *spec = option_specs; spec->name; spec++)
        if (!same_value(spec, (const char *)a + spec->offset, (const char *)b + spec->offset))
            return false;
    return a->n_settings == b->n_settings;
}

START_TEST(options_set_their_fields) {
    static const char text[] = "text";
    SETS(COMMAND_TRANSLATE, "--model", text, model, text);
    SETS(COMMAND_TRANSLATE, "-m", text, model, text);
    SETS(COMMAND_TRANSLATE, "--to", text, to, text);
    SETS(COMMAND_TRANSLATE, "-t", text, to, text);
    SETS(COMMAND_TRANSLATE, "--from", text, from, text);
    SETS(COMMAND_TRANSLATE, "-f", text, from, text);
    SETS(COMMAND_TRANSLATE, "--input", text, input, text);
    SETS(COMMAND_TRANSLATE, "-i", text, input, text);
    SETS(COMMAND_TRANSLATE, "--output", text, output, text);
    SETS(COMMAND_TRANSLATE, "-o", text, output, text);
    SETS(COMMAND_TRANSLATE, "--beam", "7", beam, 7);
    SETS(COMMAND_TRANSLATE, "-b", "7", beam, 7);
    SETS(COMMAND_TRANSLATE, "--nbest", "5", nbest, 5);
    SETS(COMMAND_TRANSLATE, "-n", "5", nbest, 5);
    SETS(COMMAND_TRANSLATE, "--length-penalty", "0.5", length_penalty, 0.5);
    SETS(COMMAND_TRANSLATE, "-l", "0.5", length_penalty, 0.5);
    SETS(COMMAND_TRANSLATE, "--early-stopping", text, stop, text);
    SETS(COMMAND_TRANSLATE, "--max-length", "11", max_length, 11);
    SETS(COMMAND_TRANSLATE, "-x", "11", max_length, 11);
    SETS(COMMAND_TRANSLATE, "--batch", text, batches, text);
    SETS(COMMAND_TRANSLATE, "-B", text, batches, text);
    SETS(COMMAND_TRANSLATE, "--threads", text, threads, text);
    SETS(COMMAND_TRANSLATE, "-j", text, threads, text);
    SETS(COMMAND_TRANSLATE, "--max-memory", text, max_memory, text);
    SETS(COMMAND_TRANSLATE, "--json", NULL, json, true);
    SETS(COMMAND_TRANSLATE, "-J", NULL, json, true);
    SETS(COMMAND_TRANSLATE, "--ids", NULL, ids, true);
    SETS(COMMAND_TRANSLATE, "-I", NULL, ids, true);
    SETS(COMMAND_TRANSLATE, "--no-shortlist", NULL, no_shortlist, true);
    SETS(COMMAND_TRANSLATE, "--no-split", NULL, no_split, true);
    SETS(COMMAND_TRANSLATE, "--no-guards", NULL, no_guards, true);
    SETS(COMMAND_TRANSLATE, "--verbose", NULL, verbose, true);
    SETS(COMMAND_TRANSLATE, "--unknown", text, unknown, text);
    SETS(COMMAND_TRANSLATE, "--split", NULL, split, true);
    SETS(COMMAND_TRANSLATE, "--max-source", "40", max_source, 40);
    SETS(COMMAND_CONVERT, "--max-source", "41", max_source, 41);
    SETS(COMMAND_TRANSLATE, "--alignments", NULL, alignments, true);
    SETS(COMMAND_TRANSLATE, "--soft-alignments", NULL, soft_alignments, true);
    SETS(COMMAND_TRANSLATE, "--align-layer", "3", align_layer, 3);
    SETS(COMMAND_TRANSLATE, "--align-head", "-1", align_head, -1);
    SETS(COMMAND_SCORE, "--symmetrize", text, symmetrize, text);
    SETS(COMMAND_SCORE, "--reverse-model", text, reverse_model, text);
    SETS(COMMAND_SCORE, "--reverse-from", text, reverse_from, text);
    SETS(COMMAND_SCORE, "--reverse-to", text, reverse_to, text);
    SETS(COMMAND_TRANSLATE, "--format", text, format, text);
    SETS(COMMAND_TRANSLATE, "--quiet", NULL, quiet, true);
    SETS(COMMAND_TRANSLATE, "-q", NULL, quiet, true);
    SETS(COMMAND_TRANSLATE, "--help", NULL, help, true);
    SETS(COMMAND_TRANSLATE, "-h", NULL, help, true);
    SETS(COMMAND_TRANSLATE, "--version", NULL, version, true);
    SETS(COMMAND_TRANSLATE, "-V", NULL, version, true);
    SETS(COMMAND_TRANSLATE, "--prefix", text, prefix, text);
    SETS(COMMAND_TRANSLATE, "-p", text, prefix, text);
    SETS(COMMAND_TRANSLATE, "--prefix-column", NULL, prefix_column, true);
    SETS(COMMAND_TRANSLATE, "--alternatives", "5", alternatives, 5);
    SETS(COMMAND_TRANSLATE, "-a", "5", alternatives, 5);
    SETS(COMMAND_TRANSLATE, "--sample", NULL, n_settings, 1);
    SETS(COMMAND_TRANSLATE, "--set", text, n_settings, 1);
    SETS(COMMAND_TRANSLATE, "-s", text, n_settings, 1);
    SETS(COMMAND_SCORE, "--normalize", NULL, normalize, true);
    SETS(COMMAND_SCORE, "--per-token", NULL, per_token, true);
    SETS(COMMAND_CONVERT, "--type", text, type, text);
    SETS(COMMAND_CONVERT, "-T", text, type, text);
    SETS(COMMAND_CONVERT, "--config", text, config, text);
    SETS(COMMAND_CONVERT, "--vocab", text, vocab, text);
    SETS(COMMAND_CONVERT, "--shortlist", text, shortlist, text);
    SETS(COMMAND_CONVERT, "--family", text, family, text);
    SETS(COMMAND_INSPECT, "--diff", NULL, diff, true);
    SETS(COMMAND_INSPECT, "--tensors", NULL, tensors, true);
    SETS(COMMAND_BENCH, "--rounds", "3", rounds, 3);
    SETS(COMMAND_BENCH, "-r", "3", rounds, 3);
    SETS(COMMAND_BENCH, "--plot", text, plot, text);
    SETS(COMMAND_BENCH, "--force", NULL, force, true);
    SETS(COMMAND_ATTENTION, "--format", text, format, text);
    SETS(COMMAND_ATTENTION, "--target", text, target, text);
    SETS(COMMAND_ATTENTION, "--pieces", NULL, pieces, true);
    SETS(COMMAND_ATTENTION, "--force", NULL, force, true);
    SETS(COMMAND_CACHE, "--clear", NULL, clear, true);
    for (size_t i = 0; option_specs[i].name; i++)
        ck_assert_msg(tried[i] || option_specs[i].value == VALUE_SETTING, "--%s is missing here",
                      option_specs[i].name);
}
END_TEST

/* An option that stands for a setting of generation_config.json. */
START_TEST(options_add_a_setting) {
    for (size_t i = 0; option_specs[i].name; i++) {
        const struct option_spec *spec = &option_specs[i];
        char option[64];
        if (spec->value != VALUE_SETTING) continue;
        snprintf(option, sizeof option, "--%s", spec->name);
        struct options before = {.length_penalty = -1};
        struct options after = parse(COMMAND_TRANSLATE, option, spec->argument ? "5" : NULL);
        ck_assert_int_eq(after.n_settings, 1);
        ck_assert_str_eq(after.settings[0].option, spec->name);
        ck_assert(after.settings[0].key || strcmp(spec->name, "set") == 0);
        after.n_settings = 0;
        after.arguments = before.arguments;
        ck_assert_msg(same_options(&before, &after), "%s sets more", option);
    }
}
END_TEST

START_TEST(wrong_usage) {
    static const struct {
        const char *arguments[6], *says;
    } wrong[] = {
        {{"--nope"}, "--nope is no option of tolka translate"},
        {{"score", "--beam", "2"}, "--beam is no option of tolka score"},
        {{"translate", "--rounds", "2"}, "--rounds is no option"},
        {{"inspect", "--to", "de", "x"}, "--to is no option of tolka inspect"},
        {{"-Z"}, "-Z"},
        {{"--beam"}, "--beam needs a value"},
        {{"-m"}, "-m needs a value"},
        {{"--json=yes"}, "--json"},
        {{"--beam", "0"}, "--beam is \"0\"|1 to 64"},
        {{"--beam", "65"}, "--beam is \"65\"|1 to 64"},
        {{"--beam", "2.5"}, "--beam is \"2.5\""},
        {{"--beam", ""}, "--beam is \"\""},
        {{"--nbest", "0"}, "--nbest is \"0\""},
        {{"--nbest", "x"}, "--nbest is \"x\""},
        {{"--nbest", "3", "--beam", "2", "--to=de", "x"}, "3 hypotheses"},
        {{"--max-length", "0"}, "--max-length is \"0\"|1 to 1048576"},
        {{"--max-length", "99999999999999999999"}, "--max-length"},
        {{"--length-penalty", "x"}, "--length-penalty is \"x\""},
        {{"--length-penalty", "-1"}, "--length-penalty is \"-1\""},
        {{"--length-penalty", "nan"}, "--length-penalty is \"nan\""},
        {{"--threads", "0", "x"}, "--threads is \"0\"|1 to 256"},
        {{"--threads", "two", "x"}, "--threads is \"two\""},
        {{"--batch", "0", "x"}, "--batch is \"0\"|1 to 4096"},
        {{"--batch", "1,2", "x"}, "--batch is \"1,2\""},
        {{"--max-memory", "500", "x"}, "--max-memory is \"500\"|such as 500M"},
        {{"--max-memory", "0M", "x"}, "--max-memory is \"0M\"|1M or more"},
        {{"--max-memory", "M", "x"}, "--max-memory is \"M\""},
        {{"--max-memory", "-5G", "x"}, "--max-memory is \"-5G\""},
        {{"--max-memory", "2Gx", "x"}, "--max-memory is \"2Gx\""},
        {{"--max-memory", "inf", "x"}, "--max-memory is \"inf\""},
        {{"--max-memory", "1e99T", "x"}, "--max-memory is \"1e99T\""},
        {{"--to", "Klingon", "x"}, "Klingon|deu|fra"},
        {{"--to", "de", "-i", "tests/none.txt"}, "tests/none.txt: No such file"},
        {{"--to", "de", "-o", "tests/none/none", "x"}, "tests/none/none: No such file"},
        {{"help", "nope"}, "nope"},
        {{"help", "covert"}, "covert|did you mean convert?"},
        {{"--beem", "4"}, "--beem is no option of tolka translate|did you mean --beam?"},
        {{"--lang", "de", "x"}, "--lang is no option of tolka translate|did you mean --to?"},
        {{"--ot", "de", "x"}, "--ot is no option of tolka translate|did you mean --to?"},
        {{"-to", "de", "x"}, "-to is -t o|did you mean --to?"},
        {{"--to", "de", "-i", "tests"}, "tests: Is a directory"},
        {{"inspect", "--tensrs", "x"}, "--tensrs|did you mean --tensors?"},
        {{"bench", "--ronds=3"}, "--ronds is no option of tolka bench|did you mean --rounds?"},
        {{"--top", "x"}, "--top could be --top-k or --top-p"},
        {{"covert", "tests", "-o", "tests/none.gguf"}, "did you mean tolka convert?|translate"},
        {{"inspct", "none.gguf"}, "did you mean tolka inspect?"},
        {{"bnch", "--rounds", "3"}, "did you mean tolka bench?"},
        {{"score", "x"}, "source<TAB>target"},
        {{"convert"}, "one checkpoint"},
        {{"convert", "a", "b", "-o", "c"}, "one checkpoint"},
        {{"convert", "tests/fixtures/marian"}, "--output"},
        {{"convert", "tests/fixtures/marian", "-o", "x", "-T", "int4"}, "--type is \"int4\"|int8"},
        {{"inspect"}, "one file"},
        {{"inspect", "a", "b"}, "one file"},
        {{"inspect", "--diff", "a"}, "two files"},
        {{"check", "a", "b"}, "one file"},
        {{"bench", "--rounds", "0"}, "--rounds is \"0\""},
        {{"bench", "a", "b", "c"}, "two models|3 were given"},
        {{"bench", "-m", "a", "b"}, "--model, not both"},
        {{"bench", "--plot", "speed.png"}, "--plot is \"speed.png\"|.svg"},
        {{"bench", "--plot", "tests/none/speed.svg"}, "tests/none"},
        {{"bench", "--batch", "1,0"}, "--batch is \"1,0\"|whole numbers"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *arguments[7] = {NULL};
        memcpy(arguments, wrong[i].arguments, sizeof wrong[i].arguments);
        struct ran ran = run_text(NULL, arguments);
        check_refusal(&ran, 2, wrong[i].says);
    }
}
END_TEST

/* ---- files that are no models ---------------------------------------------------------------- */

static void write_file(const char *path, const void *bytes, size_t n) {
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
}

struct folder cli_folder(void) {
    struct folder folder = {.path = "/tmp/tolka-cli-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(folder.path));
    return folder;
}

const char *cli_path(struct folder *folder, const char *name) {
    snprintf(folder->file, sizeof folder->file, "%s/%s", folder->path, name);
    return folder->file;
}

void cli_remove(struct folder *folder, const char *const *names) {
    for (; *names; names++) unlink(cli_path(folder, *names));
    ck_assert_msg(rmdir(folder->path) == 0, "something was left in %s", folder->path);
}

START_TEST(files_that_are_no_models) {
    static const struct {
        const char *bytes;
        size_t n;
        const char *says;
    } files[] = {
        {"", 0, "wrong.gguf|empty file"},
        {"<!DOCTYPE html>\n<html>", 22, "wrong.gguf|HTML page"},
        {"PK\3\4\24\0\0\0\10\0", 10, "wrong.gguf|zip archive|tolka convert"},
        {"\x40\0\0\0\0\0\0\0{\"a\":{}}", 16, "wrong.gguf|cut off"},
        {"version https://git-lfs.github.com/spec/v1\n", 43, "wrong.gguf|Git LFS pointer"},
        {"GGUF\3\0\0\0", 8, "wrong.gguf|cut off"},
        {"GGUF\1\0\0\0", 8, "wrong.gguf|version 1"},
        {"Just text.\n", 11, "wrong.gguf|text file"},
    };
    struct folder folder = cli_folder();
    const char *path = cli_path(&folder, "wrong.gguf");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        write_file(path, files[i].bytes, files[i].n);
        struct ran ran = run("Hello.\n", "-m", path, "--to", "de");
        check_refusal(&ran, 3, files[i].says);
        ran = run("Hello.\tHallo.\n", "score", "-m", path, "--to", "de");
        check_refusal(&ran, 3, files[i].says);
        ran = run(NULL, "check", path);
        check_refusal(&ran, 3, files[i].says);
        ran = run(NULL, "bench", "-m", path);
        check_refusal(&ran, 3, files[i].says);
        ran = run(NULL, "inspect", path);
        check_refusal(&ran, 3, "wrong.gguf");
        ran = run(NULL, "convert", path, "-o", "/tmp/none.gguf");
        check_refusal(&ran, 3, "wrong.gguf");
    }
    cli_remove(&folder, (const char *const[]){"wrong.gguf", NULL});
    struct ran ran = run("Hello.\n", "-m", "tests/none.gguf", "--to", "de");
    check_refusal(&ran, 3, "tests/none.gguf: No such file");
    ran = run("Hello.\n", "-m", "tests");
    check_refusal(&ran, 3, "tests");
    ran = run(NULL, "convert", "tests/none", "-o", "/tmp/none.gguf");
    check_refusal(&ran, 3, "tests/none");
    ran = run(NULL, "inspect", "tests/none");
    check_refusal(&ran, 3, "tests/none");
    ck_assert_int_ne(access("/tmp/none.gguf", F_OK), 0);
}
END_TEST

START_TEST(truncated_models) {
    struct folder folder = cli_folder();
    const char *path = cli_path(&folder, "cut.gguf");
    FILE *file = fopen(SHIPPED_MODEL, "rb");
    ck_assert_ptr_nonnull(file);
    static char bytes[1 << 20];
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    ck_assert_uint_eq(n, sizeof bytes);
    static const size_t lengths[] = {30, 5000, 300000, 1 << 20};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        write_file(path, bytes, lengths[i]);
        struct ran ran = run("Hello.\n", "-m", path, "--to", "de");
        check_refusal(&ran, 3, "cut.gguf|cut off");
    }
    cli_remove(&folder, (const char *const[]){"cut.gguf", NULL});
}
END_TEST

/* ---- environment ----------------------------------------------------------------------------- */

START_TEST(model_from_the_environment) {
    setenv("TOLKA_MODEL", "tests/none.gguf", 1);
    struct ran ran = run("Hello.\n", "--to", "de");
    check_refusal(&ran, 3, "tests/none.gguf");
    char *named = output_of("Good morning.\n", "-m", SHIPPED_MODEL, "--to", "de");
    setenv("TOLKA_MODEL", SHIPPED_MODEL, 1);
    char *environment = output_of("Good morning.\n", "--to", "de");
    ck_assert_str_eq(environment, named);
    free(named), free(environment);
}
END_TEST

/* Copies the program into a folder of its own, and uses it from there, without its model. */
static void move_program(const char *path) {
    const char *program = getenv("TOLKA");
    FILE *from = fopen(program ? program : "build/tolka", "rb"), *to = fopen(path, "wb");
    ck_assert(from && to);
    char bytes[65536];
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, from)) > 0;)
        ck_assert_uint_eq(fwrite(bytes, 1, n, to), n);
    fclose(from);
    ck_assert_int_eq(fclose(to), 0);
    ck_assert_int_eq(chmod(path, 0700), 0);
    setenv("TOLKA", path, 1);
    setenv("TOLKA_MODEL", "", 1);
}

START_TEST(shipped_model_is_found) {
    struct folder folder = cli_folder();
    char model[4096];
    ck_assert_ptr_nonnull(realpath(SHIPPED_MODEL, model));
    ck_assert_int_eq(mkdir(cli_path(&folder, "bin"), 0700), 0);
    ck_assert_int_eq(mkdir(cli_path(&folder, "share"), 0700), 0);
    ck_assert_int_eq(mkdir(cli_path(&folder, "share/tolka"), 0700), 0);
    ck_assert_int_eq(symlink(model, cli_path(&folder, "share/tolka/tolka-en-de-fr.gguf")), 0);
    move_program(cli_path(&folder, "bin/tolka"));
    char *output = output_of("Good morning.\n", "--to", "de");
    ck_assert_str_eq(output, "Guten Morgen.\n");
    free(output);
    unlink(cli_path(&folder, "bin/tolka"));
    unlink(cli_path(&folder, "share/tolka/tolka-en-de-fr.gguf"));
    rmdir(cli_path(&folder, "share/tolka"));
    rmdir(cli_path(&folder, "share"));
    rmdir(cli_path(&folder, "bin"));
    cli_remove(&folder, (const char *const[]){NULL});
}
END_TEST

/* A program without its model beside it says what it looked for. */
START_TEST(shipped_model_is_missed) {
    struct folder folder = cli_folder();
    move_program(cli_path(&folder, "tolka"));
    struct ran ran = run("Hello.\n", "--to", "de");
    check_refusal(&ran, 3, "no model|-m FILE|tolka-en-de-fr.gguf");
    cli_remove(&folder, (const char *const[]){"tolka", NULL});
}
END_TEST

START_TEST(instruction_sets) {
    static const char *const names[] = {"scalar", "avx2", "avxvnni",   "avx512",
                                        "amx",    "neon", "neon_i8mm", "neon_bf16"};
    static const char text[] = "The weather is nice today.\nI don't know what you mean.\n";
    char *first = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        setenv("TOLKA_ISA", names[i], 1);
        struct ran ran = run(text, "--to", "de");
        if (ran.status == 2) { /* not on this machine */
            check_refusal(&ran, 2, names[i]);
            ck_assert_str_ne(names[i], "scalar");
            continue;
        }
        ck_assert_int_eq(ran.status, 0);
        if (!first)
            first = ran.out;
        else
            ck_assert_str_eq(ran.out, first);
        free(ran.err);
        if (ran.out != first) free(ran.out);
    }
    free(first);
    setenv("TOLKA_ISA", "mmx", 1);
    struct ran ran = run(text, "--to", "de");
    check_refusal(&ran, 2, "mmx");
}
END_TEST

Suite *cli_suite(void) {
    Suite *suite = suite_create("cli");
    TCase *usage = tcase_create("usage"), *models = tcase_create("models");
    tcase_set_timeout(usage, 120);
    tcase_add_test(usage, help_of_every_command);
    tcase_add_test(usage, options_set_their_fields);
    tcase_add_test(usage, options_add_a_setting);
    tcase_add_test(usage, wrong_usage);
    tcase_set_timeout(models, 120);
    tcase_add_test(models, files_that_are_no_models);
    tcase_add_test(models, truncated_models);
    tcase_add_test(models, model_from_the_environment);
    tcase_add_test(models, shipped_model_is_found);
    tcase_add_test(models, shipped_model_is_missed);
    tcase_add_test(models, instruction_sets);
    suite_add_tcase(suite, usage);
    suite_add_tcase(suite, models);
    suite_add_tcase(suite, cli_lines_case());
    suite_add_tcase(suite, cli_commands_case());
    suite_add_tcase(suite, cli_attention_case());
    suite_add_tcase(suite, cli_alignment_case());
    suite_add_tcase(suite, cli_decoding_case());
    suite_add_tcase(suite, cli_languages_case());
    suite_add_tcase(suite, cli_terminal_case());
    suite_add_tcase(suite, cli_inspect_case());
    suite_add_tcase(suite, cli_manual_case());
    suite_add_tcase(suite, cli_shells_case());
    suite_add_tcase(suite, cli_output_case());
    suite_add_tcase(suite, cli_packages_case());
    suite_add_tcase(suite, cli_prompt_case());
    return suite;
}
