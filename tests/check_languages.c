/* Languages by every name that people and checkpoints give them, in the lists of published models
 * (tests/fixtures/languages). What a name must mean is ICU's word, or stands in a table here. */
#define _GNU_SOURCE
#include "tests/check_tokenizer.h"
#include "tests/suites.h"

#include "tokenizer/ggml_vocab.h"
#include "tokenizer/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

#define LISTS "tests/fixtures/languages/"

/* ---- lists ----------------------------------------------------------------------------------- */

static const char *const lists[] = {"nllb200",      "m2m100",       "mbart50",      "madlad400",
                                    "opus_eng_mul", "opus_eng_roa", "opus_eng_zho", "opus_deu_hbs"};
enum { N_LISTS = sizeof lists / sizeof *lists, LONGEST = 500 };

struct list {
    struct gguf_string tokens[LONGEST];
    struct languages languages;
};

static struct list *open_list(const char *name) {
    struct list *list = calloc(1, sizeof *list);
    char path[128], line[128];
    snprintf(path, sizeof path, LISTS "%s.txt", name);
    FILE *file = fopen(path, "r");
    ck_assert_msg(list && file, "%s", path);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        struct gguf_string token = {line, strlen(line)};
        if (*line == '#' || (strncmp(line, "<2", 2) == 0 && !is_language_tag(token))) continue;
        ck_assert(language_is_sound(token));
        token.bytes = strdup(line);
        list->tokens[list->languages.n++] = token;
    }
    fclose(file);
    ck_assert_uint_gt(list->languages.n, 5);
    list->languages.model = name;
    list->languages.tokens = list->tokens;
    return list;
}

static void close_list(struct list *list) {
    for (size_t i = 0; i < list->languages.n; i++) free((char *)list->tokens[i].bytes);
    free(list);
}

static void bare_name(struct gguf_string token, char out[64]) {
    struct gguf_string bare = without_marks(token);
    snprintf(out, 64, "%.*s", (int)bare.length, bare.bytes);
}

/* ---- every language of every list ------------------------------------------------------------ */

/* This name means this language and no other. */
static void must_find(const struct list *list, const char *name, size_t i) {
    tolka_error err = {0};
    size_t found = SIZE_MAX;
    tolka_status status = language_find(&list->languages, name, "target language", &found, &err);
    ck_assert_msg(status == TOLKA_OK, "%s: %s", list->tokens[i].bytes, err.text);
    ck_assert_msg(found == i, "%s: %s is %s", list->tokens[i].bytes, name,
                  list->tokens[found].bytes);
}

static bool is_language(const char *bare) {
    size_t n = strcspn(bare, "_");
    return n >= 2 && n <= 3 && !strstr(bare, "simple");
}

START_TEST(every_language_has_its_own_names) {
    static const char *const forms[] = {"%s", ">>%s<<", "__%s__", "<2%s>", "%s.UTF-8"};
    struct list *list = open_list(lists[_i]);
    for (size_t i = 0; i < list->languages.n; i++) {
        char bare[64], name[80];
        bare_name(list->tokens[i], bare);
        must_find(list, list->tokens[i].bytes, i);
        if (!is_language(bare)) continue;
        for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
            snprintf(name, sizeof name, forms[k], bare);
            must_find(list, name, i);
        }
        for (char *c = bare; *c; c++) *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
        must_find(list, bare, i);
    }
    close_list(list);
}
END_TEST

START_TEST(every_language_is_reached_by_bcp47) {
    struct list *list = open_list(lists[_i]);
    for (size_t i = 0; i < list->languages.n; i++) {
        char bare[64], locale[64], tag[64];
        UErrorCode status = U_ZERO_ERROR;
        bare_name(list->tokens[i], bare);
        if (!is_language(bare)) continue;
        uloc_canonicalize(bare, locale, sizeof locale, &status);
        uloc_toLanguageTag(locale, tag, sizeof tag, true, &status);
        ck_assert_msg(U_SUCCESS(status), "%s", bare);
        must_find(list, tag, i);
    }
    close_list(list);
}
END_TEST

static size_t plain_of(const struct list *list, const char *iso3) {
    for (size_t i = 0; i < list->languages.n; i++) {
        char bare[64];
        bare_name(list->tokens[i], bare);
        if (!strchr(bare, '_') && strcmp(uloc_getISO3Language(bare), iso3) == 0) return i;
    }
    return SIZE_MAX;
}

/* A name without a script: this language, or the one that the list has without a script, or a
 * question that names this one. Never another. */
static void must_find_or_ask(const struct list *list, const char *name, const char *iso3,
                             size_t i) {
    tolka_error err = {0};
    size_t found;
    char bare[64];
    bare_name(list->tokens[i], bare);
    if (language_find(&list->languages, name, "target language", &found, &err) == TOLKA_OK)
        ck_assert_msg(found == i || found == plain_of(list, iso3), "%s: %s is %s",
                      list->tokens[i].bytes, name, list->tokens[found].bytes);
    else
        ck_assert_msg(strstr(err.text, "could mean any of") && strstr(err.text, bare), "%s: %s",
                      list->tokens[i].bytes, err.text);
}

START_TEST(every_language_is_reached_by_iso639) {
    struct list *list = open_list(lists[_i]);
    size_t n_checked = 0;
    for (size_t i = 0; i < list->languages.n; i++) {
        char bare[64], iso1[64];
        UErrorCode status = U_ZERO_ERROR;
        bare_name(list->tokens[i], bare);
        const char *iso3 = uloc_getISO3Language(bare);
        /* ICU gives "srp" for "sh", which CLDR makes Serbian in Latin script. */
        if (!is_language(bare) || !*iso3 || strcmp(bare, "sh") == 0) continue;
        must_find_or_ask(list, iso3, iso3, i);
        uloc_getLanguage(bare, iso1, sizeof iso1, &status);
        must_find_or_ask(list, iso1, iso3, i);
        n_checked++;
    }
    ck_assert_uint_gt(n_checked, 0);
    close_list(list);
}
END_TEST

/* What ICU calls a language, in another or in itself; NULL: it does not. */
static const char *icu_name(const char *language, const char *in, char out[256]) {
    UErrorCode status = U_ZERO_ERROR;
    UChar name[128];
    uloc_getDisplayLanguage(language, in, name, 128, &status);
    if (U_FAILURE(status) || status == U_USING_DEFAULT_WARNING) return NULL;
    u_strToUTF8(out, 256, NULL, name, -1, &status);
    return U_SUCCESS(status) && strlen(out) > 3 ? out : NULL;
}

/* A list may have a language twice ("cmn" and "zho"): what is found bears the name. */
static void must_be_called(const struct list *list, const char *name, const char *in, size_t i) {
    tolka_error err = {0};
    size_t found;
    char bare[64], other[64], called[256];
    bare_name(list->tokens[i], bare);
    if (language_find(&list->languages, name, "target language", &found, &err) != TOLKA_OK) {
        ck_assert_msg(strstr(err.text, "could mean any of"), "%s: %s", bare, err.text);
        return;
    }
    bare_name(list->tokens[found], other);
    const char *its = icu_name(other, in ? in : other, called);
    bool same =
        found == i || (its && strcmp(its, name) == 0) || tolka_same_language(bare, other) == 1;
    ck_assert_msg(same, "%s: %s is %s", bare, name, other);
}

START_TEST(every_language_is_reached_by_name) {
    struct list *list = open_list(lists[_i]);
    size_t n_english = 0;
    for (size_t i = 0; i < list->languages.n; i++) {
        char bare[64], name[256];
        bare_name(list->tokens[i], bare);
        if (!is_language(bare)) continue;
        char *language = strndup(bare, strcspn(bare, "_"));
        if (icu_name(language, "en", name)) {
            must_be_called(list, name, "en", i);
            n_english++;
        }
        if (icu_name(language, language, name)) must_be_called(list, name, NULL, i);
        free(language);
    }
    ck_assert_uint_ge(n_english, 2);
    close_list(list);
}
END_TEST

/* ---- one by one ------------------------------------------------------------------------------ */

static const struct {
    const char *list, *wanted;
    const char *found; /* a token, or what the error says; both parts of "a|b" */
} cases[] = {
    {"nllb200", "de_AT.UTF-8", "deu_Latn"},
    {"nllb200", "de_DE@euro", "deu_Latn"},
    {"nllb200", "DEUTSCH", "deu_Latn"},
    {"nllb200", "francais", "fra_Latn"},
    {"nllb200", "créole haïtien", "hat_Latn"},
    {"nllb200", "ελληνικα", "ell_Grek"},
    {"nllb200", "日本語", "jpn_Jpan"},
    {"nllb200", "zh", "could mean any of zho_Hans|zho_Hant"},
    {"nllb200", "Chinese", "could mean any of zho_Hans|zho_Hant"},
    {"nllb200", "cmn", "could mean any of zho_Hans|zho_Hant"},
    {"nllb200", "zh-CN", "zho_Hans"},
    {"nllb200", "zh_HK.UTF-8", "zho_Hant"},
    {"nllb200", "zh-cmn-Hant", "zho_Hant"},
    {"nllb200", "zh-yue", "yue_Hant"},
    {"nllb200", "traditional chinese", "zho_Hant"},
    {"nllb200", "kas", "could mean any of kas_Arab|kas_Deva"},
    {"nllb200", "no", "nob_Latn"},
    {"nllb200", "nb-NO", "nob_Latn"},
    {"nllb200", "Norwegian", "nob_Latn"},
    {"nllb200", "nn", "nno_Latn"},
    {"nllb200", "ar", "arb_Arab"},
    {"nllb200", "ar-EG", "arb_Arab"},
    {"nllb200", "Egyptian Arabic", "arz_Arab"},
    {"nllb200", "iw", "heb_Hebr"},
    {"nllb200", "in", "ind_Latn"},
    {"nllb200", "fil", "tgl_Latn"},
    {"nllb200", "Tagalog", "tgl_Latn"},
    {"nllb200", "mo", "ron_Latn"},
    {"nllb200", "fa", "pes_Arab"},
    {"nllb200", "fa-AF", "prs_Arab"},
    {"nllb200", "Dari", "prs_Arab"},
    {"nllb200", "tw", "twi_Latn"},
    {"nllb200", "ak", "aka_Latn"},
    {"nllb200", "ps", "pbt_Arab"},
    {"nllb200", "ff", "fuv_Latn"},
    {"nllb200", "qu", "quy_Latn"},
    {"nllb200", "ko-KR", "kor_Hang"},
    {"nllb200", "pt-BR", "por_Latn"},
    {"nllb200", "Brazilian Portuguese", "por_Latn"},
    {"nllb200", "sr-Latn", "of this language the model has only srp_Cyrl"},
    {"nllb200", "sr_RS@latin", "of this language the model has only srp_Cyrl"},
    {"nllb200", "sh", "of this language the model has only srp_Cyrl"},
    {"nllb200", "pa-PK", "of this language the model has only pan_Guru"},
    {"nllb200", "germn", "did you mean German?|tolka languages"},
    {"nllb200", "kok", "the model has no Konkani|more: tolka languages"},
    {"nllb200", "qxq", "the model has no such language, only ace_Arab"},
    {"nllb200", "", "no such language"},
    {"nllb200", "<2>", "no such language"},
    {"m2m100", "deu_Latn", "__de__"},
    {"m2m100", "nob", "__no__"},
    {"m2m100", "nn", "the model has no Norwegian Nynorsk"},
    {"m2m100", "fil", "__tl__"},
    {"m2m100", "iw", "__he__"},
    {"m2m100", "jw", "__jv__"},
    {"m2m100", "sr-Cyrl", "__sr__"},
    {"m2m100", "sr-Latn", "of this language the model has only sr (Serbian)"},
    {"m2m100", "zh-Hans", "__zh__"},
    {"m2m100", "zh-TW", "of this language the model has only zh (Chinese)"},
    {"mbart50", "de-AT", "de_DE"},
    {"mbart50", "ar-EG", "ar_AR"},
    {"mbart50", "en", "en_XX"},
    {"mbart50", "zh-Hans", "zh_CN"},
    {"mbart50", "zh-Hant", "of this language the model has only zh_CN"},
    {"mbart50", "pt-BR", "pt_XX"},
    {"madlad400", "ca", "<2ca>"},
    {"madlad400", "Catalan", "<2ca>"},
    {"madlad400", "prs", "<2prs>"},
    {"madlad400", "Dari", "<2prs>"},
    {"madlad400", "fa", "<2fa>"},
    {"madlad400", "sr-Latn", "<2sh>"},
    {"madlad400", "zh-TW", "<2zh_Hant>"},
    {"madlad400", "zh-CN", "<2zh>"},
    {"madlad400", "fr-CA", "<2fr_CA>"},
    {"madlad400", "fr-BE", "<2fr>"},
    {"madlad400", "fr-Latn-BE", "<2fr>"},
    {"madlad400", "az-RU", "<2az_RU>"},
    {"madlad400", "az-IR", "of this language the model has only az (Azerbaijani), az_RU"},
    {"opus_eng_zho", "zh-CN", ">>cmn_Hans<<"},
    {"opus_eng_mul", "Hmong Njua", ">>hnj_Latn<<"},
    {"madlad400", "Quechua", "<2qu>"},
    {"opus_deu_hbs", "sr", "could mean any of srp_Latn|srp_Cyrl"},
    {"opus_deu_hbs", "sr_RS@latin", ">>srp_Latn<<"},
    {"opus_deu_hbs", "sh", "could mean any of srp_Latn|hbs"},
    {"opus_deu_hbs", "hr", ">>hrv<<"},
    {"opus_eng_zho", "zh", ">>cmn<<"},
    {"opus_eng_zho", "zh-TW", ">>cmn_Hant<<"},
    {"opus_eng_mul", "zh-Hans", ">>zho_Hans<<"},
    {"opus_eng_mul", "uz", "could mean any of uzb_Cyrl|uzb_Latn"},
    {"opus_eng_roa", "pt-BR", ">>por<<"},
    {"opus_eng_roa", "German", "the model has no German, only arg"},
};
enum { N_CASES = sizeof cases / sizeof *cases };

static void must_say(const char *text, const char *says) {
    while (*says) {
        char *part = strndup(says, strcspn(says, "|"));
        ck_assert_msg(strstr(text, part), "%s: not \"%s\"", text, part);
        says += strlen(part) + (says[strlen(part)] == '|');
        free(part);
    }
}

START_TEST(names_mean_what_they_should) {
    struct list *list = open_list(cases[_i].list);
    tolka_error err = {0};
    size_t found;
    if (language_find(&list->languages, cases[_i].wanted, "target language", &found, &err) ==
        TOLKA_OK) {
        ck_assert_str_eq(list->tokens[found].bytes, cases[_i].found);
    } else {
        ck_assert_msg(strstr(cases[_i].found, " "), "%s", err.text);
        must_say(err.text, cases[_i].found);
        ck_assert_uint_lt(strlen(err.text), sizeof err.text - 1);
    }
    close_list(list);
}
END_TEST

/* ISO 639-2's codes for bibliographies, where they differ, and those for terminology. */
START_TEST(libraries_have_codes_of_their_own) {
    static const char *const codes[][2] = {
        {"alb", "sqi"}, {"arm", "hye"}, {"baq", "eus"}, {"bur", "mya"}, {"chi", "zho"},
        {"cze", "ces"}, {"dut", "nld"}, {"fre", "fra"}, {"geo", "kat"}, {"ger", "deu"},
        {"gre", "ell"}, {"ice", "isl"}, {"mac", "mkd"}, {"mao", "mri"}, {"may", "msa"},
        {"per", "fas"}, {"rum", "ron"}, {"slo", "slk"}, {"tib", "bod"}, {"wel", "cym"},
    };
    struct list *list = open_list("madlad400");
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        size_t found = 0;
        ck_assert_int_eq(
            language_find(&list->languages, codes[i][1], "target language", &found, NULL),
            TOLKA_OK);
        must_find(list, codes[i][0], found);
        ck_assert_int_eq(tolka_same_language(codes[i][0], codes[i][1]), 1);
    }
    close_list(list);
}
END_TEST

START_TEST(two_names_of_one_language) {
    static const char *const same[][2] = {
        {"de", ">>deu<<"},       {"German", "Deutsch"},  {"German", "deu_Latn"},
        {"ger", "de_DE.UTF-8"},  {"zh", "zho_Hant"},     {"iw", "he"},
        {"no", "nob_Latn"},      {"Norwegian", "nb"},    {"arb_Arab", "ar"},
        {"de-AT", "de-CH"},      {"__fr__", "français"}, {"en", "en"},
        {"sr@latin", "sr_Latn"}, {"Chinese", "zh-TW"},
    };
    static const char *const different[][2] = {
        {"de", "fr"},  {"German", "French"},   {"zh_Hans", "zh_Hant"},
        {"nb", "nn"},  {"sr_Cyrl", "sr_Latn"}, {"", ""},
        {"de", ""},    {"xyzzy", "de"},        {"arz", "ar"},
        {"yue", "zh"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        ck_assert_msg(tolka_same_language(same[i][0], same[i][1]), "%s, %s", same[i][0],
                      same[i][1]);
        ck_assert_msg(tolka_same_language(same[i][1], same[i][0]), "%s, %s", same[i][1],
                      same[i][0]);
    }
    for (size_t i = 0; i < sizeof different / sizeof *different; i++) {
        ck_assert_msg(!tolka_same_language(different[i][0], different[i][1]), "%s, %s",
                      different[i][0], different[i][1]);
        ck_assert_msg(!tolka_same_language(different[i][1], different[i][0]), "%s, %s",
                      different[i][1], different[i][0]);
    }
}
END_TEST

static void is_called(char *name, const char *expected) {
    if (expected) ck_assert_pstr_eq(name, expected);
    if (!expected) ck_assert_ptr_null(name);
    tolka_free(name);
}

START_TEST(languages_have_names) {
    static const struct {
        const char *language, *english, *native, *tag, *iso3;
    } names[] = {
        {">>deu<<", "German", "Deutsch", "de", "deu"},
        {"deu_Latn", "German", "Deutsch", "de-Latn", "deu"},
        {"zho_Hant", "Traditional Chinese", "繁體中文", "zh-Hant", "zho"},
        {"zh_CN", "Chinese", "中文", "zh-CN", "zho"},
        {"<2pt_BR>", "Brazilian Portuguese", "português", "pt-BR", "por"},
        {"srp_Latn", "Serbian (Latin)", "srpski (latinica)", "sr-Latn", "srp"},
        {"prs_Arab", "Dari", "دری", "prs-Arab", "prs"},
        {"kor_Hang", "Korean", "한국어", "ko-Hang", "kor"},
        {"lvs_Latn", "Latvian", "latviešu", "lvs-Latn", "lvs"},
        {"German", "German", "Deutsch", "de", "deu"},
        {"taq_Tfng", NULL, NULL, "taq-Tfng", "taq"},
        {"", NULL, NULL, NULL, NULL},
        {"not a language", NULL, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        is_called(tolka_language_name(names[i].language, "en"), names[i].english);
        is_called(tolka_language_name(names[i].language, NULL), names[i].native);
        is_called(tolka_language_tag(names[i].language), names[i].tag);
        is_called(tolka_language_iso639_3(names[i].language), names[i].iso3);
    }
    is_called(tolka_language_name("de", "fr"), "allemand");
    is_called(tolka_language_name("de", "French"), "allemand");
    is_called(tolka_language_name("de", ""), NULL);
}
END_TEST

/* ---- hostile files --------------------------------------------------------------------------- */

static struct tolka_model *model_with(const char *const *tokens, size_t n) {
    struct gguf_builder builder = {0};
    int32_t *ids = calloc(n + 1, sizeof *ids);
    for (size_t i = 0; i < n; i++) ids[i] = (int32_t)(i % 600);
    build_string(&builder, KEY "kind", "sentencepiece");
    build_fixture(&builder, KEY "source.model", "tiny-unigram.model");
    build_integer(&builder, KEY "eos", GGUF_U32, 2);
    build_string(&builder, KEY "template", "to text eos");
    build_strings(&builder, KEY "languages", tokens, n);
    build_i32s(&builder, KEY "language_ids", ids, n);
    free(ids);
    return build_model(&builder, 600, -1);
}

static void refuses(const char *const *tokens, size_t n, const char *says) {
    struct tolka_model *model = model_with(tokens, n);
    tolka_languages *languages;
    tolka_error err = {0};
    ck_assert_int_eq(tolka_model_languages(model, &languages, &err), TOLKA_FORMAT);
    must_say(err.text, says);
    ck_assert_ptr_null(languages);
    free_model(model);
}

START_TEST(names_that_are_none_are_refused) {
    enum { HUGE = 10 << 20 };
    char *huge = malloc(HUGE + 1);
    ck_assert_ptr_nonnull(huge);
    memset(huge, 'a', HUGE);
    huge[HUGE] = 0;
    refuses((const char *const[]){"de", "e\033[31mn"}, 2, "entry 1 is not a language");
    refuses((const char *const[]){"de", "e n"}, 2, "entry 1 is not a language");
    refuses((const char *const[]){"", "en"}, 2, "entry 0 is not a language");
    refuses((const char *const[]){"\xe2\x80\xae"
                                  "de",
                                  "en"},
            2, "entry 0 is not a language");
    refuses((const char *const[]){"de", huge}, 2, "entry 1 is not a language");
    free(huge);
}
END_TEST

START_TEST(there_are_not_so_many_languages) {
    enum { N = 100000 };
    static const char *tokens[N];
    for (size_t i = 0; i < N; i++) tokens[i] = "xx_Latn";
    refuses(tokens, N, "100000 entries, more than 16384");
    struct tolka_model *model = model_with(tokens, LANGUAGES_LIMIT);
    tolka_tokenizer *tokenizer;
    tolka_error err = {0};
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, NULL, NULL, &err), TOLKA_ARGUMENT);
    must_say(
        err.text,
        "a target language (to) is needed: one of xx_Latn, xx_Latn|more: tolka languages FILE");
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, NULL, "de", &err), TOLKA_ARGUMENT);
    ck_assert_int_eq(tolka_tokenizer_new(&tokenizer, model, NULL, "Germn", &err), TOLKA_ARGUMENT);
    free_model(model);
}
END_TEST

/* Whatever is typed: a plain answer, cut where it is long. */
START_TEST(anything_may_be_typed) {
    struct list *list = open_list("nllb200");
    char *long_name = malloc(100001);
    ck_assert_ptr_nonnull(long_name);
    for (size_t i = 0; i < 100000; i += 2) memcpy(long_name + i, "\xc3\xa9", 2);
    long_name[100000] = 0;
    const char *const typed[] = {
        long_name,  "\xff\xfe", "\xc3",      "de\n",      "@",
        "@latin",   ".",        "-",         "_",         "--",
        "de-",      "de_@",     "x-klingon", "i-klingon", "de-u-co-phonebk",
        "a-b-c-d-e"};
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        tolka_error err = {0};
        size_t found = 0;
        tolka_status status =
            language_find(&list->languages, typed[i], "target language", &found, &err);
        ck_assert_msg(status == TOLKA_ARGUMENT || strncmp(typed[i], "de", 2) == 0, "%s: %s",
                      typed[i], list->tokens[found].bytes);
        for (const char *c = err.text; *c; c++) ck_assert_int_ge((unsigned char)*c, ' ');
        tolka_same_language(typed[i], "de");
        tolka_free(tolka_language_name(typed[i], typed[i]));
        tolka_free(tolka_language_tag(typed[i]));
        tolka_free(tolka_language_iso639_3(typed[i]));
    }
    free(long_name);
    close_list(list);
}
END_TEST

Suite *languages_suite(void) {
    Suite *suite = suite_create("languages");
    TCase *all = tcase_create("lists");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, every_language_has_its_own_names, 0, N_LISTS);
    tcase_add_loop_test(all, every_language_is_reached_by_bcp47, 0, N_LISTS);
    tcase_add_loop_test(all, every_language_is_reached_by_iso639, 0, N_LISTS);
    tcase_add_loop_test(all, every_language_is_reached_by_name, 0, N_LISTS);
    suite_add_tcase(suite, all);
    TCase *names = tcase_create("names");
    tcase_add_loop_test(names, names_mean_what_they_should, 0, N_CASES);
    tcase_add_test(names, libraries_have_codes_of_their_own);
    tcase_add_test(names, two_names_of_one_language);
    tcase_add_test(names, languages_have_names);
    suite_add_tcase(suite, names);
    TCase *hostile = tcase_create("hostile");
    tcase_set_timeout(hostile, 60);
    tcase_add_test(hostile, names_that_are_none_are_refused);
    tcase_add_test(hostile, there_are_not_so_many_languages);
    tcase_add_test(hostile, anything_may_be_typed);
    suite_add_tcase(suite, hostile);
    return suite;
}
