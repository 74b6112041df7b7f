/* M2M100, NLLB-200, BART, mBART-25 and mBART-50 from Hugging Face directories. */
#include "tests/fixture.h"
#include "tests/suites.h"
#include "tests/tokens.h"
#include "tests/variant.h"

#include <string.h>

static const double tolerance = 1e-4;

/* ---- the reference's numbers ----------------------------------------------------------------- */

static const char *const folders[] = {"m2m100", "bart", "nllb-tiny", "mbart25-tiny",
                                      "mbart50-tiny"};
enum { N_FOLDERS = sizeof folders / sizeof *folders };

START_TEST(family_gives_the_references) {
    struct fixture fixture = fixture_open(folders[_i], DTYPE_F32);
    check_fixture(&fixture, tolerance);
    fixture_close(&fixture);
}
END_TEST

/* ---- tokenizers ------------------------------------------------------------------------------ */

/* First and last id of an encoded text, start and forced token, for a pair of languages. */
struct ends {
    int32_t first, last, start, forced;
};

static struct ends ends_of(const tolka_model *model, const char *from, const char *to) {
    tolka_error err = {0};
    tolka_tokenizer *tokenizer;
    ck_assert_msg(tolka_tokenizer_new(&tokenizer, model, from, to, &err) == TOLKA_OK, "%s",
                  err.text);
    int32_t ids[64];
    size_t n = tokens_of(tokenizer, "a", 1, ids, 64);
    ck_assert_uint_ge(n, 2);
    struct ends ends = {ids[0], ids[n - 1], tolka_tokenizer_start(tokenizer),
                        tolka_tokenizer_forced_first(tokenizer)};
    tolka_tokenizer_free(tokenizer);
    return ends;
}

static void expect_ends(const tolka_model *model, const char *from, const char *to,
                        struct ends expected) {
    struct ends ends = ends_of(model, from, to);
    ck_assert_int_eq(ends.first, expected.first);
    ck_assert_int_eq(ends.last, expected.last);
    ck_assert_int_eq(ends.start, expected.start);
    ck_assert_int_eq(ends.forced, expected.forced);
}

enum { NLLB_DEU = 152, NLLB_ENG = 153, NLLB_FRA = 154 };

START_TEST(languages_have_short_names) {
    struct fixture m2m100 = fixture_open("m2m100", DTYPE_F32);
    struct ends english = {613, 2, -1, 611};
    expect_ends(m2m100.model, "en", "de", english);
    expect_ends(m2m100.model, "__en__", "__de__", english);
    expect_ends(m2m100.model, "eng", "German", english);
    expect_ends(m2m100.model, NULL, "de", english); /* as the reference assumes */
    fixture_close(&m2m100);
    struct fixture nllb = fixture_open("nllb-tiny", DTYPE_F32);
    struct ends german = {NLLB_ENG, 2, -1, NLLB_DEU};
    expect_ends(nllb.model, "eng_Latn", "deu_Latn", german);
    expect_ends(nllb.model, "en", "de", german);
    expect_ends(nllb.model, NULL, "de", german);
    tolka_tokenizer *tokenizer;
    tolka_error err = {0};
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, nllb.model, "en", "zh", &err), TOLKA_ARGUMENT);
    ck_assert_msg(strstr(err.text, "zho_Hans (Simplified Chinese), zho_Hant (Traditional"), "%s",
                  err.text);
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, nllb.model, "en", NULL, &err), TOLKA_ARGUMENT);
    fixture_close(&nllb);
}
END_TEST

START_TEST(mbarts_place_languages_differently) {
    struct fixture fifty = fixture_open("mbart50-tiny", DTYPE_F32);
    /* en_XX is the fourth of the languages, de_DE the third. */
    int32_t arabic = (int32_t)fifty.model->model.config.source_vocab - 53;
    expect_ends(fifty.model, "en", "de", (struct ends){arabic + 3, 2, -1, arabic + 2});
    fixture_close(&fifty);
    struct fixture twenty = fixture_open("mbart25-tiny", DTYPE_F32);
    arabic = (int32_t)twenty.model->model.config.source_vocab - 26;
    struct ends ends = ends_of(twenty.model, "en_XX", "de_DE");
    ck_assert_int_eq(ends.last, arabic + 3);
    ck_assert_int_eq(ends.start, arabic + 2);
    ck_assert_int_eq(ends.forced, -1);
    /* Its decoder_start_token_id is Romanian, so that is where it translates to. */
    ck_assert_int_eq(ends_of(twenty.model, "en", NULL).start, arabic + 19);
    fixture_close(&twenty);
}
END_TEST

/* A tokenizer.json that numbers the languages: fourth before first, so that order is no help. */
static json_t *numbered_languages(void) {
    json_t *added = json_pack("[{s:i,s:s},{s:i,s:s},{s:i,s:s},{s:i,s:s}]", "id", 157, "content",
                              "deu_Latn", "id", 151, "content", "eng_Latn", "id", 154, "content",
                              "fra_Latn", "id", 0, "content", "<s>");
    return json_pack("{s:o}", "added_tokens", added);
}

START_TEST(nllb_languages_may_be_numbered) {
    struct variant variant = variant_of("nllb-tiny");
    leave_out(&variant, "special_tokens_map.json");
    put_json(&variant, "tokenizer.json", numbered_languages());
    set_key(&variant, "tokenizer_config.json", "src_lang", json_string("fra_Latn"));
    tolka_model *model = open_variant(&variant);
    expect_ends(model, "en", "de", (struct ends){151, 2, -1, 157});
    expect_ends(model, NULL, "de", (struct ends){154, 2, -1, 157});
    tolka_model_free(model);
}
END_TEST

START_TEST(nllb_languages_may_be_listed_in_the_config) {
    struct variant variant = variant_of("nllb-tiny");
    leave_out(&variant, "special_tokens_map.json");
    set_key(&variant, "tokenizer_config.json", "extra_special_tokens",
            json_pack("[s,s,s]", "fra_Latn", "deu_Latn", "eng_Latn"));
    tolka_model *model = open_variant(&variant);
    expect_ends(model, "en", "de", (struct ends){NLLB_ENG, 2, -1, NLLB_DEU});
    expect_ends(model, "fr", "en", (struct ends){NLLB_DEU - 1, 2, -1, NLLB_ENG});
    tolka_model_free(model);
}
END_TEST

/* What transformers saves since version 5: merges, and no SentencePiece model. */
START_TEST(nllb_needs_nothing_but_its_json) {
    struct variant variant = variant_of("nllb-tiny");
    leave_out(&variant, "special_tokens_map.json");
    leave_out(&variant, "sentencepiece.bpe.model");
    put_json(&variant, "tokenizer.json",
             json_load_file(FIXTURES "nllb-json/tokenizer.json", 0, NULL));
    tolka_model *model = open_variant(&variant);
    expect_ends(model, "en", "de", (struct ends){154, 2, -1, 153});
    tolka_model_free(model);
}
END_TEST

/* The source's model in its place would turn the target's ids into other words. */
START_TEST(a_missing_target_model_is_an_error) {
    struct variant variant = variant_of("marian");
    leave_out(&variant, "target.spm");
    expect_refusal(&variant, TOLKA_IO, "there is no target.spm");
}
END_TEST

START_TEST(nllb_has_a_legacy_order) {
    struct variant variant = variant_of("nllb-tiny");
    set_key(&variant, "tokenizer_config.json", "legacy_behaviour", json_true());
    set_key(&variant, "tokenizer_config.json", "tokenizer_class", json_string("M2M100Tokenizer"));
    tolka_model *model = open_variant(&variant);
    struct ends ends = ends_of(model, "en", "fr");
    ck_assert_int_ne(ends.first, NLLB_ENG);
    ck_assert_int_eq(ends.last, NLLB_ENG);
    ck_assert_int_eq(ends.forced, NLLB_FRA);
    tolka_model_free(model);
}
END_TEST

START_TEST(without_languages_it_takes_ids) {
    struct variant variant = variant_of("nllb-tiny");
    leave_out(&variant, "special_tokens_map.json");
    tolka_model *model = open_variant(&variant);
    tolka_tokenizer *tokenizer;
    tolka_error err = {0};
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, "en", "de", &err), TOLKA_UNSUPPORTED);
    tolka_model_free(model);
}
END_TEST

/* A Marian checkpoint of one language pair: its family has language tokens, but it has none. */
START_TEST(templates_leave_out_languages_that_are_not_there) {
    struct variant variant = variant_of("marian");
    json_t *vocab = get_json(&variant, "vocab.json");
    json_object_del(vocab, ">>deu<<");
    json_object_del(vocab, ">>fra<<");
    put_json(&variant, "vocab.json", vocab);
    tolka_model *model = open_variant(&variant);
    expect_ends(model, NULL, NULL, (struct ends){ends_of(model, NULL, NULL).first, 0, -1, -1});
    tolka_model_free(model);
}
END_TEST

START_TEST(bart_has_its_vocabulary_in_either_file) {
    static const char *const files[][2] = {{"vocab.json", "merges.txt"}, {"tokenizer.json", NULL}};
    struct variant variant = variant_of("bart");
    for (int i = 0; i < 2 && files[_i][i]; i++) leave_out(&variant, files[_i][i]);
    struct fixture fixture = fixture_open("bart", DTYPE_F32);
    tolka_model_free(fixture.model);
    fixture.model = open_variant(&variant);
    check_texts(&fixture);
    fixture_close(&fixture);
}
END_TEST

START_TEST(mbart_has_its_pieces_in_either_file) {
    static const char *const files[] = {"tokenizer.json", "sentencepiece.bpe.model"};
    struct variant variant = variant_of("mbart50-tiny");
    leave_out(&variant, files[_i]);
    struct fixture fixture = fixture_open("mbart50-tiny", DTYPE_F32);
    tolka_model_free(fixture.model);
    fixture.model = open_variant(&variant);
    check_texts(&fixture);
    check_search(&fixture, NULL, "greedy", tolerance);
    fixture_close(&fixture);
}
END_TEST

START_TEST(bart_pipelines_that_differ_are_not_guessed) {
    struct variant variant = variant_of("bart");
    set_key(&variant, "tokenizer_config.json", "add_prefix_space", json_true());
    tolka_model *model = open_variant(&variant);
    tolka_tokenizer *tokenizer;
    tolka_error err = {0};
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, NULL, NULL, &err), TOLKA_UNSUPPORTED);
    tolka_model_free(model);
}
END_TEST

/* ---- settings -------------------------------------------------------------------------------- */

START_TEST(experts_are_refused) {
    struct variant variant = variant_of("nllb-tiny");
    if (_i == 0)
        set_key(&variant, "config.json", "num_experts", json_integer(128));
    else
        set_key(&variant, "config.json", "model_type", json_string("nllb-moe"));
    expect_refusal(&variant, TOLKA_UNSUPPORTED, "mixture of experts");
}
END_TEST

START_TEST(unknown_lists_of_languages_are_refused) {
    struct variant variant = variant_of("m2m100");
    set_key(&variant, "tokenizer_config.json", "language_codes", json_string("other"));
    expect_refusal(&variant, TOLKA_UNSUPPORTED, "language_codes is \"other\"");
}
END_TEST

START_TEST(wmt21_has_languages_of_its_own) {
    struct variant variant = variant_of("m2m100");
    set_key(&variant, "tokenizer_config.json", "language_codes", json_string("wmt21"));
    tolka_model *model = open_variant(&variant);
    struct ends ends = ends_of(model, "en", "de");
    ck_assert_int_eq(ends.forced - ends.first, 7);
    tolka_model_free(model);
}
END_TEST

/* What config.json says about generating counts only where there is no generation_config.json. */
START_TEST(generation_has_one_place) {
    struct variant both = variant_of("bart"), older = variant_of("bart");
    set_key(&both, "generation_config.json", "forced_eos_token_id", json_null());
    set_key(&both, "config.json", "num_beams", json_integer(7));
    tolka_model *model = open_variant(&both);
    ck_assert_int_eq(model->model.config.forced_last, -1);
    ck_assert_int_eq(model->model.config.forced_first, 0);
    ck_assert_uint_eq(model->model.config.beam, 4);
    tolka_model_free(model);
    leave_out(&older, "generation_config.json");
    set_key(&older, "config.json", "num_beams", json_integer(7));
    set_key(&older, "config.json", "force_bos_token_to_be_generated", json_true());
    model = open_variant(&older);
    ck_assert_int_eq(model->model.config.forced_last, 2);
    ck_assert_int_eq(model->model.config.forced_first, 0);
    ck_assert_int_eq(model->model.config.start_token, 2);
    ck_assert_uint_eq(model->model.config.beam, 7);
    tolka_model_free(model);
}
END_TEST

START_TEST(sizes_have_second_names) {
    struct variant variant = variant_of("mbart50-tiny");
    json_t *config = get_json(&variant, "config.json");
    static const char *const names[][2] = {{"d_model", "hidden_size"},
                                           {"encoder_layers", "num_hidden_layers"},
                                           {"encoder_attention_heads", "num_attention_heads"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_object_set(config, names[i][1], json_object_get(config, names[i][0]));
        json_object_del(config, names[i][0]);
    }
    put_json(&variant, "config.json", config);
    tolka_model *model = open_variant(&variant);
    ck_assert_uint_eq(model->model.config.d_model, 32);
    ck_assert_uint_eq(model->model.config.encoder_layers, 1);
    ck_assert_uint_eq(model->model.config.encoder_heads, 2);
    tolka_model_free(model);
}
END_TEST

START_TEST(positions_must_fit_the_table) {
    struct variant variant = variant_of("bart");
    set_key(&variant, "config.json", "max_position_embeddings", json_integer(1024));
    expect_refusal(&variant, TOLKA_FORMAT, "embed_positions");
}
END_TEST

/* ---- suite ----------------------------------------------------------------------------------- */

Suite *bart_families_suite(void) {
    Suite *suite = suite_create("bart_families");
    TCase *numbers = tcase_create("numbers");
    tcase_set_timeout(numbers, 300);
    tcase_add_loop_test(numbers, family_gives_the_references, 0, N_FOLDERS);
    suite_add_tcase(suite, numbers);
    TCase *tokenizers = tcase_create("tokenizers");
    tcase_set_timeout(tokenizers, 60);
    tcase_add_test(tokenizers, languages_have_short_names);
    tcase_add_test(tokenizers, mbarts_place_languages_differently);
    tcase_add_test(tokenizers, nllb_languages_may_be_numbered);
    tcase_add_test(tokenizers, nllb_languages_may_be_listed_in_the_config);
    tcase_add_test(tokenizers, nllb_needs_nothing_but_its_json);
    tcase_add_test(tokenizers, a_missing_target_model_is_an_error);
    tcase_add_test(tokenizers, nllb_has_a_legacy_order);
    tcase_add_test(tokenizers, without_languages_it_takes_ids);
    tcase_add_test(tokenizers, templates_leave_out_languages_that_are_not_there);
    tcase_add_loop_test(tokenizers, bart_has_its_vocabulary_in_either_file, 0, 2);
    tcase_add_loop_test(tokenizers, mbart_has_its_pieces_in_either_file, 0, 2);
    tcase_add_test(tokenizers, bart_pipelines_that_differ_are_not_guessed);
    suite_add_tcase(suite, tokenizers);
    TCase *settings = tcase_create("settings");
    tcase_set_timeout(settings, 60);
    tcase_add_loop_test(settings, experts_are_refused, 0, 2);
    tcase_add_test(settings, unknown_lists_of_languages_are_refused);
    tcase_add_test(settings, wmt21_has_languages_of_its_own);
    tcase_add_test(settings, generation_has_one_place);
    tcase_add_test(settings, sizes_have_second_names);
    tcase_add_test(settings, positions_must_fit_the_table);
    suite_add_tcase(suite, settings);
    return suite;
}
