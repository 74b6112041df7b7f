/* Completion, as the shells themselves do it (tests/shells). */
#define _XOPEN_SOURCE 700
#include "tests/check_cli.h"

#include "models/families.h"
#include "tools/option_use.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What completes a line, and what does not; "|" between choices. */
struct completed {
    const char *line;     /* after the command's name */
    const char *expected; /* all of these are offered */
    const char *not_offered;
};

/* NLLB is a model file in the test's folder. */
static const struct completed completions[] = {
    {"con", "convert", "translate|check"},
    {"convert --t", "--type", "--to|--beam"},
    {"--n", "--nbest|--no-repeat-ngram", "--tensors"},
    {"--to ", "eng|deu|fra", "README.md"},
    {"--to d", "deu", "eng"},
    {"-m NLLB --to ", "eng_Latn|zho_Hant", "deu|README.md"},
    {"--model=NLLB --from z", "zho_Hans|zho_Hant", "eng_Latn"},
    {"-m none.gguf --to ", "", "eng"},
    {"--early-stopping ", "heuristic|full|never", "README.md"},
    {"score --symmetrize g", "grow-diag-final-and", "union"},
    {"convert --type ", "f32|f16|bf16|int8|q4", "README.md"},
    {"inspect --family ma", "marian|marian-native", "t5"},
    {"inspect READ", "README.md", "--diff"},
    {"--beam ", "", "README.md|1"},
};
enum { N_COMPLETIONS = sizeof completions / sizeof *completions };

static bool is_installed(const char *shell) {
    char command[64];
    snprintf(command, sizeof command, "command -v %s >/dev/null", shell);
    if (system(command) == 0) return true;
    fprintf(stderr, "NOT CHECKED: %s is not installed (sh tools/setup.sh check)\n", shell);
    return false;
}

/* One of the lines of the output, to its end? */
static bool offers(const char *output, const char *choice, size_t n) {
    for (const char *line = output; *line; line += *line == '\n') {
        size_t length = strcspn(line, "\n");
        if (length == n && strncmp(line, choice, n) == 0) return true;
        line += length;
    }
    return false;
}

static void check_choices(const char *shell, const struct completed *completed, const char *output,
                          const char *choices, bool expected) {
    for (const char *choice = choices; *choice; choice += *choice == '|') {
        size_t n = strcspn(choice, "|");
        if (n)
            ck_assert_msg(offers(output, choice, n) == expected, "%s: tolka %s: %s%.*s; got:\n%s",
                          shell, completed->line, expected ? "no " : "", (int)n, choice, output);
        choice += n;
    }
}

/* Puts the program first on the path, writes the shell's script and a model file to ask. */
static void prepare(struct folder *folder, const char *shell) {
    char option[64], here[4096], both[8192];
    snprintf(option, sizeof option, "--completion=%s", shell);
    char *script = output_of(NULL, "help", option);
    FILE *file = fopen(cli_path(folder, "script"), "w");
    ck_assert_ptr_nonnull(file);
    fputs(script, file);
    ck_assert_int_eq(fclose(file), 0);
    free(script);
    free(output_of(NULL, "convert", "tests/fixtures/nllb-tiny", "-o", cli_path(folder, "n.gguf"),
                   "-q"));
    char *path = realpath(built(".", here), NULL);
    ck_assert_ptr_nonnull(path);
    snprintf(both, sizeof both, "%s:%s", path, getenv("PATH"));
    setenv("PATH", both, 1);
    free(path);
}

/* The line with the model's path in it. */
static void fill(const char *line, struct folder *folder, char out[512]) {
    const char *place = strstr(line, "NLLB");
    if (place)
        snprintf(out, 512, "%.*s%s%s", (int)(place - line), line, cli_path(folder, "n.gguf"),
                 place + 4);
    else
        snprintf(out, 512, "%s", line);
}

/* bash splits words at "=", too. */
static struct ran complete_in_bash(const char *script, const char *line) {
    char words[512];
    const char *arguments[24] = {"bash", "--norc", "tests/shells/complete.bash", script, "tolka"};
    size_t n = 5;
    snprintf(words, sizeof words, "%s", line);
    for (char *at = words; n < 20; n++) {
        size_t length = strcspn(at, " =");
        bool equals = at[length] == '=', last = !at[length];
        arguments[n] = at;
        at[length] = 0;
        if (equals) arguments[++n] = "=";
        if (last) break;
        at += length + 1;
    }
    return run_file("/usr/bin/env", arguments, "", 0);
}

static struct ran complete_in(const char *shell, const char *script, const char *line) {
    char typed[600];
    snprintf(typed, sizeof typed, "tolka %s", line);
    const char *const fish[] = {"fish", "--no-config", "tests/shells/complete.fish",
                                script, typed,         NULL};
    const char *const zsh[] = {"zsh", "-f", "tests/shells/complete.zsh", script, typed, NULL};
    if (strcmp(shell, "bash") == 0) return complete_in_bash(script, line);
    return run_file("/usr/bin/env", strcmp(shell, "fish") == 0 ? fish : zsh, "", 0);
}

static void check_completions(const char *shell, struct folder *folder) {
    char script[128], line[512];
    for (size_t i = 0; i < N_COMPLETIONS; i++) {
        const struct completed *completed = &completions[i];
        fill(completed->line, folder, line);
        snprintf(script, sizeof script, "%s", cli_path(folder, "script"));
        struct ran ran = complete_in(shell, script, line);
        ck_assert_msg(ran.status == 0 && ran.n_err == 0, "%s: %s: %s", shell, line, ran.err);
        check_choices(shell, completed, ran.out, completed->expected, true);
        check_choices(shell, completed, ran.out, completed->not_offered, false);
        ran_free(&ran);
    }
}

START_TEST(shells_complete) {
    static const char *const shells[] = {"bash", "zsh", "fish"};
    const char *shell = shells[_i];
    if (!is_installed(shell)) return;
    struct folder folder = cli_folder();
    prepare(&folder, shell);
    check_completions(shell, &folder);
    cli_remove(&folder, (const char *const[]){"script", "n.gguf", NULL});
}
END_TEST

/* A list of values for an option is the list that the option takes. */
START_TEST(families_are_listed) {
    const struct option_spec *spec = option_specs;
    while (strcmp(spec->name, "family") != 0) spec++;
    const char *values = option_values(spec), *word;
    for (int n; next_word(&values, &word, &n);) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", n, word);
        ck_assert_msg(family_by_name(name) != NULL, "there is no family %s", name);
    }
    static const struct family *const families[] = {
        &family_marian,  &family_m2m100,        &family_bart,        &family_mbart,
        &family_t5,      &family_marian_native, &family_ctranslate2, &family_tolka,
        &family_t5_gguf, &family_vaswani};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        bool found = false;
        values = option_values(spec);
        for (int n; next_word(&values, &word, &n);)
            found |= strlen(families[i]->name) == (size_t)n &&
                     strncmp(families[i]->name, word, (size_t)n) == 0;
        ck_assert_msg(found, "%s is not completed", families[i]->name);
    }
}
END_TEST

START_TEST(other_shells_are_refused) {
    struct ran ran = run(NULL, "help", "--completion=tcsh");
    check_refusal(&ran, 2, "tcsh|bash, zsh or fish");
    ran = run(NULL, "help", "--languages", "tests/none.gguf");
    check_refusal(&ran, 3, "tests/none.gguf");
    char *bash = output_of(NULL, "help", "--completion=bash");
    char *unnamed = output_of(NULL, "help", "--completion");
    ck_assert_str_eq(bash, unnamed);
    free(bash), free(unnamed);
}
END_TEST

TCase *cli_shells_case(void) {
    TCase *shells = tcase_create("shells");
    tcase_set_timeout(shells, 120);
    tcase_add_loop_test(shells, shells_complete, 0, 3);
    tcase_add_test(shells, families_are_listed);
    tcase_add_test(shells, other_shells_are_refused);
    return shells;
}
