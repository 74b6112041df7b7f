#include "tokenizer/language_names.h"

#include <stdio.h>
#include <string.h>
#include <unicode/uldnames.h>
#include <unicode/uloc.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

/* ---- what ICU says --------------------------------------------------------------------------- */

static bool sound(UErrorCode status) {
    /* Using the default would be naming languages in that of the environment. */
    return U_SUCCESS(status) && status != U_USING_DEFAULT_WARNING &&
           status != U_STRING_NOT_TERMINATED_WARNING;
}

static bool plain_name(const char *locale, const char *in, UChar name[LONGEST_DISPLAY]) {
    UErrorCode status = U_ZERO_ERROR;
    return uloc_getDisplayLanguage(locale, in, name, LONGEST_DISPLAY, &status) > 0 && sound(status);
}

/* "Chinese (Simplified)" */
static bool full_name(const char *locale, const char *in, UChar name[LONGEST_DISPLAY]) {
    UErrorCode status = U_ZERO_ERROR;
    return uloc_getDisplayName(locale, in, name, LONGEST_DISPLAY, &status) > 0 && sound(status);
}

/* "Simplified Chinese": a name of its own for a language in a script or region. */
static bool own_name(const ULocaleDisplayNames *names, const char *locale, const char *in,
                     UChar name[LONGEST_DISPLAY]) {
    UErrorCode status = U_ZERO_ERROR;
    UChar composed[LONGEST_DISPLAY];
    return uldn_localeDisplayName(names, locale, name, LONGEST_DISPLAY, &status) > 0 &&
           sound(status) && full_name(locale, in, composed) && u_strcmp(name, composed) != 0;
}

static ULocaleDisplayNames *dialects(const char *in) {
    UErrorCode status = U_ZERO_ERROR;
    return uldn_open(in, ULDN_DIALECT_NAMES, &status);
}

static bool to_utf8(const UChar *name, char out[LONGEST_DISPLAY]) {
    UErrorCode status = U_ZERO_ERROR;
    u_strToUTF8(out, LONGEST_DISPLAY, NULL, name, -1, &status);
    return U_SUCCESS(status) && status != U_STRING_NOT_TERMINATED_WARNING;
}

/* ---- names to show --------------------------------------------------------------------------- */

static bool try_own_name(const struct locale_name *name, const char *in,
                         UChar out[LONGEST_DISPLAY]) {
    char locale[LONGEST_LOCALE];
    locale_id(name, locale);
    ULocaleDisplayNames *names = dialects(in);
    bool own = names && own_name(names, locale, in, out);
    uldn_close(names);
    return own;
}

/* "Brazilian Portuguese", "Simplified Chinese"; else the script is shown where it is not the usual
 * one. */
static bool name_of(const struct locale_name *name, const char *in, UChar out[LONGEST_DISPLAY]) {
    char locale[LONGEST_LOCALE];
    struct locale_name shown = *name;
    shown.variant[0] = 0;
    if (!plain_name(name->language, in, out)) return false;
    locale_script(name, shown.script);
    bool usual = !*shown.script || locale_usualness(name, shown.script) != UNUSUAL;
    if (usual && *shown.region) {
        shown.script[0] = 0;
        if (try_own_name(&shown, in, out)) return true;
    }
    if (usual || !*name->script) shown.region[0] = 0;
    locale_script(name, shown.script);
    if ((*name->script || !usual) && try_own_name(&shown, in, out)) return true;
    locale_id(&shown, locale);
    return (usual ? plain_name : full_name)(locale, in, out);
}

/* "sr_Latn" has names of its own; of a language in its usual script, ICU has them without it. */
static void own_locale(const struct locale_name *name, char locale[LONGEST_LOCALE]) {
    struct locale_name itself = {.text = ""};
    char script[LONGEST_SUBTAG];
    strcpy(itself.language, name->language);
    locale_script(name, script);
    if (*script && locale_usualness(name, script) == UNUSUAL) strcpy(itself.script, script);
    locale_id(&itself, locale);
}

bool language_display(struct gguf_string language, const char *in, char out[LONGEST_DISPLAY]) {
    for (int kinship = 0; kinship < N_KINSHIPS; kinship++) {
        struct locale_name name;
        UChar wide[LONGEST_DISPLAY];
        char itself[LONGEST_LOCALE];
        locale_read(&name, language, (enum kinship)kinship);
        own_locale(&name, itself);
        if (*name.language && name_of(&name, in ? in : itself, wide)) return to_utf8(wide, out);
    }
    return false;
}

/* ---- names that are typed -------------------------------------------------------------------- */

static bool is_accent(UChar c) {
    return c >= 0x300 && c < 0x370;
}

static bool fold(const UChar *name, UChar out[LONGEST_DISPLAY], int32_t *n) {
    UChar folded[LONGEST_DISPLAY];
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *cases = unorm2_getNFKCCasefoldInstance(&status);
    const UNormalizer2 *accents = unorm2_getNFDInstance(&status);
    unorm2_normalize(cases, name, -1, folded, LONGEST_DISPLAY, &status);
    if (!sound(status)) return false;
    int32_t length = unorm2_normalize(accents, folded, -1, out, LONGEST_DISPLAY, &status);
    if (!sound(status)) return false;
    *n = 0;
    for (int32_t i = 0; i < length; i++)
        if (!is_accent(out[i])) out[(*n)++] = out[i];
    out[*n] = 0;
    return true;
}

bool language_fold(const char *name, uint16_t out[LONGEST_DISPLAY], int32_t *n) {
    UChar wide[LONGEST_DISPLAY];
    UErrorCode status = U_ZERO_ERROR;
    if (strlen(name) >= LONGEST_DISPLAY) return false;
    u_strFromUTF8(wide, LONGEST_DISPLAY, NULL, name, -1, &status);
    return sound(status) && fold(wide, out, n);
}

bool language_is_name(struct gguf_string text) {
    enum { LONGEST_CODE = 3 };
    struct locale_name name;
    locale_read(&name, text, SAME_CODE);
    return text.length > 0 && (!*name.language || strlen(name.language) > LONGEST_CODE);
}

static bool same_folded(const char *a, const char *b) {
    UChar first[LONGEST_DISPLAY], second[LONGEST_DISPLAY];
    int32_t n, m;
    return language_fold(a, first, &n) && language_fold(b, second, &m) && n > 0 &&
           u_strcmp(first, second) == 0;
}

bool language_is_called(struct gguf_string language, const char *name) {
    char shown[LONGEST_DISPLAY];
    struct locale_name said;
    locale_read(&said, language, SAME_CODE);
    struct gguf_string alone = {said.language, strlen(said.language)};
    return (language_display(language, "en", shown) && same_folded(shown, name)) ||
           (language_display(language, NULL, shown) && same_folded(shown, name)) ||
           (language_display(alone, "en", shown) && same_folded(shown, name));
}

struct namesakes {
    UChar wanted[LONGEST_DISPLAY]; /* folded */
    size_t n;
    char (*codes)[LONGEST_LANGUAGE_NAME];
};

static void compare(struct namesakes *namesakes, const UChar *name, const char *code) {
    UChar folded[LONGEST_DISPLAY];
    int32_t n;
    if (namesakes->n < MOST_NAMESAKES && fold(name, folded, &n) &&
        u_strcmp(folded, namesakes->wanted) == 0 && strlen(code) < LONGEST_LANGUAGE_NAME)
        strcpy(namesakes->codes[namesakes->n++], code);
}

static void compare_languages(struct namesakes *namesakes) {
    UChar name[LONGEST_DISPLAY];
    for (const char *const *code = uloc_getISOLanguages(); *code; code++)
        if (plain_name(*code, "en", name)) compare(namesakes, name, *code);
}

/* Languages in scripts and regions, in English. */
static void compare_locales(struct namesakes *namesakes) {
    UChar name[LONGEST_DISPLAY];
    ULocaleDisplayNames *names = dialects("en");
    for (int32_t i = 0; names && i < uloc_countAvailable(); i++) {
        const char *locale = uloc_getAvailable(i);
        if (!strchr(locale, '_')) continue;
        if (own_name(names, locale, "en", name)) compare(namesakes, name, locale);
        if (full_name(locale, "en", name)) compare(namesakes, name, locale);
    }
    uldn_close(names);
}

/* Languages in themselves. Their regions are left out: "español" is one language. */
static void compare_own_names(struct namesakes *namesakes) {
    UChar name[LONGEST_DISPLAY];
    for (int32_t i = 0; i < uloc_countAvailable(); i++) {
        const char *locale = uloc_getAvailable(i);
        bool script = strchr(locale, '_') && strlen(strchr(locale, '_')) == 5;
        ULocaleDisplayNames *names = script ? dialects(locale) : NULL;
        if (names && own_name(names, locale, locale, name)) compare(namesakes, name, locale);
        if (script && full_name(locale, locale, name)) compare(namesakes, name, locale);
        if (!strchr(locale, '_') && plain_name(locale, locale, name))
            compare(namesakes, name, locale);
        uldn_close(names);
    }
}

size_t language_codes(const char *name, char codes[MOST_NAMESAKES][LONGEST_LANGUAGE_NAME]) {
    struct namesakes namesakes = {.n = 0, .codes = codes};
    int32_t n;
    if (!language_fold(name, namesakes.wanted, &n) || n == 0) return 0;
    compare_languages(&namesakes);
    if (namesakes.n == 0) compare_locales(&namesakes);
    if (namesakes.n == 0) compare_own_names(&namesakes);
    return namesakes.n;
}

struct gguf_string language_code(const char *language, char code[LONGEST_LANGUAGE_NAME]) {
    char codes[MOST_NAMESAKES][LONGEST_LANGUAGE_NAME];
    struct gguf_string said = {language, strlen(language)};
    if (!language_is_name(said) || language_codes(language, codes) == 0) return said;
    strcpy(code, codes[0]);
    return (struct gguf_string){code, strlen(code)};
}
