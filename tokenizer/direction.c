#include "tokenizer/direction.h"

#include "tokenizer/keys.h"
#include "tokenizer/language_names.h"

#include <string.h>

/* What `to` is where texts name their languages themselves (">>deu<< Hello"). */
static const char texts_say[] = "none";

/* For messages: the caller may be a program, which knows of no options. */
static const char source_role[] = "source language", target_role[] = "target language";

/* The language asked for, or else the file's default; *name is NULL if there is neither. */
static tolka_status wanted_language(const tolka_model *model, const char *given, const char *key,
                                    char buffer[LONGEST_LANGUAGE_NAME], const char **name,
                                    tolka_error *err) {
    struct gguf_string absent;
    *name = given;
    if (given) return TOLKA_OK;
    tolka_status status = key_string(model, key, &absent, err);
    if (status != TOLKA_OK || !absent.bytes) return status;
    if (!language_is_sound(absent))
        return fail(err, TOLKA_FORMAT, "%s: key %s is not a language", model->name, key);
    memcpy(buffer, absent.bytes, absent.length);
    buffer[absent.length] = 0;
    *name = buffer;
    return TOLKA_OK;
}

/* A model of one language pair has no language tokens; where the file says which pair it is, the
 * caller's wish is compared with that. */
static tolka_status check_only_language(const tolka_model *model, const char *wanted,
                                        const char *role, const char *key, tolka_error *err) {
    struct gguf_string only;
    tolka_status status = key_string(model, key, &only, err);
    if (status != TOLKA_OK || !wanted || !only.bytes) return status;
    if (!language_is_sound(only))
        return fail(err, TOLKA_FORMAT, "%s: key %s is not a language", model->name, key);
    if (language_same((struct gguf_string){wanted, strlen(wanted)}, only)) return TOLKA_OK;
    return fail(err, TOLKA_ARGUMENT, "%s: %s %.40s: the model has only %.*s", model->name, role,
                wanted, (int)only.length, only.bytes);
}

static tolka_status find_language(const tolka_tokenizer *tokenizer, const char *name,
                                  const char *role, size_t vocab, int32_t *id, tolka_error *err) {
    size_t found;
    tolka_status status = language_find(&tokenizer->languages, name, role, &found, err);
    if (status != TOLKA_OK) return status;
    *id = tokenizer->languages.ids[found];
    if ((size_t)*id < vocab) return TOLKA_OK;
    return fail(err, TOLKA_FORMAT, "%s: key %s: entry %zu is %d, the vocabulary has %zu tokens",
                tokenizer->name, KEY "language_ids", found, *id, vocab);
}

enum to_kind { TO_NONE, TO_FORCED_FIRST, TO_START, TO_PREFIX };
enum { N_TO_KINDS = TO_PREFIX + 1 };

static tolka_status read_to_kind(const tolka_model *model, enum to_kind *kind, tolka_error *err) {
    static const char *const names[N_TO_KINDS] = {"none", "forced_first", "start", "prefix"};
    struct gguf_string name;
    tolka_status status = key_string(model, KEY "to", &name, err);
    *kind = TO_NONE;
    if (status != TOLKA_OK || !name.bytes) return status;
    for (int i = 0; i < N_TO_KINDS; i++)
        if (gguf_string_equals(name, names[i])) return *kind = (enum to_kind)i, TOLKA_OK;
    return fail(err, TOLKA_UNSUPPORTED,
                "%s: key %s is none of none, forced_first, start and prefix", model->name,
                KEY "to");
}

static bool uses(const tolka_tokenizer *tokenizer, enum template_item item) {
    return template_has(&tokenizer->source_template, item) ||
           template_has(&tokenizer->target_template, item);
}

/* The lowest vocabulary that the language token must be in. */
static size_t language_vocab(const tolka_tokenizer *tokenizer, enum template_item item,
                             bool in_target) {
    size_t vocab = SIZE_MAX;
    if (template_has(&tokenizer->source_template, item)) vocab = tokenizer->source.vocab;
    in_target = in_target || template_has(&tokenizer->target_template, item);
    if (in_target && tokenizer->target.vocab < vocab) vocab = tokenizer->target.vocab;
    return vocab;
}

static tolka_status choose_from(tolka_tokenizer *tokenizer, const tolka_model *model,
                                const char *from, tolka_error *err) {
    char buffer[LONGEST_LANGUAGE_NAME];
    const char *name;
    if (!uses(tokenizer, ITEM_FROM))
        return check_only_language(model, from, source_role, KEY "default_from", err);
    tolka_status status = wanted_language(model, from, KEY "default_from", buffer, &name, err);
    if (status != TOLKA_OK) return status;
    if (!name) return language_missing(&tokenizer->languages, "source language (from)", err);
    return find_language(tokenizer, name, source_role, language_vocab(tokenizer, ITEM_FROM, false),
                         &tokenizer->from, err);
}

static bool is_none(const char *to) {
    return to && strcmp(to, texts_say) == 0;
}

/* Languages of `>>deu<<` and `<2de>` models stand in the source, so that texts may bring their own;
 * and a model that has one alone translates as well without it. */
static bool may_go_without(const struct languages *languages, enum to_kind kind, const char *name) {
    bool in_source = kind == TO_PREFIX ||
                     (kind == TO_NONE && languages->n > 0 && languages->tokens[0].length > 2 &&
                      memcmp(languages->tokens[0].bytes, ">>", 2) == 0);
    return in_source && (name ? is_none(name) : languages->n == 1);
}

static struct gguf_string token_of(const struct languages *languages, int32_t id) {
    size_t i = 0;
    while (i + 1 < languages->n && languages->ids[i] != id) i++;
    return languages->tokens[i];
}

static tolka_status choose_to(tolka_tokenizer *tokenizer, const tolka_model *model, const char *to,
                              tolka_error *err) {
    char buffer[LONGEST_LANGUAGE_NAME];
    const char *name;
    enum to_kind kind;
    tolka_status status = read_to_kind(model, &kind, err);
    if (status != TOLKA_OK) return status;
    if (tokenizer->tags_are_text) kind = TO_PREFIX;
    tokenizer->tags_are_text = kind == TO_PREFIX;
    if (!uses(tokenizer, ITEM_TO) && kind == TO_NONE)
        return check_only_language(model, is_none(to) ? NULL : to, target_role, KEY "default_to",
                                   err);
    if (tokenizer->languages.n == 0) return key_missing(model, KEY "languages", err);
    status = wanted_language(model, to, KEY "default_to", buffer, &name, err);
    if (status != TOLKA_OK) return status;
    if (may_go_without(&tokenizer->languages, kind, name)) return TOLKA_OK;
    if (!name) return language_missing(&tokenizer->languages, "target language (to)", err);
    size_t vocab = language_vocab(tokenizer, ITEM_TO, kind != TO_NONE);
    status = find_language(tokenizer, name, target_role, vocab, &tokenizer->to, err);
    if (status != TOLKA_OK) return status;
    if (kind == TO_START) tokenizer->start = tokenizer->to;
    if (kind == TO_PREFIX) tokenizer->prefix = token_of(&tokenizer->languages, tokenizer->to);
    if (kind == TO_FORCED_FIRST) tokenizer->forced_first = tokenizer->to;
    return status;
}

/* "de" for "Deutsch", "de_DE.UTF-8" or ">>deu<<"; "zh_Hant" for "zho_Hant". */
static void write_code(char code[LONGEST_LANGUAGE], const char *language) {
    char kept[LONGEST_LANGUAGE_NAME], id[LONGEST_LOCALE];
    struct locale_name name;
    locale_read(&name, language_code(language, kept), SAME_CODE);
    locale_id(&name, id);
    strcpy(code, strlen(id) < LONGEST_LANGUAGE ? id : name.language);
}

/* For those who have to know what is written in a text. */
static tolka_status name_language(char code[LONGEST_LANGUAGE], const tolka_model *model,
                                  const char *given, const char *key, tolka_error *err) {
    char buffer[LONGEST_LANGUAGE_NAME];
    const char *name;
    tolka_status status = wanted_language(model, given, key, buffer, &name, err);
    if (status == TOLKA_OK && name && !is_none(name)) write_code(code, name);
    return status;
}

static tolka_status name_languages(tolka_tokenizer *tokenizer, const tolka_model *model,
                                   const char *from, const char *to, tolka_error *err) {
    tolka_status status =
        name_language(tokenizer->source_language, model, from, KEY "default_from", err);
    return status != TOLKA_OK
               ? status
               : name_language(tokenizer->target_language, model, to, KEY "default_to", err);
}

tolka_status tokenizer_choose_languages(tolka_tokenizer *tokenizer, const tolka_model *model,
                                        const char *from, const char *to, tolka_error *err) {
    tokenizer->from = tokenizer->to = tokenizer->start = tokenizer->forced_first = -1;
    tolka_status status = choose_from(tokenizer, model, from, err);
    if (status == TOLKA_OK) status = choose_to(tokenizer, model, to, err);
    return status == TOLKA_OK ? name_languages(tokenizer, model, from, to, err) : status;
}
