/* tolka attention: the forms it writes, the numbers in them, and that no text can become markup. */
#define _POSIX_C_SOURCE 200809L
#include "tests/check_cli.h"
#include "tests/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SENTENCE "The weather is nice today."
#define LONG_SENTENCE                                                                              \
    "I don't know what you mean, but the man who lives in the old house near the river said that " \
    "he had never seen such a beautiful garden before."

static char *read_text(const char *path) {
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "no %s", path);
    size_t capacity = 1 << 22;
    char *text = malloc(capacity);
    ck_assert_ptr_nonnull(text);
    size_t n = fread(text, 1, capacity - 1, file);
    ck_assert_uint_lt(n, capacity - 1);
    text[n] = 0;
    fclose(file);
    return text;
}

static json_t *parse(const char *text) {
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);
    ck_assert_msg(json != NULL, "no JSON: %s", error.text);
    return json;
}

static size_t count(const char *text, const char *part) {
    size_t n = 0;
    for (; (text = strstr(text, part)); text++) n++;
    return n;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Two sentences are translated one by one, but looked at together: one language, one end. */
START_TEST(sentences_are_looked_at_together) {
    char *output =
        output_of(NULL, "attention", "--to", "de", "Hello. Where is it?", "--format", "json");
    json_t *page = json_line(output, 0);
    json_t *words = json_object_get(json_object_get(page, "source"), "words"), *word;
    size_t i, n_languages = 0;
    json_array_foreach(words, i, word) n_languages +=
        strcmp(json_string_value(word), ">>deu<<") == 0;
    ck_assert_uint_eq(n_languages, 1);
    ck_assert_uint_gt(json_array_size(words), 6);
    json_decref(page);
    free(output);
}
END_TEST

START_TEST(each_form_is_written) {
    static const char *const names[] = {"map.html", "map.svg", "map.json", "map.txt", NULL};
    static const char *const begin[] = {"<!DOCTYPE html>", "<svg xmlns=", "{\"text\"", SENTENCE};
    struct folder folder = cli_folder();
    for (size_t i = 0; names[i]; i++) {
        const char *path = cli_path(&folder, names[i]);
        char *nothing = output_of(NULL, "attention", SENTENCE, "--to", "de", "-o", path);
        ck_assert_str_eq(nothing, "");
        free(nothing);
        char *text = read_text(path);
        ck_assert_msg(strncmp(text, begin[i], strlen(begin[i])) == 0, "%s: %.40s", names[i], text);
        ck_assert_ptr_nonnull(strstr(text, "Wetter"));
        free(text);
    }
    char *piped = output_of(NULL, "attention", SENTENCE, "--to", "de", "--format", "svg");
    char *written = read_text(cli_path(&folder, "map.svg"));
    ck_assert_str_eq(piped, written);
    free(piped), free(written);
    cli_remove(&folder, names);
}
END_TEST

START_TEST(files_are_replaced_by_force_only) {
    struct folder folder = cli_folder();
    const char *path = cli_path(&folder, "map.svg");
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("mine", file);
    fclose(file);
    struct ran ran = run(NULL, "attention", SENTENCE, "--to", "de", "-o", path);
    check_refusal(&ran, 2, "map.svg is there already|--force");
    char *text = read_text(path);
    ck_assert_str_eq(text, "mine");
    free(text);
    free(output_of(NULL, "attention", SENTENCE, "--to", "de", "-o", path, "--force"));
    text = read_text(path);
    ck_assert_int_eq(strncmp(text, "<svg", 4), 0);
    free(text);
    /* what cannot be translated leaves the old file */
    ran = run(NULL, "attention", "", "--to", "de", "-o", path, "--force");
    check_refusal(&ran, 1, "no words");
    ck_assert_int_eq(access(path, F_OK), 0);
    cli_remove(&folder, (const char *const[]){"map.svg", NULL});
}
END_TEST

START_TEST(wrong_usage_of_attention) {
    static const struct {
        const char *arguments[7], *says;
    } wrong[] = {
        {{"attention"}, "needs a text"},
        {{"attention", "x", "--format", "pdf"}, "--format is \"pdf\"|html, svg, json or text"},
        {{"attention", "x", "-o", "map.png"}, "map.png|.html"},
        {{"attention", "x", "-o", "map"}, "map|--format"},
        {{"attention", "x", "--to", "de", "-o", "tests/none/a.svg"}, "tests/none/a.svg: No such"},
        {{"attention", "x", "--ids"}, "--ids is no option of tolka attention"},
        {{"attention", "x", "--to", "Klingon"}, "Klingon"},
        {{"translate", "x", "--force"}, "--force is no option of tolka translate"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct ran ran = run_text(NULL, wrong[i].arguments);
        check_refusal(&ran, 2, wrong[i].says);
    }
}
END_TEST

/* ---- numbers --------------------------------------------------------------------------------- */

/* [layer][head][query][key], both of it. */
static void same_weights(const json_t *found, const json_t *expected, int depth) {
    if (depth == 0) {
        ck_assert_double_eq_tol(json_number_value(found), json_number_value(expected), 1e-5);
        return;
    }
    ck_assert_uint_eq(json_array_size(found), json_array_size(expected));
    ck_assert_uint_gt(json_array_size(found), 0);
    for (size_t i = 0; i < json_array_size(found); i++)
        same_weights(json_array_get(found, i), json_array_get(expected, i), depth - 1);
}

static void check_sums(const json_t *weights, int depth) {
    double sum = 0;
    for (size_t i = 0; i < json_array_size(weights); i++)
        if (depth > 1)
            check_sums(json_array_get(weights, i), depth - 1);
        else
            sum += json_number_value(json_array_get(weights, i));
    if (depth == 1) ck_assert_double_eq_tol(sum, 1, 1e-5);
}

START_TEST(numbers_equal_the_reference) {
    struct folder folder = cli_folder();
    const char *model = cli_path(&folder, "model.gguf");
    free(output_of(NULL, "convert", FIXTURES "marian", "-o", model, "--type", "f32", "-q"));
    char *output = output_of(NULL, "attention", "Hello world.", "-m", model, "--beam", "1", "--to",
                             "none", "--format", "json");
    json_t *found = parse(output), *root = json_load_file(FIXTURES "marian/decoding.json", 0, NULL);
    const json_t *entry = json_array_get(json_object_get(root, "cases"), 0);
    const json_t *expected = json_object_get(entry, "attention");
    ck_assert(json_equal(json_object_get(json_object_get(found, "source"), "ids"),
                         json_object_get(entry, "source_ids")));
    static const char *const kinds[] = {"encoder", "decoder", "cross"};
    for (int i = 0; i < 3; i++) {
        same_weights(json_object_get(found, kinds[i]), json_object_get(expected, kinds[i]), 4);
        check_sums(json_object_get(found, kinds[i]), 4);
    }
    json_decref(found), json_decref(root);
    free(output);
    cli_remove(&folder, (const char *const[]){"model.gguf", NULL});
}
END_TEST

static int word_of(const json_t *side, const char *word) {
    const json_t *words = json_object_get(side, "words");
    for (size_t i = 0; i < json_array_size(words); i++)
        if (strcmp(json_string_value(json_array_get(words, i)), word) == 0) return (int)i;
    ck_abort_msg("no word \"%s\"", word);
    return -1;
}

static double link_weight(const json_t *found, int source, int target) {
    const json_t *links = json_object_get(found, "alignment");
    for (size_t i = 0; i < json_array_size(links); i++) {
        const json_t *link = json_array_get(links, i);
        if (json_integer_value(json_object_get(link, "source")) == source &&
            json_integer_value(json_object_get(link, "target")) == target)
            return json_number_value(json_object_get(link, "weight"));
    }
    return 0;
}

START_TEST(a_given_translation_is_looked_at) {
    char *output = output_of(NULL, "attention", SENTENCE, "--to", "de", "--format", "json",
                             "--target", "Heute ist schönes Wetter.");
    json_t *found = parse(output);
    ck_assert_str_eq(json_string_value(json_object_get(found, "translation")),
                     "Heute ist schönes Wetter.");
    const json_t *source = json_object_get(found, "source"),
                 *target = json_object_get(found, "target");
    ck_assert_double_gt(link_weight(found, word_of(source, "weather"), word_of(target, "Wetter")),
                        0.3);
    ck_assert_double_gt(link_weight(found, word_of(source, "nice"), word_of(target, "schönes")),
                        0.2);
    /* special tokens are aligned with nothing */
    ck_assert_uint_eq(json_array_size(json_object_get(found, "alignment")), 5);
    json_decref(found);
    free(output);
}
END_TEST

/* Half of these words look at the language's tag most of all. */
START_TEST(special_tokens_are_never_aligned) {
    char *output = output_of(NULL, "attention", LONG_SENTENCE, "--to", "de", "--format", "json");
    json_t *found = parse(output);
    const json_t *links = json_object_get(found, "alignment");
    const json_t *words = json_object_get(json_object_get(found, "source"), "words");
    ck_assert_uint_gt(json_array_size(links), 15);
    for (size_t i = 0; i < json_array_size(links); i++) {
        const json_t *source = json_object_get(json_array_get(links, i), "source");
        const char *word =
            json_string_value(json_array_get(words, (size_t)json_integer_value(source)));
        ck_assert(strcmp(word, ">>deu<<") != 0 && strcmp(word, "</s>") != 0);
    }
    json_decref(found);
    free(output);
}
END_TEST

/* ---- markup ---------------------------------------------------------------------------------- */

static bool is_void(const char *name, size_t n) {
    static const char *const names[] = {"meta", "input", "!DOCTYPE"};
    for (size_t i = 0; i < 3; i++)
        if (strlen(names[i]) == n && strncmp(name, names[i], n) == 0) return true;
    return false;
}

/* The ">" of a tag; quotes around attributes' values may hold others. */
static const char *tag_end(const char *at) {
    for (char quote = 0; *at && (quote || *at != '>'); at++)
        if (quote ? *at == quote : *at == '"') quote = quote ? 0 : '"';
    return at;
}

/* Every tag is closed, in turn. What is not escaped would not be. */
static void check_balance(const char *text) {
    const char *open[64];
    size_t lengths[64], depth = 0;
    while ((text = strchr(text, '<'))) {
        bool closes = text[1] == '/';
        const char *name = text + 1 + closes, *end = tag_end(name);
        size_t n = strcspn(name, " \n/>");
        ck_assert_msg(*end && n > 0, "no tag: %.60s", text);
        text = end + 1;
        if (closes) {
            ck_assert_msg(depth > 0 && lengths[depth - 1] == n &&
                              strncmp(open[depth - 1], name, n) == 0,
                          "</%.*s> closes something else", (int)n, name);
            depth--;
        } else if (end[-1] != '/' && !is_void(name, n)) {
            ck_assert_uint_lt(depth, 64);
            open[depth] = name;
            lengths[depth++] = n;
            if (strncmp(name, "script", n) == 0 || strncmp(name, "style", n) == 0)
                text = strstr(text, strncmp(name, "script", n) == 0 ? "</script" : "</style");
            ck_assert_ptr_nonnull(text);
        }
    }
    ck_assert_uint_eq(depth, 0);
}

START_TEST(pages_and_pictures_are_well_formed) {
    static const char *const formats[] = {"html", "svg"};
    static const size_t schemes[] = {0, 1}; /* SVG's namespace */
    for (size_t i = 0; i < 2; i++) {
        char *page = output_of(NULL, "attention", SENTENCE, "--to", "de", "--format", formats[i]);
        check_balance(page);
        static const char *const words[] = {"weather", "today",        "Wetter",
                                            "heute",   "&#60;/s&#62;", "&#62;&#62;deu&#60;&#60;"};
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            ck_assert_msg(strstr(page, words[k]) != NULL, "no %s", words[k]);
        ck_assert_uint_eq(count(page, "http:") + count(page, "https:"), schemes[i]);
        ck_assert_uint_eq(count(page, "url(") + count(page, "@import") + count(page, "src="), 0);
        ck_assert_uint_eq(count(page, "{{"), 0);
        free(page);
    }
}
END_TEST

START_TEST(text_never_becomes_markup) {
    static const char hostile[] =
        "</script><script>alert(1)</script> \"onload='x' <img/src=x> &amp; \x1b[31m]]> </svg>";
    static const char *const formats[] = {"html", "svg"};
    static const size_t scripts[] = {2, 0};
    for (size_t i = 0; i < 2; i++) {
        char *page = output_of(NULL, "attention", hostile, "--to", "de", "--format", formats[i],
                               "--target", hostile);
        check_balance(page);
        ck_assert_uint_eq(count(page, "<script"), scripts[i]);
        ck_assert_uint_eq(count(page, "<img"), 0);
        ck_assert_uint_eq(count(page, ">>deu<<"), 0);
        ck_assert_uint_eq(count(page, "\x1b"), 0);
        ck_assert_ptr_nonnull(strstr(page, "alert"));
        char *data = strstr(page, "id=\"data\""); /* of which JSON takes care */
        if (data) *data = 0;
        ck_assert_uint_eq(count(page, "\"onload") + count(page, "onload='"), 0);
        free(page);
    }
    char *text = output_of(NULL, "attention", hostile, "--to", "de", "--target", hostile);
    ck_assert_uint_eq(count(text, "\x1b"), 0);
    free(text);
}
END_TEST

/* ---- what the page's script reads ------------------------------------------------------------ */

static json_t *page_data(const char *page) {
    static const char before[] = "<script type=\"application/json\" id=\"data\">";
    const char *start = strstr(page, before);
    ck_assert_ptr_nonnull(start);
    start += strlen(before);
    const char *end = strstr(start, "</script>");
    ck_assert_ptr_nonnull(end);
    json_t *data = json_loadb(start, (size_t)(end - start), 0, NULL);
    ck_assert_ptr_nonnull(data);
    return data;
}

struct unpacked {
    size_t heads, slots, rows, columns, layers;
    double *at;
};

static size_t size_in(const json_t *map, const char *key) {
    const json_t *value = json_object_get(map, key);
    return json_is_array(value) ? json_array_size(value) : (size_t)json_integer_value(value);
}

/* From base 64 to 16 bits, lower byte first. */
static double *unpack(const char *text, size_t *n) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = strcspn(text, "="), n_bytes = 0;
    unsigned char *bytes = malloc(length + 4);
    unsigned bits = 0;
    ck_assert_uint_eq(strlen(text) % 4, 0);
    for (size_t i = 0; i < length; i++) {
        const char *digit = strchr(digits, text[i]);
        ck_assert_ptr_nonnull(digit);
        bits = bits << 6 | (unsigned)(digit - digits);
        if (i % 4) bytes[n_bytes++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
    }
    *n = n_bytes / 2;
    double *values = malloc((*n + 1) * sizeof *values);
    for (size_t i = 0; i < *n; i++) values[i] = (bytes[2 * i] + 256 * bytes[2 * i + 1]) / 65535.0;
    free(bytes);
    return values;
}

static struct unpacked unpack_map(const json_t *data, const char *view, const char *kind) {
    const json_t *map = json_object_get(json_object_get(data, view), kind);
    struct unpacked out = {size_in(map, "heads"),
                           size_in(map, "slots"),
                           size_in(map, "rows"),
                           size_in(map, "columns"),
                           0,
                           NULL};
    size_t n, slot = out.rows * out.columns;
    out.at = unpack(json_string_value(json_object_get(map, "weights")), &n);
    ck_assert_uint_gt(slot, 0);
    ck_assert_uint_eq(n % (out.slots * slot), 0);
    out.layers = n / (out.slots * slot);
    return out;
}

static double value_of(const struct unpacked *map, size_t layer, size_t slot, size_t row,
                       size_t column) {
    return map->at[((layer * map->slots + slot) * map->rows + row) * map->columns + column];
}

/* Rows of heads, averages and rollouts sum to one, by pieces and by words; the average is one. */
static void check_map(const struct unpacked *map) {
    for (size_t layer = 0; layer < map->layers; layer++)
        for (size_t row = 0; row < map->rows; row++)
            for (size_t slot = 0; slot < map->slots; slot++) {
                double sum = 0;
                for (size_t column = 0; column < map->columns; column++)
                    sum += value_of(map, layer, slot, row, column);
                ck_assert_double_eq_tol(sum, 1, 1e-3);
            }
    for (size_t row = 0; row < map->rows; row++)
        for (size_t column = 0; column < map->columns; column++) {
            double mean = 0;
            for (size_t head = 0; head < map->heads; head++)
                mean += value_of(map, 0, head, row, column) / (double)map->heads;
            ck_assert_double_eq_tol(value_of(map, 0, map->heads, row, column), mean, 2e-5);
        }
}

/* Words are what they are by hand: the mean of their rows, the sum of their columns. */
static void check_joined(const struct unpacked *words, const struct unpacked *pieces,
                         const json_t *row_words, const json_t *column_words) {
    double *sums = calloc(words->rows * words->columns, sizeof *sums);
    size_t *members = calloc(words->rows, sizeof *members);
    for (size_t i = 0; i < pieces->rows; i++) {
        size_t row = (size_t)json_integer_value(json_array_get(row_words, i));
        members[row]++;
        for (size_t j = 0; j < pieces->columns; j++)
            sums[row * words->columns +
                 (size_t)json_integer_value(json_array_get(column_words, j))] +=
                value_of(pieces, 1, 2, i, j);
    }
    for (size_t i = 0; i < words->rows; i++)
        for (size_t j = 0; j < words->columns; j++)
            ck_assert_double_eq_tol(value_of(words, 1, 2, i, j),
                                    sums[i * words->columns + j] / (double)members[i], 1e-4);
    free(sums);
    free(members);
}

START_TEST(the_page_has_the_numbers) {
    static const char text[] = "Unbelievable gardeners misunderstood everything.";
    static const char *const kinds[] = {"encoder", "decoder", "cross"};
    char *page = output_of(NULL, "attention", text, "--to", "de", "--format", "html");
    char *numbers = output_of(NULL, "attention", text, "--to", "de", "--format", "json");
    json_t *data = page_data(page), *json = parse(numbers);
    for (int i = 0; i < 3; i++) {
        struct unpacked pieces = unpack_map(data, "pieces", kinds[i]);
        struct unpacked words = unpack_map(data, "words", kinds[i]);
        ck_assert_uint_gt(pieces.rows, words.rows);
        check_map(&pieces);
        check_map(&words);
        const json_t *head = json_array_get(json_array_get(json_object_get(json, kinds[i]), 1), 2);
        for (size_t row = 0; row < pieces.rows; row++)
            for (size_t column = 0; column < pieces.columns; column++)
                ck_assert_double_eq_tol(
                    value_of(&pieces, 1, 2, row, column),
                    json_number_value(json_array_get(json_array_get(head, row), column)), 1e-5);
        const json_t *source = json_object_get(json_object_get(json, "source"), "word");
        const json_t *target = json_object_get(json_object_get(json, "target"), "word");
        if (i != 1) check_joined(&words, &pieces, i == 0 ? source : target, source);
        free(pieces.at), free(words.at);
    }
    json_decref(data), json_decref(json);
    free(page), free(numbers);
}
END_TEST

/* The encoder's rollout after two layers, multiplied by hand. */
START_TEST(rollout_multiplies_the_layers) {
    char *page = output_of(NULL, "attention", SENTENCE, "--to", "de", "--format", "html");
    json_t *data = page_data(page);
    struct unpacked map = unpack_map(data, "pieces", "encoder");
    size_t n = map.rows, average = map.heads, rollout = map.heads + 1;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t k = 0; k < n; k++)
                sum += (value_of(&map, 1, average, i, k) + (i == k)) / 2 *
                       (value_of(&map, 0, average, k, j) + (k == j)) / 2;
            ck_assert_double_eq_tol(value_of(&map, 1, rollout, i, j), sum, 1e-4);
        }
    free(map.at);
    json_decref(data);
    free(page);
}
END_TEST

/* ---- text ------------------------------------------------------------------------------------ */

/* All lines of the map, but the one below it, which is prose. */
static void check_width(char *map, size_t width) {
    for (char *line = strtok(map, "\n"), *next; line; line = next) {
        size_t used = 0;
        next = strtok(NULL, "\n");
        for (const char *at = line; *at; at++) used += ((unsigned char)*at & 0xc0) != 0x80;
        ck_assert_msg(!next || used <= width, "%zu columns: \"%s\"", width, line);
    }
}

START_TEST(text_fits_its_width) {
    for (size_t width = 24; width <= 120; width += 6) {
        char columns[8];
        snprintf(columns, sizeof columns, "%zu", width);
        setenv("COLUMNS", columns, 1);
        char *output =
            output_of(NULL, "attention", width % 12 ? SENTENCE : LONG_SENTENCE, "--to", "de");
        ck_assert_uint_eq(count(output, "\x1b"), 0);
        char *map = strstr(output, "\n\n");
        ck_assert_ptr_nonnull(map);
        check_width(map, width);
        free(output);
    }
    char *words = output_of(NULL, "attention", "Unbelievable.", "--to", "de");
    char *pieces = output_of(NULL, "attention", "Unbelievable.", "--to", "de", "--pieces");
    ck_assert_uint_eq(count(words, "\xe2\x96\x81"), 0);
    ck_assert_uint_gt(count(pieces, "\xe2\x96\x81"), 0);
    free(words), free(pieces);
}
END_TEST

TCase *cli_attention_case(void) {
    TCase *tests = tcase_create("attention");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, sentences_are_looked_at_together);
    tcase_add_test(tests, each_form_is_written);
    tcase_add_test(tests, files_are_replaced_by_force_only);
    tcase_add_test(tests, wrong_usage_of_attention);
    tcase_add_test(tests, numbers_equal_the_reference);
    tcase_add_test(tests, a_given_translation_is_looked_at);
    tcase_add_test(tests, special_tokens_are_never_aligned);
    tcase_add_test(tests, pages_and_pictures_are_well_formed);
    tcase_add_test(tests, text_never_becomes_markup);
    tcase_add_test(tests, the_page_has_the_numbers);
    tcase_add_test(tests, rollout_multiplies_the_layers);
    tcase_add_test(tests, text_fits_its_width);
    return tests;
}
