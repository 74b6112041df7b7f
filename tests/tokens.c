#include "tests/tokens.h"

#include <check.h>
#include <string.h>

static size_t keep(int32_t *found, size_t n, int32_t *ids, size_t capacity) {
    ck_assert_uint_le(n, capacity);
    memcpy(ids, found, n * sizeof *ids);
    tolka_free(found);
    return n;
}

size_t tokens_of(const tolka_tokenizer *tokenizer, const char *text, size_t length, int32_t *ids,
                 size_t capacity) {
    int32_t *found;
    size_t n;
    tolka_error err;
    ck_assert_msg(tolka_tokenize(tokenizer, text, length, &found, &n, &err) == TOLKA_OK, "%s",
                  err.text);
    return keep(found, n, ids, capacity);
}

size_t target_tokens_of(const tolka_tokenizer *tokenizer, const char *text, size_t length,
                        int32_t *ids, size_t capacity) {
    int32_t *found;
    size_t n;
    tolka_error err;
    ck_assert_msg(tolka_tokenize_target(tokenizer, text, length, &found, &n, &err) == TOLKA_OK,
                  "%s", err.text);
    return keep(found, n, ids, capacity);
}

size_t detokenized(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n, char *text,
                   size_t capacity) {
    char *found;
    size_t length;
    tolka_error err;
    ck_assert_msg(tolka_detokenize(tokenizer, ids, n, &found, &length, &err) == TOLKA_OK, "%s",
                  err.text);
    ck_assert_uint_lt(length, capacity);
    ck_assert_int_eq(found[length], 0);
    memcpy(text, found, length + 1);
    tolka_free(found);
    return length;
}
