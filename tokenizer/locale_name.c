#include "tokenizer/locale_name.h"

#include "tokenizer/canonical.h"

#include <stdio.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uloc.h>
#include <unicode/uscript.h>

/* ---- text ------------------------------------------------------------------------------------ */

static bool strip(struct gguf_string *text, const char *before, const char *after) {
    size_t n_before = strlen(before), n_after = strlen(after);
    if (text->length <= n_before + n_after || memcmp(text->bytes, before, n_before) != 0 ||
        memcmp(text->bytes + text->length - n_after, after, n_after) != 0)
        return false;
    text->bytes += n_before;
    text->length -= n_before + n_after;
    return true;
}

struct gguf_string without_marks(struct gguf_string token) {
    if (!strip(&token, ">>", "<<") && !strip(&token, "__", "__")) strip(&token, "<2", ">");
    return token;
}

static void copy_lower(char out[LONGEST_LANGUAGE_NAME], struct gguf_string text) {
    if (text.length >= LONGEST_LANGUAGE_NAME) text.length = 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.bytes[i];
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '-' ? '_' : c;
    }
    out[text.length] = 0;
}

/* ---- subtags --------------------------------------------------------------------------------- */

/* "latin" of "sr_RS@latin" is a script; "valencia" of "ca_ES@valencia" a variant, which has five
 * letters at least; "euro" says nothing about a language. */
static const char *modifier_script(const char *modifier) {
    int32_t script = u_getPropertyValueEnum(UCHAR_SCRIPT, modifier);
    return script == UCHAR_INVALID_CODE
               ? NULL
               : u_getPropertyValueName(UCHAR_SCRIPT, script, U_SHORT_PROPERTY_NAME);
}

/* "sr_rs@latin" as a BCP 47 tag, but for the script, which is the result (NULL: no such). */
static const char *posix_to_tag(const char *text, char tag[2 * LONGEST_LANGUAGE_NAME]) {
    enum { SHORTEST_VARIANT = 5, LONGEST_VARIANT = 8 };
    size_t n = strcspn(text, ".@");
    const char *at = strchr(text, '@'), *modifier = at ? at + 1 : "";
    const char *script = *modifier ? modifier_script(modifier) : NULL;
    size_t length = strlen(modifier);
    bool variant = !script && length >= SHORTEST_VARIANT && length <= LONGEST_VARIANT;
    snprintf(tag, 2 * LONGEST_LANGUAGE_NAME, "%.*s%s%s", (int)n, text, variant ? "-" : "",
             variant ? modifier : "");
    for (char *c = tag; *c; c++)
        if (*c == '_') *c = '-';
    return script;
}

typedef int32_t (*subtag)(const char *locale, char *out, int32_t capacity, UErrorCode *status);

/* What fills the buffer has no NUL behind it, which ICU takes for a success. */
static void read_subtag(subtag get, const char *locale, char *out, int32_t capacity) {
    UErrorCode status = U_ZERO_ERROR;
    get(locale, out, capacity, &status);
    if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING) out[0] = 0;
}

void locale_language(const char *locale, char language[LONGEST_SUBTAG]) {
    read_subtag(uloc_getLanguage, locale, language, LONGEST_SUBTAG);
}

static void read_subtags(struct locale_name *name, const char *locale) {
    locale_language(locale, name->language);
    read_subtag(uloc_getScript, locale, name->script, LONGEST_SUBTAG);
    read_subtag(uloc_getCountry, locale, name->region, LONGEST_SUBTAG);
    read_subtag(uloc_getVariant, locale, name->variant, LONGEST_LANGUAGE_NAME);
    /* "en_XX" is how mBART writes English of no country. */
    if (strcmp(name->region, "XX") == 0 || strcmp(name->region, "ZZ") == 0) name->region[0] = 0;
}

static void parse(struct locale_name *name) {
    char tag[2 * LONGEST_LANGUAGE_NAME], said[LONGEST_LOCALE], locale[LONGEST_LOCALE];
    const char *script = posix_to_tag(name->text, tag);
    UErrorCode status = U_ZERO_ERROR;
    int32_t parsed = 0;
    uloc_forLanguageTag(tag, said, LONGEST_LOCALE, &parsed, &status);
    if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING || !*tag || tag[parsed])
        return;
    uloc_canonicalize(said, locale, LONGEST_LOCALE, &status);
    if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING) return;
    read_subtags(name, locale);
    if (script && !*name->script && strlen(script) < LONGEST_SUBTAG) strcpy(name->script, script);
}

void locale_id(const struct locale_name *name, char out[LONGEST_LOCALE]) {
    bool variant = *name->variant;
    snprintf(out, LONGEST_LOCALE, "%s%s%s%s%s%s%s", name->language, *name->script ? "_" : "",
             name->script, *name->region || variant ? "_" : "", name->region, variant ? "_" : "",
             name->variant);
}

/* ---- kinship --------------------------------------------------------------------------------- */

static void make_canonical(struct locale_name *name) {
    char said[LONGEST_LOCALE], canonical[LONGEST_LOCALE];
    locale_id(name, said);
    canonical_locale(said, canonical, sizeof canonical);
    if (*canonical) read_subtags(name, canonical);
}

/* Individual languages that stand for a macrolanguage in checkpoints, and are no aliases in CLDR,
 * which has all others. */
static void make_general(struct locale_name *name) {
    static const char *const members[][2] = {
        {"nb", "no"}, {"pbt", "ps"}, {"fuv", "ff"}, {"quy", "qu"}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (strcmp(name->language, members[i][0]) == 0) strcpy(name->language, members[i][1]);
}

void locale_read(struct locale_name *name, struct gguf_string text, enum kinship kinship) {
    *name = (struct locale_name){.text = ""};
    copy_lower(name->text, without_marks(text));
    parse(name);
    if (kinship >= SAME_CANONICAL && *name->language) make_canonical(name);
    if (kinship >= SAME_FAMILY) make_general(name);
}

/* ---- scripts --------------------------------------------------------------------------------- */

static void likely_script(const char *locale, char script[LONGEST_SUBTAG]) {
    char likely[LONGEST_LOCALE];
    UErrorCode status = U_ZERO_ERROR;
    uloc_addLikelySubtags(locale, likely, LONGEST_LOCALE, &status);
    script[0] = 0;
    if (U_SUCCESS(status) && status != U_STRING_NOT_TERMINATED_WARNING)
        read_subtag(uloc_getScript, likely, script, LONGEST_SUBTAG);
}

void locale_script(const struct locale_name *name, char script[LONGEST_SUBTAG]) {
    char locale[LONGEST_LOCALE];
    strcpy(script, name->script);
    if (*script || !*name->region) return;
    snprintf(locale, sizeof locale, "%s_%s", name->language, name->region);
    likely_script(locale, script);
}

/* The language alone, by the code that CLDR keeps its data under. */
static void usual_language(const struct locale_name *name, char language[LONGEST_LOCALE]) {
    struct locale_name alone = {.text = ""};
    strcpy(alone.language, name->language);
    make_canonical(&alone);
    make_general(&alone);
    strcpy(language, alone.language);
}

/* CLDR's "Kore" is Hangul and Han together, "Jpan" three scripts: uscript_getCode lists them. */
static bool written_in(const char *language, const char *script) {
    enum { MOST_SCRIPTS = 8 };
    UScriptCode scripts[MOST_SCRIPTS];
    UErrorCode status = U_ZERO_ERROR;
    int32_t n = uscript_getCode(language, scripts, MOST_SCRIPTS, &status);
    for (int32_t i = 0; U_SUCCESS(status) && i < n; i++) {
        const char *one = uscript_getShortName(scripts[i]);
        if (one && strcmp(one, script) == 0) return true;
    }
    return false;
}

enum usualness locale_usualness(const struct locale_name *name, const char *script) {
    char language[LONGEST_LOCALE], likely[LONGEST_SUBTAG];
    usual_language(name, language);
    likely_script(language, likely);
    if (!*likely) return USUAL_IS_UNKNOWN;
    return strcmp(likely, script) == 0 || written_in(language, script) ? USUAL : UNUSUAL;
}
