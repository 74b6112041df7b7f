/* PyTorch files of before 1.6, and what pickles of training scripts hold besides tensors. */
#include "models/checkpoint/pickle.h"
#include "models/checkpoint/pickle_json.h"
#include "tests/import_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TCase *import_pickle_case(void);

#define LEGACY "tests/fixtures/pytorch-legacy/"

/* ---- files that torch wrote ------------------------------------------------------------------ */

static void expect_row(const struct source *source, const char *name, uint64_t row, size_t n,
                       const float *expected) {
    float values[4];
    const struct source_tensor *tensor = source_find(source, name);
    ck_assert_msg(tensor != NULL, "%s", name);
    source_read_row(tensor, row, false, values);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(values[i] == expected[i], "%s: %g, not %g", name, (double)values[i],
                      (double)expected[i]);
}

static const char *const legacy_files[] = {LEGACY "views.bin", LEGACY "views4.bin"};

START_TEST(views_of_legacy_storages) {
    struct source source;
    tolka_error err = {0};
    ck_assert_msg(source_open(&source, legacy_files[_i], &err) == TOLKA_OK, "%s", err.text);
    ck_assert_str_eq(source.kind_name, "PyTorch before 1.6");
    ck_assert_uint_eq(source.n_tensors, 10);
    expect_row(&source, "rows", 1, 4, (float[]){4, 5, 6, 7});
    expect_row(&source, "turned", 1, 3, (float[]){1, 5, 9});
    expect_row(&source, "part", 1, 3, (float[]){5, 6, 7});
    expect_row(&source, "half", 0, 2, (float[]){1.5f, -2});
    expect_row(&source, "bfloat16", 0, 2, (float[]){1.5f, -2});
    expect_row(&source, "integers", 0, 3, (float[]){3, 4, 5});
    expect_row(&source, "parameter", 0, 2, (float[]){1, 1});
    expect_row(&source, "double", 0, 1, (float[]){2.5f});
    ck_assert_uint_eq(source_elements(source_find(&source, "empty")), 0);
    ck_assert(source_find(&source, "rows")->shares >= 0 ||
              source_find(&source, "again")->shares >= 0);
    source_close(&source);
}
END_TEST

static struct built read_file(const char *path) {
    struct built built = {0};
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    uint8_t bytes[4096];
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, file)) > 0;) put(&built, bytes, n);
    fclose(file);
    return built;
}

START_TEST(damaged_legacy_files) {
    struct built built = read_file(legacy_files[_i]);
    expect_robust(&built);
    built_free(&built);
}
END_TEST

/* ---- files made by hand ---------------------------------------------------------------------- */

#define BYTES(text) text, sizeof text - 1
#define MAGIC "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
#define VERSION "\x80\x02M\xe9\x03."
#define LITTLE "\x80\x02}X\x0d\0\0\0little_endian\x88s."
#define BIG "\x80\x02}X\x0d\0\0\0little_endian\x89s."
#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n("
#define STORAGE(size, part)                                                                        \
    "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0kX\3\0\0\0cpuK" size part "tQ"
/* Two elements, of a storage of `size` or of a part of it. */
#define OBJECT(size, part)                                                                         \
    "\x80\x02}X\1\0\0\0a" REBUILD STORAGE(size, part) "K\0K\2\x85K\1\x85\x89)tRs."
#define KEYS "\x80\x02]X\1\0\0\0ka."
#define COUNT2 "\2\0\0\0\0\0\0\0"
#define DATA2 "\0\0\x80\x3f\0\0\0\x40"

struct legacy_case {
    const char *bytes;
    size_t n;
    tolka_status status;
    const char *says;
};

static const struct legacy_case legacy_cases[] = {
    {BYTES(MAGIC), TOLKA_FORMAT, "cut off"},
    {BYTES("\x80\x02}."), TOLKA_FORMAT, "no PyTorch checkpoint"},
    {BYTES(MAGIC "\x80\x02K\1."), TOLKA_UNSUPPORTED, "unknown version"},
    {BYTES(MAGIC VERSION BIG), TOLKA_UNSUPPORTED, "little-endian"},
    {BYTES(MAGIC VERSION "\x80\x02}."), TOLKA_UNSUPPORTED, "little-endian"},
    {BYTES(MAGIC VERSION "\x80\x02K\1."), TOLKA_UNSUPPORTED, "little-endian"},
    {BYTES(MAGIC VERSION LITTLE OBJECT("\2", "")), TOLKA_FORMAT, "cut off"},
    {BYTES(MAGIC VERSION LITTLE OBJECT("\2", "") "\x80\x02}."), TOLKA_FORMAT, "no list"},
    {BYTES(MAGIC VERSION LITTLE OBJECT("\2", "") "\x80\x02]."), TOLKA_FORMAT, "no storage k"},
    {BYTES(MAGIC VERSION LITTLE OBJECT("\2", "") "\x80\x02]K\1a."), TOLKA_FORMAT, "not a text"},
    {BYTES(MAGIC VERSION LITTLE OBJECT("\2", "") "\x80\x02]X\1\0\0\0xa."), TOLKA_FORMAT,
     "no tensor has the storage x"},
    {BYTES(MAGIC VERSION LITTLE OBJECT("\2", "") KEYS COUNT2), TOLKA_FORMAT, "does not fit"},
    {BYTES(MAGIC VERSION LITTLE OBJECT("\2", "") KEYS "\xff\xff\xff\xff\xff\xff\xff\xff" DATA2),
     TOLKA_FORMAT, "does not fit"},
    {BYTES(MAGIC VERSION LITTLE OBJECT("\3", "") KEYS COUNT2 DATA2), TOLKA_FORMAT, "need more"},
    {BYTES(MAGIC VERSION LITTLE OBJECT("\1", "") KEYS COUNT2 DATA2), TOLKA_FORMAT, "past the end"},
    {BYTES(MAGIC VERSION LITTLE OBJECT("\2", "") KEYS COUNT2 DATA2 "x"), TOLKA_FORMAT,
     "1 bytes follow"},
    {BYTES(MAGIC VERSION LITTLE OBJECT(
         "\2", "") "\x80\x02]X\1\0\0\0kaX\1\0\0\0ka." COUNT2 DATA2 COUNT2 DATA2),
     TOLKA_FORMAT, "there twice"},
    {BYTES(MAGIC VERSION LITTLE OBJECT("\4", "(X\1\0\0\0vK\3K\2t") KEYS), TOLKA_FORMAT,
     "not in its storage"},
    {BYTES(MAGIC VERSION LITTLE OBJECT("\4", "K\1") KEYS), TOLKA_FORMAT, "not in its storage"},
    {BYTES(MAGIC VERSION LITTLE
           "\x80\x02(X\6\0\0\0modulecmade.up\nNet\nX\0\0\0\0X\0\0\0\0tQ)\x81}b." KEYS COUNT2 DATA2),
     TOLKA_FORMAT, "no tensor has"},
    {BYTES(MAGIC VERSION LITTLE
           "\x80\x02(X\6\0\0\0modulecmade.up\nNet\nX\0\0\0\0X\0\0\0\0tQ)\x81}b.\x80\x02]."),
     TOLKA_UNSUPPORTED, "object of class Net"},
};
enum { N_LEGACY_CASES = sizeof legacy_cases / sizeof *legacy_cases };

START_TEST(bad_legacy_file) {
    const struct legacy_case *c = &legacy_cases[_i];
    struct built built = {0};
    put(&built, c->bytes, c->n);
    expect_failure(&built, c->status, c->says);
    built_free(&built);
}
END_TEST

/* torch before 0.4: a storage that is a part of another. */
START_TEST(part_of_a_legacy_storage) {
    static const char bytes[] = MAGIC VERSION LITTLE OBJECT("\3", "(X\1\0\0\0vK\1K\2t") KEYS
        "\3\0\0\0\0\0\0\0\0\0\0\0" DATA2;
    struct source source;
    tolka_error err = {0};
    const char *path = temporary("part.bin");
    write_file(path, bytes, sizeof bytes - 1);
    ck_assert_msg(source_open(&source, path, &err) == TOLKA_OK, "%s", err.text);
    expect_row(&source, "a", 0, 2, (float[]){1, 2});
    source_close(&source);
    remove(path);
}
END_TEST

/* ---- settings in a pickle -------------------------------------------------------------------- */

/* Reads `n` bytes of a pickle; NULL: it has no settings. The caller frees the JSON. */
static char *settings_of(const char *bytes, size_t n) {
    struct pickle pickle;
    tolka_error err = {0};
    char *json;
    ck_assert_msg(pickle_read(&pickle, (const uint8_t *)bytes, n, "here", &err) == TOLKA_OK, "%s",
                  err.text);
    ck_assert_msg(pickle_settings(&json, &pickle, "here", &err) == TOLKA_OK, "%s", err.text);
    pickle_free(&pickle);
    return json;
}

static void expect_settings(const char *bytes, size_t n, const char *expected) {
    char *json = settings_of(bytes, n);
    ck_assert_str_eq(json, expected);
    free(json);
}

#define ARGS "\x80\x02}X\4\0\0\0args"
#define NAMESPACE "cargparse\nNamespace\n)\x81"

START_TEST(options_become_settings) {
    expect_settings(BYTES(ARGS NAMESPACE "}(X\1\0\0\0aK\1X\1\0\0\0b\x88X\1\0\0\0c]K\2aX\1\0\0\0dNu"
                                         "bs."),
                    "{\"a\": 1, \"b\": true, \"c\": [2], \"d\": null, \"model_type\": "
                    "\"fairseq\"}");
    expect_settings(BYTES("\x80\x02}X\3\0\0\0cfg}(X\5\0\0\0model}X\1\0\0\0aK\2sX\4\0\0\0task}(X\1\0"
                          "\0\0aK\1X\7\0\0\0encoder}X\6\0\0\0layersK\6suus."),
                    "{\"a\": 2, \"encoder\": {\"layers\": 6}, \"encoder_layers\": 6, "
                    "\"model_type\": \"fairseq\"}");
    ck_assert_ptr_null(settings_of(BYTES("\x80\x02}.")));
    ck_assert_ptr_null(settings_of(BYTES(ARGS "Ns.")));
}
END_TEST

/* The name of a language is no path. */
START_TEST(languages_name_dictionaries) {
    expect_settings(BYTES(ARGS "}X\x0b\0\0\0source_langX\2\0\0\0enss."),
                    "{\"source_lang\": \"en\", \"source_dictionary\": \"dict.en.txt|dict.txt\", "
                    "\"model_type\": \"fairseq\"}");
    expect_settings(BYTES(ARGS "}X\x0b\0\0\0source_langX\4\0\0\0../xss."),
                    "{\"source_lang\": \"../x\", \"model_type\": \"fairseq\"}");
}
END_TEST

/* What calls would do is not done: their arguments are what an object is. */
START_TEST(calls_are_data) {
    expect_settings(BYTES(ARGS "}(X\1\0\0\0acos\nsystem\nX\1\0\0\0x\x85RX\1\0\0\0bK\1us."),
                    "{\"b\": 1, \"model_type\": \"fairseq\"}");
}
END_TEST

/* A dict in itself, and lists that hold the one before a hundred times. */
START_TEST(settings_are_bounded) {
    char *own = settings_of(BYTES(ARGS "}q\1(X\1\0\0\0ah\1X\1\0\0\0bK\2us."));
    ck_assert_uint_lt(strlen(own), 1000);
    free(own);
    struct built texts = {0}; /* a long one, many times */
    put(&texts, BYTES(ARGS "}(X\1\0\0\0aX"));
    put_integer(&texts, 100000, 4);
    for (int i = 0; i < 100000; i++) put_text(&texts, "x");
    put_text(&texts, "q\1X\1");
    put(&texts, BYTES("\0\0\0b]("));
    for (int i = 0; i < 1000; i++) put_text(&texts, "h\1");
    put_text(&texts, "eus.");
    char *short_json = settings_of((const char *)texts.bytes, texts.n);
    ck_assert_uint_lt(strlen(short_json), 100000);
    free(short_json);
    built_free(&texts);
    struct built bomb = {0};
    put(&bomb, BYTES(ARGS "}X\1\0\0\0a]q\1K\1a0"));
    for (unsigned depth = 2; depth < 200; depth++) {
        put_text(&bomb, "]q");
        put_integer(&bomb, depth, 1);
        put_text(&bomb, "(");
        for (int i = 0; i < 100; i++) {
            put_text(&bomb, "h");
            put_integer(&bomb, depth - 1, 1);
        }
        put_text(&bomb, "e0");
    }
    put_text(&bomb, "h\xc7ss.");
    char *json = settings_of((const char *)bomb.bytes, bomb.n);
    ck_assert_uint_lt(strlen(json), 1 << 20);
    free(json);
    built_free(&bomb);
}
END_TEST

/* A whole checkpoint of fairseq, cut off and changed here and there (everywhere takes minutes). */
START_TEST(damaged_fairseq_checkpoint) {
    struct built built = read_file("tests/fixtures/fairseq/args/model.pt");
    struct source source;
    tolka_error err;
    const char *path = temporary("damaged.pt");
    for (size_t i = 0; i < built.n; i += 1 + built.n / 700) {
        uint8_t byte = built.bytes[i];
        write_file(path, built.bytes, i);
        ck_assert_int_ne(source_open(&source, path, &err), TOLKA_OK);
        built.bytes[i] ^= 0x81;
        write_file(path, built.bytes, built.n);
        if (source_open(&source, path, &err) == TOLKA_OK) source_close(&source);
        built.bytes[i] = byte;
    }
    remove(path);
    built_free(&built);
}
END_TEST

TCase *import_pickle_case(void) {
    TCase *pickles = tcase_create("pickles");
    tcase_set_timeout(pickles, 120);
    tcase_add_loop_test(pickles, views_of_legacy_storages, 0, 2);
    tcase_add_loop_test(pickles, damaged_legacy_files, 0, 2);
    tcase_add_loop_test(pickles, bad_legacy_file, 0, N_LEGACY_CASES);
    tcase_add_test(pickles, part_of_a_legacy_storage);
    tcase_add_test(pickles, options_become_settings);
    tcase_add_test(pickles, languages_name_dictionaries);
    tcase_add_test(pickles, calls_are_data);
    tcase_add_test(pickles, settings_are_bounded);
    tcase_add_test(pickles, damaged_fairseq_checkpoint);
    return pickles;
}
