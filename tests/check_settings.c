/* Settings and vocabularies: what stands beside weights. */
#include "models/checkpoint/settings.h"
#include "models/checkpoint/vocabulary_read.h"
#include "tests/import_files.h"

#include <stdio.h>
#include <string.h>

TCase *import_settings_case(void);

#define FIXTURES "tests/fixtures/"

/* ---- settings -------------------------------------------------------------------------------- */

static struct settings *parse(const char *text) {
    struct settings *settings;
    tolka_error err = {0};
    tolka_status status = settings_parse(&settings, text, strlen(text), "config.json", &err);
    ck_assert_msg(status == TOLKA_OK, "%s", err.text);
    return settings;
}

START_TEST(typed_lookup) {
    struct settings *s =
        parse("{\"n\":7,\"x\":0.5,\"big\":1e3,\"yes\":true,\"name\":\"abc\",\"nil\":null,"
              "\"in\":{\"side\":{\"n\":3}},\"ids\":[[762],[1,2]],\"more\":0}");
    int64_t n;
    double x;
    bool yes;
    const char *name;
    ck_assert_int_eq(settings_integer(s, "n", 1, &n, NULL), TOLKA_OK);
    ck_assert_int_eq(n, 7);
    ck_assert_int_eq(settings_integer(s, "big", 1, &n, NULL), TOLKA_OK);
    ck_assert_int_eq(n, 1000);
    ck_assert_int_eq(settings_integer(s, "none", 5, &n, NULL), TOLKA_OK);
    ck_assert_int_eq(n, 5);
    ck_assert_int_eq(settings_integer(s, "nil", 5, &n, NULL), TOLKA_OK);
    ck_assert_int_eq(n, 5);
    ck_assert_int_eq(settings_integer(s, "in.side.n", 5, &n, NULL), TOLKA_OK);
    ck_assert_int_eq(n, 3);
    ck_assert_int_eq(settings_integer(s, "ids.1.0", 5, &n, NULL), TOLKA_OK);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(settings_integer(s, "ids.2.0", 5, &n, NULL), TOLKA_OK);
    ck_assert_int_eq(n, 5);
    ck_assert_int_eq(settings_number(s, "n", 1, &x, NULL), TOLKA_OK);
    ck_assert_double_eq(x, 7);
    ck_assert_int_eq(settings_boolean(s, "yes", false, &yes, NULL), TOLKA_OK);
    ck_assert(yes);
    ck_assert_int_eq(settings_string(s, "name", NULL, &name, NULL), TOLKA_OK);
    ck_assert_str_eq(name, "abc");
    int64_t ids[1];
    size_t count;
    ck_assert_int_eq(settings_integers(s, "ids.1", ids, 1, &count, NULL), TOLKA_OK);
    ck_assert(count == 2 && ids[0] == 1);
    ck_assert(settings_has(s, "in.side") && !settings_has(s, "nil"));
    ck_assert_uint_eq(settings_length(s, "ids"), 2);
    const char *unread[2];
    ck_assert_uint_eq(settings_unread(s, unread, 2), 2);
    ck_assert_str_eq(unread[0], "x");
    ck_assert_str_eq(unread[1], "more");
    settings_free(s);
}
END_TEST

START_TEST(wrong_types_are_named) {
    struct settings *s = parse("{\"a\":{\"b\":\"text\"},\"x\":0.5,\"l\":[1,\"2\"]}");
    tolka_error err;
    int64_t n;
    double x;
    bool yes;
    const char *name;
    size_t count;
    ck_assert_int_eq(settings_integer(s, "a.b", 1, &n, &err), TOLKA_FORMAT);
    ck_assert_str_eq(err.text, "config.json: a.b is \"text\"; expected an integer");
    ck_assert_int_eq(settings_integer(s, "x", 1, &n, &err), TOLKA_FORMAT);
    ck_assert_int_eq(settings_number(s, "a", 1, &x, &err), TOLKA_FORMAT);
    ck_assert_int_eq(settings_boolean(s, "x", 1, &yes, &err), TOLKA_FORMAT);
    ck_assert_int_eq(settings_string(s, "x", NULL, &name, &err), TOLKA_FORMAT);
    ck_assert_int_eq(settings_integers(s, "l", &n, 1, &count, &err), TOLKA_FORMAT);
    settings_free(s);
}
END_TEST

START_TEST(settings_files) {
    struct settings *s;
    tolka_error err;
    ck_assert_int_eq(settings_open(&s, FIXTURES "nowhere.json", true, &err), TOLKA_IO);
    ck_assert_int_eq(settings_open(&s, FIXTURES "nowhere.json", false, &err), TOLKA_OK);
    ck_assert(!settings_has(s, "d_model"));
    settings_free(s);
    int64_t n;
    ck_assert_int_eq(settings_open(&s, FIXTURES "marian/config.json", true, &err), TOLKA_OK);
    ck_assert_int_eq(settings_integer(s, "d_model", 0, &n, NULL), TOLKA_OK);
    ck_assert_int_eq(n, 64);
    settings_free(s);
    const char *path = temporary("settings.json");
    write_text(path, "{\"model_max_length\": 1000000000000000019884624838656, \"d\": 3}");
    ck_assert_int_eq(settings_open(&s, path, true, &err), TOLKA_OK);
    ck_assert_int_eq(settings_integer(s, "d", 0, &n, NULL), TOLKA_OK);
    ck_assert_int_eq(n, 3);
    settings_free(s);
    write_text(path, "<html>");
    ck_assert_int_eq(settings_open(&s, path, false, &err), TOLKA_FORMAT);
    ck_assert_ptr_nonnull(strstr(err.text, "HTML"));
    write_text(path, "{\"a\": }");
    ck_assert_int_eq(settings_open(&s, path, false, &err), TOLKA_FORMAT);
    ck_assert_ptr_nonnull(strstr(err.text, "line 1: not JSON"));
    remove(path);
}
END_TEST

START_TEST(yaml_settings) {
    static const char text[] = "type: transformer\ndim-emb: 64\ndim-vocabs:\n  - 1000\n  - 900\n"
                               "tied: true\nquoted: \"12\"\nrate: 1e-4\nempty: ~\nlist: []\n";
    struct settings *s;
    tolka_error err = {0};
    ck_assert_msg(settings_parse_yaml(&s, text, sizeof text - 1, "model.yml", &err) == TOLKA_OK,
                  "%s", err.text);
    int64_t dims[2];
    size_t n;
    const char *type;
    bool tied;
    double rate;
    ck_assert_int_eq(settings_integers(s, "dim-vocabs", dims, 2, &n, NULL), TOLKA_OK);
    ck_assert(n == 2 && dims[0] == 1000 && dims[1] == 900);
    ck_assert_int_eq(settings_string(s, "type", NULL, &type, NULL), TOLKA_OK);
    ck_assert_str_eq(type, "transformer");
    ck_assert_int_eq(settings_string(s, "quoted", NULL, &type, NULL), TOLKA_OK);
    ck_assert_str_eq(type, "12");
    ck_assert_int_eq(settings_boolean(s, "tied", false, &tied, NULL), TOLKA_OK);
    ck_assert(tied);
    ck_assert_int_eq(settings_number(s, "rate", 0, &rate, NULL), TOLKA_OK);
    ck_assert_double_eq(rate, 1e-4);
    ck_assert(!settings_has(s, "empty") && settings_has(s, "list"));
    settings_free(s);
}
END_TEST

static const char *const bad_yaml[] = {
    "- 1\n",          "a: 1\na: 2\n",      "a: *b\n",
    "? [1]\n: 2\n",   "a: [1\n",           "a: \"\xff\"\n",
    "\"a\\0b\": 1\n", "a: 1\n---\nb: 2\n", "a: {b: {c: &x 1}}\n? *x\n: 2\n",
};

START_TEST(refused_yaml) {
    struct settings *s;
    tolka_error err = {0};
    ck_assert_int_eq(settings_parse_yaml(&s, bad_yaml[_i], strlen(bad_yaml[_i]), "model.yml", &err),
                     TOLKA_FORMAT);
    ck_assert_ptr_null(s);
    ck_assert_ptr_nonnull(strstr(err.text, "model.yml: "));
}
END_TEST

START_TEST(deep_yaml) {
    struct built text = {0};
    for (int i = 0; i < 5000; i++) put_text(&text, "[");
    struct settings *s;
    tolka_error err = {0};
    ck_assert_int_eq(settings_parse_yaml(&s, (char *)text.bytes, text.n, "model.yml", &err),
                     TOLKA_FORMAT);
    built_free(&text);
}
END_TEST

/* ---- vocabularies ---------------------------------------------------------------------------- */

static void open_text(struct vocabulary *vocabulary, const char *name, const char *text) {
    tolka_error err = {0};
    const char *path = temporary(name);
    write_text(path, text);
    tolka_status status = vocabulary_open(vocabulary, path, &err);
    remove(path);
    ck_assert_msg(status == TOLKA_OK, "%s", err.text);
}

static void refuse_text(const char *name, const char *text, const char *says) {
    struct vocabulary vocabulary;
    tolka_error err = {0};
    const char *path = temporary(name);
    write_text(path, text);
    ck_assert_int_eq(vocabulary_open(&vocabulary, path, &err), TOLKA_FORMAT);
    ck_assert_msg(strstr(err.text, says), "%s", err.text);
    remove(path);
}

START_TEST(vocabulary_of_marian) {
    struct vocabulary v;
    tolka_error err = {0};
    ck_assert_msg(vocabulary_open(&v, FIXTURES "marian/vocab.json", &err) == TOLKA_OK, "%s",
                  err.text);
    ck_assert_uint_eq(v.n, 763);
    ck_assert_int_eq(vocabulary_find(&v, "\xe2\x96\x81with"), 100);
    ck_assert_int_eq(vocabulary_find(&v, "<pad>"), 762);
    ck_assert_int_eq(vocabulary_find(&v, "no such piece"), -1);
    ck_assert_str_eq(v.tokens[300], "\xe2\x96\x81werde");
    ck_assert_int_eq(vocabulary_add_file(&v, FIXTURES "marian/tokenizer_config.json", &err),
                     TOLKA_OK);
    ck_assert_int_eq(vocabulary_add_file(&v, FIXTURES "nowhere.json", &err), TOLKA_OK);
    ck_assert_uint_eq(v.n, 763);
    vocabulary_free(&v);
}
END_TEST

START_TEST(vocabularies_of_each_kind) {
    struct vocabulary v;
    open_text(&v, "v.json", "[\"a\", \"b\", \"a\"]");
    ck_assert(v.n == 3 && vocabulary_find(&v, "a") == 0 && vocabulary_find(&v, "b") == 1);
    vocabulary_free(&v);
    open_text(&v, "v.txt", "a\r\n\r\nb\r\n");
    ck_assert(v.n == 3 && vocabulary_find(&v, "") == 1 && vocabulary_find(&v, "b") == 2);
    vocabulary_free(&v);
    open_text(&v, "v.txt", "a\r\nb\n\r");
    ck_assert(v.n == 3 && vocabulary_find(&v, "a\r") == 0 && vocabulary_find(&v, "\r") == 2);
    vocabulary_free(&v);
    open_text(&v, "v.yml", "</s>: 0\n\"\\\"x\\\\\": 1\n'it''s': 5\n? long\n: 3\n\"1\": 4\n");
    ck_assert(v.n == 6 && !v.tokens[2] && vocabulary_find(&v, "it's") == 5);
    ck_assert(vocabulary_find(&v, "\"x\\") == 1 && vocabulary_find(&v, "long") == 3);
    vocabulary_free(&v);
    open_text(&v, "tokenizer.json",
              "{\"model\":{\"vocab\":[[\"a\",-1.5],[\"b\",-2]]},\"added_tokens\":"
              "[{\"id\":0,\"content\":\"a\"},{\"id\":7,\"content\":\"<mask>\"}]}");
    ck_assert(v.n == 8 && vocabulary_find(&v, "<mask>") == 7);
    vocabulary_free(&v);
}
END_TEST

START_TEST(refused_vocabularies) {
    refuse_text("v.json", "{\"a\":0,\"b\":0}", "both a and b have id 0");
    refuse_text("v.json", "{\"a\":16777216}", "expected 0 to 16777215");
    refuse_text("v.json", "{\"a\":-1}", "expected 0 to");
    refuse_text("v.json", "{\"a\":\"0\"}", "no number");
    refuse_text("v.json", "{\"a\":0,\"a\":1}", "not JSON");
    refuse_text("v.json", "[1]", "entry 0 is not a token");
    refuse_text("v.json", "{}", "no tokens");
    refuse_text("v.json", "{\"a\":0.5}", "has id -1; expected 0 to");
    refuse_text("v.json", "<!DOCTYPE html>", "not JSON");
    refuse_text("v.json", "<!DOCTYPE html>", "; this is ");
    refuse_text("tokenizer.json", "{\"model\":{\"vocab\":{}},\"added_tokens\":[{\"id\":0}]}",
                "entry 0 lacks id or content");
    refuse_text("v.txt", "", "no tokens");
    refuse_text("v.txt", "a\n\xff\n", "not UTF-8");
    refuse_text("v.yml", "a: 0\nb: x\n", "line 2: x is not an id");
    refuse_text("v.yml", "a: [0]\n", "one map");
    refuse_text("v.yml", "a: 0\nb: 0\n", "both a and b");
    refuse_text("v.yml", "a: 0\n\"b: 1\n", "not YAML");
}
END_TEST

START_TEST(special_tokens_and_merges) {
    struct vocabulary v;
    tolka_error err = {0};
    const char *path = temporary("special_tokens_map.json");
    write_text(path, "{\"eos_token\":\"</s>\",\"additional_special_tokens\":"
                     "[\"__af__\",{\"content\":\"__de__\"}]}");
    ck_assert_int_eq(special_tokens_open(&v, path, &err), TOLKA_OK);
    ck_assert(v.n == 2 && vocabulary_find(&v, "__de__") == 1);
    vocabulary_free(&v);
    remove(path);
    path = temporary("merges.txt");
    write_text(path, "#version: 0.2\n# #\na b\n");
    ck_assert_int_eq(merges_open(&v, path, &err), TOLKA_OK);
    ck_assert(v.n == 2);
    ck_assert_str_eq(v.tokens[0], "# #");
    vocabulary_free(&v);
    write_text(path, "#version: 0.2\na b\nab\n");
    ck_assert_int_eq(merges_open(&v, path, &err), TOLKA_FORMAT);
    ck_assert_ptr_nonnull(strstr(err.text, "merge 1 is \"ab\""));
    remove(path);
    path = temporary("tokenizer.json");
    write_text(path, "{\"model\":{\"vocab\":{},\"merges\":[\"a b\",[\"ab\",\"c\"]]}}");
    ck_assert_int_eq(merges_open(&v, path, &err), TOLKA_OK);
    ck_assert_str_eq(v.tokens[1], "ab c");
    vocabulary_free(&v);
    remove(path);
}
END_TEST

TCase *import_settings_case(void) {
    TCase *settings = tcase_create("settings");
    tcase_add_test(settings, typed_lookup);
    tcase_add_test(settings, wrong_types_are_named);
    tcase_add_test(settings, settings_files);
    tcase_add_test(settings, yaml_settings);
    tcase_add_loop_test(settings, refused_yaml, 0, sizeof bad_yaml / sizeof *bad_yaml);
    tcase_add_test(settings, deep_yaml);
    tcase_add_test(settings, vocabulary_of_marian);
    tcase_add_test(settings, vocabularies_of_each_kind);
    tcase_add_test(settings, refused_vocabularies);
    tcase_add_test(settings, special_tokens_and_merges);
    return settings;
}
