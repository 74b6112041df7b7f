/* Tokens as people read them: beside the tokens that transformers names, and joined to words. */
#include "tests/allocations.h"
#include "tests/check_tokenizer.h"
#include "tests/fixture.h"
#include "tests/suites.h"

#include <stdlib.h>
#include <string.h>

static const char *const folders[] = {"marian", "m2m100", "t5", "bart"};
enum { N_FOLDERS = sizeof folders / sizeof *folders };

static tolka_pieces *pieces_of(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                               int is_target) {
    tolka_pieces *pieces;
    ck_assert_int_eq(tolka_token_pieces(tokenizer, ids, n, is_target, &pieces, NULL), TOLKA_OK);
    ck_assert_uint_eq(pieces->n, n);
    for (size_t i = 0, last = 0; i < n; last = pieces->word[i++]) {
        ck_assert_uint_lt(pieces->word[i], pieces->n_words);
        ck_assert(i == 0 ? pieces->word[0] == 0 : pieces->word[i] - last <= 1);
    }
    ck_assert(n == 0 ? pieces->n_words == 0 : pieces->word[n - 1] + 1 == pieces->n_words);
    return pieces;
}

START_TEST(pieces_are_those_of_transformers) {
    struct fixture fixture = fixture_open(folders[_i], DTYPE_F32);
    size_t n_compared = 0;
    for (size_t k = 0; k < json_array_size(fixture.cases); k++) {
        const json_t *entry = json_array_get(fixture.cases, k);
        const json_t *tokens = json_object_get(entry, "source_tokens");
        tolka_tokenizer *tokenizer = case_tokenizer(&fixture, entry);
        size_t n;
        int32_t *ids = json_id_list(json_object_get(entry, "source_ids"), &n);
        tolka_pieces *pieces = pieces_of(tokenizer, ids, n, 0);
        ck_assert_uint_eq(json_array_size(tokens), n);
        for (size_t i = 0; i < n; i++, n_compared++)
            ck_assert_str_eq(pieces->pieces[i], json_string_value(json_array_get(tokens, i)));
        tolka_free(pieces);
        free(ids);
        tolka_tokenizer_free(tokenizer);
    }
    ck_assert_uint_gt(n_compared, 20);
    fixture_close(&fixture);
}
END_TEST

/* ---- words ----------------------------------------------------------------------------------- */

static void check_words(const tolka_tokenizer *tokenizer, const char *text, const char *expected) {
    int32_t *ids;
    size_t n;
    char words[512] = "";
    ck_assert_int_eq(tolka_tokenize(tokenizer, text, strlen(text), &ids, &n, NULL), TOLKA_OK);
    tolka_pieces *pieces = pieces_of(tokenizer, ids, n, 0);
    for (size_t i = 0; i < pieces->n_words; i++) {
        size_t length = strlen(words);
        snprintf(words + length, sizeof words - length, "%s%s%s", i ? "|" : "",
                 pieces->special[i] ? "*" : "", pieces->words[i]);
    }
    ck_assert_str_eq(words, expected);
    tolka_free(pieces);
    free(ids);
}

START_TEST(pieces_join_to_words) {
    tolka_model *model;
    tolka_tokenizer *tokenizer;
    tolka_error err;
    ck_assert_int_eq(tolka_model_open(&model, SHIPPED_MODEL, &err), TOLKA_OK);
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, NULL, "de", &err), TOLKA_OK);
    check_words(tokenizer, "The weather is nice.", "*>>deu<<|The|weather|is|nice|.|*</s>");
    check_words(tokenizer, "I don't know (really)!", "*>>deu<<|I|don't|know|(|really|)!|*</s>");
    check_words(tokenizer, "...", "*>>deu<<|...|*</s>");
    check_words(tokenizer, "", "*>>deu<<|*</s>");
    /* each character of these is bytes, and a word: there are no blanks between words */
    check_words(tokenizer, "我们 ok", "*>>deu<<|我|们|ok|*</s>");
    check_words(tokenizer, "ok <script>", "*>>deu<<|ok|<script>|*</s>");
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
}
END_TEST

START_TEST(bytes_join_to_characters) {
    struct fixture fixture = fixture_open("bart", DTYPE_F32);
    tolka_tokenizer *tokenizer;
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, fixture.model, NULL, NULL, NULL), TOLKA_OK);
    check_words(tokenizer, "That isn't naïve, 你好", "*<s>|That|isn't|naïve|,|你|好|*</s>");
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

START_TEST(special_tokens_are_words) {
    struct fixture fixture = fixture_open("t5", DTYPE_F32);
    tolka_tokenizer *tokenizer;
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, fixture.model, NULL, NULL, NULL), TOLKA_OK);
    check_words(tokenizer, "That<extra_id_0>is", "That|*<extra_id_0>|is|*</s>");
    int32_t ids[] = {-1, 0, INT32_MAX, 1, INT32_MIN};
    for (int is_target = 0; is_target < 2; is_target++) {
        tolka_pieces *pieces = pieces_of(tokenizer, ids, 5, is_target);
        ck_assert_str_eq(pieces->pieces[0], "<-1>");
        ck_assert_str_eq(pieces->pieces[2], "<2147483647>");
        ck_assert_str_eq(pieces->pieces[3], "</s>");
        ck_assert_uint_eq(pieces->n_words, 5);
        ck_assert_uint_eq(pieces->special[3], 1);
        tolka_free(pieces);
    }
    tolka_free(pieces_of(tokenizer, ids, 0, 0));
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

START_TEST(no_memory_is_no_pieces) {
    struct fixture fixture = fixture_open("marian", DTYPE_F32);
    const json_t *entry = json_array_get(fixture.cases, 1);
    tolka_tokenizer *tokenizer = case_tokenizer(&fixture, entry);
    size_t n;
    int32_t *ids = json_id_list(json_object_get(entry, "source_ids"), &n);
    for (long at = 1, more = 1; more; at++) {
        tolka_pieces *pieces;
        allocations_fail_from(at);
        tolka_status status = tolka_token_pieces(tokenizer, ids, n, 0, &pieces, NULL);
        more = allocations_failed();
        allocations_fail_from(0);
        ck_assert_int_eq(status, more ? TOLKA_NOMEM : TOLKA_OK);
        ck_assert(more ? pieces == NULL : at > 5);
        tolka_free(pieces);
    }
    free(ids);
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

TCase *tokenizer_pieces_case(void) {
    TCase *tests = tcase_create("pieces");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, pieces_are_those_of_transformers, 0, N_FOLDERS);
    tcase_add_test(tests, pieces_join_to_words);
    tcase_add_test(tests, bytes_join_to_characters);
    tcase_add_test(tests, special_tokens_are_words);
    tcase_add_test(tests, no_memory_is_no_pieces);
    return tests;
}
