/* Commands ask which language is meant, and tolka languages says which there are. */
#define _POSIX_C_SOURCE 200809L
#include "tests/check_cli.h"

#include <stdlib.h>
#include <string.h>

#define CHOICES "a target language (to) is needed: one of eng (English), deu (German), fra (French)"

START_TEST(a_model_of_several_languages_asks_which) {
    struct ran ran = run(NULL, "hi");
    check_refusal(&ran, 2, "tolka-en-de-fr.gguf|" CHOICES);
    ran = run("hi\n", "translate", "--from", "en");
    check_refusal(&ran, 2, CHOICES);
    ran = run("hi\thallo\n", "score");
    check_refusal(&ran, 2, CHOICES);
    ran = run(NULL, "attention", "hi");
    check_refusal(&ran, 2, CHOICES);
    ran = run(NULL, "bench", "-i", "README.md", "-r", "1");
    check_refusal(&ran, 2, CHOICES);
    ran = run(NULL, "hi", "--to", "germn");
    check_refusal(&ran, 2, "target language germn|did you mean German?");
    ran = run(NULL, "hi", "--to", "dutch");
    check_refusal(&ran, 2,
                  "target language dutch|the model has no Dutch, only eng (English), deu (German)");
}
END_TEST

/* Ids say it themselves, and so may texts. */
START_TEST(some_input_needs_no_language) {
    free(output_of("5 6 0\n", "--ids", "-x", "5"));
    char *found = output_of(">>deu<< Good morning.\n>>fra<< Hello.\n", "--to", "none");
    ck_assert_str_eq(found, "Guten Morgen.\nBonjour.\n");
    free(found);
}
END_TEST

/* One folder, one model of a fixture. */
struct converted {
    struct folder folder;
    char path[128];
};

static struct converted converted(const char *checkpoint) {
    struct converted model = {.folder = cli_folder()};
    snprintf(model.path, sizeof model.path, "%s", cli_path(&model.folder, "model.gguf"));
    free(output_of(NULL, "convert", checkpoint, "-o", model.path, "-q"));
    return model;
}

static void forget(struct converted *model) {
    cli_remove(&model->folder, (const char *const[]){"model.gguf", NULL});
}

START_TEST(sources_are_checked_where_they_are_named) {
    static const char *const checkpoints[] = {"m2m100", "nllb-tiny", "mbart50-tiny"};
    for (size_t i = 0; i < sizeof checkpoints / sizeof *checkpoints; i++) {
        char path[64];
        snprintf(path, sizeof path, "tests/fixtures/%s", checkpoints[i]);
        struct converted model = converted(path);
        struct ran ran = run(NULL, "-m", model.path, "-f", "klingon", "-t", "de", "hi");
        check_refusal(&ran, 2, "source language klingon: the model has no Klingon, only a");
        ran = run(NULL, "-m", model.path, "-f", "Germna", "-t", "fr", "hi");
        check_refusal(&ran, 2, "source language Germna|did you mean German?");
        ran = run(NULL, "-m", model.path, "-f", "en", "hi");
        check_refusal(&ran, 2, "a target language (to) is needed: one of");
        free(output_of(NULL, "-m", model.path, "-f", "en_US.UTF-8", "-t", "Deutsch", "-x", "4",
                       "hi"));
        forget(&model);
    }
    free(output_of(NULL, "hi", "--from", "nl", "--to", "de", "-x", "4"));
}
END_TEST

START_TEST(languages_are_listed) {
    char *found = output_of(NULL, "languages");
    ck_assert_str_eq(found, "tolka-en-de-fr.gguf: 3 languages to translate to (--to); those it "
                            "translates from are not named\n\n"
                            ">>eng<<  en, eng  English  English\n"
                            ">>deu<<  de, deu  German   Deutsch\n"
                            ">>fra<<  fr, fra  French   français\n");
    free(found);
    struct converted model = converted("tests/fixtures/nllb-tiny");
    found = output_of(NULL, "languages", model.path);
    ck_assert_ptr_nonnull(strstr(found, "7 languages to translate from (--from) and to (--to)\n"));
    ck_assert_ptr_nonnull(strstr(found, "zho_Hans  zh-Hans  Simplified Chinese   简体中文\n"));
    ck_assert_ptr_nonnull(strstr(found, "\neng_Latn  en, eng  English              English  "
                                        "(default --from)\n"));
    free(found);
    forget(&model);
    model = converted("tests/fixtures/t5");
    found = output_of(NULL, "languages", "-m", model.path);
    ck_assert_str_eq(found, "model.gguf: no languages to choose from: text goes in as is\n");
    free(found);
    forget(&model);
}
END_TEST

/* Every name of every language that JSON gives is good for --to. */
START_TEST(listed_names_work) {
    struct converted model = converted("tests/fixtures/m2m100");
    char *found = output_of(NULL, "languages", "--json", model.path);
    json_t *object = json_line(found, 0), *row, *code;
    size_t i, k;
    ck_assert_uint_eq(json_array_size(json_object_get(object, "languages")), 100);
    json_array_foreach(json_object_get(object, "languages"), i, row) {
        ck_assert(json_is_true(json_object_get(row, "source")));
        ck_assert(json_is_true(json_object_get(row, "target")));
        ck_assert_uint_ge(json_array_size(json_object_get(row, "codes")), 1);
        if (i % 20 != 1) continue;
        const char *name = json_string_value(json_object_get(row, "name"));
        char *wanted = output_of(NULL, "-m", model.path, "-t", name, "-x", "4", "--json", "hi");
        json_array_foreach(json_object_get(row, "codes"), k, code) {
            char *same = output_of(NULL, "-m", model.path, "-t", json_string_value(code), "-x", "4",
                                   "--json", "hi");
            ck_assert_str_eq(same, wanted);
            free(same);
        }
        free(wanted);
    }
    json_decref(object);
    free(found);
    forget(&model);
}
END_TEST

START_TEST(wrong_usage_of_languages) {
    struct ran ran = run(NULL, "languages", "a", "b");
    check_refusal(&ran, 2, "languages takes one model file");
    ran = run(NULL, "languages", "-m", "a", "b");
    check_refusal(&ran, 2, "languages takes one model file");
    ran = run(NULL, "languages", "tests/none.gguf");
    check_refusal(&ran, 3, "tests/none.gguf: No such file");
    ran = run(NULL, "languages", "README.md");
    check_refusal(&ran, 3, "README.md: not a GGUF file");
    ran = run(NULL, "languages", "--to", "de");
    check_refusal(&ran, 2, "--to is no option of tolka languages");
}
END_TEST

TCase *cli_languages_case(void) {
    TCase *tests = tcase_create("languages");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_model_of_several_languages_asks_which);
    tcase_add_test(tests, some_input_needs_no_language);
    tcase_add_test(tests, sources_are_checked_where_they_are_named);
    tcase_add_test(tests, languages_are_listed);
    tcase_add_test(tests, listed_names_work);
    tcase_add_test(tests, wrong_usage_of_languages);
    return tests;
}
