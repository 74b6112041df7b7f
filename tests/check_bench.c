/* tolka bench: numbers that follow from one another, two models beside each other, and the picture. */
#define _POSIX_C_SOURCE 200809L
#include "tests/check_cli.h"
#include "tools/bench_compare.h"
#include "tools/bench_plan.h"
#include "tools/chart.h"

#include <libxml/parser.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHIPPED "models/pretrained/tolka-en-de-fr.gguf"

/* ---- numbers --------------------------------------------------------------------------------- */

static void check_near(double value, double expected) {
    ck_assert_msg(fabs(value - expected) <= 1e-4 * fabs(expected), "%.9g, expected %.9g", value,
                  expected);
}

START_TEST(spreads_of_rounds) {
    struct bench_rounds odd = {3, {3, 1, 2}}, even = {4, {10, 2, 4, 3}}, none = {0, {0}};
    struct bench_spread spread = bench_spread(&odd);
    ck_assert(spread.min == 1 && spread.median == 2 && spread.max == 3);
    spread = bench_spread(&even);
    ck_assert(spread.min == 2 && spread.median == 3.5 && spread.max == 10);
    spread = bench_spread(&none);
    ck_assert(spread.min == 0 && spread.median == 0 && spread.max == 0);
    /* The rounds themselves keep their order: 3/10, 1/2, 2/4. */
    spread = bench_ratio(&odd, &even);
    ck_assert(spread.min == 0.3 && spread.median == 0.5 && spread.max == 0.5);
    spread = bench_rate(6, &odd);
    ck_assert(spread.min == 2 && spread.median == 3 && spread.max == 6);
}
END_TEST

START_TEST(words_stand_between_blanks) {
    static const struct {
        const char *line;
        size_t n;
    } lines[] = {{"", 0}, {" \t ", 0}, {"One", 1}, {" One,  two\tthree ", 3}, {"a b c", 3}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct line line = {(char *)lines[i].line, strlen(lines[i].line)};
        ck_assert_uint_eq(bench_words(&line), lines[i].n);
    }
    struct line with_nul = {(char *)"a\0b c", 5};
    ck_assert_uint_eq(bench_words(&with_nul), 2);
}
END_TEST

/* Blocks become floats before they are multiplied with. */
START_TEST(products_of_blocks_are_products_of_floats) {
    struct bench bench = {.cost.type = "q4_k"};
    bench.machine.multiplies[0].type = "int8";
    bench.machine.multiplies[0].operations_per_second = 4;
    for (int i = 1; i < MULTIPLY_TYPES; i++) {
        bench.machine.multiplies[i].type = "f32";
        bench.machine.multiplies[i].operations_per_second = 2;
    }
    ck_assert_str_eq(bench_product_type(&bench), "f32");
    ck_assert(bench_multiply_limit(&bench) == 2);
    bench.cost.type = "int8";
    ck_assert_str_eq(bench_product_type(&bench), "int8");
    ck_assert(bench_multiply_limit(&bench) == 4);
}
END_TEST

/* ---- JSON ------------------------------------------------------------------------------------ */

static double number(json_t *object, const char *path) {
    char name[64];
    while (strchr(path, '.')) {
        size_t n = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)n, path);
        object = json_object_get(object, name);
        path += n + 1;
    }
    json_t *value = json_object_get(object, path);
    ck_assert_msg(json_is_number(value), "no number %s", path);
    return json_number_value(value);
}

static void check_order(json_t *object, const char *name) {
    char path[3][80];
    static const char *const parts[] = {"min", "median", "max"};
    for (int i = 0; i < 3; i++) snprintf(path[i], sizeof path[i], "%s.%s", name, parts[i]);
    ck_assert_double_gt(number(object, path[0]), 0);
    ck_assert_double_le(number(object, path[0]), number(object, path[1]));
    ck_assert_double_le(number(object, path[1]), number(object, path[2]));
}

static void check_cell(json_t *cell) {
    double seconds = number(cell, "ms.median") / 1e3;
    check_near(number(cell, "sentences_per_s.median"), number(cell, "sentences") / seconds);
    check_near(number(cell, "words_per_s.median"), number(cell, "words") / seconds);
    check_near(number(cell, "tokens_per_s.max"),
               number(cell, "target_tokens") / number(cell, "ms.min") * 1e3);
    check_order(cell, "ms");
    check_order(cell, "processor_ms");
    check_order(cell, "sentences_per_s");
}

START_TEST(json_of_one_model) {
    char *output = output_of("Hello.\n\nHow are you today?\n", "bench", "--json", "-r", "2", "-B",
                             "1,8", "-j", "1,2", "--to", "de", "-i", "-");
    json_t *page = json_line(output, 0), *cells = json_object_get(page, "throughput"), *cell;
    ck_assert_double_eq(number(page, "sentences"), 2);
    ck_assert_double_eq(number(page, "words"), 5);
    ck_assert_uint_eq(json_array_size(cells), 4);
    size_t i;
    json_array_foreach(cells, i, cell) check_cell(cell);
    /* 2 threads with 2 batches of 8 each, of 2 sentences and 5 words. */
    cell = json_array_get(cells, 3);
    ck_assert_double_eq(number(cell, "sentences"), 32);
    ck_assert_double_eq(number(cell, "words"), 80);
    check_order(page, "load.ready_ms");
    check_order(page, "latency.p50_ms");
    ck_assert_double_le(number(page, "latency.min_ms"), number(page, "latency.p50_ms.min"));
    ck_assert_double_le(number(page, "latency.p95_ms"), number(page, "latency.max_ms"));
    ck_assert_double_gt(number(page, "processor_ms"), number(cell, "processor_ms.median"));
    json_decref(page);
    free(output);
}
END_TEST

/* With one round a ratio is that of the two times. */
START_TEST(json_of_two_models) {
    struct folder folder = cli_folder();
    char other[128];
    snprintf(other, sizeof other, "%s", cli_path(&folder, "other.gguf"));
    free(output_of(NULL, "convert", SHIPPED, "-o", other, "--type", "f32", "-q"));
    char *output = output_of("Hello.\nHow are you today?\n", "bench", "--json", "-r", "1", "-B",
                             "4", "-j", "1", "--to", "de", "-i", "-", SHIPPED, other);
    json_t *page = json_line(output, 0), *models = json_object_get(page, "models");
    json_t *a = json_array_get(models, 0), *b = json_array_get(models, 1);
    ck_assert_str_eq(json_string_value(json_object_get(a, "model")), SHIPPED);
    ck_assert_str_eq(json_string_value(json_object_get(a, "weights")), "int8");
    ck_assert_str_eq(json_string_value(json_object_get(b, "weights")), "f32");
    check_near(number(page, "ratio.load.median"),
               number(a, "load.ready_ms.median") / number(b, "load.ready_ms.median"));
    check_near(number(page, "ratio.latency.min"),
               number(a, "latency.p50_ms.min") / number(b, "latency.p50_ms.min"));
    json_t *ratio =
        json_array_get(json_object_get(json_object_get(page, "ratio"), "throughput"), 0);
    json_t *of_a = json_array_get(json_object_get(a, "throughput"), 0);
    json_t *of_b = json_array_get(json_object_get(b, "throughput"), 0);
    check_near(number(ratio, "wall.median"), number(of_a, "ms.median") / number(of_b, "ms.median"));
    check_near(number(ratio, "processor.max"),
               number(of_a, "processor_ms.max") / number(of_b, "processor_ms.max"));
    json_decref(page);
    free(output);
    cli_remove(&folder, (const char *const[]){"other.gguf", NULL});
}
END_TEST

START_TEST(two_models_as_a_table) {
    char *output = output_of("Hello.\n", "bench", "-r", "1", "-B", "2", "-j", "1", "--to", "de",
                             "-i", "-", SHIPPED, SHIPPED);
    static const char *const parts[] = {"\nA ",
                                        "\nB ",
                                        "1 sentence, 1 word; 1 round",
                                        "B as fast as A, times",
                                        "latency p50, ms",
                                        "1 thread, batches of 2",
                                        "  sentences/s",
                                        "  words/s",
                                        "  processor, ms a round"};
    for (size_t i = 1; i < sizeof parts / sizeof *parts; i++)
        ck_assert_msg(strstr(output, parts[i]) != NULL, "no \"%s\" in %s", parts[i], output);
    free(output);
}
END_TEST

/* ---- the picture ----------------------------------------------------------------------------- */

static size_t count(const char *text, const char *part) {
    size_t n = 0;
    for (; (text = strstr(text, part)); text++) n++;
    return n;
}

static char *read_file(const char *path, size_t *n) {
    enum { MOST = 1 << 20 };
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "no %s", path);
    char *text = malloc(MOST);
    ck_assert_ptr_nonnull(text);
    *n = fread(text, 1, MOST - 1, file);
    ck_assert_uint_lt(*n, MOST - 1);
    text[*n] = 0;
    fclose(file);
    return text;
}

static void check_svg(const char *text, size_t n_bytes) {
    xmlDocPtr document = xmlReadMemory(text, (int)n_bytes, "picture.svg", NULL,
                                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    ck_assert_msg(document != NULL, "not well-formed: %.2000s", text);
    ck_assert_str_eq((const char *)xmlDocGetRootElement(document)->name, "svg");
    xmlFreeDoc(document);
    ck_assert_ptr_null(strstr(text, "nan"));
    ck_assert_ptr_null(strstr(text, "inf"));
}

START_TEST(picture_of_a_run) {
    struct folder folder = cli_folder();
    const char *path = cli_path(&folder, "speed.svg");
    const char *const arguments[] = {"bench", "-r",   "1",      "-B", "1,2,8", "-j",
                                     "1,2",   "--to", "de",     "-i", "-",     "-b",
                                     "1",     "-q",   "--plot", path, NULL};
    free(run_well("Hello.\nHow are you?\n", arguments));
    size_t n;
    char *picture = read_file(path, &n);
    check_svg(picture, n);
    /* Over batches two lines of three points, over threads three of two, in two charts each; and one
     * for each of the keys' samples. */
    ck_assert_uint_eq(count(picture, "<circle"), 2 * (2 * 3 + 3 * 2) + 2 + 3);
    ck_assert_uint_eq(count(picture, "time of a batch, ms"), 2);
    ck_assert_uint_eq(count(picture, "sentences a second"), 2);
    ck_assert_ptr_nonnull(strstr(picture, "prefers-color-scheme:dark"));
    free(picture);
    /* What is there stays, and it is said before anything is measured. */
    struct ran ran = run("Hello.\n", "bench", "-i", "-", "--to", "de", "--plot", path);
    check_refusal(&ran, 2, "speed.svg|--force");
    const char *const again[] = {"bench", "-r", "1", "-B", "1",      "-j", "1",       "--to",
                                 "de",    "-i", "-", "-q", "--plot", path, "--force", NULL};
    free(run_well("Hello.\n", again));
    picture = read_file(path, &n);
    check_svg(picture, n);
    ck_assert_uint_eq(count(picture, "<circle"), 2 + 1);
    free(picture);
    cli_remove(&folder, (const char *const[]){"speed.svg", NULL});
}
END_TEST

/* Charts of what cannot be drawn well are charts all the same. */
START_TEST(charts_of_odd_numbers) {
    static const struct chart_point points[][3] = {
        {{1, 0, 0, 0}, {2, 0, 0, 0}, {4, 0, 0, 0}},
        {{1, 5, 5, 5}, {2, 5, 5, 5}, {4, 5, 5, 5}},
        {{1, 1e-6, 1e-7, 1e6}, {1024, 1e9, 1e8, 1e10}, {4096, 1, 1, 1}},
        {{3, 0.7, 0.7, 0.7}, {3, 0.7, 0.7, 0.7}, {3, 0.7, 0.7, 0.7}},
    };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        for (int logarithmic = 0; logarithmic < 2; logarithmic++)
            for (size_t n = 1; n <= 3; n++) {
                struct chart_line line = {.n = n, .points = points[i]};
                struct chart chart = {"<Title>", "x & y", "\"y\"", logarithmic, 1, &line};
                char *text = NULL;
                size_t n_bytes;
                FILE *out = open_memstream(&text, &n_bytes);
                svg_begin(out, (struct extent){CHART_WIDTH, CHART_HEIGHT});
                svg_ground(out, chart_rules);
                chart_draw(out, &chart);
                svg_end(out);
                ck_assert_int_eq(fclose(out), 0);
                check_svg(text, n_bytes);
                ck_assert_uint_eq(count(text, "<circle"), n);
                free(text);
            }
}
END_TEST

Suite *bench_suite(void) {
    Suite *suite = suite_create("bench");
    TCase *bench = tcase_create("bench");
    tcase_set_timeout(bench, 120);
    tcase_add_test(bench, spreads_of_rounds);
    tcase_add_test(bench, words_stand_between_blanks);
    tcase_add_test(bench, products_of_blocks_are_products_of_floats);
    tcase_add_test(bench, json_of_one_model);
    tcase_add_test(bench, json_of_two_models);
    tcase_add_test(bench, two_models_as_a_table);
    tcase_add_test(bench, picture_of_a_run);
    tcase_add_test(bench, charts_of_odd_numbers);
    suite_add_tcase(suite, bench);
    return suite;
}
