#include "models/convert/special_tokens.h"

#include "models/checkpoint/vocabulary_read.h"
#include "models/convert/beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is a language ---------------------------------------------------------------------- */

static bool is_letters(const char *text, size_t n, bool upper_first, bool all_upper) {
    for (size_t i = 0; i < n; i++) {
        bool upper = text[i] >= 'A' && text[i] <= 'Z', lower = text[i] >= 'a' && text[i] <= 'z';
        bool want_upper = all_upper || (upper_first && i == 0);
        if (want_upper ? !upper : !lower) return false;
    }
    return true;
}

bool is_language(const char *token, const char *form) {
    size_t length = strlen(token);
    if (!form) return false;
    if (strcmp(form, "xx_XX") == 0)
        return length == 5 && token[2] == '_' && is_letters(token, 2, false, false) &&
               is_letters(token + 3, 2, false, true);
    if (strcmp(form, "xxx_Xxxx") == 0)
        return length == 8 && token[3] == '_' && is_letters(token, 3, false, false) &&
               is_letters(token + 4, 4, true, false);
    const char *place = strstr(form, "%s");
    size_t before = place ? (size_t)(place - form) : 0, after = place ? strlen(place + 2) : 0;
    return place && length > before + after && strncmp(token, form, before) == 0 &&
           strcmp(token + length - after, place + 2) == 0 && !strchr(token, ' ');
}

enum { LONGEST_LANGUAGE = 64 };

/* "__de__" for "de"; codes that are tokens already stay as they are. */
static void language_token(const char *form, const char *code, char token[LONGEST_LANGUAGE]) {
    const char *place = strstr(form, "%s");
    if (!place || is_language(code, form))
        snprintf(token, LONGEST_LANGUAGE, "%s", code);
    else
        snprintf(token, LONGEST_LANGUAGE, "%.*s%s%s", (int)(place - form), form, code, place + 2);
}

/* ---- language tokens and their ids ----------------------------------------------------------- */

static tolka_status add_code(struct vocabulary *vocabulary, const struct import *import,
                             const char *code, size_t id, tolka_error *err) {
    char token[LONGEST_LANGUAGE];
    language_token(import->plan.languages, code, token);
    if (vocabulary_find(vocabulary, token) >= 0) return TOLKA_OK;
    return vocabulary_add(vocabulary, (int64_t)id, token, strlen(token),
                          import->source.weights_path, err);
}

/* The family's own order: what a file lists may be in any other. */
static tolka_status add_known(struct vocabulary *vocabulary, const struct import *import,
                              size_t first, tolka_error *err) {
    const struct tokenizer_plan *plan = &import->plan;
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < plan->n_language_codes && status == TOLKA_OK; i++)
        status = add_code(vocabulary, import, plan->language_codes[i], first + i, err);
    return status;
}

/* The order of config.json. */
static tolka_status add_configured(struct vocabulary *vocabulary, const struct import *import,
                                   size_t first, tolka_error *err) {
    const struct settings *config = import->config_json;
    size_t n = settings_length(config, import->plan.languages_key);
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < n && status == TOLKA_OK; i++) {
        char key[64];
        const char *code;
        snprintf(key, sizeof key, "%.40s.%zu", import->plan.languages_key, i);
        status = settings_string(config, key, "", &code, err);
        if (status == TOLKA_OK) status = add_code(vocabulary, import, code, first + i, err);
    }
    return status;
}

static bool has_language(const struct vocabulary *vocabulary, const char *form) {
    for (size_t i = 0; i < vocabulary->n; i++)
        if (vocabulary->tokens[i] && is_language(vocabulary->tokens[i], form)) return true;
    return false;
}

/* In the order in which a file lists them. */
static tolka_status add_listed(struct vocabulary *vocabulary, const struct tokenizer_plan *plan,
                               size_t first, const char *path, tolka_error *err) {
    struct vocabulary list;
    tolka_status status = special_tokens_open(&list, path, err);
    if (status != TOLKA_OK) return status;
    for (size_t i = 0; i < list.n && status == TOLKA_OK; i++) {
        const char *token = list.tokens[i];
        if (token && is_language(token, plan->languages))
            status = vocabulary_add(vocabulary, (int64_t)first++, token, strlen(token), path, err);
    }
    vocabulary_free(&list);
    return status;
}

static tolka_status add_languages(struct vocabulary *vocabulary, const struct import *import,
                                  size_t first, tolka_error *err) {
    static const char *const lists[] = {"special_tokens_map.json", "tokenizer_config.json"};
    const struct tokenizer_plan *plan = &import->plan;
    if (plan->language_codes) return add_known(vocabulary, import, first, err);
    if (plan->languages_key) return add_configured(vocabulary, import, first, err);
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < sizeof lists / sizeof *lists && status == TOLKA_OK; i++) {
        if (has_language(vocabulary, plan->languages)) break;
        char *path = import_path(import, lists[i]);
        if (!path) return fail(err, TOLKA_NOMEM, "out of memory");
        status = add_listed(vocabulary, plan, first, path, err);
        free(path);
    }
    return status;
}

/* ---- special tokens -------------------------------------------------------------------------- */

static tolka_status add_files(struct vocabulary *vocabulary, const struct import *import,
                              tolka_error *err) {
    static const char *const names[] = {"tokenizer.json", "added_tokens.json",
                                        "tokenizer_config.json"};
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names && status == TOLKA_OK; i++) {
        char *path = import_path(import, names[i]);
        if (!path) return fail(err, TOLKA_NOMEM, "out of memory");
        status = vocabulary_add_file(vocabulary, path, err);
        free(path);
    }
    return status;
}

tolka_status add_special_tokens(struct vocabulary *vocabulary, const struct import *import,
                                size_t first, tolka_error *err) {
    const char *name = import->source.weights_path;
    tolka_status status = add_files(vocabulary, import, err);
    if (status == TOLKA_OK) status = vocabulary_index(vocabulary, name, err);
    if (status == TOLKA_OK && import->plan.languages)
        status = add_languages(vocabulary, import, first, err);
    return status == TOLKA_OK ? vocabulary_index(vocabulary, name, err) : status;
}

/* The text of a token in tokenizer_config.json: a string, or an object with its content. */
static tolka_status token_text(const struct import *import, const char *key, const char *absent,
                               const char **text, tolka_error *err) {
    char content[64];
    snprintf(content, sizeof content, "%s.content", key);
    if (settings_length(import->tokenizer_json, key) > 0) key = content;
    return settings_string(import->tokenizer_json, key, absent, text, err);
}

static tolka_status add_named(struct vocabulary *special, const struct import *import,
                              const struct vocabulary *vocabulary, tolka_error *err) {
    static const struct {
        const char *key, *absent;
    } names[] = {{"bos_token", "<s>"},   {"eos_token", "</s>"},    {"unk_token", "<unk>"},
                 {"pad_token", "<pad>"}, {"mask_token", "<mask>"}, {"sep_token", "</s>"},
                 {"cls_token", "<s>"}};
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names && status == TOLKA_OK; i++) {
        const char *text;
        status = token_text(import, names[i].key, names[i].absent, &text, err);
        int32_t id = status == TOLKA_OK ? vocabulary_find(vocabulary, text) : -1;
        if (id >= 0) status = vocabulary_add(special, id, text, strlen(text), names[i].key, err);
    }
    return status;
}

tolka_status special_tokens_of(struct vocabulary *special, const struct import *import,
                               const struct vocabulary *vocabulary, tolka_error *err) {
    *special = (struct vocabulary){0};
    tolka_status status = add_files(special, import, err);
    if (status == TOLKA_OK) status = add_named(special, import, vocabulary, err);
    if (status != TOLKA_OK) vocabulary_free(special);
    return status;
}

/* ---- languages when none is asked for -------------------------------------------------------- */

/* The list's own copy of a language by its code; NULL: it has none, or there is no code. */
static const char *find_language(const struct token_list *languages, const char *form,
                                 const char *code) {
    char token[LONGEST_LANGUAGE];
    if (!code) return NULL;
    language_token(form, code, token);
    for (size_t i = 0; i < languages->n; i++)
        if (strcmp(languages->tokens[i], token) == 0) return languages->tokens[i];
    return NULL;
}

static const char *language_of(const struct token_list *languages, int32_t id) {
    for (size_t i = 0; i < languages->n; i++)
        if (languages->ids[i] == id) return languages->tokens[i];
    return NULL;
}

tolka_status write_default_languages(struct gguf_writer *writer, const struct import *import,
                                     const struct token_list *languages, tolka_error *err) {
    const struct tokenizer_plan *plan = &import->plan;
    const char *from = plan->default_from, *to = NULL;
    if (plan->languages) {
        const char *source, *target;
        tolka_status status =
            settings_string(import->tokenizer_json, "src_lang", NULL, &source, err);
        if (status == TOLKA_OK)
            status = settings_string(import->tokenizer_json, "tgt_lang", NULL, &target, err);
        if (status != TOLKA_OK) return status;
        const char *said = find_language(languages, plan->languages, source);
        from = said ? said : find_language(languages, plan->languages, from);
        /* A model for one target language has it among the defaults of its decoding. */
        const char *decoded = NULL;
        if (strcmp(plan->to, "start") == 0)
            decoded = language_of(languages, import->config.start_token);
        else if (strcmp(plan->to, "forced_first") == 0)
            decoded = language_of(languages, import->config.forced_first);
        said = decoded ? decoded : find_language(languages, plan->languages, target);
        to = said;
    }
    if (from) write_string(writer, "tolka.tokenizer.default_from", from);
    if (to) write_string(writer, "tolka.tokenizer.default_to", to);
    return TOLKA_OK;
}
