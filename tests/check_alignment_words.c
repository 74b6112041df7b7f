/* Tokens to words: counted as blanks count them, whatever the pieces are. */
#include "tests/check_tokenizer.h"
#include "tests/fixture.h"
#include "tests/suites.h"
#include "tests/tokens.h"
#include "tokenizer/word_starts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1024 };

static size_t count_blank_separated(const char *text) {
    size_t n = 0;
    for (const char *at = text + strspn(text, " "); *at; n++) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    return n;
}

/* Every word has a token, and words come in order. */
static void check_order(const int32_t *words, size_t n, size_t n_words) {
    int32_t last = -1;
    for (size_t i = 0; i < n; i++) {
        if (words[i] < 0) continue;
        ck_assert(words[i] == last || words[i] == last + 1);
        last = words[i];
    }
    ck_assert_int_eq(last + 1, (int)n_words);
}

static void check_text(const tolka_tokenizer *tokenizer, const struct token_roles *roles,
                       bool source, const char *text, size_t n_wanted) {
    int32_t ids[MOST], words[MOST];
    size_t n = (source ? tokens_of : target_tokens_of)(tokenizer, text, strlen(text), ids, MOST);
    size_t n_words = number_words(roles, ids, n, words);
    ck_assert_msg(n_words == n_wanted, "\"%s\" has %zu words, not %zu", text, n_wanted, n_words);
    check_order(words, n, n_words);
}

/* ---- SentencePiece --------------------------------------------------------------------------- */

static void check_lines(const tolka_tokenizer *tokenizer, bool source, const char *path) {
    struct token_roles roles;
    char line[4096];
    size_t n = 0;
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert(token_roles_list(&roles, tokenizer, source));
    for (; fgets(line, sizeof line, file); n++) {
        line[strcspn(line, "\t\n")] = 0;
        check_text(tokenizer, &roles, source, line, count_blank_separated(line));
    }
    ck_assert_uint_ge(n, 1000);
    token_roles_free(&roles);
    fclose(file);
}

START_TEST(words_of_a_thousand_sentences) {
    tolka_model *model;
    ck_assert_int_eq(tolka_model_open(&model, SHIPPED_MODEL, NULL), TOLKA_OK);
    tolka_tokenizer *tokenizer = open_tokenizer(model, NULL, "de");
    check_lines(tokenizer, true, "tests/peers/sentences.en.txt");
    check_lines(tokenizer, false, "tests/peers/references.de.tsv");
    tolka_tokenizer_free(tokenizer);
    tolka_model_free(model);
}
END_TEST

static const char *const folders[] = {"marian", "m2m100", "t5", "bart"};

/* Languages and end tokens around a text are no words of it. */
START_TEST(words_of_other_families) {
    struct fixture fixture = fixture_open(folders[_i], DTYPE_F32);
    size_t k;
    json_t *entry;
    json_array_foreach(fixture.cases, k, entry) {
        const char *text = json_string_value(json_object_get(entry, "text"));
        size_t tag = strncmp(text, ">>deu<< ", 8) == 0 ? 8 : 0;
        tolka_tokenizer *tokenizer = case_tokenizer(&fixture, entry);
        for (int source = 0; source < 2; source++) {
            struct token_roles roles;
            ck_assert(token_roles_list(&roles, tokenizer, source));
            if (source || !tag)
                check_text(tokenizer, &roles, source, text, count_blank_separated(text + tag));
            token_roles_free(&roles);
        }
        tolka_tokenizer_free(tokenizer);
    }
    fixture_close(&fixture);
}
END_TEST

/* Tokens that are texts already are words, the unknown one included. */
START_TEST(words_that_are_tokens) {
    struct fixture fixture = fixture_open("ct2-aren-transliteration", DTYPE_F32);
    tolka_tokenizer *tokenizer = open_tokenizer(fixture.model, NULL, NULL);
    for (int source = 0; source < 2; source++) {
        struct token_roles roles;
        ck_assert(token_roles_list(&roles, tokenizer, source));
        check_text(tokenizer, &roles, source, "  m  Q\ta ", 3);
        token_roles_free(&roles);
    }
    tolka_tokenizer_free(tokenizer);
    fixture_close(&fixture);
}
END_TEST

/* ---- each role ------------------------------------------------------------------------------- */

enum { BOS, EOS, THE, DAY, STOP, HAN, HAN_STOP, BLANK, HI, QUOTE, THAI, HALF, N_TOKENS };

/* Byte-level, as GPT-2 writes bytes. */
static struct tolka_model *bytelevel_model(void) {
    static const char *const vocab[N_TOKENS] = {
        [BOS] = "<s>", [EOS] = "</s>",  [THE] = "Ġthe",     [DAY] = "day",
        [STOP] = ".",  [HAN] = "ä»Ĭ",   [HAN_STOP] = "ãĢĤ", [BLANK] = "Ġ",
        [HI] = "Hi",   [QUOTE] = "Ġ\"", [THAI] = "à¸ģ",     [HALF] = "ä»"};
    struct gguf_builder builder = {0};
    build_string(&builder, "tolka.tokenizer.kind", "bytelevel-bpe");
    build_strings(&builder, "tolka.tokenizer.vocab", vocab, N_TOKENS);
    build_strings(&builder, "tolka.tokenizer.merges", vocab, 0);
    build_integer(&builder, "tolka.tokenizer.bos", GGUF_I32, BOS);
    build_integer(&builder, "tolka.tokenizer.eos", GGUF_I32, EOS);
    return build_model(&builder, N_TOKENS, -1);
}

static const struct {
    int32_t ids[8];
    size_t n;
    int32_t words[8];
    uint8_t speaks[8];
    size_t n_words;
} sequences[] = {
    {{HI, THE, DAY, STOP}, 4, {0, 1, 1, 1}, {1, 1, 1, 0}, 2},
    {{HAN, HAN, HAN_STOP}, 3, {0, 1, 2}, {1, 1, 1}, 3},
    {{HI, HAN, DAY, THAI, STOP, THE}, 6, {0, 1, 2, 3, 4, 5}, {1, 1, 1, 1, 1, 1}, 6},
    {{HI, HALF}, 2, {0, 0}, {1, 1}, 1},
    {{BLANK, THE, BLANK, HI, BLANK}, 5, {0, 0, 1, 1, -1}, {0, 1, 0, 1, 0}, 2},
    {{BLANK, BLANK}, 2, {-1, -1}, {0, 0}, 0},
    {{BOS, HI, EOS}, 3, {-1, 0, -1}, {0, 1, 0}, 1},
    {{HI, BOS, DAY}, 3, {0, -1, 0}, {1, 0, 1}, 1},
    {{BOS, QUOTE, HI, STOP, EOS}, 5, {-1, 0, 0, 0, -1}, {0, 0, 1, 0, 0}, 1},
    {{HI, QUOTE, STOP}, 3, {0, 1, 1}, {1, 1, 1}, 2},
    {{HI, -5, N_TOKENS, DAY}, 4, {0, -1, -1, 0}, {1, 0, 0, 1}, 1},
};

START_TEST(each_role) {
    struct tolka_model *model = bytelevel_model();
    tolka_tokenizer *tokenizer = open_tokenizer(model, NULL, NULL);
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
        for (int source = 0; source < 2; source++) {
            size_t n = sequences[i].n;
            struct token_roles roles;
            int32_t words[8];
            uint8_t speaks[8];
            ck_assert(token_roles_list(&roles, tokenizer, source));
            ck_assert_uint_eq(number_words(&roles, sequences[i].ids, n, words),
                              sequences[i].n_words);
            find_speakers(&roles, sequences[i].ids, words, n, speaks);
            for (size_t k = 0; k < n; k++) {
                ck_assert_msg(words[k] == sequences[i].words[k], "%zu: token %zu: word %d", i, k,
                              words[k]);
                ck_assert_msg(speaks[k] == sequences[i].speaks[k], "%zu: token %zu", i, k);
            }
            token_roles_free(&roles);
        }
    tolka_tokenizer_free(tokenizer);
    free_model(model);
}
END_TEST

TCase *alignment_words_case(void) {
    TCase *words = tcase_create("words");
    tcase_set_timeout(words, 120);
    tcase_add_test(words, words_of_a_thousand_sentences);
    tcase_add_loop_test(words, words_of_other_families, 0, 4);
    tcase_add_test(words, words_that_are_tokens);
    tcase_add_test(words, each_role);
    return words;
}
