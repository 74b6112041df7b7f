/* The tokenizer against what SentencePiece and Hugging Face's tokenizers gave
 * (tests/fixtures/tokenizer), and against metadata that is wrong. */
#include "tests/check_tokenizer.h"

#include "tests/tokens.h"
#include "tokenizer/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "tolka.tokenizer."

/* ---- models of metadata alone ---------------------------------------------------------------- */

uint8_t *read_fixture(const char *name, size_t *n) {
    char path[200];
    snprintf(path, sizeof path, "tests/fixtures/tokenizer/%s", name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    const size_t most = 1 << 20;
    uint8_t *bytes = malloc(most);
    *n = fread(bytes, 1, most, file);
    fclose(file);
    return bytes;
}

void build_fixture(struct gguf_builder *builder, const char *key, const char *name) {
    size_t n;
    uint8_t *bytes = read_fixture(name, &n);
    build_bytes(builder, key, bytes, n);
    free(bytes);
}

struct tolka_model *build_model(struct gguf_builder *builder, uint32_t vocab, int32_t pad) {
    struct tolka_model *model = calloc(1, sizeof *model);
    size_t n;
    uint8_t *bytes = build_file(builder, &n);
    tolka_error err = {0};
    ck_assert_int_eq(gguf_parse(&model->gguf, bytes, n, "test.gguf", &err), TOLKA_OK);
    model->name = (char *)"test.gguf";
    config_init(&model->model.config);
    model->model.config.source_vocab = model->model.config.target_vocab = vocab;
    model->model.config.pad_token = pad;
    return model;
}

void free_model(struct tolka_model *model) {
    free((void *)(uintptr_t)model->gguf.bytes);
    gguf_free(&model->gguf);
    free(model);
}

tolka_tokenizer *open_tokenizer(const struct tolka_model *model, const char *from, const char *to) {
    tolka_tokenizer *tokenizer;
    tolka_error err = {0};
    tolka_status status = tolka_tokenizer_new(&tokenizer, model, from, to, &err);
    ck_assert_msg(status == TOLKA_OK, "%s", err.text);
    return tokenizer;
}

/* tiny-unigram: 600 pieces, <unk> 0, <s> 1, </s> 2; tags and padding follow. */
static struct tolka_model *tagged_model(const char *template, const char *to_kind) {
    static const char *const languages[] = {">>deu<<", ">>fra<<", ">>zho_Hans<<", ">>zho_Hant<<"};
    static const int32_t ids[] = {600, 601, 602, 603};
    static const char *const extras[] = {">>deu<<", ">>fra<<", "<pad>", "<mark>"};
    static const int32_t extra_ids[] = {600, 601, 604, 605};
    struct gguf_builder builder = {0};
    build_string(&builder, KEY "kind", "sentencepiece");
    build_fixture(&builder, KEY "source.model", "tiny-unigram.model");
    build_strings(&builder, KEY "languages", languages, 4);
    build_i32s(&builder, KEY "language_ids", ids, 4);
    build_strings(&builder, KEY "extra", extras, 4);
    build_i32s(&builder, KEY "extra_ids", extra_ids, 4);
    build_string(&builder, KEY "template", template);
    build_string(&builder, KEY "to", to_kind);
    build_integer(&builder, KEY "eos", GGUF_I32, 2);
    build_integer(&builder, KEY "bos", GGUF_I32, 1);
    return build_model(&builder, 610, 604);
}

struct ids {
    int32_t at[64];
    size_t n;
};

static struct ids encode_n(const tolka_tokenizer *tokenizer, const char *text, size_t length) {
    struct ids ids;
    ids.n = tokens_of(tokenizer, text, length, ids.at, 64);
    ck_assert_uint_le(ids.n, 64);
    return ids;
}

static struct ids encode(const tolka_tokenizer *tokenizer, const char *text) {
    return encode_n(tokenizer, text, strlen(text));
}

static void same_ids(struct ids a, struct ids b) {
    ck_assert_uint_eq(a.n, b.n);
    for (size_t i = 0; i < a.n; i++) ck_assert_int_eq(a.at[i], b.at[i]);
}

static struct ids join(int32_t first, struct ids rest) {
    struct ids ids = {{first}, rest.n + 1};
    memcpy(ids.at + 1, rest.at, rest.n * sizeof *rest.at);
    return ids;
}

/* ---- tags and templates ---------------------------------------------------------------------- */

START_TEST(a_tag_in_the_text_wins) {
    struct tolka_model *model = tagged_model("to text eos", "none");
    tolka_tokenizer *none = open_tokenizer(model, NULL, "none");
    tolka_tokenizer *french = open_tokenizer(model, "en", "fr");
    struct ids plain = encode(none, "Good day."), mark = join(605, plain);
    ck_assert_int_eq(plain.at[plain.n - 1], 2);
    same_ids(encode(french, "Good day."), join(601, plain));
    same_ids(encode(none, ">>deu<< Good day."), join(600, plain));
    same_ids(encode(none, ">>deu<<Good day."), join(600, plain));
    same_ids(encode(french, ">>deu<< Good day."), join(600, plain));
    same_ids(encode(french, "<mark> >>deu<<Good day."), join(600, mark));
    same_ids(encode(french, "<mark>Good day."), join(601, mark));
    struct ids empty = encode(none, "");
    ck_assert_uint_eq(empty.n, 1);
    same_ids(encode(french, ">>deu<<"), join(600, empty));
    tolka_tokenizer_free(none);
    tolka_tokenizer_free(french);
    free_model(model);
}
END_TEST

START_TEST(items_stand_where_the_template_says) {
    struct tolka_model *model = tagged_model("bos from text  eos to", "start");
    tolka_tokenizer *tokenizer = open_tokenizer(model, "fra", ">>deu<<");
    struct ids ids = encode(tokenizer, "");
    ck_assert_uint_eq(ids.n, 4);
    ck_assert_int_eq(ids.at[0], 1);
    ck_assert_int_eq(ids.at[1], 601);
    ck_assert_int_eq(ids.at[2], 2);
    ck_assert_int_eq(ids.at[3], 600);
    ck_assert_int_eq(tolka_tokenizer_start(tokenizer), 600);
    ck_assert_int_eq(tolka_tokenizer_forced_first(tokenizer), -1);
    tolka_tokenizer_free(tokenizer);
    free_model(model);
}
END_TEST

START_TEST(a_short_array_gets_the_full_count) {
    struct tolka_model *model = tagged_model("to text eos", "none");
    tolka_tokenizer *tokenizer = open_tokenizer(model, NULL, "de");
    struct ids all = encode(tokenizer, "one two three");
    char text[64];
    size_t n = detokenized(tokenizer, all.at, all.n, text, sizeof text);
    ck_assert_str_eq(text, "one two three");
    ck_assert_uint_eq(n, strlen(text));
    tolka_tokenizer_free(tokenizer);
    free_model(model);
}
END_TEST

START_TEST(ids_that_show_nothing_are_left_out) {
    struct tolka_model *model = tagged_model("text eos", "none");
    tolka_tokenizer *tokenizer = open_tokenizer(model, NULL, NULL);
    struct ids word = encode(tokenizer, "day");
    int32_t ids[80] = {-1, 600, 604, 609, 610, INT32_MAX, INT32_MIN};
    memcpy(ids + 7, word.at, word.n * sizeof *ids);
    char text[32];
    detokenized(tokenizer, ids, 7 + word.n, text, sizeof text);
    ck_assert_str_eq(text, "day");
    tolka_tokenizer_free(tokenizer);
    free_model(model);
}
END_TEST

/* ---- bytes that are not text ----------------------------------------------------------------- */

START_TEST(ill_formed_text_is_replaced_by_maximal_subparts) {
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"a\x80z", "a\xef\xbf\xbdz"},
        {"\xe2\x82", "\xef\xbf\xbd"},
        {"\xe2\x82z", "\xef\xbf\xbdz"},
        {"\xf0\x9f\x98", "\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf1\x80\x80\xe1\x80\xc2", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xff", "\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n;
        char *clean = utf8_clean(cases[i].from, strlen(cases[i].from), ' ', &n);
        ck_assert_str_eq(clean, cases[i].to);
        ck_assert(!utf8_is_clean(cases[i].from, strlen(cases[i].from)));
        ck_assert(utf8_is_clean(clean, n));
        free(clean);
    }
}
END_TEST

START_TEST(a_nul_does_not_end_the_text) {
    struct tolka_model *model = tagged_model("text eos", "none");
    tolka_tokenizer *tokenizer = open_tokenizer(model, NULL, NULL);
    same_ids(encode_n(tokenizer, "one\0two", 7), encode(tokenizer, "one two"));
    same_ids(encode(tokenizer, "one\xff"), encode(tokenizer, "one\xef\xbf\xbd"));
    tolka_tokenizer_free(tokenizer);
    free_model(model);
}
END_TEST

START_TEST(a_text_of_millions_of_bytes_is_encoded) {
    struct tolka_model *model = tagged_model("text eos", "none");
    tolka_tokenizer *tokenizer = open_tokenizer(model, NULL, NULL);
    struct ids word = encode(tokenizer, "day");
    const size_t n_words = (9 << 20) / 4;
    char *text = malloc(4 * n_words);
    for (size_t i = 0; i < n_words; i++) memcpy(text + 4 * i, "day ", 4);
    int32_t *ids;
    size_t n;
    ck_assert_int_eq(tolka_tokenize(tokenizer, text, 4 * n_words, &ids, &n, NULL), TOLKA_OK);
    ck_assert_uint_eq(n, n_words * (word.n - 1) + 1);
    tolka_free(ids);
    free(text);
    tolka_tokenizer_free(tokenizer);
    free_model(model);
}
END_TEST

/* ---- languages ------------------------------------------------------------------------------- */

static const char *const nllb[] = {"eng_Latn", "deu_Latn", "zho_Hans", "zho_Hant",
                                   "nob_Latn", "pes_Arab", "srp_Cyrl", "por_Latn"};

static int find(const char *const *tokens, size_t n, const char *wanted, tolka_error *err) {
    struct gguf_string strings[16];
    size_t found = 99;
    for (size_t i = 0; i < n; i++) strings[i] = (struct gguf_string){tokens[i], strlen(tokens[i])};
    struct languages languages = {"m.gguf", n, strings, NULL, NULL};
    return language_find(&languages, wanted, "target language", &found, err) == TOLKA_OK
               ? (int)found
               : -1;
}

START_TEST(languages_are_found_by_any_unambiguous_name) {
    static const char *const marian[] = {">>deu<<", ">>deu_Latn<<", ">>pt_br<<", ">>zh<<"};
    static const char *const m2m[] = {"__de__", "__en__", "__no__", "__zh__"};
    static const char *const mbart[] = {"de_DE", "en_XX", "pt_XX", "zh_CN"};
    static const char *const madlad[] = {"<2de>", "<2en>", "<2zh>", "<2zh_Latn>"};
    static const struct {
        const char *const *tokens;
        size_t n;
        const char *wanted;
        int found;
    } cases[] = {
        {nllb, 8, "deu_Latn", 1},  {nllb, 8, "de", 1},        {nllb, 8, "deu", 1},
        {nllb, 8, "DE", 1},        {nllb, 8, "German", 1},    {nllb, 8, "de-AT", 1},
        {nllb, 8, "zh-Hans", 2},   {nllb, 8, "zh", -1},       {nllb, 8, "no", 4},
        {nllb, 8, "fa", 5},        {nllb, 8, "ger", 1},       {nllb, 8, "xx", -1},
        {nllb, 8, "", -1},         {marian, 4, ">>deu<<", 0}, {marian, 4, "de", 0},
        {marian, 4, "german", 0},  {marian, 4, "pt-BR", 2},   {marian, 4, "pt", 2},
        {m2m, 4, "deu", 0},        {m2m, 4, "eng_Latn", 1},   {m2m, 4, "nb", 2},
        {m2m, 4, "zho_Hans", 3},   {mbart, 4, "de", 0},       {mbart, 4, "pt", 2},
        {mbart, 4, "English", 1},  {madlad, 4, "<2de>", 0},   {madlad, 4, "zho", 2},
        {madlad, 4, "zh-latn", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(find(cases[i].tokens, cases[i].n, cases[i].wanted, NULL) == cases[i].found,
                      "%s: found %d", cases[i].wanted,
                      find(cases[i].tokens, cases[i].n, cases[i].wanted, NULL));
}
END_TEST

START_TEST(a_wrong_language_is_told_the_choices) {
    tolka_error err = {0};
    ck_assert_int_eq(find(nllb, 8, "zh", &err), -1);
    ck_assert_str_eq(err.text,
                     "m.gguf: target language zh could mean any of zho_Hans (Simplified Chinese), "
                     "zho_Hant (Traditional Chinese)");
    ck_assert_int_eq(find(nllb, 3, "fr", &err), -1);
    ck_assert_str_eq(
        err.text, "m.gguf: target language fr: the model has no French, only eng_Latn (English), "
                  "deu_Latn (German), zho_Hans (Simplified Chinese)");
    struct gguf_string many[1000];
    for (size_t i = 0; i < 1000; i++) many[i] = (struct gguf_string){"abc_Latn", 8};
    struct languages languages = {"m.gguf", 1000, many, NULL, NULL};
    ck_assert_int_eq(language_missing(&languages, "target language (to)", &err), TOLKA_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.text, "and 9"));
    ck_assert_uint_lt(strlen(err.text), 400);
}
END_TEST

START_TEST(missing_languages_are_asked_for) {
    tolka_tokenizer *tokenizer;
    tolka_error err = {0};
    struct tolka_model *model = tagged_model("from text eos", "forced_first");
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, NULL, "de", &err), TOLKA_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.text, "source language (from) is needed"));
    ck_assert_ptr_null(tokenizer);
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, "fr", NULL, &err), TOLKA_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(
        err.text, "target language (to) is needed: one of deu (German), fra (French), zho_Hans"));
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, "fr", "zh", &err), TOLKA_ARGUMENT);
    free_model(model);
}
END_TEST

START_TEST(a_model_of_one_pair_knows_its_languages) {
    struct gguf_builder builder = {0};
    build_string(&builder, KEY "kind", "sentencepiece");
    build_fixture(&builder, KEY "source.model", "tiny-unigram.model");
    build_integer(&builder, KEY "eos", GGUF_U32, 2);
    build_string(&builder, KEY "default_from", "en");
    build_string(&builder, KEY "default_to", "de");
    struct tolka_model *model = build_model(&builder, 600, -1);
    tolka_tokenizer_free(open_tokenizer(model, NULL, NULL));
    tolka_tokenizer_free(open_tokenizer(model, "eng_Latn", "deu"));
    tolka_tokenizer *tokenizer;
    tolka_error err = {0};
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, "en", "fr", &err), TOLKA_ARGUMENT);
    ck_assert_str_eq(err.text, "test.gguf: target language fr: the model has only de");
    free_model(model);
}
END_TEST

Suite *tokenizer_suite(void) {
    Suite *suite = suite_create("tokenizer");
    TCase *texts = tcase_create("texts");
    tcase_add_test(texts, a_tag_in_the_text_wins);
    tcase_add_test(texts, items_stand_where_the_template_says);
    tcase_add_test(texts, a_short_array_gets_the_full_count);
    tcase_add_test(texts, ids_that_show_nothing_are_left_out);
    tcase_add_test(texts, ill_formed_text_is_replaced_by_maximal_subparts);
    tcase_add_test(texts, a_nul_does_not_end_the_text);
    tcase_add_test(texts, a_text_of_millions_of_bytes_is_encoded);
    tcase_set_timeout(texts, 60);
    suite_add_tcase(suite, texts);
    TCase *languages = tcase_create("languages");
    tcase_add_test(languages, languages_are_found_by_any_unambiguous_name);
    tcase_add_test(languages, a_wrong_language_is_told_the_choices);
    tcase_add_test(languages, missing_languages_are_asked_for);
    tcase_add_test(languages, a_model_of_one_pair_knows_its_languages);
    suite_add_tcase(suite, languages);
    suite_add_tcase(suite, tokenizer_reference_case());
    suite_add_tcase(suite, tokenizer_damage_case());
    suite_add_tcase(suite, tokenizer_pieces_case());
    suite_add_tcase(suite, tokenizer_json_case());
    return suite;
}
