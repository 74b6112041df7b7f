/* Languages in the public interface: those that a model names, and what they are called. */
#define _POSIX_C_SOURCE 200809L
#include "tokenizer/icu_memory.h"
#include "tokenizer/keys.h"
#include "tokenizer/language_names.h"
#include "tokenizer/metadata.h"
#include "tokenizer/tokenizer.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uloc.h>

/* ---- of a model ------------------------------------------------------------------------------ */

/* Hands out pieces of one block; NULL while only counting how large it must be. */
struct block {
    char *bytes;
    size_t n;
};

static const char *copy_name(struct block *block, struct gguf_string name) {
    char *copy = block->bytes ? block->bytes + block->n : NULL;
    if (copy && name.length) memcpy(copy, name.bytes, name.length);
    block->n += name.length + 1;
    return name.bytes ? copy : NULL;
}

/* Where the source language is a token of the text, it is one of those that the model names. */
static bool are_sources(const tolka_tokenizer *tokenizer) {
    return tokenizer->languages.n > 0 && (template_has(&tokenizer->source_template, ITEM_FROM) ||
                                          template_has(&tokenizer->target_template, ITEM_FROM));
}

static const struct locale_name *copy_parsed(struct block *block,
                                             const struct languages *languages) {
    size_t n = languages->n * N_KINSHIPS;
    struct locale_name *parsed = block->bytes ? (void *)(block->bytes + block->n) : NULL;
    for (size_t i = 0; parsed && i < n; i++)
        locale_read(&parsed[i], languages->tokens[i % languages->n],
                    (enum kinship)(i / languages->n));
    block->n += n * sizeof *parsed;
    return parsed;
}

static void copy_languages(struct block *block, const tolka_tokenizer *tokenizer,
                           const struct gguf_string defaults[2]) {
    const struct languages *languages = &tokenizer->languages;
    tolka_languages *out = (tolka_languages *)(void *)block->bytes;
    block->n = sizeof *out + languages->n * sizeof *out->names;
    const struct locale_name *parsed = copy_parsed(block, languages);
    for (size_t i = 0; i < languages->n; i++) {
        const char *name = copy_name(block, languages->tokens[i]);
        if (out) ((const char **)(out + 1))[i] = name;
    }
    const char *from = copy_name(block, defaults[0]), *to = copy_name(block, defaults[1]);
    if (out)
        *out = (tolka_languages){languages->n, (const char **)(out + 1), from,
                                 to,           are_sources(tokenizer),   parsed};
}

static tolka_status read_default(const tolka_model *model, const char *key,
                                 struct gguf_string *language, tolka_error *err) {
    tolka_status status = key_string(model, key, language, err);
    if (status != TOLKA_OK || !language->bytes || language_is_sound(*language)) return status;
    return fail(err, TOLKA_FORMAT, "%s: key %s is not a language", model->name, key);
}

static tolka_status list_languages(const tolka_model *model, const tolka_tokenizer *tokenizer,
                                   tolka_languages **out, tolka_error *err) {
    struct gguf_string defaults[2];
    struct block block = {NULL, 0};
    tolka_status status = read_default(model, KEY "default_from", &defaults[0], err);
    if (status == TOLKA_OK) status = read_default(model, KEY "default_to", &defaults[1], err);
    if (status != TOLKA_OK) return status;
    copy_languages(&block, tokenizer, defaults);
    block.bytes = calloc(1, block.n);
    if (!block.bytes) return fail(err, TOLKA_NOMEM, "%s: out of memory", model->name);
    copy_languages(&block, tokenizer, defaults);
    *out = (tolka_languages *)(void *)block.bytes;
    return TOLKA_OK;
}

tolka_status tolka_model_languages(const tolka_model *model, tolka_languages **out,
                                   tolka_error *err) {
    if (out) *out = NULL;
    tolka_status status = need_arguments(
        err, __func__, (const struct argument[]){{"model", model}, {"out", out}, {NULL, false}});
    if (status != TOLKA_OK) return status;
    tolka_tokenizer *tokenizer = calloc(1, sizeof *tokenizer);
    if (!tokenizer) return fail(err, TOLKA_NOMEM, "%s: out of memory", model->name);
    status = tokenizer_read(tokenizer, model, err);
    if (status == TOLKA_OK) status = list_languages(model, tokenizer, out, err);
    tolka_tokenizer_free(tokenizer);
    return status;
}

static struct gguf_string text_of(const char *text) {
    return (struct gguf_string){text, strlen(text)};
}

tolka_status tolka_find_language(const tolka_languages *list, const char *name, size_t *index,
                                 tolka_error *err) {
    tolka_status status =
        need_arguments(err, __func__,
                       (const struct argument[]){
                           {"languages", list}, {"name", name}, {"index", index}, {NULL, false}});
    if (status != TOLKA_OK) return status;
    struct languages languages = {"languages", list->n, NULL, NULL, list->parsed};
    languages.tokens = icu_has_memory() ? calloc(list->n + 1, sizeof *languages.tokens) : NULL;
    if (!languages.tokens) return fail(err, TOLKA_NOMEM, "out of memory");
    for (size_t i = 0; i < list->n; i++) languages.tokens[i] = text_of(list->names[i]);
    status = language_find(&languages, name, "language", index, err);
    free(languages.tokens);
    return status;
}

/* ---- of any language ------------------------------------------------------------------------- */

int tolka_same_language(const char *a, const char *b) {
    return a && b && language_same(text_of(a), text_of(b));
}

char *tolka_language_name(const char *language, const char *in) {
    char codes[2][LONGEST_LANGUAGE_NAME], locale[LONGEST_LOCALE], name[LONGEST_DISPLAY];
    struct locale_name shown;
    if (!language || !icu_has_memory()) return NULL;
    if (in) {
        locale_read(&shown, language_code(in, codes[1]), SAME_CANONICAL);
        locale_id(&shown, locale);
        if (!*shown.language) return NULL;
    }
    bool found = language_display(language_code(language, codes[0]), in ? locale : NULL, name);
    return found ? strdup(name) : NULL;
}

/* A code of a language as people write one today; "" of what is none. */
static void read_code(struct locale_name *name, const char *language) {
    enum { LONGEST_CODE = 3 };
    char code[LONGEST_LANGUAGE_NAME];
    locale_read(name, language_code(language, code), SAME_CODE);
    if (strlen(name->language) > LONGEST_CODE) name->language[0] = 0;
}

char *tolka_language_tag(const char *language) {
    char locale[LONGEST_LOCALE], tag[LONGEST_LOCALE];
    struct locale_name name;
    UErrorCode status = U_ZERO_ERROR;
    if (!language || !icu_has_memory()) return NULL;
    read_code(&name, language);
    if (!*name.language) return NULL;
    locale_id(&name, locale);
    uloc_toLanguageTag(locale, tag, sizeof tag, 1, &status);
    return U_SUCCESS(status) && status != U_STRING_NOT_TERMINATED_WARNING ? strdup(tag) : NULL;
}

char *tolka_language_iso639_3(const char *language) {
    struct locale_name name;
    if (!language || !icu_has_memory()) return NULL;
    read_code(&name, language);
    const char *code = uloc_getISO3Language(name.language);
    if (!*code && strlen(name.language) == 3) code = name.language;
    return *code ? strdup(code) : NULL;
}
