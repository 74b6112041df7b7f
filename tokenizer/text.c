/* One text in, one text out: tolka_translate_text. */
#include "engine/error.h"

#include <stdlib.h>
#include <string.h>

/* Ids of a text, in memory of their own. */
static tolka_status encode_all(const tolka_tokenizer *tokenizer, const char *text, int32_t **ids,
                               size_t *n, tolka_error *err) {
    size_t length = strlen(text);
    size_t capacity = length < SIZE_MAX / sizeof **ids / 2 ? length / 2 + 16 : 16;
    *ids = NULL;
    for (;;) {
        int32_t *larger = realloc(*ids, capacity * sizeof **ids);
        if (!larger) break;
        *ids = larger;
        *n = tolka_encode(tokenizer, text, length, *ids, capacity);
        if (*n == 0) break;
        if (*n <= capacity) return TOLKA_OK;
        capacity = *n;
    }
    free(*ids);
    *ids = NULL;
    return fail(err, TOLKA_NOMEM, "out of memory for a text of %zu bytes", length);
}

static tolka_status decode_all(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                               char **text, tolka_error *err) {
    size_t length = tolka_decode(tokenizer, ids, n, NULL, 0);
    *text = malloc(length + 1);
    if (!*text) return fail(err, TOLKA_NOMEM, "out of memory for a translation");
    /* It needs memory of its own, and may have found less than the first time. */
    if (tolka_decode(tokenizer, ids, n, *text, length + 1) != length) {
        free(*text);
        *text = NULL;
        return fail(err, TOLKA_NOMEM, "out of memory for a translation");
    }
    /* A NUL (from a byte piece) would end the text too soon for who reads it as a string. */
    for (size_t i = 0; i < length; i++)
        if (!(*text)[i]) (*text)[i] = ' ';
    return TOLKA_OK;
}

static void keep_result(void *user, size_t index, tolka_result *result) {
    (void)index;
    *(tolka_result **)user = result;
}

static tolka_status decode_result(const tolka_tokenizer *tokenizer, const tolka_result *result,
                                  char **text, tolka_error *err) {
    const char *reason;
    tolka_status status = tolka_result_status(result, &reason);
    if (status != TOLKA_OK) return fail(err, status, "%s", reason);
    size_t n;
    const tolka_token *tokens = tolka_result_tokens(result, 0, &n);
    int32_t *ids = malloc((n + 1) * sizeof *ids);
    if (!ids) return fail(err, TOLKA_NOMEM, "out of memory for a translation");
    for (size_t i = 0; i < n; i++) ids[i] = tokens[i].id;
    status = decode_all(tokenizer, ids, n, text, err);
    free(ids);
    return status;
}

tolka_status tolka_translate_text(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                                  const char *text, char **translation, tolka_error *err) {
    tolka_input input = TOLKA_INPUT_INIT;
    int32_t *ids;
    tolka_result *result = NULL;
    *translation = NULL;
    tolka_status status = encode_all(tokenizer, text, &ids, &input.n_ids, err);
    if (status != TOLKA_OK) return status;
    input.ids = ids;
    input.start = tolka_tokenizer_start(tokenizer);
    input.forced_first = tolka_tokenizer_forced_first(tokenizer);
    status = tolka_translate(translator, &input, 1, keep_result, &result, err);
    if (status == TOLKA_OK) status = decode_result(tokenizer, result, translation, err);
    tolka_result_free(result);
    free(ids);
    return status;
}

void tolka_string_free(char *text) {
    free(text);
}
