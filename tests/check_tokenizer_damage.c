/* Metadata that is wrong, and SentencePiece models made to lead their reader astray. */
#include "tests/check_tokenizer.h"
#include "tests/tokens.h"
#include "tokenizer/spm_check.h"

#include <stdlib.h>
#include <string.h>

#define KEY "tolka.tokenizer."

/* ---- metadata -------------------------------------------------------------------------------- */

static void refuse(struct gguf_builder *builder, tolka_status expected, const char *words) {
    struct tolka_model *model = build_model(builder, 600, -1);
    tolka_tokenizer *tokenizer;
    tolka_error err = {0};
    tolka_status status = tolka_tokenizer_new(&tokenizer, model, NULL, NULL, &err);
    ck_assert_msg(status == expected && strstr(err.text, words) != NULL,
                  "expected %d and \"%s\", got %d: %s", expected, words, status, err.text);
    ck_assert_ptr_null(tokenizer);
    free_model(model);
}

static struct gguf_builder sound(void) {
    struct gguf_builder builder = {0};
    build_string(&builder, KEY "kind", "sentencepiece");
    build_fixture(&builder, KEY "source.model", "tiny-unigram.model");
    build_integer(&builder, KEY "eos", GGUF_I32, 2);
    return builder;
}

START_TEST(wrong_kinds_and_types_are_named) {
    struct gguf_builder none = {0}, odd = {0}, number = {0}, lone = {0};
    refuse(&none, TOLKA_UNSUPPORTED, "no tokenizer");
    build_string(&odd, KEY "kind", "wordpiece");
    refuse(&odd, TOLKA_UNSUPPORTED, "wordpiece");
    build_integer(&number, KEY "kind", GGUF_I32, 3);
    refuse(&number, TOLKA_FORMAT, KEY "kind");
    build_string(&lone, KEY "kind", "sentencepiece");
    refuse(&lone, TOLKA_FORMAT, KEY "eos");
    struct gguf_builder text = sound(), big = sound();
    build_string(&text, KEY "target.model", "x");
    refuse(&text, TOLKA_FORMAT, KEY "target.model should be an array of bytes");
    build_integer(&big, KEY "unknown", GGUF_I32, 600);
    refuse(&big, TOLKA_FORMAT, KEY "unknown is 600");
}
END_TEST

START_TEST(templates_are_checked) {
    struct gguf_builder odd = sound(), twice = sound(), bos = sound(), empty = sound(),
                        from = sound(), to = sound(), to_kind = sound();
    build_string(&odd, KEY "template", "text end");
    refuse(&odd, TOLKA_UNSUPPORTED, "\"end\"");
    build_string(&twice, KEY "template", "text text eos");
    refuse(&twice, TOLKA_FORMAT, "repeats");
    build_string(&bos, KEY "template", "bos text");
    refuse(&bos, TOLKA_FORMAT, KEY "bos is missing");
    build_string(&empty, KEY "template", "");
    refuse(&empty, TOLKA_FORMAT, "\"text\"");
    build_string(&from, KEY "template", "from text");
    refuse(&from, TOLKA_FORMAT, KEY "languages is missing");
    build_string(&to, KEY "to", "start");
    refuse(&to, TOLKA_FORMAT, KEY "languages is missing");
    build_string(&to_kind, KEY "to", "last");
    refuse(&to_kind, TOLKA_UNSUPPORTED, "forced_first");
}
END_TEST

START_TEST(arrays_must_fit_each_other) {
    static const char *const tokens[] = {"a", "b"};
    static const int32_t ids[600] = {5, 600}, none[600] = {-1};
    struct gguf_builder uneven = sound(), alone = sound(), high = sound(), map = sound(),
                        far = sound(), hole = sound();
    build_strings(&uneven, KEY "extra", tokens, 2);
    build_i32s(&uneven, KEY "extra_ids", ids, 1);
    refuse(&uneven, TOLKA_FORMAT, KEY "extra has 2 entries");
    build_strings(&alone, KEY "languages", tokens, 2);
    refuse(&alone, TOLKA_FORMAT, KEY "language_ids is missing");
    build_strings(&high, KEY "languages", tokens, 2);
    build_i32s(&high, KEY "language_ids", ids, 2);
    refuse(&high, TOLKA_FORMAT, "entry 1 is 600");
    build_i32s(&map, KEY "source.ids", none, 599);
    refuse(&map, TOLKA_FORMAT, "599 entries for the 600 pieces");
    build_i32s(&far, KEY "source.ids", ids, 600);
    refuse(&far, TOLKA_FORMAT, KEY "source.ids: entry 1 is 600");
    build_i32s(&hole, KEY "source.ids", none, 600);
    refuse(&hole, TOLKA_FORMAT, KEY "unknown");
    struct gguf_builder pieces = {0};
    build_string(&pieces, KEY "kind", "sentencepiece");
    build_fixture(&pieces, KEY "source.model", "tiny-byte-fallback.model");
    build_integer(&pieces, KEY "eos", GGUF_I32, 1);
    refuse(&pieces, TOLKA_FORMAT, "700 pieces");
}
END_TEST

START_TEST(bytelevel_metadata_is_checked) {
    static const char *const vocab[] = {"a", "b", "ab"};
    static const char *const merges[] = {"a b", "a ab"};
    for (size_t n = 0; n < 3; n++) {
        struct gguf_builder builder = {0};
        build_string(&builder, KEY "kind", "bytelevel-bpe");
        build_string(&builder, KEY "template", "text");
        build_string(&builder, KEY "target_template", "text");
        build_strings(&builder, KEY "vocab", vocab, n == 0 ? 0 : 3);
        if (n > 0) build_strings(&builder, KEY "merges", merges, n);
        if (n == 0)
            refuse(&builder, TOLKA_FORMAT, KEY "merges is missing");
        else if (n == 2)
            refuse(&builder, TOLKA_FORMAT, "entry 1, \"a ab\"");
        else {
            struct tolka_model *model = build_model(&builder, 3, -1);
            tolka_tokenizer *tokenizer = open_tokenizer(model, NULL, NULL);
            int32_t ids[8];
            ck_assert_uint_eq(tokens_of(tokenizer, "abba?", 5, ids, 8), 3);
            ck_assert_int_eq(ids[0], 2);
            ck_assert_int_eq(ids[2], 0);
            tolka_tokenizer_free(tokenizer);
            free_model(model);
        }
    }
}
END_TEST

/* ---- SentencePiece models -------------------------------------------------------------------- */

struct blob {
    uint8_t bytes[4096];
    size_t n;
};

static void put(struct blob *blob, const void *bytes, size_t n) {
    ck_assert_uint_le(blob->n + n, sizeof blob->bytes);
    memcpy(blob->bytes + blob->n, bytes, n);
    blob->n += n;
}

static void put_bytes(struct blob *blob, int number, const void *bytes, size_t n) {
    uint8_t head[] = {(uint8_t)(number << 3 | 2), (uint8_t)(n & 0x7f) | 0x80, (uint8_t)(n >> 7)};
    put(blob, head, sizeof head);
    put(blob, bytes, n);
}

static void put_piece(struct blob *blob, const char *text, size_t n, uint8_t type) {
    struct blob piece = {.n = 0};
    uint8_t tail[] = {3 << 3, type};
    put_bytes(&piece, 1, text, n);
    put(&piece, tail, sizeof tail);
    put_bytes(blob, 1, piece.bytes, piece.n);
}

static struct blob small_model(void) {
    struct blob blob = {.n = 0};
    put_piece(&blob, "<unk>", 5, 2);
    put_piece(&blob, "a", 1, 1);
    return blob;
}

/* Rules: a trie of 256 units, unreachable but those given, and the replacements. */
static void put_rules(struct blob *blob, int field, const uint32_t (*units)[2], size_t n_units,
                      const char *replacements) {
    uint32_t trie[257] = {1024};
    for (size_t i = 1; i <= 256; i++) trie[i] = 0x80000000;
    for (size_t i = 0; i < n_units; i++) trie[1 + units[i][0]] = units[i][1];
    struct blob rules = {.n = 0}, normalizer = {.n = 0};
    put(&rules, trie, sizeof trie);
    put(&rules, replacements, strlen(replacements) + 1);
    put_bytes(&normalizer, 2, rules.bytes, rules.n);
    put_bytes(blob, field, normalizer.bytes, normalizer.n);
}

static enum spm_status check_blob(const struct blob *blob, char why[SPM_WHY]) {
    uint8_t *checked;
    size_t n;
    struct spm *spm = NULL;
    why[0] = 0;
    enum spm_status status = spm_check(blob->bytes, blob->n, SPM_ENCODE_DECODE, &checked, &n, why);
    if (status != SPM_OK) return status;
    status = spm_load(&spm, checked, n, why);
    free(checked);
    spm_free(spm);
    return status;
}

static void ignore(void *user, const struct spm_token *token) {
    (void)user;
    (void)token;
}

START_TEST(damaged_pieces_are_refused) {
    char why[SPM_WHY], long_text[1100];
    memset(long_text, 'x', sizeof long_text);
    struct blob sound_model = small_model(), cut = small_model(), empty = small_model(),
                twice = small_model(), deep = small_model(), user_defined = small_model(),
                nothing = {.n = 0}, no_unknown = {.n = 0};
    ck_assert_int_eq(check_blob(&sound_model, why), SPM_OK);
    cut.n--;
    ck_assert_int_eq(check_blob(&cut, why), SPM_REFUSED);
    put_piece(&empty, "", 0, 1);
    ck_assert_int_eq(check_blob(&empty, why), SPM_REFUSED);
    ck_assert_str_eq(why, "piece 2 is empty");
    put_piece(&twice, "a", 1, 1);
    ck_assert_int_eq(check_blob(&twice, why), SPM_REFUSED);
    put_piece(&deep, long_text, 1025, 1);
    ck_assert_int_eq(check_blob(&deep, why), SPM_UNSUPPORTED);
    put_piece(&user_defined, long_text, 65, 4);
    ck_assert_int_eq(check_blob(&user_defined, why), SPM_UNSUPPORTED);
    ck_assert_int_eq(check_blob(&nothing, why), SPM_REFUSED);
    put_piece(&no_unknown, "a", 1, 1);
    ck_assert_int_eq(check_blob(&no_unknown, why), SPM_REFUSED);
    memset(nothing.bytes, 0xff, nothing.n = 64);
    ck_assert_int_eq(check_blob(&nothing, why), SPM_REFUSED);
}
END_TEST

START_TEST(damaged_rules_are_refused) {
    const uint32_t ends = 1 << 8, top = 0x80000000;
    /* The root's base is 1, so 'a' (0x61) stands at 0x60. */
    const uint32_t a_to_b[][2] = {{0, 1 << 10}, {0x60, 'a' | ends | 2 << 10}, {0x62, top | 0}};
    const uint32_t outside[][2] = {{0, 1 << 10}, {0x60, 'a' | 256 << 10}};
    const uint32_t far_text[][2] = {{0, 1 << 10}, {0x60, 'a' | ends | 2 << 10}, {0x62, top | 99}};
    const uint32_t circle[][2] = {{0, 1 << 10}, {0x60, 'a' | 0x61 << 10}};
    char why[SPM_WHY];
    for (int field = 3; field <= 5; field += 2) {
        struct blob good = small_model(), out = small_model(), far = small_model(),
                    round = small_model();
        put_rules(&good, field, a_to_b, 3, "b");
        ck_assert_int_eq(check_blob(&good, why), SPM_OK);
        put_rules(&out, field, outside, 2, "b");
        ck_assert_int_eq(check_blob(&out, why), SPM_REFUSED);
        put_rules(&far, field, far_text, 3, "b");
        ck_assert_int_eq(check_blob(&far, why), SPM_REFUSED);
        put_rules(&round, field, circle, 2, "b");
        ck_assert_int_eq(check_blob(&round, why), SPM_UNSUPPORTED);
    }
    struct blob sized = small_model();
    put_bytes(&sized, 3, "\x12\x05\xff\xff\xff\xff\0", 7);
    ck_assert_int_eq(check_blob(&sized, why), SPM_REFUSED);
}
END_TEST

/* Readers differ about bytes such as these: protocol buffers keep the low 32 bits of a tag and of a
 * type. A model that has them is refused, or the library sees what was checked. */
START_TEST(bytes_have_one_meaning) {
    /* Tags of fields 1, 3 and 5 plus 2^32; a type of 4 + 2^32; a score that is no number. */
    static const struct {
        const char *bytes;
        size_t n;
    } cases[] = {
        {"\x8a\x80\x80\x80\x10\x00", 6},
        {"\x9a\x80\x80\x80\x10\x00", 6},
        {"\xaa\x80\x80\x80\x10\x00", 6},
        {"\x0a\x09\x0a\x01z\x18\x84\x80\x80\x80\x10", 11},
        {"\x0a\x05\x0a\x01z\x18\x63", 7},
        {"\x0a\x08\x0a\x01z\x15\x00\x00\xc0\x7f", 10},
        {"\x0a\x08\x0a\x01z\x15\x00\x00\x80\x7f", 10},
        {"\x12\x02\x18\x09", 4},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10},
    };
    char why[SPM_WHY];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct blob blob = small_model();
        put(&blob, cases[i].bytes, cases[i].n);
        ck_assert_msg(check_blob(&blob, why) == SPM_REFUSED, "case %zu", i);
    }
}
END_TEST

/* What the library gets has been written anew: checked once more it is the same bytes, and what was
 * not asked for is gone. */
START_TEST(models_are_written_anew) {
    size_t n, n_first, n_second;
    uint8_t *bytes = read_fixture("tiny-byte-fallback.model", &n), *first, *second;
    char why[SPM_WHY];
    ck_assert_int_eq(spm_check(bytes, n, SPM_ENCODE_DECODE, &first, &n_first, why), SPM_OK);
    ck_assert_int_eq(spm_check(first, n_first, SPM_ENCODE_DECODE, &second, &n_second, why), SPM_OK);
    ck_assert_uint_lt(n_first, n);
    ck_assert_uint_eq(n_first, n_second);
    ck_assert_mem_eq(first, second, n_first);
    free(bytes);
    free(first);
    free(second);
}
END_TEST

/* Whatever a byte is changed to, the answer is yes or no: run this with sanitizers. */
START_TEST(changed_bytes_do_no_harm) {
    size_t n, n_checked;
    uint8_t *bytes = read_fixture("tiny-byte-fallback.model", &n), *checked;
    char why[SPM_WHY];
    uint32_t random = 12345;
    for (int round = 0; round < 150; round++) {
        random = random * 1664525 + 1013904223;
        /* Half of the changes to the pieces, which come first; half anywhere. */
        size_t at = (random >> 4) % (round % 2 ? n : 12000);
        uint8_t before = bytes[at];
        bytes[at] ^= (uint8_t)(1u << (random >> 29));
        struct spm *spm;
        if (spm_check(bytes, n, SPM_ENCODE_DECODE, &checked, &n_checked, why) == SPM_OK) {
            if (spm_load(&spm, checked, n_checked, why) == SPM_OK) {
                static const char text[] = "The \xef\xbc\xa1 caf\xc3\xa9 \xe2\x91\xa0 office";
                spm_encode(spm, text, strlen(text), ignore, NULL);
                spm_free(spm);
            }
            free(checked);
        }
        bytes[at] = before;
    }
    free(bytes);
}
END_TEST

START_TEST(a_refused_model_is_named_by_its_key) {
    struct gguf_builder builder = {0}, target = sound();
    build_string(&builder, KEY "kind", "sentencepiece");
    build_integer(&builder, KEY "eos", GGUF_I32, 2);
    build_bytes(&builder, KEY "source.model", "\xff\xff\xff", 3);
    refuse(&builder, TOLKA_FORMAT, KEY "source.model: SentencePiece cannot use it");
    build_bytes(&target, KEY "target.model", "<html>", 6);
    refuse(&target, TOLKA_FORMAT, KEY "target.model: SentencePiece cannot use it");
}
END_TEST

TCase *tokenizer_damage_case(void) {
    TCase *tests = tcase_create("damage");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, wrong_kinds_and_types_are_named);
    tcase_add_test(tests, templates_are_checked);
    tcase_add_test(tests, arrays_must_fit_each_other);
    tcase_add_test(tests, bytelevel_metadata_is_checked);
    tcase_add_test(tests, damaged_pieces_are_refused);
    tcase_add_test(tests, damaged_rules_are_refused);
    tcase_add_test(tests, bytes_have_one_meaning);
    tcase_add_test(tests, models_are_written_anew);
    tcase_add_test(tests, changed_bytes_do_no_harm);
    tcase_add_test(tests, a_refused_model_is_named_by_its_key);
    return tests;
}
