/* Options of the command that choose tokens: settings by name beside transformers' results,
 * prefixes, lengths, alternatives, what is refused, and what score says. */
#define _POSIX_C_SOURCE 200809L
#include "tests/check_cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char weather[] = "The weather is nice today.";

/* ---- settings by their names ----------------------------------------------------------------- */

static void print_ids(char *out, size_t room, const json_t *ids, size_t first) {
    size_t n = 0;
    out[0] = 0;
    for (size_t i = first; i < json_array_size(ids); i++)
        n += (size_t)snprintf(out + n, room - n, "%s%d", i > first ? " " : "",
                              (int)json_integer_value(json_array_get(ids, i)));
}

/* The settings of a run as --set KEY=JSON; its prefix as --prefix. */
static size_t add_settings(const json_t *settings, const char **arguments, size_t n,
                           char texts[8][256], char prefix[256]) {
    size_t n_texts = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)settings, key, value) {
        if (strcmp(key, "decoder_prefix") == 0) {
            print_ids(prefix, 256, value, 0);
            arguments[n++] = "--prefix";
            arguments[n++] = prefix;
            continue;
        }
        char *json = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));
        snprintf(texts[n_texts], sizeof texts[0], "%s=%s", key, json);
        free(json);
        arguments[n++] = "--set";
        arguments[n++] = texts[n_texts++];
    }
    return n;
}

static void check_run(const char *model, const json_t *entry, const json_t *run) {
    const char *arguments[40] = {
        "-m", model, "--ids", "-x", "39", "-l", "1", "--early-stopping", "heuristic"};
    char texts[8][256], prefix[256], source[1024], expected[1024];
    size_t n = add_settings(json_object_get(run, "settings"), arguments, 9, texts, prefix);
    char forced[64];
    const json_t *forced_id = json_object_get(entry, "forced_bos_token_id");
    if (forced_id) {
        snprintf(forced, sizeof forced, "forced_bos_token_id=%d",
                 (int)json_integer_value(forced_id));
        arguments[n++] = "--set";
        arguments[n++] = forced;
    }
    print_ids(source, sizeof source - 1, json_object_get(entry, "source_ids"), 0);
    strcat(source, "\n");
    print_ids(expected, sizeof expected - 1, json_object_get(run, "ids"), 1);
    strcat(expected, "\n");
    char *output = run_well(source, arguments);
    ck_assert_msg(strcmp(output, expected) == 0, "%s, %s: %s",
                  json_string_value(json_object_get(entry, "name")),
                  json_string_value(json_object_get(run, "option")), output);
    free(output);
}

/* A fixture as a model file: beside the settings of decoding.json, each run of it. */
START_TEST(settings_by_their_names) {
    static const char *const names[] = {"marian", "m2m100", "t5", "bart"};
    char checkpoint[64], path[96], model[128];
    snprintf(checkpoint, sizeof checkpoint, "tests/fixtures/%s", names[_i]);
    snprintf(path, sizeof path, "%s/decoding.json", checkpoint);
    struct folder folder = cli_folder();
    snprintf(model, sizeof model, "%s", cli_path(&folder, "model.gguf"));
    free(output_of(NULL, "convert", checkpoint, "-o", model, "--type", "f32", "-q"));
    json_t *root = json_load_file(path, 0, NULL), *entry, *run;
    size_t i, k;
    ck_assert_uint_gt(json_array_size(json_object_get(root, "cases")), 1);
    json_array_foreach(json_object_get(root, "cases"), i, entry) {
        if (i == 2) break; /* the decoding suite runs them all */
        json_array_foreach(json_object_get(entry, "runs"), k, run) check_run(model, entry, run);
    }
    json_decref(root);
    cli_remove(&folder, (const char *const[]){"model.gguf", NULL});
}
END_TEST

/* An option and its setting are one; and it does something. */
START_TEST(options_are_settings) {
    static const struct {
        const char *option, *value, *set;
        bool samples;
    } same[] = {
        {"--no-repeat-ngram", "1", "no_repeat_ngram_size=1", false},
        {"--repetition-penalty", "30", "repetition_penalty=30", false},
        {"--min-new-tokens", "20", "min_new_tokens=20", false},
        {"--max-new-tokens", "3", "max_new_tokens=3", false},
        {"--temperature", "4", "temperature=4.0", true},
        {"--top-k", "2", "top_k=2", true},
        {"--top-p", ".1", "top_p=0.1", true},
        {"--min-p", "0.9", "min_p=0.9", true},
        {"--seed", "77", "seed=77", true},
    };
    static const char text[] = "That is that, and this is this.\nThe train is late again.\n"
                               "I don't know what you mean by that, and he doesn't know it.\n";
    char *plain[] = {output_of(text, "--to", "de", "-b", "1"),
                     output_of(text, "--to", "de", "-b", "1", "--set", "do_sample=true", "--set",
                               "temperature=2")};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const char *sample = same[i].samples ? "--sample" : "-q";
        const char *warm = same[i].samples ? "temperature=2" : "temperature=1";
        char *a = output_of(text, "--to", "de", "-b", "1", sample, "-s", warm, same[i].option,
                            same[i].value);
        char *b =
            output_of(text, "--to", "de", "-b", "1", sample, "-s", warm, "--set", same[i].set);
        ck_assert_msg(strcmp(a, b) == 0, "%s is not %s", same[i].option, same[i].set);
        ck_assert_msg(strcmp(a, plain[same[i].samples]) != 0, "%s does nothing", same[i].option);
        free(a), free(b);
    }
    free(plain[0]), free(plain[1]);
}
END_TEST

START_TEST(wrong_settings) {
    static const struct {
        const char *arguments[6], *says;
    } wrong[] = {
        {{"--set", "top_kk=3"}, "--set: no setting is called top_kk; did you mean top_k?"},
        {{"--set", "num_beam=3"}, "did you mean num_beams?"},
        {{"--set", "nothing_like_it=3"}, "--set: no setting is called nothing_like_it\n"},
        {{"--set", "top_k"}, "--set: \"top_k\"; expected key=value"},
        {{"--set", "=3"}, "\"=3\"; expected key=value"},
        {{"--set", "top_k=\"x\""}, "top_k is \"x\"; expected a whole number"},
        {{"--set", "top_k=2.5"}, "top_k is 2.5; expected a whole number"},
        {{"--set", "top_p=true"}, "top_p is true; expected a number"},
        {{"--set", "do_sample=1"}, "do_sample is 1; expected true or false"},
        {{"--set", "bad_words_ids=[[5"}, "bad_words_ids is [[5, which is not JSON"},
        {{"--set", "bad_words_ids=[[]]"}, "bad_words_ids is [[]]; expected [[5, 7]"},
        {{"--set", "bad_words_ids=[5]"}, "bad_words_ids is [5]; expected [[5, 7]"},
        {{"--set", "sequence_bias=[[[5],1.5,2]]"}, "sequence_bias is [[[5],1.5,2]]; expected"},
        {{"--set", "sequence_bias=[[[5],1e39]]"}, "sequence_bias: a bias is inf"},
        {{"--set", "suppress_tokens=[-1]"}, "suppress_tokens is [-1]; expected [5, 7, ...]"},
        {{"--set", "suppress_tokens=[99999]"}, "suppress_tokens: token 99999|has 8344"},
        {{"--set", "bad_words_ids=[[4,99999]]"}, "bad_words_ids: token 99999"},
        {{"--set", "force_words_ids=[5]"},
         "force_words_ids is [5]; expected [[5, 7], ...] or with"},
        {{"--set", "force_words_ids=[[[5],[]]]"}, "force_words_ids is [[[5],[]]]; expected"},
        {{"--set", "force_words_ids={}"}, "force_words_ids is {}; expected"},
        {{"--set", "force_words_ids=[[99999]]"}, "force_words_ids has token 99999|has 8344"},
        {{"--set", "force_words_ids=[[5]]", "-b", "1"}, "do not go with a beam of 1"},
        {{"--set", "force_words_ids=[[5]]", "--sample"}, "do not go with samples"},
        {{"--set", "force_words_ids=[[5]]", "-a", "2"}, "do not go with alternatives"},
        {{"--require", ""}, "--require: \"\" has no words"},
        {{"--require", "Haus|"}, "--require: \"\" has no words"},
        {{"--require", "Haus", "--ids"}, "--require: \"Haus\" is not a list of token ids"},
        {{"--require", "5 0", "--ids"}, "force_words_ids has the end token, 0"},
        {{"--require", "Haus", "--sample"}, "--require does not go with --sample"},
        {{"--require", "Haus", "-b", "1"}, "--require does not go with --beam 1"},
        {{"--require", "Haus", "-a", "2"}, "--require does not go with --alternatives"},
        {{"--require", "Haus", "-s", "num_beam_groups=2"}, "does not go with num_beam_groups"},
        {{"score", "--require", "Haus"}, "--require is no option of tolka score"},
        {{"--set", "forced_bos_token_id=-5"}, "is -5; expected a token id or null"},
        {{"--set", "forced_eos_token_id=99999"}, "forced_eos_token_id: token 99999"},
        {{"--set", "exponential_decay_length_penalty=[3]"}, "expected [start, factor]"},
        {{"--set", "exponential_decay_length_penalty=[3,1.5,7]"}, "[3,1.5,7]; expected [start"},
        {{"--set", "exponential_decay_length_penalty=[4294967299,1.5]"}, "expected [start"},
        {{"--set", "early_stopping=\"soon\""}, "expected true, false or \"never\""},
        {{"--set", "num_beams=0"}, "num_beams is 0"},
        {{"--set", "num_beams=65"}, "beam is 65; expected 1 to 64"},
        {{"--set", "max_length=1"}, "max_length is 1; expected a length"},
        {{"--set", "top_k=-1"}, "top_k is -1; expected 0 to 16777216"},
        {{"--set", "top_k=99999999999999999999"}, "which is too big a number"},
        {{"--set", "top_p=1.5"}, "top_p is 1.5; expected 0 to 1"},
        {{"--set", "temperature=0"}, "temperature is 0"},
        {{"--set", "repetition_penalty=-1"}, "repetition_penalty is -1"},
        {{"--set", "no_repeat_ngram_size=-1"}, "no_repeat_ngram_size is -1; expected 0 to 1024"},
        {{"--set"}, "--set needs a value"},
        {{"--sample", "--top-k", "x"}, "--top-k: top_k is \"x\"; expected a whole number"},
        {{"--sample", "--top-k", "1e3"}, "--top-k: top_k is 1000.0; expected a whole number"},
        {{"--sample", "--seed", "nan"}, "--seed: seed is \"nan\"; expected a whole number"},
        {{"--sample", "--min-p", "-0.5"}, "min_p is -0.5; expected 0 to 1"},
        {{"--min-new-tokens", "-3"}, "min_new_tokens is -3"},
        {{"--temperature", "2"}, "--temperature goes with --sample"},
        {{"--seed", "2"}, "--seed goes with --sample"},
        {{"--sample", "--beam", "2"}, "--sample does not go with --beam"},
        {{"--alternatives", "2", "--beam", "2"}, "--alternatives does not go with --beam"},
        {{"--alternatives", "2", "--sample"}, "--alternatives does not go with --sample"},
        {{"--alternatives", "2", "--nbest", "2"}, "--alternatives does not go with --nbest"},
        {{"--alternatives", "65"}, "--alternatives is \"65\"|1 to 64"},
        {{"score", "--sample"}, "--sample is no option of tolka score"},
        {{"bench", "--prefix", "x"}, "--prefix is no option of tolka bench"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *arguments[9] = {NULL};
        memcpy(arguments, wrong[i].arguments, sizeof wrong[i].arguments);
        size_t n = 0;
        while (arguments[n]) n++;
        bool with_text = strcmp(wrong[i].arguments[0], "score") != 0 && n > 1;
        if (with_text) arguments[n++] = "--to=de", arguments[n++] = "Good morning.";
        struct ran ran = run_text(NULL, arguments);
        check_refusal(&ran, 2, wrong[i].says);
    }
}
END_TEST

START_TEST(mistakes_leave_the_output_file) {
    struct folder folder = cli_folder();
    const char *path = cli_path(&folder, "out");
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("precious\n", file);
    fclose(file);
    struct ran ran = run("x\n", "--to", "de", "-o", path, "--set", "top_p=7");
    check_refusal(&ran, 2, "top_p is 7");
    char text[32] = "";
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(fgets(text, sizeof text, file));
    fclose(file);
    ck_assert_str_eq(text, "precious\n");
    cli_remove(&folder, (const char *const[]){"out", NULL});
}
END_TEST

/* ---- lengths --------------------------------------------------------------------------------- */

static size_t n_tokens(const char *option, const char *value, const char *prefix) {
    char *output = output_of(weather, "--to", "de", "--json", option, value, "-p", prefix);
    json_t *object = json_line(output, 0);
    size_t n = json_array_size(json_object_get(object, "target_ids"));
    json_decref(object);
    free(output);
    return n;
}

START_TEST(new_tokens_are_counted) {
    size_t plain = n_tokens("--min-new-tokens", "0", ""); /* with its end token */
    ck_assert_uint_eq(n_tokens("--max-new-tokens", "3", ""), 3);
    ck_assert_uint_eq(n_tokens("--max-new-tokens", "100", ""), plain);
    ck_assert_uint_gt(n_tokens("--min-new-tokens", "20", ""), 20);
    ck_assert_uint_eq(n_tokens("--min-new-tokens", "2", ""), plain);
    char *prefix = output_of("x\tDas Wetter\n", "score", "--to", "de", "--json");
    json_t *object = json_line(prefix, 0);
    size_t n_prefix = json_array_size(json_object_get(object, "target_ids")) - 1;
    ck_assert_uint_eq(n_tokens("--max-new-tokens", "2", "Das Wetter"), n_prefix + 2);
    ck_assert_uint_gt(n_tokens("--min-new-tokens", "20", "Das Wetter"), n_prefix + 20);
    json_decref(object);
    free(prefix);
}
END_TEST

/* ---- prefixes -------------------------------------------------------------------------------- */

static void check_output(const char *expected, char *output) {
    ck_assert_str_eq(output, expected);
    free(output);
}

START_TEST(required_words_come) {
    static const char car[] = "I bought a new car yesterday.\n", keys[] = "Where are the keys?\n";
    check_output("Ich habe gestern ein neues Auto gekauft.\n", output_of(car, "--to", "de"));
    check_output("Ich habe gestern einen neuen Wagen gekauft.\n",
                 output_of(car, "--to", "de", "--require", "Wagen"));
    check_output("Ich habe gestern ein neues Auto gekauft.\n",
                 output_of(car, "--to", "de", "--require", "Wagen|Auto"));
    char *output = output_of(keys, "--to", "de", "--require", "Wo|Wohin", "--require", "sind", "-s",
                             "force_words_ids=[[2424]]", "--json");
    json_t *object = json_line(output, 0);
    const char *target = json_string_value(json_object_get(object, "target"));
    ck_assert_msg(strstr(target, "Wo") && strstr(target, "sind") && strstr(target, "Schlüssel"),
                  "%s", target);
    json_decref(object);
    free(output);
    /* As ids, and without the model's beam. */
    output = output_of("8001 67 287 25 1424 2 0\n", "--ids", "--require", "1519");
    check_output(output,
                 output_of("8001 67 287 25 1424 2 0\n", "--ids", "-s", "force_words_ids=[[1519]]"));
    ck_assert_msg(strstr(output, "1519"), "%s", output);
    free(output);
}
END_TEST

START_TEST(missing_words_are_spoken_of) {
    struct ran ran =
        run("\nWhere are the keys?\n", "--to", "de", "--require", "Schlüssel", "-x", "1");
    ck_assert_int_eq(ran.status, 0);
    ck_assert_msg(strstr(ran.err, "line 2: not all required words came"), "%s", ran.err);
    ck_assert_msg(!strstr(ran.err, "line 1"), "%s", ran.err);
    ran_free(&ran);
    ran = run("Hello.\n", "--to", "de", "--require", "Schlüssel", "-x", "1", "-q");
    ck_assert_str_eq(ran.err, "");
    ran_free(&ran);
}
END_TEST

START_TEST(prefixes_begin_translations) {
    check_output("Heute ist das Wetter schön.\n",
                 output_of(weather, "--to", "de", "-p", "Heute ist das Wetter schön."));
    char *output = output_of(weather, "--to", "de", "--prefix", "Heute");
    ck_assert_int_eq(strncmp(output, "Heute ist ", 10), 0);
    check_output(output,
                 output_of("The weather is nice today.\tHeute\n", "--to", "de", "--prefix-column"));
    check_output(output, output_of(weather, "--to", "de", "--prefix-column", "-p", "Heute"));
    free(output);
    output = output_of(weather, "--to", "de");
    check_output(output, output_of(weather, "--to", "de", "-p", ""));
    check_output(output,
                 output_of("The weather is nice today.\t\n", "--to", "de", "--prefix-column"));
    free(output);
    /* Nothing has no translation, however it begins. */
    check_output("\n", output_of("\n", "--to", "de", "-p", "Das"));
    /* Characters that the vocabulary spells by bytes. */
    output = output_of(weather, "--to", "de", "-p", "日本語 😀");
    ck_assert_int_eq(strncmp(output, "日本語 😀", strlen("日本語 😀")), 0);
    free(output);
}
END_TEST

START_TEST(prefixes_of_ids) {
    char *ended = output_of("5 6 0\n", "--ids", "-p", "7 8 0");
    check_output("7 8 0\n", ended);
    char *given = output_of("5 6 0\n", "--ids", "-p", "7 8");
    check_output(given, output_of("5 6 0\t7 8\n", "--ids", "--prefix-column"));
    ck_assert_int_eq(strncmp(given, "7 8 ", 4), 0);
    free(given);
}
END_TEST

START_TEST(prefixes_that_cannot_be) {
    struct ran ran = run("Good morning.\tGuten Morgen, meine Damen\nGood morning.\tGuten\n"
                         "Good morning.\tGuten\tTag\n",
                         "--to", "de", "--prefix-column", "-x", "4", "-b", "1");
    ck_assert_int_eq(ran.status, 1);
    ck_assert_uint_eq(count_lines(ran.out, ran.n_out), 3);
    ck_assert_int_eq(strncmp(ran.out, "\nGuten ", 7), 0);
    ck_assert_ptr_nonnull(strstr(ran.err, "line 1: a prefix of "));
    ck_assert_ptr_nonnull(strstr(ran.err, "the translation has at most 4\n"));
    ck_assert_ptr_nonnull(strstr(ran.err, "line 3: more than one tab\n"));
    ck_assert_uint_eq(count_lines(ran.err, ran.n_err), 2);
    ran_free(&ran);
    ran = run("5 6 0\t7 x\n5 6 0\t99999\n", "--ids", "--prefix-column");
    ck_assert_int_eq(ran.status, 1);
    ck_assert_ptr_nonnull(strstr(ran.err, "line 1: not a list of token ids\n"));
    ck_assert_ptr_nonnull(strstr(ran.err, "line 2: "));
    ck_assert_ptr_nonnull(strstr(ran.err, "99999"));
    ran_free(&ran);
}
END_TEST

/* ---- several translations -------------------------------------------------------------------- */

/* The text of line i behind its score; the caller frees it. */
static char *text_of_line(const char *output, size_t i) {
    for (; i > 0; i--) output = strchr(output, '\n') + 1;
    const char *tab = strchr(output, '\t');
    ck_assert_ptr_nonnull(tab);
    return strndup(tab + 1, strcspn(tab + 1, "\n"));
}

START_TEST(alternatives_differ_in_the_first_word) {
    char *output = output_of(weather, "--to", "de", "-a", "4");
    ck_assert_uint_eq(count_lines(output, strlen(output)), 4);
    char *best = output_of(weather, "--to", "de", "-b", "1");
    char *texts[4];
    for (size_t i = 0; i < 4; i++) texts[i] = text_of_line(output, i);
    ck_assert_int_eq(strncmp(texts[0], best, strlen(texts[0])), 0);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < i; k++)
            ck_assert_msg(strcspn(texts[i], " ") != strcspn(texts[k], " ") ||
                              strncmp(texts[i], texts[k], strcspn(texts[i], " ")) != 0,
                          "\"%s\" and \"%s\"", texts[i], texts[k]);
    for (size_t i = 0; i < 4; i++) free(texts[i]);
    free(output), free(best);
}
END_TEST

START_TEST(numbers_of_sequences_are_shown) {
    char *best = output_of(weather, "--to", "de", "-b", "4", "-n", "3");
    check_output(best, output_of(weather, "--to", "de", "-s", "num_beams=4", "-s",
                                 "num_return_sequences=3"));
    free(best);
    char *samples = output_of(weather, "--to", "de", "--sample", "-s", "num_return_sequences=3");
    ck_assert_uint_eq(count_lines(samples, strlen(samples)), 3);
    ck_assert(isfinite(strtod(samples, NULL)));
    check_output(samples, output_of(weather, "--to", "de", "--sample", "-n", "3"));
    free(samples);
}
END_TEST

START_TEST(samples_keep_their_seed) {
    static const char text[] = "Good morning.\nThe weather is nice today.\nHello.\nI saw her.\n";
    char *first = output_of(text, "--to", "de", "--sample", "--temperature", "3", "-n", "5");
    char *other =
        output_of(text, "--to", "de", "--sample", "--temperature", "3", "-n", "5", "--seed", "1");
    ck_assert_str_ne(first, other);
    check_output(first, output_of(text, "--to", "de", "--sample", "--temperature", "3", "-n", "5",
                                  "-B", "1", "-j", "3"));
    check_output(first, output_of(text, "--to", "de", "--sample", "--temperature", "3", "-n", "5",
                                  "--seed", "0", "-j", "1"));
    free(first), free(other);
}
END_TEST

/* ---- score ----------------------------------------------------------------------------------- */

static const char pairs[] = "Good morning.\tGuten Morgen.\n"
                            "no tab\n"
                            "empty target\t\n"
                            "\tempty source\n"
                            "a\tb\tc\n"
                            "blanks\t  \n"
                            "\n"
                            "Good morning.\tGuten Tag.\n";
/* Of each line; NULL: a score. */
static const char *const problems[] = {NULL,
                                       "no tab between source and target",
                                       "nothing to score",
                                       "nothing to score",
                                       "more than one tab",
                                       "nothing to score",
                                       "no tab between source and target",
                                       NULL};
enum { N_PAIRS = sizeof problems / sizeof *problems };

static void check_complaints(const struct ran *ran) {
    char expected[1024] = "";
    for (size_t i = 0; i < N_PAIRS; i++)
        if (problems[i])
            sprintf(expected + strlen(expected), "tolka: line %zu: %s\n", i + 1, problems[i]);
    ck_assert_int_eq(ran->status, 1);
    ck_assert_str_eq(ran->err, expected);
    ck_assert_uint_eq(count_lines(ran->out, ran->n_out), N_PAIRS);
}

START_TEST(score_says_what_is_wrong) {
    struct ran ran = run(pairs, "score", "--to", "de", "--per-token");
    check_complaints(&ran);
    char *at = ran.out;
    for (size_t i = 0; i < N_PAIRS; i++, at = strchr(at, '\n') + 1) {
        char expected[128];
        snprintf(expected, sizeof expected, "error: %s\n", problems[i] ? problems[i] : "");
        if (problems[i])
            ck_assert_msg(strncmp(at, expected, strlen(expected)) == 0, "%s", at);
        else
            ck_assert_double_lt(strtod(at, NULL), 0);
    }
    ran_free(&ran);
}
END_TEST

START_TEST(score_says_what_is_wrong_in_json) {
    struct ran ran = run(pairs, "score", "--to", "de", "--json");
    check_complaints(&ran);
    for (size_t i = 0; i < N_PAIRS; i++) {
        json_t *object = json_line(ran.out, i);
        const json_t *error = json_object_get(object, "error");
        const json_t *score = json_object_get(object, "score");
        ck_assert_int_eq(json_is_null(score), problems[i] != NULL);
        if (problems[i])
            ck_assert_str_eq(json_string_value(error), problems[i]);
        else
            ck_assert_ptr_null(error);
        json_decref(object);
    }
    ran_free(&ran);
}
END_TEST

START_TEST(score_adds_up) {
    static const char pair[] = "Good morning.\tGuten Morgen.\n";
    char *tokens = output_of(pair, "score", "--to", "de", "--per-token"), *at;
    char *normalized =
        output_of(pair, "score", "--to", "de", "--per-token", "--normalize", "-l", "0.5");
    char *plain = output_of(pair, "score", "--to", "de");
    double total = strtod(tokens, &at), sum = 0;
    size_t n = 0;
    ck_assert_int_eq(*at, '\t');
    for (char *end; at++, *at && *at != '\n'; at = end, n++) sum += strtod(at, &end);
    ck_assert_uint_eq(n, 5);
    ck_assert_double_eq_tol(total, sum, 1e-5);
    ck_assert_double_eq(strtod(plain, NULL), total);
    ck_assert_double_eq_tol(strtod(normalized, NULL), total / sqrt((double)n), 1e-5);
    ck_assert_str_eq(strchr(normalized, '\t'), strchr(tokens, '\t'));
    free(tokens), free(normalized), free(plain);
}
END_TEST

TCase *cli_decoding_case(void) {
    TCase *decoding = tcase_create("decoding");
    tcase_set_timeout(decoding, 300);
    tcase_add_loop_test(decoding, settings_by_their_names, 0, 4);
    tcase_add_test(decoding, options_are_settings);
    tcase_add_test(decoding, wrong_settings);
    tcase_add_test(decoding, mistakes_leave_the_output_file);
    tcase_add_test(decoding, new_tokens_are_counted);
    tcase_add_test(decoding, required_words_come);
    tcase_add_test(decoding, missing_words_are_spoken_of);
    tcase_add_test(decoding, prefixes_begin_translations);
    tcase_add_test(decoding, prefixes_of_ids);
    tcase_add_test(decoding, prefixes_that_cannot_be);
    tcase_add_test(decoding, alternatives_differ_in_the_first_word);
    tcase_add_test(decoding, numbers_of_sequences_are_shown);
    tcase_add_test(decoding, samples_keep_their_seed);
    tcase_add_test(decoding, score_says_what_is_wrong);
    tcase_add_test(decoding, score_says_what_is_wrong_in_json);
    tcase_add_test(decoding, score_adds_up);
    return decoding;
}
