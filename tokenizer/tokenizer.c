#include "tokenizer/tokenizer.h"

#include "tokenizer/utf8.h"

#include <stdlib.h>
#include <string.h>

/* ---- life ------------------------------------------------------------------------------------ */

tolka_status tolka_tokenizer_new(tolka_tokenizer **out, const tolka_model *model, const char *from,
                                 const char *to, tolka_error *err) {
    *out = NULL;
    tolka_tokenizer *tokenizer = calloc(1, sizeof *tokenizer);
    if (!tokenizer) return fail(err, TOLKA_NOMEM, "%s: out of memory", model->name);
    tolka_status status = tokenizer_read(tokenizer, model, err);
    if (status == TOLKA_OK) status = tokenizer_choose_languages(tokenizer, model, from, to, err);
    if (status != TOLKA_OK) {
        tolka_tokenizer_free(tokenizer);
        return status;
    }
    *out = tokenizer;
    return TOLKA_OK;
}

void tolka_tokenizer_free(tolka_tokenizer *tokenizer) {
    if (!tokenizer) return;
    if (tokenizer->target_encoder) {
        pthread_mutex_destroy(&tokenizer->target_encoder->mutex);
        spm_free(tokenizer->target_encoder->spm);
        free(tokenizer->target_encoder);
    }
    if (tokenizer->target.spm != tokenizer->source.spm) spm_free(tokenizer->target.spm);
    spm_free(tokenizer->source.spm);
    bytelevel_free(&tokenizer->bpe);
    words_free(&tokenizer->source_words);
    words_free(&tokenizer->target_words);
    free(tokenizer->source.ids);
    free(tokenizer->target.ids);
    free(tokenizer->shown);
    free(tokenizer->languages.tokens);
    free(tokenizer->languages.ids);
    free(tokenizer->extras);
    free(tokenizer);
}

int32_t tolka_tokenizer_start(const tolka_tokenizer *tokenizer) {
    return tokenizer->start;
}

int32_t tolka_tokenizer_forced_first(const tolka_tokenizer *tokenizer) {
    return tokenizer->forced_first;
}

/* ---- where ids go ---------------------------------------------------------------------------- */

struct encoding {
    const tolka_tokenizer *tokenizer;
    const struct side *side;
    int32_t *ids;
    size_t capacity, n;
};

static void put_id(struct encoding *encoding, int32_t id) {
    if (id < 0) return;
    if (encoding->n < encoding->capacity) encoding->ids[encoding->n] = id;
    encoding->n++;
}

/* The token of a text that one side's SentencePiece model does not know but the other's does. */
static int32_t find_foreign(const tolka_tokenizer *tokenizer, const struct side *side,
                            struct spm_text text) {
    const struct side *other = side == &tokenizer->source ? &tokenizer->target : &tokenizer->source;
    int32_t piece = tokenizer->shares_vocabulary ? spm_find(other->spm, text) : -1;
    return piece < 0 ? -1 : other->ids[piece];
}

static void put_piece(void *user, int32_t piece, struct spm_text text) {
    struct encoding *encoding = user;
    const tolka_tokenizer *tokenizer = encoding->tokenizer;
    const struct side *side = encoding->side;
    int32_t id = -1;
    if (piece == side->unknown_piece)
        id = find_foreign(tokenizer, side, text);
    else if (piece >= 0 && (size_t)piece < side->n_pieces)
        id = side->ids ? side->ids[piece] : piece;
    put_id(encoding, id < 0 ? tokenizer->unknown : id);
}

static void put_token(void *user, int32_t token) {
    struct encoding *encoding = user;
    put_id(encoding, token < 0 ? encoding->tokenizer->unknown : token);
}

/* Each side of a tokenizer by words has an unknown token of its own, of the same text. */
static void put_word(void *user, int32_t id) {
    struct encoding *encoding = user;
    const tolka_tokenizer *tokenizer = encoding->tokenizer;
    if (id >= 0 && (size_t)id < encoding->side->vocab)
        put_id(encoding, id);
    else
        put_id(encoding, encoding->side == &tokenizer->source
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
static size_t encode_tags(struct encoding *encoding, const struct template *template,
                          const char *text, size_t length) {
    bool elsewhere = template_has(template, ITEM_TO);
    size_t done = 0;
    struct tag tag;
    while ((tag = take_tag(encoding->tokenizer, text, length, &done)).length > 0) {
        if (tag.is_language && elsewhere)
            elsewhere = false;
        else
            put_id(encoding, tag.id);
    }
    return done;
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

static bool encode_pieces(struct encoding *encoding, const struct spm *spm, const char *text,
                          size_t length) {
    while (length > 0) {
        size_t n = part_length(text, length);
        if (spm_encode(spm, text, n, put_piece, encoding) != SPM_OK) return false;
        text += n;
        length -= n;
        if (length > 0 && *text == ' ') text++, length--;
    }
    return true;
}

/* Special tokens may stand anywhere, as in Hugging Face's tokenizers. */
static bool encode_bytelevel(struct encoding *encoding, const char *text, size_t length) {
    const tolka_tokenizer *tokenizer = encoding->tokenizer;
    size_t start = 0, i = 0;
    bool ok = true;
    while (ok && i < length) {
        struct tag tag = tag_at(tokenizer, text + i, length - i);
        if (tag.length == 0) {
            i++;
            continue;
        }
        ok = bytelevel_encode(&tokenizer->bpe, text + start, i - start, put_token, encoding);
        put_id(encoding, tag.id);
        start = i += tag.length;
    }
    return ok &&
           bytelevel_encode(&tokenizer->bpe, text + start, length - start, put_token, encoding);
}

static bool encode_run(struct encoding *encoding, const struct spm *spm, const char *text,
                       size_t length) {
    while (length > 0 && *text == ' ') text++, length--;
    while (length > 0 && text[length - 1] == ' ') length--;
    return encode_pieces(encoding, spm, text, length);
}

/* Extra tokens may stand anywhere; blanks beside them are nothing, and SentencePiece takes what is
 * between them for texts of their own. */
static bool encode_runs(struct encoding *encoding, const struct spm *spm, const char *text,
                        size_t length) {
    size_t start = 0, i = 0;
    bool ok = true;
    while (ok && i < length) {
        struct tag tag = {0, -1, false};
        match_extras(&tag, encoding->tokenizer, text + i, length - i);
        if (tag.length == 0) {
            i++;
            continue;
        }
        ok = encode_run(encoding, spm, text + start, i - start);
        put_id(encoding, tag.id);
        start = i += tag.length;
    }
    if (start == 0) return ok && encode_pieces(encoding, spm, text, length);
    return ok && encode_run(encoding, spm, text + start, length - start);
}

/* Writes the target language before a text that does not name one itself. */
static bool encode_with_prefix(struct encoding *encoding, const struct spm *spm, const char *text,
                               size_t length) {
    const tolka_tokenizer *tokenizer = encoding->tokenizer;
    struct gguf_string prefix = tokenizer->prefix;
    struct tag own = {0, -1, false};
    match_languages(&own, tokenizer, text, length);
    if (own.length > 0 || prefix.length == 0) return encode_runs(encoding, spm, text, length);
    char *whole = malloc(prefix.length + 1 + length);
    if (!whole) return false;
    memcpy(whole, prefix.bytes, prefix.length);
    whole[prefix.length] = ' ';
    memcpy(whole + prefix.length + 1, text, length);
    bool ok = encode_runs(encoding, spm, whole, prefix.length + 1 + length);
    free(whole);
    return ok;
}

static bool encode_text(struct encoding *encoding, const struct spm *spm,
                        const struct template *template, const char *text, size_t length) {
    const tolka_tokenizer *tokenizer = encoding->tokenizer;
    bool is_source = encoding->side == &tokenizer->source;
    size_t done = 0;
    if (tokenizer->kind == PIECES_BYTELEVEL) return encode_bytelevel(encoding, text, length);
    if (tokenizer->kind == PIECES_WORDS) {
        words_encode(tokenizer_words(tokenizer, is_source), text, length, put_word, encoding);
        return true;
    }
    if (tokenizer->tags_are_text && is_source)
        return encode_with_prefix(encoding, spm, text, length);
    if (tokenizer->extra_anywhere) return encode_runs(encoding, spm, text, length);
    if (is_source) done = encode_tags(encoding, template, text, length);
    return encode_pieces(encoding, spm, text + done, length - done);
}

static bool encode_clean(struct encoding *encoding, const struct spm *spm,
                         const struct template *template, const char *text, size_t length) {
    const tolka_tokenizer *tokenizer = encoding->tokenizer;
    bool is_source = encoding->side == &tokenizer->source;
    bool ok = true;
    for (size_t i = 0; ok && i < template->n; i++) {
        switch (template->items[i]) {
        case ITEM_TEXT:
            ok = encode_text(encoding, spm, template, text, length);
            break;
        case ITEM_FROM:
            put_id(encoding, tokenizer->from);
            break;
        case ITEM_TO:
            put_id(encoding, is_source ? target_language(tokenizer, text, length) : tokenizer->to);
            break;
        case ITEM_BOS:
            put_id(encoding, tokenizer->bos);
            break;
        case ITEM_EOS:
            put_id(encoding, tokenizer->eos);
            break;
        }
    }
    return ok;
}

/* 0 if memory is short. */
static size_t encode(struct encoding encoding, const struct spm *spm,
                     const struct template *template, const char *text, size_t length) {
    char *clean = NULL;
    if (!utf8_is_clean(text, length)) {
        clean = utf8_clean(text, length, ' ', &length);
        if (!clean) return 0;
        text = clean;
    }
    bool ok = encode_clean(&encoding, spm, template, text, length);
    free(clean);
    return ok ? encoding.n : 0;
}

size_t tolka_encode(const tolka_tokenizer *tokenizer, const char *text, size_t length, int32_t *ids,
                    size_t capacity) {
    struct encoding encoding = {tokenizer, &tokenizer->source, ids, capacity, 0};
    return encode(encoding, tokenizer->source.spm, &tokenizer->source_template, text, length);
}

/* NULL if memory is short. */
static const struct spm *target_spm(const tolka_tokenizer *tokenizer) {
    struct target_encoder *encoder = tokenizer->target_encoder;
    if (!encoder) return tokenizer->target.spm;
    pthread_mutex_lock(&encoder->mutex);
    if (!encoder->spm) {
        uint8_t *checked;
        size_t n_checked;
        char why[SPM_WHY];
        if (spm_check(encoder->bytes, encoder->n_bytes, SPM_ENCODE_DECODE, &checked, &n_checked,
                      why) == SPM_OK) {
            spm_load(&encoder->spm, checked, n_checked, why);
            free(checked);
        }
    }
    struct spm *spm = encoder->spm;
    pthread_mutex_unlock(&encoder->mutex);
    return spm;
}

size_t tolka_encode_target(const tolka_tokenizer *tokenizer, const char *text, size_t length,
                           int32_t *ids, size_t capacity) {
    const struct spm *spm = target_spm(tokenizer);
    if (!spm && tokenizer->kind == PIECES_SENTENCEPIECE) return 0;
    struct encoding encoding = {tokenizer, &tokenizer->target, ids, capacity, 0};
    return encode(encoding, spm, &tokenizer->target_template, text, length);
}

/* ---- ids to text ----------------------------------------------------------------------------- */

struct decoding {
    bool foreign, starts_foreign;
    char *text; /* the caller's */
    size_t capacity, n;
};

static void put_text(struct decoding *decoding, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++, decoding->n++)
        if (decoding->n < decoding->capacity) decoding->text[decoding->n] = text[i];
}

/* SentencePiece leaves pieces that it does not know as they are, blanks (U+2581) included. */
static void put_decoded(void *user, const char *text, size_t length) {
    static const char blank[] = "\xe2\x96\x81";
    struct decoding *decoding = user;
    for (size_t i = 0; i < length;) {
        if (decoding->foreign && length - i >= 3 && memcmp(text + i, blank, 3) == 0) {
            if (i > 0 || !decoding->starts_foreign) put_text(decoding, " ", 1);
            i += 3;
        } else {
            put_text(decoding, text + i, 1);
            i++;
        }
    }
}

static int32_t shown_by(const tolka_tokenizer *tokenizer, int32_t id) {
    return id < 0 || (size_t)id >= tokenizer->target.vocab ? SHOWS_NOTHING : tokenizer->shown[id];
}

static bool decode_pieces(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                          struct decoding *decoding) {
    struct spm_text *pieces = calloc(n + 1, sizeof *pieces);
    if (!pieces) return false;
    size_t n_pieces = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t shown = shown_by(tokenizer, ids[i]);
        if (shown == SHOWS_NOTHING) continue;
        bool foreign = shown < 0;
        if (foreign) {
            decoding->foreign = true;
            if (n_pieces == 0) decoding->starts_foreign = true;
        }
        pieces[n_pieces++] = foreign ? spm_piece(tokenizer->source.spm, -2 - shown)
                                     : spm_piece(tokenizer->target.spm, shown);
    }
    enum spm_status status =
        spm_decode(tokenizer->target.spm, pieces, n_pieces, put_decoded, decoding);
    free(pieces);
    return status == SPM_OK;
}

static bool decode_bytelevel(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                             struct decoding *decoding) {
    size_t n_bytes = 0, used = 0, n_clean;
    for (size_t i = 0; i < n; i++)
        if (shown_by(tokenizer, ids[i]) != SHOWS_NOTHING)
            n_bytes += tokenizer->bpe.tokens[ids[i]].length;
    char *bytes = malloc(n_bytes + 1);
    if (!bytes) return false;
    for (size_t i = 0; i < n; i++)
        if (shown_by(tokenizer, ids[i]) != SHOWS_NOTHING)
            used += bytelevel_decode(&tokenizer->bpe, ids[i], bytes + used);
    char *clean = utf8_clean(bytes, used, 0, &n_clean);
    if (clean) put_text(decoding, clean, n_clean);
    free(bytes);
    free(clean);
    return clean != NULL;
}

static bool decode_words(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                         struct decoding *decoding) {
    const struct words *words = tokenizer_words(tokenizer, false);
    for (size_t i = 0; i < n; i++) {
        if (shown_by(tokenizer, ids[i]) == SHOWS_NOTHING) continue;
        if (decoding->n > 0) put_text(decoding, " ", 1);
        put_text(decoding, words->tokens[ids[i]].bytes, words->tokens[ids[i]].length);
    }
    return true;
}

static bool decode(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                   struct decoding *decoding) {
    switch (tokenizer->kind) {
    case PIECES_BYTELEVEL:
        return decode_bytelevel(tokenizer, ids, n, decoding);
    case PIECES_WORDS:
        return decode_words(tokenizer, ids, n, decoding);
    case PIECES_SENTENCEPIECE:
        break;
    }
    return decode_pieces(tokenizer, ids, n, decoding);
}

size_t tolka_decode(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n, char *text,
                    size_t capacity) {
    struct decoding decoding = {.text = text, .capacity = capacity};
    bool ok = decode(tokenizer, ids, n, &decoding);
    if (!ok) decoding.n = 0;
    if (capacity > 0) {
        bool fits = decoding.n < capacity;
        text[fits ? decoding.n : utf8_cut(text, capacity - 1)] = 0;
    }
    return decoding.n;
}
