/* convert, score, inspect, check and bench as commands. */
#define _POSIX_C_SOURCE 200809L
#include "tests/check_cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARIAN "tests/fixtures/marian"
#define FAIRSEQ "tests/fixtures/fairseq/args"

/* ---- convert --------------------------------------------------------------------------------- */

static long size_of(const char *path) {
    struct stat info;
    ck_assert_msg(stat(path, &info) == 0, "no %s", path);
    return (long)info.st_size;
}

START_TEST(convert_writes_each_type) {
    static const char *const types[] = {"q4", "int8", "bf16", "f16", "f32"};
    static const char *const names[] = {"Q4_0", "I8", "BF16", "F16", "F32"};
    struct folder folder = cli_folder();
    const char *path = cli_path(&folder, "model.gguf");
    long last = 0;
    for (size_t i = 0; i < 5; i++) {
        free(output_of(NULL, "convert", MARIAN, "-o", path, "--type", types[i], "-q", "--force"));
        long size = size_of(path);
        if (i != 3) ck_assert_int_gt(size, last);
        last = size;
        char *json = output_of(NULL, "inspect", "--json", path);
        json_t *object = json_line(json, 0);
        ck_assert_ptr_nonnull(json_object_get(json_object_get(object, "types"), names[i]));
        json_decref(object);
        free(json);
        free(output_of("5 6 0\n", "-m", path, "--ids", "-x", "5"));
        free(output_of(NULL, "check", path));
    }
    cli_remove(&folder, (const char *const[]){"model.gguf", NULL});
}
END_TEST

START_TEST(convert_names_keys_that_nothing_reads) {
    struct folder folder = cli_folder();
    char config[128];
    snprintf(config, sizeof config, "%s", cli_path(&folder, "config.json"));
    json_t *object = json_load_file(MARIAN "/config.json", 0, NULL);
    json_object_set_new(object, "rope_theta", json_integer(10000));
    ck_assert_int_eq(json_dump_file(object, config, 0), 0);
    json_decref(object);
    const char *path = cli_path(&folder, "model.gguf");
    free(output_of(NULL, "convert", MARIAN, "-o", path));
    free(output_of(NULL, "convert", MARIAN, "-o", path, "--config", config, "-q", "--force"));
    struct ran ran = run(NULL, "convert", MARIAN, "-o", path, "--config", config, "--force");
    char expected[256];
    snprintf(expected, sizeof expected,
             "tolka: warning: %s: keys that tolka does not use: rope_theta\n", config);
    ck_assert_int_eq(ran.status, 0);
    ck_assert_str_eq(ran.err, expected);
    ran_free(&ran);
    cli_remove(&folder, (const char *const[]){"config.json", "model.gguf", NULL});
}
END_TEST

static void link_file(struct folder *folder, const char *from, const char *name) {
    char here[512], target[1024];
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    snprintf(target, sizeof target, "%s/%s/%s", here, from, name);
    ck_assert_int_eq(symlink(target, cli_path(folder, name)), 0);
}

/* A directory with weights twice: which were taken is said. */
START_TEST(convert_says_which_weights_it_takes) {
    struct folder folder = cli_folder();
    link_file(&folder, FAIRSEQ, "dict.en.txt");
    link_file(&folder, FAIRSEQ, "dict.de.txt");
    link_file(&folder, FAIRSEQ, "model.pt");
    char source[128], output[128];
    snprintf(source, sizeof source, "%s", cli_path(&folder, "."));
    snprintf(output, sizeof output, "%s", cli_path(&folder, "model.gguf"));
    struct ran ran = run(NULL, "convert", source, "-o", output);
    ck_assert_msg(ran.status == 0 && !strstr(ran.err, "is taken"), "%s", ran.err);
    ran_free(&ran);
    unlink(output);
    link_file(&folder, "tests/fixtures/marian-bin", "pytorch_model.bin");
    ran = run(NULL, "convert", source, "-o", output, "--family", "t5"); /* neither is one */
    ck_assert_msg(strstr(ran.err, "/pytorch_model.bin taken; left aside: model.pt\n"), "%s",
                  ran.err);
    ran_free(&ran);
    cli_remove(&folder, (const char *const[]){"dict.en.txt", "dict.de.txt", "model.pt",
                                              "pytorch_model.bin", NULL});
}
END_TEST

/* A vocabulary, but nothing that cuts text: that is said when the model is made and when it is used.
 */
START_TEST(models_of_tokens_say_so) {
    struct folder folder = cli_folder();
    const char *path = cli_path(&folder, "model.gguf");
    struct ran ran = run(NULL, "convert", FAIRSEQ, "-o", path);
    ck_assert_int_eq(ran.status, 0);
    ck_assert_msg(strstr(ran.err, "dict.en.txt with blanks between them, not plain text"), "%s",
                  ran.err);
    ran_free(&ran);
    ran = run("s1 s4\n", "-m", path);
    ck_assert_int_eq(ran.status, 0);
    ck_assert_msg(strstr(ran.err, "takes tokens with blanks between them, not plain text"), "%s",
                  ran.err);
    char *quiet = output_of("s1 s4\n", "-m", path, "-q");
    ck_assert_str_eq(quiet, ran.out);
    free(quiet);
    ran_free(&ran);
    free(output_of("4 5 2\n", "-m", path, "--ids"));
    cli_remove(&folder, (const char *const[]){"model.gguf", NULL});
}
END_TEST

START_TEST(convert_leaves_nothing_behind) {
    struct folder folder = cli_folder();
    char config[128];
    snprintf(config, sizeof config, "%s", cli_path(&folder, "config.json"));
    FILE *file = fopen(config, "w");
    ck_assert_ptr_nonnull(file);
    fputs("{\"model_type\": \"marian\", \"d_model\": 99}", file);
    fclose(file);
    const char *path = cli_path(&folder, "model.gguf");
    struct ran ran = run(NULL, "convert", MARIAN, "-o", path, "--config", config, "-q");
    check_refusal(&ran, 3, "tolka: ");
    ck_assert_int_ne(access(path, F_OK), 0);
    ran = run(NULL, "convert", MARIAN, "-o", "tests/none/model.gguf", "-q");
    check_refusal(&ran, 2, "tests/none/model.gguf");
    ran = run(NULL, "convert", MARIAN, "-o", path, "--family", "nobody", "-q");
    check_refusal(&ran, 3, "nobody");
    cli_remove(&folder, (const char *const[]){"config.json", NULL});
}
END_TEST

/* ---- score ----------------------------------------------------------------------------------- */

START_TEST(score_prefers_the_right_one) {
    char *output = output_of("The weather is nice today.\tDas Wetter ist heute schön.\n"
                             "The weather is nice today.\tDas Wetter ist heute hässlich.\n"
                             "The weather is nice today.\tIch mag Katzen.\n",
                             "score", "--to", "de");
    char *at = output;
    double scores[3];
    for (size_t i = 0; i < 3; i++) {
        scores[i] = strtod(at, &at);
        ck_assert_int_eq(*at, '\n');
        ck_assert_double_lt(scores[i], 0);
    }
    ck_assert_double_gt(scores[0], scores[1]);
    ck_assert_double_gt(scores[1], scores[2]);
    free(output);
}
END_TEST

START_TEST(score_agrees_with_translate) {
    char *translated = output_of("The weather is nice today.\n", "--to", "de", "--json", "-b", "1");
    char *scored = output_of("The weather is nice today.\tDas Wetter ist heute schön.\n", "score",
                             "--to", "de", "--json", "--normalize");
    json_t *a = json_line(translated, 0), *b = json_line(scored, 0);
    ck_assert_str_eq(json_string_value(json_object_get(b, "source")), "The weather is nice today.");
    ck_assert_str_eq(json_string_value(json_object_get(b, "target")),
                     "Das Wetter ist heute schön.");
    ck_assert(json_equal(json_object_get(a, "source_ids"), json_object_get(b, "source_ids")));
    ck_assert(json_equal(json_object_get(a, "target_ids"), json_object_get(b, "target_ids")));
    /* Not equal: the search leaves the suppressed token out of its probabilities. */
    ck_assert_double_eq_tol(json_number_value(json_object_get(a, "score")),
                            json_number_value(json_object_get(b, "score")), 1e-3);
    json_decref(a), json_decref(b);
    free(translated), free(scored);
}
END_TEST

START_TEST(score_without_a_tab) {
    struct ran ran = run("Good morning.\tGuten Morgen!\nno tab\nGood morning.\tGuten Morgen!\n",
                         "score", "--to", "de");
    ck_assert_int_eq(ran.status, 1);
    ck_assert_uint_eq(count_lines(ran.out, ran.n_out), 3);
    ck_assert_str_eq(ran.err, "tolka: line 2: no tab between source and target\n");
    ran_free(&ran);
}
END_TEST

START_TEST(score_of_ids) {
    char *text = output_of("Good morning.\tGuten Morgen!\n", "score", "--to", "de", "--json");
    json_t *object = json_line(text, 0);
    char input[256] = "";
    size_t i;
    json_t *id;
    json_array_foreach(json_object_get(object, "source_ids"), i, id) {
        sprintf(input + strlen(input), "%d ", (int)json_integer_value(id));
    }
    strcat(input, "\t");
    json_array_foreach(json_object_get(object, "target_ids"), i, id) {
        sprintf(input + strlen(input), "%d ", (int)json_integer_value(id));
    }
    strcat(input, "\n");
    char *ids = output_of(input, "score", "--ids", "--json");
    json_t *other = json_line(ids, 0);
    ck_assert(json_equal(json_object_get(object, "token_scores"),
                         json_object_get(other, "token_scores")));
    json_decref(object), json_decref(other);
    free(text), free(ids);
}
END_TEST

START_TEST(score_with_length_penalty) {
    static const char text[] = "The weather is nice today.\tDas Wetter ist heute schön.\n";
    char *sum = output_of(text, "score", "--to", "de", "-l", "0");
    char *json = output_of(text, "score", "--to", "de", "-l", "1", "--normalize", "--json");
    json_t *object = json_line(json, 0);
    double n = (double)json_array_size(json_object_get(object, "target_ids"));
    double score = json_number_value(json_object_get(object, "score"));
    ck_assert_double_eq_tol(strtod(sum, NULL) / n, score, 1e-4);
    json_decref(object);
    free(sum), free(json);
}
END_TEST

/* ---- inspect --------------------------------------------------------------------------------- */

START_TEST(inspect_for_people) {
    char *model = output_of(NULL, "inspect", SHIPPED_MODEL);
    static const char *const says[] = {"GGUF", "marian", ">>deu<<", "d_model", "256", "I8"};
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        ck_assert_msg(strstr(model, says[i]) != NULL, "no %s", says[i]);
    ck_assert_ptr_null(strstr(model, "enc.blk.5.ffn_up.weight"));
    char *tensors = output_of(NULL, "inspect", "--tensors", SHIPPED_MODEL);
    ck_assert_ptr_nonnull(strstr(tensors, "enc.blk.5.ffn_up.weight"));
    char *checkpoint = output_of(NULL, "inspect", MARIAN);
    ck_assert_ptr_nonnull(strstr(checkpoint, "safetensors"));
    ck_assert_ptr_nonnull(strstr(checkpoint, "marian"));
    free(model), free(tensors), free(checkpoint);
}
END_TEST

START_TEST(inspect_as_json) {
    char *output = output_of(NULL, "inspect", "--json", SHIPPED_MODEL);
    json_t *object = json_line(output, 0);
    ck_assert_str_eq(json_string_value(json_object_get(object, "container")), "GGUF");
    ck_assert_str_eq(json_string_value(json_object_get(object, "family")), "marian");
    const json_t *config = json_object_get(object, "config");
    ck_assert_int_eq(json_integer_value(json_object_get(config, "d_model")), 256);
    ck_assert_int_eq(json_integer_value(json_object_get(config, "vocab.target")), 8344);
    ck_assert_uint_eq(json_array_size(json_object_get(object, "languages")), 3);
    json_decref(object);
    free(output);
}
END_TEST

START_TEST(inspect_differences) {
    char *same = output_of(NULL, "inspect", "--diff", "-q", MARIAN, "tests/fixtures/marian");
    ck_assert_msg(strncmp(same, "0 of ", 5) == 0, "%s", same);
    free(same);
    struct folder folder = cli_folder();
    const char *path = cli_path(&folder, "model.gguf");
    free(output_of(NULL, "convert", MARIAN, "-o", path, "--type", "f16", "-q"));
    struct ran ran = run(NULL, "inspect", "--diff", path, SHIPPED_MODEL);
    ck_assert_int_eq(ran.status, 1);
    ck_assert_ptr_nonnull(strstr(ran.out, "shapes differ"));
    ck_assert_ptr_nonnull(strstr(ran.out, "+ enc.blk.5"));
    ran_free(&ran);
    cli_remove(&folder, (const char *const[]){"model.gguf", NULL});
}
END_TEST

/* ---- check ----------------------------------------------------------------------------------- */

START_TEST(check_says_right) {
    char *output = output_of(NULL, "check", SHIPPED_MODEL);
    ck_assert_msg(strstr(output, "right on this machine") != NULL, "%s", output);
    char *shipped = output_of(NULL, "check", "--json");
    json_t *object = json_line(shipped, 0);
    ck_assert(json_is_true(json_object_get(object, "ok")));
    ck_assert_int_ge(json_integer_value(json_object_get(object, "sentences")), 1);
    ck_assert(json_is_real(json_object_get(object, "greatest_difference")));
    ck_assert(json_is_string(json_object_get(object, "isa")));
    json_decref(object);
    free(output), free(shipped);
}
END_TEST

/* Weights that are not what they were when the file was made. */
START_TEST(check_says_wrong) {
    struct folder folder = cli_folder();
    const char *path = cli_path(&folder, "model.gguf");
    free(output_of(NULL, "convert", MARIAN, "-o", path, "--type", "f32", "-q"));
    FILE *file = fopen(path, "r+b");
    ck_assert_ptr_nonnull(file);
    long size = size_of(path);
    for (long at = size / 2 / 4 * 4; at + 40 < size; at += 400) {
        static const float other = 0.75f;
        ck_assert_int_eq(fseek(file, at, SEEK_SET), 0);
        ck_assert_uint_eq(fwrite(&other, sizeof other, 1, file), 1);
    }
    ck_assert_int_eq(fclose(file), 0);
    struct ran ran = run(NULL, "check", path);
    ck_assert_int_eq(ran.status, 1);
    ck_assert_msg(strstr(ran.out, "WRONG") != NULL, "%s", ran.out);
    ran_free(&ran);
    ran = run(NULL, "check", "--json", path);
    ck_assert_int_eq(ran.status, 1);
    json_t *object = json_line(ran.out, 0);
    ck_assert(json_is_false(json_object_get(object, "ok")));
    json_decref(object);
    ran_free(&ran);
    cli_remove(&folder, (const char *const[]){"model.gguf", NULL});
}
END_TEST

TCase *cli_commands_case(void) {
    TCase *commands = tcase_create("commands");
    tcase_set_timeout(commands, 120);
    tcase_add_test(commands, convert_writes_each_type);
    tcase_add_test(commands, convert_names_keys_that_nothing_reads);
    tcase_add_test(commands, convert_says_which_weights_it_takes);
    tcase_add_test(commands, models_of_tokens_say_so);
    tcase_add_test(commands, convert_leaves_nothing_behind);
    tcase_add_test(commands, score_prefers_the_right_one);
    tcase_add_test(commands, score_agrees_with_translate);
    tcase_add_test(commands, score_without_a_tab);
    tcase_add_test(commands, score_of_ids);
    tcase_add_test(commands, score_with_length_penalty);
    tcase_add_test(commands, inspect_for_people);
    tcase_add_test(commands, inspect_as_json);
    tcase_add_test(commands, inspect_differences);
    tcase_add_test(commands, check_says_right);
    tcase_add_test(commands, check_says_wrong);
    return commands;
}
