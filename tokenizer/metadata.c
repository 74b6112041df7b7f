#include "tokenizer/metadata.h"

#include "tokenizer/ggml_vocab.h"
#include "tokenizer/icu_memory.h"
#include "tokenizer/keys.h"
#include "tokenizer/spm_check.h"

#include <stdlib.h>
#include <string.h>

/* ---- arrays of tokens ------------------------------------------------------------------------ */

/* Copies an array of ids below `vocab`; those of -1 are allowed if `holes`. */
static tolka_status copy_ids(const tolka_model *model, const char *key,
                             const struct gguf_value *array, size_t vocab, bool holes,
                             int32_t **out, tolka_error *err) {
    size_t n = (size_t)array->count;
    int32_t *ids = malloc((n + 1) * sizeof *ids);
    if (!ids) return fail(err, TOLKA_NOMEM, "%s: out of memory", model->name);
    for (size_t i = 0; i < n; i++) {
        int64_t id = gguf_array_integer(array, i);
        if (id < (holes ? -1 : 0) || id >= (int64_t)vocab) {
            free(ids);
            return fail(err, TOLKA_FORMAT,
                        "%s: key %s: entry %zu is %lld, the vocabulary has %zu tokens", model->name,
                        key, i, (long long)id, vocab);
        }
        ids[i] = (int32_t)id;
    }
    *out = ids;
    return TOLKA_OK;
}

/* Two arrays side by side, tokens and their ids; both absent: none. */
static tolka_status read_tokens(const tolka_model *model, const char *key, const char *ids_key,
                                size_t vocab, size_t *n, struct gguf_string **tokens, int32_t **ids,
                                tolka_error *err) {
    const struct gguf_value *texts, *numbers;
    *n = 0;
    tolka_status status = key_strings(model, key, &texts, err);
    if (status == TOLKA_OK) status = key_integers(model, ids_key, &numbers, err);
    if (status != TOLKA_OK) return status;
    if (!texts && !numbers) return TOLKA_OK;
    if (!texts || !numbers) return key_missing(model, texts ? ids_key : key, err);
    if (texts->count != numbers->count)
        return fail(err, TOLKA_FORMAT, "%s: key %s has %llu entries, %s has %llu", model->name, key,
                    (unsigned long long)texts->count, ids_key, (unsigned long long)numbers->count);
    status = copy_ids(model, ids_key, numbers, vocab, false, ids, err);
    if (status != TOLKA_OK) return status;
    *n = (size_t)texts->count;
    *tokens = calloc(*n + 1, sizeof **tokens);
    if (!*tokens) return fail(err, TOLKA_NOMEM, "%s: out of memory", model->name);
    size_t cursor = 0;
    for (size_t i = 0; i < *n; i++) (*tokens)[i] = gguf_array_string(texts, &cursor);
    return TOLKA_OK;
}

static tolka_status check_languages(const struct languages *languages, tolka_error *err) {
    if (languages->n > LANGUAGES_LIMIT)
        return fail(err, TOLKA_FORMAT, "%s: key %s has %zu entries, more than %d", languages->model,
                    KEY "languages", languages->n, LANGUAGES_LIMIT);
    for (size_t i = 0; i < languages->n; i++)
        if (!language_is_sound(languages->tokens[i]))
            return fail(err, TOLKA_FORMAT, "%s: key %s: entry %zu is not a language",
                        languages->model, KEY "languages", i);
    return TOLKA_OK;
}

static tolka_status read_languages(tolka_tokenizer *tokenizer, const tolka_model *model,
                                   size_t vocab, tolka_error *err) {
    struct languages *languages = &tokenizer->languages;
    languages->model = model->name;
    tolka_status status = read_tokens(model, KEY "languages", KEY "language_ids", vocab,
                                      &languages->n, &languages->tokens, &languages->ids, err);
    return status == TOLKA_OK ? check_languages(languages, err) : status;
}

static void note_starts(tolka_tokenizer *tokenizer) {
    for (size_t i = 0; i < tokenizer->n_extras; i++) {
        struct gguf_string text = tokenizer->extras[i].text;
        if (text.length > 0) tokenizer->extra_starts[(unsigned char)text.bytes[0]] = true;
    }
}

static tolka_status read_extras(tolka_tokenizer *tokenizer, const tolka_model *model, size_t vocab,
                                tolka_error *err) {
    size_t n = 0;
    struct gguf_string *tokens = NULL;
    int32_t *ids = NULL;
    tolka_status status =
        read_tokens(model, KEY "extra", KEY "extra_ids", vocab, &n, &tokens, &ids, err);
    if (status == TOLKA_OK)
        status = key_flag(model, KEY "extra_anywhere", &tokenizer->extra_anywhere, err);
    if (status == TOLKA_OK) {
        tokenizer->extras = calloc(n + 1, sizeof *tokenizer->extras);
        if (!tokenizer->extras) status = fail(err, TOLKA_NOMEM, "%s: out of memory", model->name);
    }
    if (status == TOLKA_OK) {
        for (size_t i = 0; i < n; i++) tokenizer->extras[i] = (struct extra){tokens[i], ids[i]};
        tokenizer->n_extras = n;
        note_starts(tokenizer);
    }
    free(tokens);
    free(ids);
    return status;
}

/* ---- templates ------------------------------------------------------------------------------- */

static const char *const item_names[] = {"text", "from", "to", "bos", "eos"};
enum { N_ITEM_NAMES = sizeof item_names / sizeof *item_names };

static bool find_item(struct gguf_string word, enum template_item *item) {
    for (int i = 0; i < N_ITEM_NAMES; i++)
        if (gguf_string_equals(word, item_names[i])) return *item = (enum template_item)i, true;
    return false;
}

static tolka_status parse_template(const tolka_tokenizer *tokenizer, const char *key,
                                   struct gguf_string text, struct text_template *form,
                                   tolka_error *err) {
    for (size_t i = 0; i < text.length;) {
        const char *start = text.bytes + i;
        const char *blank = memchr(start, ' ', text.length - i);
        struct gguf_string word = {start, blank ? (size_t)(blank - start) : text.length - i};
        i += word.length + 1;
        if (word.length == 0) continue;
        enum template_item item;
        if (!find_item(word, &item))
            return fail(err, TOLKA_UNSUPPORTED,
                        "%s: key %s: \"%.*s\" is none of text, from, to, bos and eos",
                        tokenizer->name, key, (int)(word.length < 40 ? word.length : 40),
                        word.bytes);
        if (form->n == MAX_ITEMS || (item == ITEM_TEXT && template_has(form, item)))
            return fail(err, TOLKA_FORMAT, "%s: key %s repeats items", tokenizer->name, key);
        form->items[form->n++] = item;
    }
    if (!template_has(form, ITEM_TEXT))
        return fail(err, TOLKA_FORMAT, "%s: key %s has no item \"text\"", tokenizer->name, key);
    return TOLKA_OK;
}

static tolka_status read_template(const tolka_tokenizer *tokenizer, const tolka_model *model,
                                  const char *key, struct text_template *form, tolka_error *err) {
    static const char absent[] = "text eos";
    struct gguf_string text;
    tolka_status status = key_string(model, key, &text, err);
    if (status != TOLKA_OK) return status;
    if (!text.bytes) text = (struct gguf_string){absent, sizeof absent - 1};
    status = parse_template(tokenizer, key, text, form, err);
    if (status != TOLKA_OK) return status;
    if (template_has(form, ITEM_EOS) && tokenizer->eos < 0)
        return key_missing(model, KEY "eos", err);
    if (template_has(form, ITEM_BOS) && tokenizer->bos < 0)
        return key_missing(model, KEY "bos", err);
    bool wants_language = template_has(form, ITEM_FROM) || template_has(form, ITEM_TO);
    if (wants_language && tokenizer->languages.n == 0)
        return key_missing(model, KEY "languages", err);
    return TOLKA_OK;
}

/* ---- SentencePiece --------------------------------------------------------------------------- */

static tolka_status spm_failed(const char *name, const char *key, enum spm_status status,
                               const char *why, tolka_error *err) {
    if (status == SPM_NOMEM) return fail(err, TOLKA_NOMEM, "%s: out of memory", name);
    return fail(err, status == SPM_UNSUPPORTED ? TOLKA_UNSUPPORTED : TOLKA_FORMAT,
                "%s: key %s: SentencePiece cannot use it: %s", name, key, why);
}

static tolka_status load_spm(struct spm **out, const tolka_model *model, const char *key,
                             const uint8_t *bytes, size_t n_bytes, enum spm_use use,
                             tolka_error *err) {
    uint8_t *checked;
    size_t n_checked;
    char why[SPM_WHY] = "unknown error";
    enum spm_status status = spm_check(bytes, n_bytes, use, &checked, &n_checked, why);
    if (status == SPM_OK) {
        status = spm_load(out, checked, n_checked, why);
        free(checked);
    }
    return status == SPM_OK ? TOLKA_OK : spm_failed(model->name, key, status, why, err);
}

/* The ids of a side's pieces. */
static tolka_status read_side(tolka_tokenizer *tokenizer, const tolka_model *model,
                              struct side *side, tolka_error *err) {
    const struct gguf_value *array;
    tolka_status status = key_integers(model, side->ids_key, &array, err);
    if (status != TOLKA_OK) return status;
    side->n_pieces = (size_t)spm_count(side->spm);
    side->unknown_piece = spm_unknown(side->spm);
    if (!array) {
        if (side->n_pieces > side->vocab)
            return fail(err, TOLKA_FORMAT,
                        "%s: key %s has %zu pieces, more than the vocabulary's %zu tokens, and no "
                        "key %s says which are meant",
                        model->name, side->model_key, side->n_pieces, side->vocab, side->ids_key);
        if (tokenizer->unknown < 0) tokenizer->unknown = side->unknown_piece;
        return TOLKA_OK;
    }
    if (array->count != side->n_pieces)
        return fail(err, TOLKA_FORMAT, "%s: key %s has %llu entries for the %zu pieces of %s",
                    model->name, side->ids_key, (unsigned long long)array->count, side->n_pieces,
                    side->model_key);
    status = copy_ids(model, side->ids_key, array, side->vocab, true, &side->ids, err);
    for (size_t i = 0; status == TOLKA_OK && i < side->n_pieces; i++)
        if (side->ids[i] < 0 &&
            (tokenizer->unknown < 0 || (size_t)tokenizer->unknown >= side->vocab))
            return fail(err, TOLKA_FORMAT, "%s: key %s leaves out piece %zu, but %s names no token",
                        model->name, side->ids_key, i, KEY "unknown");
    return status;
}

static tolka_status defer_target_encoder(tolka_tokenizer *tokenizer, const tolka_model *model,
                                         const struct gguf_value *bytes, tolka_error *err) {
    struct target_encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder || pthread_mutex_init(&encoder->mutex, NULL) != 0) {
        free(encoder);
        return fail(err, TOLKA_NOMEM, "%s: out of memory", model->name);
    }
    encoder->bytes = bytes->data;
    encoder->n_bytes = bytes->n_bytes;
    tokenizer->target_encoder = encoder;
    return load_spm(&tokenizer->target.spm, model, tokenizer->target.model_key, bytes->data,
                    bytes->n_bytes, SPM_DECODE, err);
}

static tolka_status read_sentencepiece(tolka_tokenizer *tokenizer, const tolka_model *model,
                                       tolka_error *err) {
    struct side *source = &tokenizer->source, *target = &tokenizer->target;
    const struct gguf_value *source_model, *target_model;
    source->model_key = KEY "source.model";
    source->ids_key = KEY "source.ids";
    target->model_key = KEY "target.model";
    target->ids_key = KEY "target.ids";
    tolka_status status = key_bytes(model, source->model_key, &source_model, err);
    if (status == TOLKA_OK) status = key_bytes(model, target->model_key, &target_model, err);
    if (status != TOLKA_OK) return status;
    if (!source_model) return key_missing(model, source->model_key, err);
    status = load_spm(&source->spm, model, source->model_key, source_model->data,
                      source_model->n_bytes, SPM_ENCODE_DECODE, err);
    if (status == TOLKA_OK) status = read_side(tokenizer, model, source, err);
    if (status != TOLKA_OK) return status;
    if (!target_model) {
        target->model_key = source->model_key;
        if (!gguf_find(&model->gguf, target->ids_key)) target->ids_key = source->ids_key;
    }
    if (!target_model ||
        (target_model->n_bytes == source_model->n_bytes &&
         memcmp(target_model->data, source_model->data, source_model->n_bytes) == 0))
        target->spm = source->spm;
    else
        status = defer_target_encoder(tokenizer, model, target_model, err);
    if (status == TOLKA_OK) status = read_side(tokenizer, model, target, err);
    tokenizer->shares_vocabulary = source->spm != target->spm && source->ids && target->ids &&
                                   !model->model.config.separate_tables;
    return status;
}

/* ---- byte-level BPE -------------------------------------------------------------------------- */

static tolka_status read_bytelevel(tolka_tokenizer *tokenizer, const tolka_model *model,
                                   tolka_error *err) {
    const struct gguf_value *vocab, *merges;
    tolka_status status = key_strings(model, KEY "vocab", &vocab, err);
    if (status == TOLKA_OK) status = key_strings(model, KEY "merges", &merges, err);
    if (status != TOLKA_OK) return status;
    if (!vocab) return key_missing(model, KEY "vocab", err);
    if (!merges) return key_missing(model, KEY "merges", err);
    size_t min_vocab = tokenizer->source.vocab < tokenizer->target.vocab ? tokenizer->source.vocab
                                                                         : tokenizer->target.vocab;
    if (vocab->count > min_vocab)
        return fail(err, TOLKA_FORMAT, "%s: key %s has %llu entries, the vocabulary has %zu tokens",
                    model->name, KEY "vocab", (unsigned long long)vocab->count, min_vocab);
    return bytelevel_init(&tokenizer->bpe, vocab, merges, model->name, err);
}

/* ---- words ----------------------------------------------------------------------------------- */

static tolka_status read_words(const tolka_model *model, const char *key, size_t n_rows,
                               bool required, struct words *words, tolka_error *err) {
    const struct gguf_value *vocab;
    tolka_status status = key_strings(model, key, &vocab, err);
    if (status != TOLKA_OK || (!vocab && !required)) return status;
    if (!vocab) return key_missing(model, key, err);
    if (vocab->count > n_rows)
        return fail(err, TOLKA_FORMAT, "%s: key %s has %llu entries, the vocabulary has %zu tokens",
                    model->name, key, (unsigned long long)vocab->count, n_rows);
    return words_init(words, vocab, model->name, err);
}

static tolka_status read_word_lists(tolka_tokenizer *tokenizer, const tolka_model *model,
                                    tolka_error *err) {
    tolka_status status = read_words(model, KEY "vocab", tokenizer->source.vocab, true,
                                     &tokenizer->source_words, err);
    if (status != TOLKA_OK) return status;
    return read_words(model, KEY "target_vocab", tokenizer->target.vocab, false,
                      &tokenizer->target_words, err);
}

/* ---- what ids show --------------------------------------------------------------------------- */

static void show_pieces(tolka_tokenizer *tokenizer, const struct side *side, bool foreign) {
    for (size_t i = 0; i < side->n_pieces; i++) {
        int32_t id = side->ids ? side->ids[i] : (int32_t)i;
        if (id < 0 || (size_t)id >= tokenizer->target.vocab) continue;
        if (tokenizer->shown[id] == SHOWS_NOTHING)
            tokenizer->shown[id] = foreign ? -2 - (int32_t)i : (int32_t)i;
    }
}

static void hide(tolka_tokenizer *tokenizer, int32_t id) {
    if (id >= 0 && (size_t)id < tokenizer->target.vocab) tokenizer->shown[id] = SHOWS_NOTHING;
}

/* Ids of the other kinds mean the same on both sides; here it is the texts that do. */
static void show_words(tolka_tokenizer *tokenizer, const struct config *config) {
    size_t n = tokenizer_words(tokenizer, false)->n;
    for (size_t i = 0; i < n && i < tokenizer->target.vocab; i++) tokenizer->shown[i] = (int32_t)i;
    for (size_t i = 0; i < tokenizer->languages.n; i++)
        hide(tokenizer, tokenizer_target_word(tokenizer, tokenizer->languages.ids[i]));
    hide(tokenizer, tokenizer_target_word(tokenizer, tokenizer->bos));
    hide(tokenizer, tokenizer->eos);
    hide(tokenizer, config->pad_token);
}

static tolka_status list_shown(tolka_tokenizer *tokenizer, const struct config *config,
                               tolka_error *err) {
    size_t n = tokenizer->target.vocab;
    tokenizer->shown = malloc((n + 1) * sizeof *tokenizer->shown);
    if (!tokenizer->shown) return fail(err, TOLKA_NOMEM, "%s: out of memory", tokenizer->name);
    for (size_t i = 0; i < n; i++) tokenizer->shown[i] = SHOWS_NOTHING;
    if (tokenizer->kind == PIECES_WORDS) {
        show_words(tokenizer, config);
        return TOLKA_OK;
    }
    if (tokenizer->kind == PIECES_BYTELEVEL) {
        for (size_t i = 0; i < tokenizer->bpe.n_tokens; i++) tokenizer->shown[i] = (int32_t)i;
    } else {
        show_pieces(tokenizer, &tokenizer->target, false);
        if (tokenizer->shares_vocabulary) show_pieces(tokenizer, &tokenizer->source, true);
    }
    for (size_t i = 0; i < tokenizer->n_extras; i++) hide(tokenizer, tokenizer->extras[i].id);
    for (size_t i = 0; i < tokenizer->languages.n; i++)
        hide(tokenizer, tokenizer->languages.ids[i]);
    hide(tokenizer, tokenizer->bos);
    hide(tokenizer, tokenizer->eos);
    hide(tokenizer, config->pad_token);
    hide(tokenizer, tokenizer->unknown);
    /* SentencePiece has a sign for what the model could not name: the reader should see it. */
    bool known = tokenizer->unknown >= 0 && (size_t)tokenizer->unknown < n;
    if (known && tokenizer->kind == PIECES_SENTENCEPIECE)
        tokenizer->shown[tokenizer->unknown] = tokenizer->target.unknown_piece;
    return TOLKA_OK;
}

/* ---- llama.cpp's T5 files -------------------------------------------------------------------- */

static tolka_status take_ggml_tokens(tolka_tokenizer *tokenizer, const struct ggml_vocab *vocab,
                                     tolka_error *err) {
    struct languages *languages = &tokenizer->languages;
    tokenizer->extras = calloc(vocab->n_added + 1, sizeof *tokenizer->extras);
    languages->tokens = calloc(vocab->n_languages + 1, sizeof *languages->tokens);
    languages->ids = calloc(vocab->n_languages + 1, sizeof *languages->ids);
    languages->model = tokenizer->name;
    if (!tokenizer->extras || !languages->tokens || !languages->ids)
        return fail(err, TOLKA_NOMEM, "%s: out of memory", tokenizer->name);
    for (size_t i = 0; i < vocab->n_added; i++)
        tokenizer->extras[i] = (struct extra){vocab->added[i].text, vocab->added[i].id};
    for (size_t i = 0; i < vocab->n_languages; i++) {
        languages->tokens[i] = vocab->languages[i].text;
        languages->ids[i] = vocab->languages[i].id;
    }
    tokenizer->n_extras = vocab->n_added;
    languages->n = vocab->n_languages;
    note_starts(tokenizer);
    if (languages->n <= LANGUAGES_LIMIT) return TOLKA_OK;
    return fail(err, TOLKA_FORMAT, "%s: %zu tokens like \"<2de>\", more than %d", tokenizer->name,
                languages->n, LANGUAGES_LIMIT);
}

static void set_ggml_template(struct text_template *form, const struct ggml_vocab *vocab) {
    form->n = 0;
    if (vocab->add_bos) form->items[form->n++] = ITEM_BOS;
    form->items[form->n++] = ITEM_TEXT;
    if (vocab->add_eos) form->items[form->n++] = ITEM_EOS;
}

static tolka_status read_ggml(tolka_tokenizer *tokenizer, const tolka_model *model,
                              tolka_error *err) {
    static const char key[] = "tokenizer.ggml.tokens";
    struct side *source = &tokenizer->source, *target = &tokenizer->target;
    struct ggml_vocab vocab;
    tolka_status status = ggml_vocab_read(&vocab, &model->gguf, source->vocab, err);
    if (status != TOLKA_OK) return status;
    tokenizer->kind = PIECES_SENTENCEPIECE;
    tokenizer->bos = vocab.bos;
    tokenizer->eos = vocab.eos;
    tokenizer->unknown = vocab.unknown;
    tokenizer->extra_anywhere = true;
    tokenizer->tags_are_text = vocab.n_languages > 0;
    set_ggml_template(&tokenizer->source_template, &vocab);
    set_ggml_template(&tokenizer->target_template, &vocab);
    source->model_key = target->model_key = key;
    source->ids_key = target->ids_key = KEY "source.ids";
    status = take_ggml_tokens(tokenizer, &vocab, err);
    if (status == TOLKA_OK)
        status =
            load_spm(&source->spm, model, key, vocab.model, vocab.n_model, SPM_ENCODE_DECODE, err);
    if (status == TOLKA_OK) status = read_side(tokenizer, model, source, err);
    target->spm = source->spm;
    if (status == TOLKA_OK) status = read_side(tokenizer, model, target, err);
    ggml_vocab_free(&vocab);
    return status == TOLKA_OK ? list_shown(tokenizer, &model->model.config, err) : status;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static tolka_status read_kind(tolka_tokenizer *tokenizer, const tolka_model *model,
                              tolka_error *err) {
    struct gguf_string kind;
    tolka_status status = key_string(model, KEY "kind", &kind, err);
    if (status != TOLKA_OK) return status;
    if (!kind.bytes)
        return fail(err, TOLKA_UNSUPPORTED,
                    "%s: the model carries no tokenizer (key %s), so it takes only ids",
                    model->name, KEY "kind");
    if (gguf_string_equals(kind, "sentencepiece"))
        tokenizer->kind = PIECES_SENTENCEPIECE;
    else if (gguf_string_equals(kind, "bytelevel-bpe"))
        tokenizer->kind = PIECES_BYTELEVEL;
    else if (gguf_string_equals(kind, "words"))
        tokenizer->kind = PIECES_WORDS;
    else
        return fail(err, TOLKA_UNSUPPORTED,
                    "%s: key %s is \"%.*s\"; tolka knows sentencepiece, bytelevel-bpe and words",
                    model->name, KEY "kind", (int)(kind.length < 40 ? kind.length : 40),
                    kind.bytes);
    return TOLKA_OK;
}

static tolka_status read_pieces(tolka_tokenizer *tokenizer, const tolka_model *model,
                                tolka_error *err) {
    switch (tokenizer->kind) {
    case PIECES_BYTELEVEL:
        return read_bytelevel(tokenizer, model, err);
    case PIECES_WORDS:
        return read_word_lists(tokenizer, model, err);
    case PIECES_SENTENCEPIECE:
        break;
    }
    return read_sentencepiece(tokenizer, model, err);
}

tolka_status tokenizer_read(tolka_tokenizer *tokenizer, const tolka_model *model,
                            tolka_error *err) {
    const struct config *config = &model->model.config;
    tokenizer->name = model->name;
    if (!icu_has_memory()) return fail(err, TOLKA_NOMEM, "%s: out of memory", model->name);
    tokenizer->source.vocab = config->source_vocab;
    tokenizer->target.vocab = config->target_vocab;
    size_t vocab =
        config->source_vocab > config->target_vocab ? config->source_vocab : config->target_vocab;
    if (!gguf_find(&model->gguf, KEY "kind") && gguf_find(&model->gguf, "tokenizer.ggml.model"))
        return read_ggml(tokenizer, model, err);
    tolka_status status = read_kind(tokenizer, model, err);
    if (status == TOLKA_OK) status = key_id(model, KEY "bos", &tokenizer->bos, err);
    if (status == TOLKA_OK) status = key_id(model, KEY "eos", &tokenizer->eos, err);
    if (status == TOLKA_OK) status = key_id(model, KEY "unknown", &tokenizer->unknown, err);
    if (status == TOLKA_OK) status = read_languages(tokenizer, model, vocab, err);
    if (status == TOLKA_OK) status = read_extras(tokenizer, model, vocab, err);
    if (status == TOLKA_OK)
        status = read_template(tokenizer, model, KEY "template", &tokenizer->source_template, err);
    if (status == TOLKA_OK)
        status = read_template(tokenizer, model, KEY "target_template", &tokenizer->target_template,
                               err);
    if (status == TOLKA_OK) status = read_pieces(tokenizer, model, err);
    return status == TOLKA_OK ? list_shown(tokenizer, config, err) : status;
}
