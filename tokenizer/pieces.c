/* Tokens as people read them, one by one and joined to words: tolka_token_pieces. */
#include "tokenizer/tokenizer.h"
#include "tokenizer/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>

struct token {
    struct gguf_string piece; /* as the vocabulary writes it */
    char number[16];          /* what stands for it if the vocabulary has no name for it */
    size_t start;             /* of what it adds to the text */
    bool special, begins;     /* no part of the text; begins a word */
};

struct spelling {
    const tolka_tokenizer *tokenizer;
    const struct side *side;
    bool is_target;
    int32_t *piece_of; /* SentencePiece's piece of each id, -1: none; NULL: ids are pieces */
    struct token *tokens;
    size_t n;
    char *text; /* what all tokens spell, special ones by their names */
    size_t length;
};

/* ---- what the vocabulary writes -------------------------------------------------------------- */

/* Turns the side's list of its pieces' ids round. */
static bool list_pieces(struct spelling *spelling) {
    const struct side *side = spelling->side;
    if (spelling->tokenizer->kind != PIECES_SENTENCEPIECE || !side->ids) return true;
    spelling->piece_of = malloc((side->vocab + 1) * sizeof *spelling->piece_of);
    if (!spelling->piece_of) return false;
    for (size_t id = 0; id < side->vocab; id++) spelling->piece_of[id] = -1;
    for (size_t i = side->n_pieces; i-- > 0;)
        if (side->ids[i] >= 0) spelling->piece_of[side->ids[i]] = (int32_t)i;
    return true;
}

static int32_t sentencepiece_of(const struct spelling *spelling, int32_t id) {
    int32_t piece = spelling->piece_of ? spelling->piece_of[id] : id;
    return (size_t)piece < spelling->side->n_pieces ? piece : -1;
}

/* A piece that only the other side's SentencePiece model has. */
static struct gguf_string foreign_piece(const struct spelling *spelling, int32_t id) {
    const tolka_tokenizer *tokenizer = spelling->tokenizer;
    const struct side *other = spelling->is_target ? &tokenizer->source : &tokenizer->target;
    struct spm_text text = {NULL, 0};
    for (size_t i = 0; tokenizer->shares_vocabulary && !text.bytes && i < other->n_pieces; i++)
        if (other->ids[i] == id) text = spm_piece(other->spm, (int32_t)i);
    return (struct gguf_string){text.bytes, text.length};
}

static struct gguf_string vocabulary_piece(const struct spelling *spelling, int32_t id) {
    static const struct gguf_string none = {NULL, 0};
    const tolka_tokenizer *tokenizer = spelling->tokenizer;
    const struct words *words = tokenizer_words(tokenizer, !spelling->is_target);
    int32_t piece;
    switch (tokenizer->kind) {
    case PIECES_BYTELEVEL:
        return (size_t)id < tokenizer->bpe.n_tokens ? tokenizer->bpe.tokens[id] : none;
    case PIECES_WORDS:
        return (size_t)id < words->n ? words->tokens[id] : none;
    case PIECES_SENTENCEPIECE:
        break;
    }
    piece = sentencepiece_of(spelling, id);
    if (piece < 0) return foreign_piece(spelling, id);
    struct spm_text text = spm_piece(spelling->side->spm, piece);
    return (struct gguf_string){text.bytes, text.length};
}

/* The name of a token that stands for itself in a text: a language, <extra_id_0>, <mask>. */
static struct gguf_string added_piece(const tolka_tokenizer *tokenizer, int32_t id) {
    for (size_t i = 0; i < tokenizer->languages.n; i++)
        if (tokenizer->languages.ids[i] == id) return tokenizer->languages.tokens[i];
    for (size_t i = 0; i < tokenizer->n_extras; i++)
        if (tokenizer->extras[i].id == id) return tokenizer->extras[i].text;
    return (struct gguf_string){NULL, 0};
}

/* Special tokens of target words are known by what they do not show. */
static bool is_special(const struct spelling *spelling, int32_t id) {
    const tolka_tokenizer *tokenizer = spelling->tokenizer;
    if (id == tokenizer->unknown) return false;
    if (spelling->is_target) return tokenizer->shown[id] == SHOWS_NOTHING;
    return id == tokenizer->bos || id == tokenizer->eos || added_piece(tokenizer, id).bytes;
}

static void name_token(const struct spelling *spelling, struct token *token, int32_t id) {
    static const struct gguf_string begin = {"<s>", 3}, end = {"</s>", 4}, unknown = {"<unk>", 5};
    const tolka_tokenizer *tokenizer = spelling->tokenizer;
    bool exists = id >= 0 && (size_t)id < spelling->side->vocab;
    token->special = !exists || is_special(spelling, id);
    if (exists && token->special && tokenizer->kind != PIECES_WORDS)
        token->piece = added_piece(tokenizer, id);
    if (exists && !token->piece.bytes) token->piece = vocabulary_piece(spelling, id);
    if (token->piece.bytes) return;
    snprintf(token->number, sizeof token->number, "<%d>", id);
    token->piece = (struct gguf_string){token->number, strlen(token->number)};
    if (id >= 0 && id == tokenizer->bos) token->piece = begin;
    if (id >= 0 && id == tokenizer->eos) token->piece = end;
    if (id >= 0 && id == tokenizer->unknown) token->piece = unknown;
}

/* ---- what tokens spell ----------------------------------------------------------------------- */

static void put(struct spelling *spelling, const char *bytes, size_t n) {
    memcpy(spelling->text + spelling->length, bytes, n);
    spelling->length += n;
}

static int hexadecimal(char c) {
    static const char digits[] = "0123456789ABCDEF";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* "<0xE2>": one byte of a character that has no piece. */
static bool put_byte(struct spelling *spelling, struct gguf_string piece) {
    if (piece.length != 6 || memcmp(piece.bytes, "<0x", 3) != 0 || piece.bytes[5] != '>')
        return false;
    int high = hexadecimal(piece.bytes[3]), low = hexadecimal(piece.bytes[4]);
    if (high < 0 || low < 0) return false;
    char byte = (char)(16 * high + low);
    put(spelling, &byte, 1);
    return true;
}

/* U+2581 is SentencePiece's blank. */
static void put_sentencepiece(struct spelling *spelling, struct gguf_string piece) {
    static const char blank[] = "\xe2\x96\x81";
    if (put_byte(spelling, piece)) return;
    for (size_t i = 0; i < piece.length;) {
        bool is_blank = piece.length - i >= 3 && memcmp(piece.bytes + i, blank, 3) == 0;
        put(spelling, is_blank ? " " : piece.bytes + i, 1);
        i += is_blank ? 3 : 1;
    }
}

static void put_token(struct spelling *spelling, const struct token *token, int32_t id) {
    const tolka_tokenizer *tokenizer = spelling->tokenizer;
    bool is_text = !token->special && token->piece.bytes != token->number;
    if (is_text && tokenizer->kind == PIECES_SENTENCEPIECE)
        put_sentencepiece(spelling, token->piece);
    else if (is_text && tokenizer->kind == PIECES_BYTELEVEL && (size_t)id < tokenizer->bpe.n_tokens)
        spelling->length +=
            bytelevel_decode(&tokenizer->bpe, id, spelling->text + spelling->length);
    else
        put(spelling, token->piece.bytes, token->piece.length);
}

static bool spell(struct spelling *spelling, const int32_t *ids) {
    size_t most = 1;
    spelling->tokens = calloc(spelling->n + 1, sizeof *spelling->tokens);
    if (!spelling->tokens || !list_pieces(spelling)) return false;
    for (size_t i = 0; i < spelling->n; i++) {
        name_token(spelling, &spelling->tokens[i], ids[i]);
        most += spelling->tokens[i].piece.length;
    }
    spelling->text = malloc(most);
    if (!spelling->text) return false;
    for (size_t i = 0; i < spelling->n; i++) {
        spelling->tokens[i].start = spelling->length;
        put_token(spelling, &spelling->tokens[i], ids[i]);
    }
    spelling->tokens[spelling->n].start = spelling->length;
    return true;
}

/* ---- where words begin ----------------------------------------------------------------------- */

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool goes_on(char c) {
    return ((unsigned char)c & 0xc0) == 0x80;
}

static uint32_t character_at(const struct spelling *spelling, size_t at) {
    uint32_t character;
    utf8_decode(spelling->text + at, spelling->length - at, &character);
    return character;
}

/* Scripts that write no blanks between words (Unicode, line breaking: ideographs and kana, and
 * those of south-east Asia, which need a dictionary). */
static bool has_no_blanks(uint32_t character) {
    int class = u_getIntPropertyValue((UChar32)character, UCHAR_LINE_BREAK);
    return class == U_LB_IDEOGRAPHIC || class == U_LB_COMPLEX_CONTEXT ||
           class == U_LB_CONDITIONAL_JAPANESE_STARTER;
}

static bool is_all(const struct spelling *spelling, size_t token, bool (*is)(uint32_t)) {
    size_t at = spelling->tokens[token].start, end = spelling->tokens[token + 1].start;
    bool any = false;
    while (at < end) {
        uint32_t character;
        at += utf8_decode(spelling->text + at, end - at, &character);
        if (character == ' ') continue;
        if (!is(character)) return false;
        any = true;
    }
    return any;
}

static bool is_punctuation(uint32_t character) {
    return u_ispunct((UChar32)character);
}

/* A word that has begun at `first` is only blank until `token`. */
static bool only_blank(const struct spelling *spelling, size_t first, size_t token) {
    size_t at = spelling->tokens[first].start, end = spelling->tokens[token].start;
    while (at < end && is_blank(spelling->text[at])) at++;
    return at == end;
}

static bool begins_word(const struct spelling *spelling, size_t token, size_t first) {
    const struct token *tokens = spelling->tokens;
    size_t at = tokens[token].start, last = at;
    if (token == 0 || tokens[token].special || tokens[token - 1].special) return true;
    if (spelling->tokenizer->kind == PIECES_WORDS) return true;
    if (at == tokens[token + 1].start || goes_on(spelling->text[at])) return false;
    if (is_blank(spelling->text[at])) return true;
    if (only_blank(spelling, first, token)) return false;
    do last--;
    while (last > tokens[first].start && goes_on(spelling->text[last]));
    return has_no_blanks(character_at(spelling, at)) || has_no_blanks(character_at(spelling, last));
}

/* Punctuation before and behind a word is a word of its own; that within ("don't") is not. */
static void cut_punctuation(struct spelling *spelling, size_t first, size_t end) {
    size_t start = first, tail = end;
    while (start < end && only_blank(spelling, first, start + 1)) start++;
    size_t head = start;
    while (head < end && is_all(spelling, head, is_punctuation)) head++;
    while (tail > head && is_all(spelling, tail - 1, is_punctuation)) tail--;
    if (head > start && head < end) spelling->tokens[head].begins = true;
    if (tail < end && tail > head) spelling->tokens[tail].begins = true;
}

static void find_words(struct spelling *spelling) {
    struct token *tokens = spelling->tokens;
    for (size_t i = 0, first = 0; i < spelling->n; i++) {
        tokens[i].begins = begins_word(spelling, i, first);
        if (tokens[i].begins) first = i;
    }
    tokens[spelling->n].begins = true;
    for (size_t i = 0, next; i < spelling->n; i = next) {
        for (next = i + 1; !tokens[next].begins;) next++;
        if (!tokens[i].special) cut_punctuation(spelling, i, next);
    }
}

/* ---- the result: one block ------------------------------------------------------------------- */

/* Ill-formed bytes are three each when they are repaired; a piece may name its word, too. */
static size_t most_bytes(const struct spelling *spelling) {
    size_t bytes = 3 * spelling->length + 2 * spelling->n;
    for (size_t i = 0; i < spelling->n; i++) bytes += 6 * spelling->tokens[i].piece.length;
    return bytes;
}

/* Adds a name to the block's strings; NULL: no memory. */
static const char *put_name(char **at, const char *bytes, size_t length) {
    size_t n;
    char *clean = utf8_clean(bytes, length, ' ', &n), *name = *at;
    if (!clean) return NULL;
    memcpy(name, clean, n);
    name[n] = 0;
    *at += n + 1;
    free(clean);
    return name;
}

/* The word of tokens first to end; one that is only a blank goes by its piece. */
static const char *put_word(const struct spelling *spelling, size_t first, size_t end, char **at) {
    size_t start = spelling->tokens[first].start, stop = spelling->tokens[end].start;
    while (start < stop && is_blank(spelling->text[start])) start++;
    while (start < stop && is_blank(spelling->text[stop - 1])) stop--;
    const struct gguf_string piece = spelling->tokens[first].piece;
    if (start == stop) return put_name(at, piece.bytes, piece.length);
    return put_name(at, spelling->text + start, stop - start);
}

static bool fill(const struct spelling *spelling, tolka_pieces *out, char *at) {
    const struct token *tokens = spelling->tokens;
    for (size_t i = 0, end; i < spelling->n; i = end, out->n_words++) {
        for (end = i + 1; !tokens[end].begins;) end++;
        out->words[out->n_words] = put_word(spelling, i, end, &at);
        out->special[out->n_words] = tokens[i].special;
        if (!out->words[out->n_words]) return false;
        for (size_t token = i; token < end; token++) {
            const struct gguf_string piece = tokens[token].piece;
            out->word[token] = out->n_words;
            out->pieces[token] = put_name(&at, piece.bytes, piece.length);
            if (!out->pieces[token]) return false;
        }
    }
    return true;
}

static tolka_pieces *make_result(const struct spelling *spelling) {
    size_t n = spelling->n;
    size_t each = 2 * sizeof(char *) + sizeof(size_t) + 1;
    tolka_pieces *out = calloc(1, sizeof *out + n * each + most_bytes(spelling));
    if (!out) return NULL;
    out->n = n;
    out->pieces = (const char **)(out + 1);
    out->words = out->pieces + n;
    out->word = (size_t *)(void *)(out->words + n);
    out->special = (unsigned char *)(out->word + n);
    if (fill(spelling, out, (char *)out->special + n)) return out;
    free(out);
    return NULL;
}

tolka_status tolka_token_pieces(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                                int is_target, tolka_pieces **out, tolka_error *err) {
    if (out) *out = NULL;
    tolka_status status = need_arguments(
        err, __func__,
        (const struct argument[]){
            {"tokenizer", tokenizer}, {"ids", ids || n == 0}, {"out", out}, {NULL, false}});
    if (status != TOLKA_OK) return status;
    struct spelling spelling = {.tokenizer = tokenizer,
                                .side = is_target ? &tokenizer->target : &tokenizer->source,
                                .is_target = is_target != 0,
                                .n = n};
    if (spell(&spelling, ids)) {
        find_words(&spelling);
        *out = make_result(&spelling);
    }
    free(spelling.piece_of);
    free(spelling.tokens);
    free(spelling.text);
    if (*out) return TOLKA_OK;
    return fail(err, TOLKA_NOMEM, "out of memory for the pieces of %zu tokens", n);
}
