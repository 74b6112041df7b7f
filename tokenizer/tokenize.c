/* Text to ids: tolka_tokenize, tolka_tokenize_target. */
#include "tokenizer/tokenize.h"

#include "tokenizer/spm_check.h"
#include "tokenizer/utf8.h"

#include <stdlib.h>
#include <string.h>

/* ---- where ids go ---------------------------------------------------------------------------- */

struct tokens {
    const tolka_tokenizer *tokenizer;
    const struct side *side;
    int32_t *ids;
    tolka_span *spans; /* where each id stands; NULL: nobody asks */
    const char *first; /* of the text; NULL: what is being cut is no part of it */
    size_t length;     /* of the text */
    const char *run;   /* what is being cut into pieces */
    tolka_span here;   /* of the next id */
    size_t capacity, n;
    bool failed; /* memory was short once: stays so */
};

static bool grow(struct tokens *tokens) {
    size_t capacity = 2 * tokens->capacity + 16;
    int32_t *ids = realloc(tokens->ids, capacity * sizeof *ids);
    if (!ids) return false;
    tokens->ids = ids;
    if (tokens->spans) {
        tolka_span *spans = realloc(tokens->spans, capacity * sizeof *spans);
        if (!spans) return false;
        tokens->spans = spans;
    }
    tokens->capacity = capacity;
    return true;
}

/* Bytes of the run, as a span of the text; one that is outside of it is empty. */
static void set_place(struct tokens *tokens, size_t begin, size_t end) {
    ptrdiff_t from = tokens->run - tokens->first + (ptrdiff_t)begin;
    bool inside = from >= 0 && (size_t)from + (end - begin) <= tokens->length;
    tokens->here = inside ? (tolka_span){(size_t)from, end - begin} : (tolka_span){0, 0};
}

static void put_id(struct tokens *tokens, int32_t id) {
    if (id < 0 || tokens->failed) return;
    if (tokens->n == tokens->capacity && !grow(tokens)) {
        tokens->failed = true;
        return;
    }
    if (tokens->spans) tokens->spans[tokens->n] = tokens->here;
    tokens->here = (tolka_span){0, 0};
    tokens->ids[tokens->n++] = id;
}

/* The token of a text that one side's SentencePiece model does not know but the other's does. */
static int32_t find_foreign(const tolka_tokenizer *tokenizer, const struct side *side,
                            struct spm_text text) {
    const struct side *other = side == &tokenizer->source ? &tokenizer->target : &tokenizer->source;
    int32_t piece = tokenizer->shares_vocabulary ? spm_find(other->spm, text) : -1;
    return piece < 0 ? -1 : other->ids[piece];
}

static void put_piece(void *user, const struct spm_token *token) {
    struct tokens *tokens = user;
    const tolka_tokenizer *tokenizer = tokens->tokenizer;
    const struct side *side = tokens->side;
    int32_t id = -1, piece = token->piece;
    set_place(tokens, token->begin, token->end);
    if (piece == side->unknown_piece)
        id = find_foreign(tokenizer, side, token->text);
    else if (piece >= 0 && (size_t)piece < side->n_pieces)
        id = side->ids ? side->ids[piece] : piece;
    put_id(tokens, id < 0 ? tokenizer->unknown : id);
}

static void put_token(void *user, int32_t token) {
    struct tokens *tokens = user;
    put_id(tokens, token < 0 ? tokens->tokenizer->unknown : token);
}

/* Each side of a tokenizer by words has an unknown token of its own, of the same text. */
static void put_word(void *user, int32_t id, size_t begin, size_t end) {
    struct tokens *tokens = user;
    const tolka_tokenizer *tokenizer = tokens->tokenizer;
    set_place(tokens, begin, end);
    if (id >= 0 && (size_t)id < tokens->side->vocab)
        put_id(tokens, id);
    else
        put_id(tokens, tokens->side == &tokenizer->source
                           ? tokenizer->unknown
                           : tokenizer_target_word(tokenizer, tokenizer->unknown));
}

/* ---- tokens looked up whole ------------------------------------------------------------------ */

struct tag {
    size_t length; /* 0: there is none */
    int32_t id;
    bool is_language;
};

static void match_tag(struct tag *best, struct gguf_string token, struct tag tag, const char *text,
                      size_t length) {
    if (token.length > best->length && token.length <= length &&
        memcmp(text, token.bytes, token.length) == 0) {
        *best = tag;
        best->length = token.length;
    }
}

static void match_languages(struct tag *best, const tolka_tokenizer *tokenizer, const char *text,
                            size_t length) {
    const struct languages *languages = &tokenizer->languages;
    for (size_t i = 0; i < languages->n; i++) {
        struct tag tag = {0, languages->ids[i], true};
        if ((size_t)tag.id < tokenizer->source.vocab)
            match_tag(best, languages->tokens[i], tag, text, length);
    }
}

static void match_extras(struct tag *best, const tolka_tokenizer *tokenizer, const char *text,
                         size_t length) {
    if (length == 0 || !tokenizer->extra_starts[(unsigned char)*text]) return;
    for (size_t i = 0; i < tokenizer->n_extras; i++) {
        struct tag tag = {0, tokenizer->extras[i].id, false};
        if ((size_t)tag.id < tokenizer->source.vocab)
            match_tag(best, tokenizer->extras[i].text, tag, text, length);
    }
}

/* The longest language or extra token that the text starts with. */
static struct tag tag_at(const tolka_tokenizer *tokenizer, const char *text, size_t length) {
    struct tag best = {0, -1, false};
    match_languages(&best, tokenizer, text, length);
    match_extras(&best, tokenizer, text, length);
    return best;
}

/* Steps over the tag at text[*done] and a blank after it. */
static struct tag take_tag(const tolka_tokenizer *tokenizer, const char *text, size_t length,
                           size_t *done) {
    struct tag tag = tag_at(tokenizer, text + *done, length - *done);
    *done += tag.length;
    if (tag.length > 0 && *done < length && text[*done] == ' ') ++*done;
    return tag;
}

/* The target language that the tags at the start of a text ask for, or else the tokenizer's. */
static int32_t target_language(const tolka_tokenizer *tokenizer, const char *text, size_t length) {
    struct tag tag;
    for (size_t done = 0; (tag = take_tag(tokenizer, text, length, &done)).length > 0;)
        if (tag.is_language) return tag.id;
    return tokenizer->to;
}

/* Encodes the tags at the start; the one that the template puts elsewhere is left out. */
static size_t tokenize_tags(struct tokens *tokens, const struct text_template *form,
                            const char *text, size_t length) {
    bool elsewhere = template_has(form, ITEM_TO);
    size_t done = 0;
    struct tag tag;
    while ((tag = take_tag(tokens->tokenizer, text, length, &done)).length > 0) {
        if (tag.is_language && elsewhere)
            elsewhere = false;
        else
            put_id(tokens, tag.id);
    }
    return done;
}

size_t tokenizer_tags(const tolka_tokenizer *tokenizer, const char *text, size_t length) {
    size_t done = 0;
    if (tokenizer->kind != PIECES_SENTENCEPIECE) return 0;
    for (size_t next = 0; take_tag(tokenizer, text, length, &next).is_language;) done = next;
    return done;
}

bool tokenizer_is_special(const tolka_tokenizer *tokenizer, int32_t id) {
    if (id == tokenizer->eos || id == tokenizer->bos) return true;
    for (size_t i = 0; i < tokenizer->languages.n; i++)
        if (tokenizer->languages.ids[i] == id) return true;
    return false;
}

bool tokenizer_reads_sentences(const tolka_tokenizer *tokenizer) {
    bool is_t5 = tokenizer->extra_anywhere && tokenizer->languages.n == 0;
    return tokenizer->kind == PIECES_SENTENCEPIECE && !is_t5;
}

/* ---- text to ids ----------------------------------------------------------------------------- */

/* SentencePiece keeps some ten bytes for each byte of a text and counts in int, so a long text goes
 * through it in parts, cut where a word ends. */
enum { LONGEST_PART = 4 << 20 };

static size_t part_length(const char *text, size_t length) {
    if (length <= LONGEST_PART) return length;
    size_t n = LONGEST_PART;
    while (n > 0 && text[n] != ' ') n--;
    return n > 0 ? n : utf8_cut(text, LONGEST_PART);
}

static bool tokenize_pieces(struct tokens *tokens, const struct spm *spm, const char *text,
                            size_t length) {
    while (length > 0) {
        size_t n = part_length(text, length);
        tokens->run = text;
        if (spm_encode(spm, text, n, put_piece, tokens) != SPM_OK) return false;
        text += n;
        length -= n;
        if (length > 0 && *text == ' ') text++, length--;
    }
    return true;
}

/* Special tokens may stand anywhere, as in Hugging Face's tokenizers. */
static bool tokenize_bytelevel(struct tokens *tokens, const char *text, size_t length) {
    const tolka_tokenizer *tokenizer = tokens->tokenizer;
    size_t start = 0, i = 0;
    bool ok = true;
    while (ok && i < length) {
        struct tag tag = tag_at(tokenizer, text + i, length - i);
        if (tag.length == 0) {
            i++;
            continue;
        }
        ok = bytelevel_encode(&tokenizer->bpe, text + start, i - start, put_token, tokens);
        put_id(tokens, tag.id);
        start = i += tag.length;
    }
    return ok && bytelevel_encode(&tokenizer->bpe, text + start, length - start, put_token, tokens);
}

static bool tokenize_run(struct tokens *tokens, const struct spm *spm, const char *text,
                         size_t length) {
    while (length > 0 && *text == ' ') text++, length--;
    while (length > 0 && text[length - 1] == ' ') length--;
    return tokenize_pieces(tokens, spm, text, length);
}

/* Extra tokens may stand anywhere; blanks beside them are nothing, and SentencePiece takes what is
 * between them for texts of their own. */
static bool tokenize_runs(struct tokens *tokens, const struct spm *spm, const char *text,
                          size_t length) {
    size_t start = 0, i = 0;
    bool ok = true;
    while (ok && i < length) {
        struct tag tag = {0, -1, false};
        match_extras(&tag, tokens->tokenizer, text + i, length - i);
        if (tag.length == 0) {
            i++;
            continue;
        }
        ok = tokenize_run(tokens, spm, text + start, i - start);
        put_id(tokens, tag.id);
        start = i += tag.length;
    }
    if (start == 0) return ok && tokenize_pieces(tokens, spm, text, length);
    return ok && tokenize_run(tokens, spm, text + start, length - start);
}

/* Writes the target language before a text that does not name one itself. */
static bool tokenize_with_prefix(struct tokens *tokens, const struct spm *spm, const char *text,
                                 size_t length) {
    const tolka_tokenizer *tokenizer = tokens->tokenizer;
    struct gguf_string prefix = tokenizer->prefix;
    struct tag own = {0, -1, false};
    match_languages(&own, tokenizer, text, length);
    if (own.length > 0 || prefix.length == 0) return tokenize_runs(tokens, spm, text, length);
    char *whole = malloc(prefix.length + 1 + length);
    if (!whole) return false;
    memcpy(whole, prefix.bytes, prefix.length);
    whole[prefix.length] = ' ';
    memcpy(whole + prefix.length + 1, text, length);
    tokens->first = whole + prefix.length + 1;
    bool ok = tokenize_runs(tokens, spm, whole, prefix.length + 1 + length);
    free(whole);
    return ok;
}

static bool tokenize_text(struct tokens *tokens, const struct spm *spm,
                          const struct text_template *form, const char *text, size_t length) {
    const tolka_tokenizer *tokenizer = tokens->tokenizer;
    bool is_source = tokens->side == &tokenizer->source;
    size_t done = 0;
    if (tokenizer->kind == PIECES_BYTELEVEL) return tokenize_bytelevel(tokens, text, length);
    if (tokenizer->kind == PIECES_WORDS) {
        tokens->run = text;
        words_encode(tokenizer_words(tokenizer, is_source), text, length, put_word, tokens);
        return true;
    }
    if (tokenizer->tags_are_text && is_source)
        return tokenize_with_prefix(tokens, spm, text, length);
    if (tokenizer->extra_anywhere) return tokenize_runs(tokens, spm, text, length);
    if (is_source) done = tokenize_tags(tokens, form, text, length);
    return tokenize_pieces(tokens, spm, text + done, length - done);
}

static bool tokenize_clean(struct tokens *tokens, const struct spm *spm,
                           const struct text_template *form, const char *text, size_t length) {
    const tolka_tokenizer *tokenizer = tokens->tokenizer;
    bool is_source = tokens->side == &tokenizer->source;
    bool ok = true;
    for (size_t i = 0; ok && i < form->n; i++) {
        switch (form->items[i]) {
        case ITEM_TEXT:
            ok = tokenize_text(tokens, spm, form, text, length);
            break;
        case ITEM_FROM:
            put_id(tokens, tokenizer->from);
            break;
        case ITEM_TO:
            put_id(tokens, is_source ? target_language(tokenizer, text, length) : tokenizer->to);
            break;
        case ITEM_BOS:
            put_id(tokens, tokenizer->bos);
            break;
        case ITEM_EOS:
            put_id(tokens, tokenizer->eos);
            break;
        }
    }
    return ok;
}

/* ---- the public calls ------------------------------------------------------------------------ */

/* Ill-formed text is repaired first. False: no memory. */
static bool tokenize_any(struct tokens *tokens, const struct spm *spm,
                         const struct text_template *form, const char *text, size_t length) {
    char *clean = NULL;
    if (!utf8_is_clean(text, length)) {
        clean = utf8_clean(text, length, ' ', &length);
        if (!clean) return false;
        text = clean;
    }
    tokens->first = tokens->run = text;
    tokens->length = length;
    bool ok = tokenize_clean(tokens, spm, form, text, length);
    free(clean);
    return ok && !tokens->failed;
}

static tolka_status tokenize(const tolka_tokenizer *tokenizer, const struct side *side,
                             const struct spm *spm, const struct text_template *form,
                             const char *text, size_t length, int32_t **ids, size_t *n,
                             tolka_error *err) {
    struct tokens tokens = {.tokenizer = tokenizer, .side = side};
    bool ok = grow(&tokens) && tokenize_any(&tokens, spm, form, text, length);
    *ids = ok ? tokens.ids : NULL;
    *n = ok ? tokens.n : 0;
    if (ok) return TOLKA_OK;
    free(tokens.ids);
    return fail(err, TOLKA_NOMEM, "out of memory for a text of %zu bytes", length);
}

static tolka_status check_call(const char *call, const tolka_tokenizer *tokenizer, const char *text,
                               size_t length, int32_t **ids, size_t *n, tolka_error *err) {
    if (ids) *ids = NULL;
    if (n) *n = 0;
    return need_arguments(err, call,
                          (const struct argument[]){{"tokenizer", tokenizer},
                                                    {"text", text || length == 0},
                                                    {"ids", ids},
                                                    {"n", n},
                                                    {NULL, false}});
}

tolka_status tolka_tokenize(const tolka_tokenizer *tokenizer, const char *text, size_t length,
                            int32_t **ids, size_t *n, tolka_error *err) {
    tolka_status status = check_call(__func__, tokenizer, text, length, ids, n, err);
    if (status != TOLKA_OK) return status;
    return tokenize(tokenizer, &tokenizer->source, tokenizer->source.spm,
                    &tokenizer->source_template, text, length, ids, n, err);
}

tolka_status tokenizer_spans(const tolka_tokenizer *tokenizer, const char *text, size_t length,
                             int32_t **ids, tolka_span **spans, size_t *n, tolka_error *err) {
    struct tokens tokens = {.tokenizer = tokenizer, .side = &tokenizer->source};
    tokens.spans = malloc(sizeof *tokens.spans);
    bool ok =
        tokens.spans && grow(&tokens) &&
        tokenize_any(&tokens, tokenizer->source.spm, &tokenizer->source_template, text, length);
    *ids = ok ? tokens.ids : NULL;
    *spans = ok ? tokens.spans : NULL;
    *n = ok ? tokens.n : 0;
    if (ok) return TOLKA_OK;
    free(tokens.ids);
    free(tokens.spans);
    return fail(err, TOLKA_NOMEM, "out of memory for a text of %zu bytes", length);
}

static struct spm *load_target(const struct target_encoder *encoder) {
    uint8_t *checked;
    size_t n_checked;
    char why[SPM_WHY];
    struct spm *spm = NULL;
    if (spm_check(encoder->bytes, encoder->n_bytes, SPM_ENCODE_DECODE, &checked, &n_checked, why) !=
        SPM_OK)
        return NULL;
    spm_load(&spm, checked, n_checked, why);
    free(checked);
    return spm;
}

/* NULL if memory is short. */
static const struct spm *target_spm(const tolka_tokenizer *tokenizer) {
    struct target_encoder *encoder = tokenizer->target_encoder;
    if (!encoder) return tokenizer->target.spm;
    pthread_mutex_lock(&encoder->mutex);
    if (!encoder->spm) encoder->spm = load_target(encoder);
    struct spm *spm = encoder->spm;
    pthread_mutex_unlock(&encoder->mutex);
    return spm;
}

tolka_status tolka_tokenize_target(const tolka_tokenizer *tokenizer, const char *text,
                                   size_t length, int32_t **ids, size_t *n, tolka_error *err) {
    tolka_status status = check_call(__func__, tokenizer, text, length, ids, n, err);
    if (status != TOLKA_OK) return status;
    const struct spm *spm = target_spm(tokenizer);
    if (!spm && tokenizer->kind == PIECES_SENTENCEPIECE)
        return fail(err, TOLKA_NOMEM, "out of memory for the target's tokenizer");
    return tokenize(tokenizer, &tokenizer->target, spm, &tokenizer->target_template, text, length,
                    ids, n, err);
}
