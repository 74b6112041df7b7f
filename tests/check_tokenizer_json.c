/* BPE in a tokenizer.json, as recent exports of NLLB have it and nothing beside: the ids of ugly texts
 * are those of the tokenizers library and of SentencePiece (tests/fixtures/nllb-json/make.py). */
#include "models/convert/unigram_json.h"
#include "tests/check_tokenizer.h"
#include "tokenizer/spm_check.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "tests/fixtures/nllb-json/"

struct ids {
    size_t n;
    int32_t ids[128];
};

static void put_id(void *user, const struct spm_token *token) {
    struct ids *ids = user;
    ck_assert_uint_lt(ids->n, 128);
    ids->ids[ids->n++] = token->piece;
}

static json_t *load(const char *name) {
    char path[128];
    snprintf(path, sizeof path, FOLDER "%s", name);
    json_t *value = json_load_file(path, 0, NULL);
    ck_assert_ptr_nonnull(value);
    return value;
}

/* Takes the JSON. */
static tolka_status build(json_t *json, uint8_t **model, size_t *n, tolka_error *err) {
    char *text = json_dumps(json, 0);
    json_decref(json);
    ck_assert_ptr_nonnull(text);
    *err = (tolka_error){0};
    tolka_status status =
        unigram_from_json((const uint8_t *)text, strlen(text), "here.json", model, n, err);
    free(text);
    return status;
}

static struct spm *open_model(void) {
    uint8_t *model, *checked;
    size_t n;
    tolka_error err;
    char why[SPM_WHY];
    struct spm *spm;
    tolka_status status = build(load("tokenizer.json"), &model, &n, &err);
    ck_assert_msg(status == TOLKA_OK, "%s", err.text);
    ck_assert_msg(spm_check(model, n, SPM_ENCODE_DECODE, &checked, &n, why) == SPM_OK, "%s", why);
    ck_assert_msg(spm_load(&spm, checked, n, why) == SPM_OK, "%s", why);
    free(checked);
    free(model);
    return spm;
}

/* Where the two references differ (blanks at the ends, special tokens in a text), SentencePiece
 * counts: the model was trained with it. */
START_TEST(bpe_gives_the_references_ids) {
    struct spm *spm = open_model();
    json_t *cases = load("cases.json"), *entry;
    size_t k, i;
    json_array_foreach(cases, k, entry) {
        const char *text = json_string_value(json_object_get(entry, "text"));
        const json_t *expected = json_object_get(entry, "sentencepiece"), *id;
        struct ids ids = {0};
        if (!expected) expected = json_object_get(entry, "ids");
        ck_assert_int_eq(spm_encode(spm, text, strlen(text), put_id, &ids), SPM_OK);
        ck_assert_msg(ids.n == json_array_size(expected), "\"%s\": %zu ids", text, ids.n);
        json_array_foreach(expected, i, id) ck_assert_msg(
            ids.ids[i] == json_integer_value(id), "\"%s\": id %zu is %d", text, i, (int)ids.ids[i]);
    }
    ck_assert_uint_gt(k, 20);
    json_decref(cases);
    spm_free(spm);
}
END_TEST

/* ---- what is no SentencePiece model ---------------------------------------------------------- */

/* Takes the JSON. */
static void expect_failure(json_t *json, tolka_status expected, const char *says) {
    uint8_t *model;
    size_t n;
    tolka_error err;
    tolka_status status = build(json, &model, &n, &err);
    free(model);
    ck_assert_msg(status == expected && strstr(err.text, says) && strstr(err.text, "here.json"),
                  "%d: %s, not \"%s\"", status, err.text, says);
}

START_TEST(other_merges_are_refused) {
    json_t *json = load("tokenizer.json");
    json_array_remove(json_object_get(json_object_get(json, "model"), "merges"), 40);
    expect_failure(json, TOLKA_UNSUPPORTED, "not list every pair");
    json = load("tokenizer.json");
    json_t *merges = json_object_get(json_object_get(json, "model"), "merges");
    json_array_append(merges, json_array_get(merges, 0));
    expect_failure(json, TOLKA_UNSUPPORTED, "not stand together");
    json = load("tokenizer.json");
    merges = json_object_get(json_object_get(json, "model"), "merges");
    json_array_append_new(merges, json_pack("[s,s]", "no", "piece"));
    expect_failure(json, TOLKA_FORMAT, "makes no piece of entry");
    json = load("tokenizer.json");
    merges = json_object_get(json_object_get(json, "model"), "merges");
    json_array_set_new(merges, 0, json_integer(3));
    expect_failure(json, TOLKA_FORMAT, "makes no piece of entry 0");
}
END_TEST

START_TEST(odd_vocabularies_are_refused) {
    json_t *json = load("tokenizer.json");
    json_object_set_new(json_object_get(json_object_get(json, "model"), "vocab"), "x y z",
                        json_integer(4));
    expect_failure(json, TOLKA_UNSUPPORTED, "the numbers from 0");
    json = load("tokenizer.json");
    json_object_set_new(json_object_get(json_object_get(json, "model"), "vocab"), "x y z",
                        json_integer(-1));
    expect_failure(json, TOLKA_UNSUPPORTED, "the numbers from 0");
    json = load("tokenizer.json");
    json_object_set_new(json_object_get(json, "model"), "vocab", json_array());
    expect_failure(json, TOLKA_FORMAT, "no BPE tokenizer");
    json = load("tokenizer.json");
    json_object_set_new(json_object_get(json, "model"), "unk_token", json_string("none"));
    expect_failure(json, TOLKA_FORMAT, "unk_id");
    json = load("tokenizer.json");
    json_object_set_new(json, "pre_tokenizer", json_pack("{s:s}", "type", "ByteLevel"));
    expect_failure(json, TOLKA_UNSUPPORTED, "split at blanks");
    json = load("tokenizer.json");
    json_object_set_new(json_object_get(json, "model"), "end_of_word_suffix", json_string("</w>"));
    expect_failure(json, TOLKA_UNSUPPORTED, "affixes");
}
END_TEST

TCase *tokenizer_json_case(void) {
    TCase *json = tcase_create("json");
    tcase_add_test(json, bpe_gives_the_references_ids);
    tcase_add_test(json, other_merges_are_refused);
    tcase_add_test(json, odd_vocabularies_are_refused);
    return json;
}
