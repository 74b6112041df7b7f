/* Ids and texts that the reference implementations gave, all of them. */
#include "tests/check_tokenizer.h"
#include "tests/tokens.h"
#include "tokenizer/spm_check.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define KEY "tolka.tokenizer."

static json_t *load(const char *name) {
    size_t n;
    uint8_t *bytes = read_fixture(name, &n);
    json_error_t error;
    json_t *json = json_loadb((const char *)bytes, n, JSON_ALLOW_NUL, &error);
    ck_assert_msg(json != NULL, "%s: %s", name, error.text);
    free(bytes);
    return json;
}

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static int32_t integer_of(const json_t *object, const char *key, int32_t absent) {
    const json_t *value = json_object_get(object, key);
    return value ? (int32_t)json_integer_value(value) : absent;
}

static int32_t *integers(const json_t *array, size_t *n) {
    *n = json_array_size(array);
    int32_t *out = malloc((*n + 1) * sizeof *out);
    for (size_t i = 0; i < *n; i++) out[i] = (int32_t)json_integer_value(json_array_get(array, i));
    return out;
}

/* ---- one case -------------------------------------------------------------------------------- */

static void check_encode(const tolka_tokenizer *tokenizer, const json_t *text, const json_t *array,
                         int32_t end) {
    size_t n_expected;
    int32_t *expected = integers(array, &n_expected);
    if (end >= 0) expected[n_expected++] = end;
    int32_t ids[1024];
    size_t n = tokens_of(tokenizer, json_string_value(text), json_string_length(text), ids, 1024);
    ck_assert_msg(n == n_expected && memcmp(ids, expected, n * sizeof *ids) == 0,
                  "encoding of \"%s\"", json_string_value(text));
    free(expected);
}

static void check_decode(const tolka_tokenizer *tokenizer, const json_t *array,
                         const json_t *expected) {
    size_t n_ids;
    int32_t *ids = integers(array, &n_ids);
    char text[4096];
    size_t n = detokenized(tokenizer, ids, n_ids, text, sizeof text);
    ck_assert_msg(n == json_string_length(expected) &&
                      memcmp(text, json_string_value(expected), n) == 0,
                  "decoded \"%s\", expected \"%s\"", text, json_string_value(expected));
    free(ids);
}

/* ---- SentencePiece models by themselves ------------------------------------------------------ */

static struct tolka_model *model_of(const json_t *entry) {
    const json_t *special = json_object_get(entry, "special_ids");
    struct gguf_builder builder = {0};
    build_string(&builder, KEY "kind", "sentencepiece");
    build_fixture(&builder, KEY "source.model", text_of(entry, "file"));
    build_integer(&builder, KEY "eos", GGUF_I32, integer_of(special, "eos", -1));
    return build_model(&builder, (uint32_t)integer_of(entry, "pieces", 0), -1);
}

START_TEST(sentencepiece_gives_its_own_ids_and_texts) {
    json_t *reference = load("reference.json");
    const char *name;
    json_t *entry, *each;
    size_t i;
    json_object_foreach(json_object_get(reference, "models"), name, entry) {
        struct tolka_model *model = model_of(entry);
        tolka_tokenizer *tokenizer = open_tokenizer(model, NULL, NULL);
        json_array_foreach(json_object_get(entry, "encode"), i, each) {
            const json_t *ids = json_object_get(each, "ids");
            check_encode(tokenizer, json_object_get(each, "text"), ids, tokenizer->eos);
            check_decode(tokenizer, ids, json_object_get(each, "decoded"));
        }
        json_array_foreach(json_object_get(entry, "decode"), i, each)
            check_decode(tokenizer, json_object_get(each, "ids"), json_object_get(each, "text"));
        tolka_tokenizer_free(tokenizer);
        free_model(model);
    }
    json_decref(reference);
}
END_TEST

/* ---- whole families -------------------------------------------------------------------------- */

static void build_tokens(struct gguf_builder *builder, const json_t *family, const char *name,
                         const char *key, const char *ids_key) {
    json_t *tokens = json_object_get(family, name), *id;
    const char *texts[256], *text;
    int32_t ids[256];
    size_t n = 0;
    json_object_foreach(tokens, text, id) {
        texts[n] = text;
        ids[n++] = (int32_t)json_integer_value(id);
    }
    build_strings(builder, key, texts, n);
    build_i32s(builder, ids_key, ids, n);
}

static void build_list(struct gguf_builder *builder, const json_t *list, const char *key) {
    const char *texts[2000];
    size_t n = json_array_size(list);
    ck_assert_uint_le(n, 2000);
    for (size_t i = 0; i < n; i++) texts[i] = json_string_value(json_array_get(list, i));
    build_strings(builder, key, texts, n);
}

/* Looks every piece up, as a converter does. */
static void build_ids(struct gguf_builder *builder, const json_t *vocabulary, const char *file,
                      const char *key) {
    size_t n_bytes, n_checked;
    uint8_t *bytes = read_fixture(file, &n_bytes), *checked;
    char why[SPM_WHY];
    struct spm *spm;
    ck_assert_int_eq(spm_check(bytes, n_bytes, SPM_DECODE, &checked, &n_checked, why), SPM_OK);
    ck_assert_int_eq(spm_load(&spm, checked, n_checked, why), SPM_OK);
    int32_t n = spm_count(spm);
    int32_t *ids = malloc((size_t)n * sizeof *ids);
    for (int32_t i = 0; i < n; i++) {
        struct spm_text piece = spm_piece(spm, i);
        json_t *id = json_object_getn(vocabulary, piece.bytes, piece.length);
        ids[i] = id ? (int32_t)json_integer_value(id) : -1;
    }
    build_i32s(builder, key, ids, (size_t)n);
    free(ids);
    spm_free(spm);
    free(checked);
    free(bytes);
}

static void build_side(struct gguf_builder *builder, const json_t *family, const char *file,
                       const char *model_key, const char *ids_key) {
    const json_t *vocabulary = json_object_get(family, "ids");
    if (!file) return;
    build_fixture(builder, model_key, file);
    if (vocabulary) build_ids(builder, vocabulary, file, ids_key);
}

static struct tolka_model *family_model(const json_t *family) {
    struct gguf_builder builder = {0};
    json_t *vocab = json_object_get(family, "tokens");
    build_string(&builder, KEY "kind", vocab ? "bytelevel-bpe" : "sentencepiece");
    if (vocab) {
        build_list(&builder, vocab, KEY "vocab");
        build_list(&builder, json_object_get(family, "merges"), KEY "merges");
    } else {
        build_side(&builder, family, text_of(family, "source_model"), KEY "source.model",
                   KEY "source.ids");
        build_side(&builder, family, text_of(family, "target_model"), KEY "target.model",
                   KEY "target.ids");
    }
    build_tokens(&builder, family, "extra", KEY "extra", KEY "extra_ids");
    build_tokens(&builder, family, "languages", KEY "languages", KEY "language_ids");
    build_string(&builder, KEY "template", text_of(family, "template"));
    if (json_object_get(family, "target_template"))
        build_string(&builder, KEY "target_template", text_of(family, "target_template"));
    build_string(&builder, KEY "to", text_of(family, "to"));
    build_integer(&builder, KEY "bos", GGUF_I32, integer_of(family, "bos", -1));
    build_integer(&builder, KEY "eos", GGUF_I32, integer_of(family, "eos", -1));
    build_integer(&builder, KEY "unknown", GGUF_I32, integer_of(family, "unknown", -1));
    return build_model(&builder, (uint32_t)integer_of(family, "vocab", 0),
                       integer_of(family, "pad", -1));
}

static void check_family(const json_t *family) {
    struct tolka_model *model = family_model(family);
    tolka_tokenizer *tokenizer = NULL;
    json_t *each;
    size_t i;
    json_array_foreach(json_object_get(family, "encode"), i, each) {
        const char *to = text_of(each, "to");
        tolka_tokenizer_free(tokenizer);
        tokenizer = open_tokenizer(model, text_of(each, "from"), to ? to : "none");
        check_encode(tokenizer, json_object_get(each, "text"), json_object_get(each, "ids"), -1);
        ck_assert_int_eq(tolka_tokenizer_forced_first(tokenizer),
                         integer_of(each, "forced_first", -1));
        ck_assert_int_eq(tolka_tokenizer_start(tokenizer), -1);
    }
    json_array_foreach(json_object_get(family, "decode"), i, each)
        check_decode(tokenizer, json_object_get(each, "ids"), json_object_get(each, "text"));
    tolka_tokenizer_free(tokenizer);
    free_model(model);
}

START_TEST(families_give_the_ids_and_texts_of_their_tokenizers) {
    static const char *const names[] = {"marian", "m2m100", "t5", "bart"};
    json_t *families = load("families.json");
    check_family(json_object_get(families, names[_i]));
    json_decref(families);
}
END_TEST

/* ---- targets --------------------------------------------------------------------------------- */

/* What is encoded as a target decodes to the same text, by either way of having a target model. */
START_TEST(targets_encode_with_the_target_model) {
    json_t *families = load("families.json"), *marian = json_object_get(families, "marian");
    struct tolka_model *model = family_model(marian);
    tolka_tokenizer *tokenizer = open_tokenizer(model, NULL, "de");
    static const char text[] = "Das ist ein Haus.";
    int32_t ids[64], source_ids[64];
    char back[64];
    size_t n = target_tokens_of(tokenizer, text, strlen(text), ids, 64);
    ck_assert_uint_gt(n, 1);
    ck_assert_int_eq(ids[n - 1], 0);
    detokenized(tokenizer, ids, n, back, sizeof back);
    ck_assert_str_eq(back, text);
    size_t n_source = tokens_of(tokenizer, text, strlen(text), source_ids, 64);
    ck_assert(n_source != n + 1 || memcmp(source_ids + 1, ids, n * sizeof *ids) != 0);
    tolka_tokenizer_free(tokenizer);
    free_model(model);
    json_decref(families);
}
END_TEST

/* ---- byte-level BPE beyond the reference sentences ------------------------------------------- */

static void check_bart(const tolka_tokenizer *tokenizer, const char *text, const char *expected) {
    int32_t ids[64];
    char tokens[512] = "";
    size_t n = tokens_of(tokenizer, text, strlen(text), ids, 64);
    for (size_t i = 0; i < n; i++) {
        struct gguf_string token = tokenizer->bpe.tokens[ids[i]];
        size_t used = strlen(tokens);
        snprintf(tokens + used, sizeof tokens - used, "%s%.*s", i ? " " : "", (int)token.length,
                 token.bytes);
    }
    ck_assert_str_eq(tokens, expected);
}

START_TEST(bytelevel_words_and_special_tokens) {
    json_t *families = load("families.json"), *bart = json_object_get(families, "bart");
    struct tolka_model *model = family_model(bart);
    tolka_tokenizer *tokenizer = open_tokenizer(model, NULL, NULL);
    check_bart(tokenizer, "a<mask>b", "<s> a <mask> b </s>");
    check_bart(tokenizer, "<mask><mask> b",
               "<s> <mask> <mask> \xc4\xa0"
               "b </s>");
    check_bart(tokenizer, "a  b",
               "<s> a \xc4\xa0 \xc4\xa0"
               "b </s>");
    check_bart(tokenizer, "a\n\nb", "<s> a \xc4\x8a \xc4\x8a b </s>");
    check_bart(tokenizer, " ", "<s> \xc4\xa0 </s>");
    check_bart(tokenizer, "1a!", "<s> 1 a ! </s>");
    check_bart(tokenizer, "\xc2\xa0", "<s> \xc3\x82 \xc5\x82 </s>");
    check_bart(tokenizer, "", "<s> </s>");
    tolka_tokenizer_free(tokenizer);
    free_model(model);
    json_decref(families);
}
END_TEST

TCase *tokenizer_reference_case(void) {
    TCase *tests = tcase_create("reference");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, sentencepiece_gives_its_own_ids_and_texts);
    tcase_add_loop_test(tests, families_give_the_ids_and_texts_of_their_tokenizers, 0, 4);
    tcase_add_test(tests, targets_encode_with_the_target_model);
    tcase_add_test(tests, bytelevel_words_and_special_tokens);
    return tests;
}
