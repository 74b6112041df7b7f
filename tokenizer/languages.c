#include "tokenizer/languages.h"

#include <stdio.h>
#include <string.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

enum { LONGEST_NAME = 64, LONGEST_LIST = 300 };

/* "deu_Latn" is the code "deu" and the rest "latn"; lower case, '-' as '_', without marks. */
struct name {
    char text[LONGEST_NAME];
    char code[LONGEST_NAME]; /* up to the first '_', as ISO 639-3 where that is known */
    const char *rest;        /* inside text; "" if there is none */
    bool ok;
};

/* ---- names ----------------------------------------------------------------------------------- */

static bool strip(struct gguf_string *text, const char *before, const char *after) {
    size_t n_before = strlen(before), n_after = strlen(after);
    if (text->length <= n_before + n_after || memcmp(text->bytes, before, n_before) != 0 ||
        memcmp(text->bytes + text->length - n_after, after, n_after) != 0)
        return false;
    text->bytes += n_before;
    text->length -= n_before + n_after;
    return true;
}

static struct gguf_string without_marks(struct gguf_string token) {
    if (!strip(&token, ">>", "<<") && !strip(&token, "__", "__")) strip(&token, "<2", ">");
    return token;
}

/* Codes for which checkpoints and people use different ones of a family: the general code, and the
 * individual language that is meant where a model has no such general code. */
static const char *const members[][2] = {
    {"ara", "arb"}, {"aze", "azj"}, {"est", "ekk"}, {"fas", "pes"}, {"kau", "knc"}, {"kon", "kng"},
    {"kur", "kmr"}, {"lav", "lvs"}, {"mlg", "plt"}, {"mon", "khk"}, {"msa", "zsm"}, {"nep", "npi"},
    {"nor", "nob"}, {"ori", "ory"}, {"orm", "gaz"}, {"pus", "pbt"}, {"que", "quy"}, {"sqi", "als"},
    {"swa", "swh"}, {"uzb", "uzn"}, {"yid", "ydd"}, {"zho", "cmn"}, {"aym", "ayr"}, {"din", "dik"},
};
enum { N_MEMBERS = sizeof members / sizeof *members };

static const char *individual(const char *code) {
    for (size_t i = 0; i < N_MEMBERS; i++)
        if (strcmp(members[i][0], code) == 0) return members[i][1];
    return NULL;
}

/* Libraries' codes (ISO 639-2/B), which ICU does not know: twenty languages have a second one. */
static const char *terminology_code(const char *code) {
    static const char *const codes[][2] = {
        {"alb", "sqi"}, {"arm", "hye"}, {"baq", "eus"}, {"bur", "mya"}, {"chi", "zho"},
        {"cze", "ces"}, {"dut", "nld"}, {"fre", "fra"}, {"geo", "kat"}, {"ger", "deu"},
        {"gre", "ell"}, {"ice", "isl"}, {"mac", "mkd"}, {"mao", "mri"}, {"may", "msa"},
        {"per", "fas"}, {"rum", "ron"}, {"slo", "slk"}, {"tib", "bod"}, {"wel", "cym"},
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(code, codes[i][0]) == 0) return codes[i][1];
    return NULL;
}

static void set_code(struct name *name) {
    size_t n = strcspn(name->text, "_");
    memcpy(name->code, name->text, n);
    name->code[n] = 0;
    name->rest = name->text[n] ? name->text + n + 1 : name->text + n;
    const char *terminology = terminology_code(name->code);
    if (terminology) snprintf(name->code, sizeof name->code, "%s", terminology);
    const char *iso = n <= 3 ? uloc_getISO3Language(name->code) : "";
    if (*iso) snprintf(name->code, sizeof name->code, "%s", iso);
}

static struct name parse(struct gguf_string token) {
    struct name name = {.rest = ""};
    token = without_marks(token);
    name.ok = token.length > 0 && token.length < LONGEST_NAME;
    if (!name.ok) return name;
    for (size_t i = 0; i < token.length; i++) {
        char c = token.bytes[i];
        name.text[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '-' ? '_' : c;
    }
    return name;
}

/* `rest` points into the struct, so the code is set where the struct stays. */
static void read_name(struct name *name, struct gguf_string token) {
    *name = parse(token);
    name->rest = name->text;
    if (name->ok) set_code(name);
}

/* "German" for "deu"; false if ICU has no name for it. */
static bool english_name(const char *code, char out[LONGEST_NAME]) {
    UChar wide[LONGEST_NAME];
    UErrorCode status = U_ZERO_ERROR;
    int32_t n = uloc_getDisplayLanguage(code, "en", wide, LONGEST_NAME, &status);
    if (U_FAILURE(status) || status == U_USING_DEFAULT_WARNING || n >= LONGEST_NAME) return false;
    u_strToUTF8(out, LONGEST_NAME, NULL, wide, n, &status);
    return U_SUCCESS(status) && status != U_STRING_NOT_TERMINATED_WARNING;
}

/* ---- messages -------------------------------------------------------------------------------- */

typedef bool (*matches)(const struct name *wanted, const struct name *offered);

static bool any(const struct name *wanted, const struct name *offered) {
    (void)wanted;
    (void)offered;
    return true;
}

/* "af, am, ar and 97 more": bare names of those that match. */
static void list_choices(const struct languages *languages, const struct name *wanted,
                         matches match, char out[LONGEST_LIST]) {
    size_t used = 0, shown = 0, left = 0;
    out[0] = 0;
    for (size_t i = 0; i < languages->n; i++) {
        struct name offered;
        read_name(&offered, languages->tokens[i]);
        if (!match(wanted, &offered)) continue;
        struct gguf_string bare = without_marks(languages->tokens[i]);
        const size_t kept_for_rest = 24;
        if (left > 0 || bare.length + kept_for_rest > LONGEST_LIST - used) {
            left++;
            continue;
        }
        used += (size_t)snprintf(out + used, LONGEST_LIST - used, "%s%.*s", shown++ ? ", " : "",
                                 (int)bare.length, bare.bytes);
    }
    if (left > 0) snprintf(out + used, LONGEST_LIST - used, " and %zu more", left);
}

tolka_status language_missing(const struct languages *languages, const char *option,
                              tolka_error *err) {
    char choices[LONGEST_LIST];
    list_choices(languages, NULL, any, choices);
    return fail(err, TOLKA_ARGUMENT, "%s: which language? Give %s, one of %s", languages->model,
                option, choices);
}

/* ---- search ---------------------------------------------------------------------------------- */

static bool same_text(const struct name *wanted, const struct name *offered) {
    return strcmp(wanted->text, offered->text) == 0;
}

static bool same_code_and_rest(const struct name *wanted, const struct name *offered) {
    return strcmp(wanted->code, offered->code) == 0 && strcmp(wanted->rest, offered->rest) == 0;
}

/* "de" for "de_DE", "de-AT" for "de"; never "zh_Hans" for "zh_Hant". */
static bool same_code(const struct name *wanted, const struct name *offered) {
    return strcmp(wanted->code, offered->code) == 0 && (!*wanted->rest || !*offered->rest);
}

static bool same_family(const struct name *wanted, const struct name *offered) {
    const char *a = individual(wanted->code), *b = individual(offered->code);
    bool related = (a && strcmp(a, offered->code) == 0) || (b && strcmp(b, wanted->code) == 0);
    return related &&
           (!*wanted->rest || !*offered->rest || strcmp(wanted->rest, offered->rest) == 0);
}

static bool same_english(const struct name *wanted, const struct name *offered) {
    char english[LONGEST_NAME];
    if (!english_name(offered->code, english)) return false;
    struct name spelled;
    read_name(&spelled, (struct gguf_string){english, strlen(english)});
    return strcmp(wanted->text, spelled.text) == 0;
}

/* From the strictest to the loosest. */
static const matches rules[] = {same_text, same_code_and_rest, same_code, same_family,
                                same_english};
enum { N_RULES = sizeof rules / sizeof *rules };

/* How many match. Of "deu" and "deu_Latn", if that is all there is, the plain one is meant. */
static size_t count_matches(const struct languages *languages, const struct name *wanted,
                            matches match, size_t *found) {
    size_t n = 0, n_plain = 0;
    for (size_t i = 0; i < languages->n; i++) {
        struct name offered;
        read_name(&offered, languages->tokens[i]);
        if (!offered.ok || !match(wanted, &offered)) continue;
        bool plain = !*offered.rest;
        if (plain ? n_plain++ == 0 : n == 0) *found = i;
        n++;
    }
    return n_plain == 1 ? 1 : n;
}

tolka_status language_find(const struct languages *languages, const char *wanted,
                           const char *option, size_t *found, tolka_error *err) {
    for (size_t i = 0; i < languages->n; i++)
        if (gguf_string_equals(languages->tokens[i], wanted)) return *found = i, TOLKA_OK;
    struct name name;
    char choices[LONGEST_LIST];
    read_name(&name, (struct gguf_string){wanted, strlen(wanted)});
    for (size_t k = 0; name.ok && k < N_RULES; k++) {
        size_t n = count_matches(languages, &name, rules[k], found);
        if (n == 1) return TOLKA_OK;
        if (n == 0) continue;
        list_choices(languages, &name, rules[k], choices);
        return fail(err, TOLKA_ARGUMENT, "%s: %s %.40s could mean any of %s", languages->model,
                    option, wanted, choices);
    }
    list_choices(languages, NULL, any, choices);
    return fail(err, TOLKA_ARGUMENT, "%s: %s %.40s: the model has no such language, only %s",
                languages->model, option, wanted, choices);
}

bool language_same(struct gguf_string a, struct gguf_string b) {
    struct name first, second;
    read_name(&first, a);
    read_name(&second, b);
    for (size_t k = 0; first.ok && second.ok && k < N_RULES; k++)
        if (rules[k](&first, &second) || rules[k](&second, &first)) return true;
    return false;
}
