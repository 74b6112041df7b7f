/* A line in is a line out, whatever the line; and what --json, --ids and the search options do. */
#define _POSIX_C_SOURCE 200809L
#include "tests/check_cli.h"
#include "tests/import_files.h"
#include "tools/lines.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- translations that stay ------------------------------------------------------------------ */

static const struct {
    const char *to, *source, *target;
} translations[] = {
    {"de", "The weather is nice today.", "Das Wetter ist heute schön."},
    {"de", "I don't know what you mean.", "Ich weiß nicht, was du meinst."},
    {"de", "Good morning.", "Guten Morgen."},
    {"de", "Hello.", "Hallo."},
    {"fr", "Hello.", "Bonjour."},
    {"fr", "The weather is nice today.", "Le temps est chouette aujourd'hui."},
    {"fr", "I don't know what you mean.", "Je ne sais pas ce que tu veux dire."},
};
enum { N_TRANSLATIONS = sizeof translations / sizeof *translations };

START_TEST(known_translations) {
    for (size_t i = 0; i < N_TRANSLATIONS; i++) {
        char *found = output_of(NULL, "--to", translations[i].to, translations[i].source);
        ck_assert_uint_gt(strlen(found), 0);
        found[strlen(found) - 1] = 0;
        ck_assert_str_eq(found, translations[i].target);
        free(found);
    }
}
END_TEST

START_TEST(languages_by_any_name) {
    static const char *const names[] = {"de", "deu", "ger", "German", ">>deu<<"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *found = output_of(NULL, "--to", names[i], "Good morning.");
        ck_assert_str_eq(found, "Guten Morgen.\n");
        free(found);
    }
}
END_TEST

/* ---- lines ----------------------------------------------------------------------------------- */

static char *line_of(const char *text, size_t i) {
    for (; i > 0; i--) text = strchr(text, '\n') + 1;
    return strndup(text, strcspn(text, "\n"));
}

static void check_line(const char *output, size_t i, const char *expected) {
    char *line = line_of(output, i);
    ck_assert_str_eq(line, expected);
    free(line);
}

START_TEST(every_line_has_an_answer) {
    static const char input[] = "\n"
                                "Good morning.\n"
                                "   \t \n"
                                "\n"
                                "Good morning.\r\n"
                                "  Good morning.  \n"
                                "\r\n"
                                "\xff\xfe\xc3(\n"
                                "Good\0morning.\n"
                                "\0\n"
                                "\xe2\x80\x8b\n"
                                "The weather is nice today."; /* no newline at the end */
    const char *const arguments[] = {"--to", "de", NULL};
    struct ran ran = run_bytes(arguments, input, sizeof input - 1);
    ck_assert_msg(ran.status == 0 && count_lines(ran.err, ran.n_err) == 1, "%d: %s", ran.status,
                  ran.err);
    ck_assert_ptr_nonnull(strstr(ran.err, "line 8: warning: not UTF-8"));
    ck_assert_uint_eq(count_lines(ran.out, ran.n_out), 12);
    ck_assert_int_eq(ran.out[ran.n_out - 1], '\n');
    check_line(ran.out, 0, "");
    check_line(ran.out, 1, "Guten Morgen.");
    check_line(ran.out, 2, "   \t ");
    check_line(ran.out, 3, "");
    check_line(ran.out, 4, "Guten Morgen.\r");
    check_line(ran.out, 5, "  Guten Morgen.  ");
    check_line(ran.out, 6, "\r");
    check_line(ran.out, 8, "Guten Morgen."); /* NUL is a blank */
    check_line(ran.out, 11, "Das Wetter ist heute schön.");
    ck_assert_uint_eq(strlen(ran.out), ran.n_out); /* no NUL in the output */
    ran_free(&ran);
}
END_TEST

/* Of a line of several sentences each is told, with what it would be alone. */
START_TEST(json_tells_the_parts) {
    static const char *const sentences[] = {"Good morning.", "Where are the keys?"};
    char *whole =
        output_of("  Good morning.  Where are the keys?\nGood morning.\n", "--to", "de", "--json");
    char *alone = output_of("Good morning.\nWhere are the keys?\n", "--to", "de", "--json");
    json_t *object = json_line(whole, 0), *single = json_line(whole, 1);
    const json_t *parts = json_object_get(object, "parts");
    ck_assert_uint_eq(json_array_size(parts), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *part = json_array_get(parts, i);
        json_t *expected = json_line(alone, i);
        ck_assert_str_eq(json_string_value(json_object_get(part, "source")), sentences[i]);
        ck_assert(json_equal(json_object_get(part, "target"), json_object_get(expected, "target")));
        ck_assert(json_equal(json_object_get(part, "score"), json_object_get(expected, "score")));
        ck_assert_ptr_null(json_object_get(part, "warning"));
        json_decref(expected);
    }
    ck_assert_ptr_null(json_object_get(single, "parts"));
    json_decref(object), json_decref(single);
    free(whole), free(alone);
}
END_TEST

/* Latin-1 is translated as far as it can be read, and that is said once; the second window is large. */
START_TEST(other_encodings_are_told) {
    enum { BEFORE = 40, LATIN = 3 };
    char input[1024] = "";
    for (int i = 0; i < BEFORE; i++) strcat(input, "Hello.\n");
    for (int i = 0; i < LATIN; i++) strcat(input, "Gr\374\337e\n");
    struct ran ran = run(input, "--to", "en", "-x", "2", "--no-guards");
    ck_assert_int_eq(ran.status, 0);
    ck_assert_str_eq(ran.err, "tolka: line 41: warning: not UTF-8, so some of it is lost; if it is "
                              "text in another encoding, iconv converts it\n");
    ck_assert_uint_eq(count_lines(ran.out, ran.n_out), BEFORE + LATIN);
    ran_free(&ran);
    ran = run(input, "--to", "en", "-x", "2", "--no-guards", "-q");
    ck_assert_uint_eq(ran.n_err, 0);
    ran_free(&ran);
}
END_TEST

/* A text that is a file's name may be meant as one. */
START_TEST(names_of_files_are_noted) {
    struct ran ran = run(NULL, "--to", "de", "README.md");
    ck_assert_int_eq(ran.status, 0);
    ck_assert_ptr_nonnull(strstr(ran.err, "note: README.md is translated as a text"));
    ran_free(&ran);
    static const char *const quiet[][2] = {{"README.md", "-q"}, {"tests", "-x99"}};
    for (size_t i = 0; i < sizeof quiet / sizeof *quiet; i++) {
        ran = run(NULL, "--to", "de", quiet[i][0], quiet[i][1]);
        ck_assert_uint_eq(ran.n_err, 0);
        ran_free(&ran);
    }
}
END_TEST

START_TEST(no_lines_no_output) {
    char *nothing = output_of("", "--to", "de");
    ck_assert_str_eq(nothing, "");
    free(nothing);
    char *empty = output_of("\n", "--to", "de");
    ck_assert_str_eq(empty, "\n");
    free(empty);
}
END_TEST

START_TEST(a_thousand_lines_in_order) {
    enum { N = 1000 };
    char *input = malloc(N * 40), *at = input;
    ck_assert_ptr_nonnull(input);
    for (int i = 0; i < N; i++)
        at += sprintf(at, "%s %d.\n", i % 7 ? "Number" : "This is the line with the number", i);
    char *output = output_of(input, "--to", "de", "--json", "-x", "3", "-b", "1", "-j", "2");
    ck_assert_uint_eq(count_lines(output, strlen(output)), N);
    const char *out = output, *in = input;
    for (int i = 0; i < N; i++) {
        json_t *object = json_line(out, 0);
        const char *source = json_string_value(json_object_get(object, "source"));
        size_t n = strcspn(in, "\n");
        if (strlen(source) != n || strncmp(source, in, n) != 0)
            ck_abort_msg("line %d is \"%s\"", i, source);
        json_decref(object);
        out = strchr(out, '\n') + 1;
        in += n + 1;
    }
    free(output);
    free(input);
}
END_TEST

/* Batches and threads are no business of the text. */
START_TEST(batches_and_threads_change_nothing) {
    static const char text[] = "Good morning.\nThe weather is nice today.\n\nI saw her.\n"
                               "I don't know what you mean.\nThe train is late again.\n";
    static const char *const batches[] = {"1", "3", "100"}, *const threads[] = {"1", "2", "5"};
    char *first = output_of(text, "--to", "fr", "--json");
    for (size_t i = 0; i < 9; i++) {
        char *other =
            output_of(text, "--to", "fr", "--json", "-B", batches[i % 3], "-j", threads[i / 3]);
        ck_assert_str_eq(other, first);
        free(other);
    }
    free(first);
}
END_TEST

START_TEST(a_long_line) {
    enum { N = 150 };
    static const char sentence[] = "The weather is nice today. ";
    char *input = malloc(N * sizeof sentence + 2), *at = input;
    ck_assert_ptr_nonnull(input);
    for (int i = 0; i < N; i++) at += sprintf(at, "%s", sentence);
    strcpy(at, "\nGood morning.\n");
    struct ran ran = run(input, "--to", "de", "-q");
    ck_assert_msg(ran.status == 0, "%s", ran.err);
    ck_assert_uint_eq(count_lines(ran.out, ran.n_out), 2);
    check_line(ran.out, 1, "Guten Morgen.");
    ran_free(&ran);
    free(input);
}
END_TEST

START_TEST(text_as_arguments) {
    char *whole = output_of(NULL, "--to", "de", "The weather is nice today.");
    char *words = output_of(NULL, "The", "weather", "is", "--to", "de", "nice", "today.");
    char *lines = output_of(NULL, "translate", "--to", "de", "Good morning.\n\nGood morning.");
    char *dashes = output_of(NULL, "--to", "de", "--", "Good morning.");
    ck_assert_str_eq(whole, "Das Wetter ist heute schön.\n");
    ck_assert_str_eq(words, whole);
    ck_assert_str_eq(lines, "Guten Morgen.\n\nGuten Morgen.\n");
    ck_assert_str_eq(dashes, "Guten Morgen.\n");
    free(whole), free(words), free(lines), free(dashes);
}
END_TEST

/* Text that looks like an option or begins like a command. */
START_TEST(texts_that_look_like_something_else) {
    static const char *const same[][6] = {
        {"--to", "de", "-5 degrees"},
        {"-5 degrees", "--to", "de"},
        {"--to", "de", "--", "-5 degrees"},
        {"--to", "de", "-5", "degrees"},
        {"check the door", "--to", "de"},
        {"check", "the", "door", "--to", "de"},
        {"translate", "covert tests", "--to", "de"},
        {"--to", "de", "--", "covert", "tests"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i += 2) {
        const char *arguments[2][7] = {{NULL}};
        for (size_t k = 0; k < 2; k++) memcpy(arguments[k], same[i + k], sizeof same[i + k]);
        char *one = run_well(NULL, arguments[0]), *other = run_well(NULL, arguments[1]);
        ck_assert_str_eq(one, other);
        free(one), free(other);
    }
    char *with_value = output_of("Good morning.\n", "--to", "de", "--prefix", "-5 Grad");
    ck_assert_int_eq(strncmp(with_value, "-5 Grad", 7), 0);
    free(with_value);
}
END_TEST

START_TEST(files_in_and_out) {
    struct folder folder = cli_folder();
    char in[128], out[128];
    snprintf(in, sizeof in, "%s", cli_path(&folder, "in"));
    snprintf(out, sizeof out, "%s", cli_path(&folder, "out"));
    FILE *file = fopen(in, "w");
    ck_assert_ptr_nonnull(file);
    fputs("Good morning.\nThe weather is nice today.\n", file);
    fclose(file);
    char *nothing = output_of("ignored\n", "--to", "de", "-i", in, "-o", out);
    ck_assert_str_eq(nothing, "");
    free(nothing);
    char text[200];
    file = fopen(out, "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    ck_assert_str_eq(text, "Guten Morgen.\nDas Wetter ist heute schön.\n");
    char *same = output_of("Good morning.\n", "--to", "de", "-i", "-", "-o", "-");
    ck_assert_str_eq(same, "Guten Morgen.\n");
    free(same);
    cli_remove(&folder, (const char *const[]){"in", "out", NULL});
}
END_TEST

/* Somebody waits for each answer. The reader has taken all that there was each time, and looks at no
 * byte before what comes next. */
START_TEST(lines_one_by_one) {
    static const char *const written[] = {"one\n", "a longer one\n", "\n", "two\nthree\n", "x\n"};
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    struct line_reader reader = line_reader(ends[0]);
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        struct line lines[4];
        char found[50] = "";
        ck_assert_int_eq((int)write(ends[1], written[i], strlen(written[i])),
                         (int)strlen(written[i]));
        size_t n = lines_read(&reader, lines, 4);
        for (size_t k = 0; k < n; k++) {
            strcat(strcat(found, lines[k].bytes), "\n");
            free(lines[k].bytes);
        }
        ck_assert_str_eq(found, written[i]);
        ck_assert_uint_le(reader.searched, reader.end);
    }
    line_reader_free(&reader);
    close(ends[0]), close(ends[1]);
}
END_TEST

/* Documents that are opened by mistake are refused, and text that only begins like one is not. */
START_TEST(other_files_are_told) {
    static const struct {
        const char *bytes;
        size_t n;
        const char *says;
    } files[] = {
        {"%PDF-1.7\n", 9, "a PDF document; pdftotext"},
        {"PK\3\4\24\0\6\0", 8, "office document"},
        {"\xff\xfeH\0i\0", 6, "UTF-16 text; iconv"},
        {"\x7f"
         "ELF\2\1\1\0\0",
         9, "not text"},
    };
    struct folder folder = cli_folder();
    char path[128];
    snprintf(path, sizeof path, "%s", cli_path(&folder, "in"));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        write_file(path, files[i].bytes, files[i].n);
        struct ran ran = run("", "--to", "de", "-i", path);
        check_refusal(&ran, 2, files[i].says);
        ran = run("", "--to", "de", "--format", "text", "-i", path);
        check_refusal(&ran, 2, files[i].says);
    }
    write_file(path, "PDF is good.\n", 13);
    char *text = output_of("", "--to", "de", "-i", path);
    ck_assert_str_ne(text, "");
    free(text);
    cli_remove(&folder, (const char *const[]){"in", NULL});
}
END_TEST

/* head(1) reads a line and goes: nothing is said, and the program ends as others do. */
START_TEST(a_closed_pipe_is_quiet) {
    int in[2], out[2];
    ck_assert_int_eq(pipe(in) | pipe(out), 0);
    FILE *errors = tmpfile();
    ck_assert_ptr_nonnull(errors);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    const char *program = getenv("TOLKA");
    if (child == 0) {
        dup2(in[0], 0), dup2(out[1], 1), dup2(fileno(errors), 2);
        close(in[0]), close(in[1]), close(out[0]), close(out[1]);
        setenv("TOLKA_MODEL", SHIPPED_MODEL, 0);
        execl(program ? program : "build/tolka", "tolka", "--to", "de", (char *)NULL);
        _exit(127);
    }
    close(in[0]), close(out[1]), close(out[0]); /* nobody will read */
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 2000; i++)
        if (write(in[1], "Good morning.\n", 14) < 0) break;
    close(in[1]);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE, "wait status %d", status);
    ck_assert_int_eq(fseek(errors, 0, SEEK_END), 0);
    ck_assert_int_eq((int)ftell(errors), 0);
    fclose(errors);
}
END_TEST

/* ---- JSON ------------------------------------------------------------------------------------ */

static size_t check_id_list(const json_t *list) {
    ck_assert(json_is_array(list));
    for (size_t i = 0; i < json_array_size(list); i++)
        ck_assert(json_is_integer(json_array_get(list, i)));
    return json_array_size(list);
}

static double check_hypothesis(const json_t *object, double length_penalty) {
    ck_assert(json_is_string(json_object_get(object, "target")));
    size_t n = check_id_list(json_object_get(object, "target_ids"));
    const json_t *scores = json_object_get(object, "token_scores");
    ck_assert(json_is_array(scores));
    ck_assert_uint_eq(json_array_size(scores), n);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        ck_assert(json_is_number(json_array_get(scores, i)));
        sum += json_number_value(json_array_get(scores, i));
    }
    ck_assert(json_is_number(json_object_get(object, "score")));
    double score = json_number_value(json_object_get(object, "score"));
    if (n) ck_assert_double_eq_tol(score, sum / pow((double)n, length_penalty), 1e-4);
    return score;
}

START_TEST(json_keeps_its_promise) {
    char *output = output_of("Good \"morning\".\n\n\xff\n", "--to", "de", "--json", "-q");
    for (size_t i = 0; i < 3; i++) {
        json_t *object = json_line(output, i);
        ck_assert(json_is_string(json_object_get(object, "source")));
        check_id_list(json_object_get(object, "source_ids"));
        check_hypothesis(object, 1);
        ck_assert_ptr_null(json_object_get(object, "hypotheses"));
        if (i == 0)
            ck_assert_str_eq(json_string_value(json_object_get(object, "source")),
                             "Good \"morning\".");
        if (i == 1) {
            ck_assert_str_eq(json_string_value(json_object_get(object, "target")), "");
            ck_assert_uint_eq(json_array_size(json_object_get(object, "target_ids")), 0);
        }
        json_decref(object);
    }
    free(output);
}
END_TEST

START_TEST(json_hypotheses) {
    char *output = output_of("Good morning.\n", "--to", "de", "--json", "-b", "5", "-n", "4");
    json_t *object = json_line(output, 0);
    const json_t *list = json_object_get(object, "hypotheses");
    ck_assert_uint_eq(json_array_size(list), 4);
    double best = check_hypothesis(object, 1), last = INFINITY;
    for (size_t k = 0; k < 4; k++) {
        const json_t *hypothesis = json_array_get(list, k);
        double score = check_hypothesis(hypothesis, 1);
        if (k == 0) ck_assert_double_eq(score, best);
        ck_assert_double_le(score, last);
        last = score;
    }
    ck_assert(json_equal(json_object_get(object, "target_ids"),
                         json_object_get(json_array_get(list, 0), "target_ids")));
    json_decref(object);
    free(output);
}
END_TEST

/* ---- search options -------------------------------------------------------------------------- */

START_TEST(nbest_as_text) {
    char *output = output_of("Good morning.\n\n", "--to", "de", "-b", "4", "-n", "3");
    ck_assert_uint_eq(count_lines(output, strlen(output)), 4); /* 3 and an empty one */
    double last = INFINITY;
    const char *at = output;
    for (size_t k = 0; k < 3; k++) {
        char *tab;
        double score = strtod(at, &tab);
        ck_assert_int_eq(*tab, '\t');
        ck_assert_double_le(score, last);
        last = score;
        at = strchr(at, '\n') + 1;
    }
    ck_assert_str_eq(at, "\n");
    free(output);
}
END_TEST

static double score_with(const char *option, const char *value, size_t *n_tokens) {
    char *output = output_of("The weather is nice today.\n", "--to", "de", "--json", option, value);
    json_t *object = json_line(output, 0);
    double score = json_number_value(json_object_get(object, "score"));
    *n_tokens = json_array_size(json_object_get(object, "target_ids"));
    json_decref(object);
    free(output);
    return score;
}

START_TEST(length_penalty_divides) {
    size_t n, m;
    double plain = score_with("--length-penalty", "0", &n);
    double divided = score_with("--length-penalty", "1", &m);
    ck_assert_uint_eq(n, m);
    ck_assert_double_lt(plain, divided);
    ck_assert_double_eq_tol(plain / (double)n, divided, 1e-4);
}
END_TEST

START_TEST(max_length_limits) {
    size_t n;
    for (int most = 1; most <= 4; most++) {
        char value[16];
        snprintf(value, sizeof value, "%d", most);
        score_with("--max-length", value, &n);
        ck_assert_uint_eq(n, (size_t)most);
    }
}
END_TEST

/* Sentences for which wider beams find something better. */
START_TEST(beam_widens_the_search) {
    static const char text[] = "Tom said that he would come home late because of the meeting.\n"
                               "She asked me whether I had ever been to the old castle.\n"
                               "My brother bought a new bicycle for his daughter last week.\n";
    double sums[2] = {0, 0};
    const char *const beams[] = {"1", "6"};
    for (size_t i = 0; i < 2; i++) {
        char *output = output_of(text, "--to", "de", "--json", "-b", beams[i]);
        for (size_t k = 0; k < 3; k++) {
            json_t *object = json_line(output, k);
            sums[i] += json_number_value(json_object_get(object, "score"));
            json_decref(object);
        }
        free(output);
    }
    ck_assert_double_gt(sums[1], sums[0]);
}
END_TEST

START_TEST(ids_in_and_out) {
    char *json = output_of("Good morning.\n", "--to", "de", "--json");
    json_t *object = json_line(json, 0);
    char input[256] = "", expected[256] = "";
    size_t i;
    json_t *id;
    json_array_foreach(json_object_get(object, "source_ids"), i, id) {
        sprintf(input + strlen(input), "%s%d", i ? " " : "", (int)json_integer_value(id));
    }
    json_array_foreach(json_object_get(object, "target_ids"), i, id) {
        sprintf(expected + strlen(expected), "%s%d", i ? " " : "", (int)json_integer_value(id));
    }
    strcat(expected, "\n");
    strcat(input, "\n");
    char *output = output_of(input, "--ids");
    ck_assert_str_eq(output, expected);
    free(output);
    json_decref(object);
    free(json);
}
END_TEST

START_TEST(bad_lines_do_not_stop_others) {
    struct ran ran = run("8002 5 0\nsomething\n\n99999\n8002 5 0\n-4\n", "--ids", "-x", "4");
    ck_assert_int_eq(ran.status, 1);
    ck_assert_uint_eq(count_lines(ran.out, ran.n_out), 6);
    char *first = line_of(ran.out, 0);
    ck_assert_str_ne(first, "");
    check_line(ran.out, 1, "");
    check_line(ran.out, 3, "");
    check_line(ran.out, 4, first);
    free(first);
    ck_assert_uint_eq(count_lines(ran.err, ran.n_err), 3);
    ck_assert_ptr_nonnull(strstr(ran.err, "line 2: not a list of token ids"));
    ck_assert_ptr_nonnull(strstr(ran.err, "line 4: source token 1 is 99999"));
    ck_assert_ptr_nonnull(strstr(ran.err, "line 6: source token 1 is -4"));
    ran_free(&ran);
}
END_TEST

TCase *cli_lines_case(void) {
    TCase *lines = tcase_create("lines");
    tcase_set_timeout(lines, 120);
    tcase_add_test(lines, known_translations);
    tcase_add_test(lines, languages_by_any_name);
    tcase_add_test(lines, every_line_has_an_answer);
    tcase_add_test(lines, json_tells_the_parts);
    tcase_add_test(lines, other_encodings_are_told);
    tcase_add_test(lines, names_of_files_are_noted);
    tcase_add_test(lines, no_lines_no_output);
    tcase_add_test(lines, a_thousand_lines_in_order);
    tcase_add_test(lines, batches_and_threads_change_nothing);
    tcase_add_test(lines, a_long_line);
    tcase_add_test(lines, text_as_arguments);
    tcase_add_test(lines, texts_that_look_like_something_else);
    tcase_add_test(lines, files_in_and_out);
    tcase_add_test(lines, lines_one_by_one);
    tcase_add_test(lines, other_files_are_told);
    tcase_add_test(lines, a_closed_pipe_is_quiet);
    tcase_add_test(lines, json_keeps_its_promise);
    tcase_add_test(lines, json_hypotheses);
    tcase_add_test(lines, nbest_as_text);
    tcase_add_test(lines, length_penalty_divides);
    tcase_add_test(lines, max_length_limits);
    tcase_add_test(lines, beam_widens_the_search);
    tcase_add_test(lines, ids_in_and_out);
    tcase_add_test(lines, bad_lines_do_not_stop_others);
    return lines;
}
