#include "tokenizer/word_starts.h"

#include "tokenizer/utf8.h"

#include <stdlib.h>
#include <string.h>

/* ---- the role of a text ---------------------------------------------------------------------- */

/* Scripts without blanks between words, and the punctuation that is theirs. */
static bool is_blankless(uint32_t c) {
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x0e00, 0x0fff},   /* Thai, Lao, Tibetan */
        {0x1000, 0x109f},   /* Myanmar */
        {0x1780, 0x17ff},   /* Khmer */
        {0x1950, 0x19ff},   /* Tai Le, New Tai Lue, Khmer symbols */
        {0x1a20, 0x1aaf},   /* Tai Tham */
        {0x2e80, 0x312f},   /* radicals, CJK punctuation, Hiragana, Katakana, Bopomofo */
        {0x3190, 0x9fff},   /* CJK */
        {0xa9e0, 0xa9ff},   /* Myanmar */
        {0xaa60, 0xaa7f},   /* Myanmar */
        {0xf900, 0xfaff},   /* CJK compatibility */
        {0xff00, 0xff9f},   /* full-width forms, half-width Katakana */
        {0x20000, 0x3ffff}, /* CJK extensions */
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i].first && c <= ranges[i].last) return true;
    return false;
}

/* Bytes of the blank that a text begins with: white space, or SentencePiece's sign for it. */
static size_t blank_length(struct gguf_string text) {
    static const char sign[] = "\xe2\x96\x81";
    if (text.length && strchr(" \t\r\n", text.bytes[0]) && text.bytes[0]) return 1;
    return text.length >= 3 && memcmp(text.bytes, sign, 3) == 0 ? 3 : 0;
}

/* Punctuation as texts have it beside words; signs that are read aloud ($, %, +) are none. */
static bool is_punctuation(uint32_t c) {
    if (c < 0x80) return c && strchr(".,;:!?'\"()[]{}-", (int)c);
    return c == 0xa1 || c == 0xab || c == 0xbb || c == 0xbf || /* inverted marks, guillemets */
           (c >= 0x2010 && c <= 0x2027) || (c >= 0x2039 && c <= 0x203a) ||
           (c >= 0x3001 && c <= 0x3003) || (c >= 0x3008 && c <= 0x3011) || c == 0xff01 ||
           c == 0xff08 || c == 0xff09 || c == 0xff0c || c == 0xff0e || c == 0xff1a || c == 0xff1b ||
           c == 0xff1f || c == 0xff61 || c == 0xff64;
}

static bool all_punctuation(struct gguf_string text) {
    uint32_t c = '.';
    for (size_t i = 0; i < text.length && is_punctuation(c);)
        i += utf8_decode(text.bytes + i, text.length - i, &c);
    return is_punctuation(c);
}

static unsigned role_of(struct gguf_string text) {
    bool has_blank = false;
    for (size_t n; (n = blank_length(text)) > 0; has_blank = true) {
        text.bytes += n;
        text.length -= n;
    }
    uint32_t c = 0;
    unsigned mark = all_punctuation(text) ? TOKEN_MARK : 0;
    if (text.length == 0) return (has_blank ? TOKEN_BLANK : TOKEN_CONTINUES) | mark;
    if (has_blank) return TOKEN_BEGINS | mark;
    utf8_decode(text.bytes, text.length, &c);
    return (is_blankless(c) ? TOKEN_ALONE : TOKEN_CONTINUES) | mark;
}

/* ---- the roles of a side --------------------------------------------------------------------- */

static void set_role(struct token_roles *out, int32_t id, unsigned role) {
    if (id >= 0 && (size_t)id < out->n) out->roles[id] = (uint8_t)role;
}

static struct gguf_string piece_text(const struct spm *spm, size_t piece) {
    struct spm_text text = spm_piece(spm, (int32_t)piece);
    return (struct gguf_string){text.bytes, text.length};
}

/* Tokens that have a role already keep it. */
static void list_pieces(struct token_roles *out, const struct side *side) {
    for (size_t i = 0; i < side->n_pieces; i++) {
        int32_t id = side->ids ? side->ids[i] : (int32_t)i;
        if (id >= 0 && (size_t)id < out->n && out->roles[id] == TOKEN_SPECIAL)
            set_role(out, id, role_of(piece_text(side->spm, i)));
    }
}

static bool list_bytelevel(struct token_roles *out, const struct bytelevel *bpe) {
    size_t longest = 0;
    for (size_t i = 0; i < bpe->n_tokens; i++)
        if (bpe->tokens[i].length > longest) longest = bpe->tokens[i].length;
    char *bytes = malloc(longest + 1);
    for (size_t i = 0; bytes && i < bpe->n_tokens; i++) {
        size_t n = bytelevel_decode(bpe, (int32_t)i, bytes);
        set_role(out, (int32_t)i, role_of((struct gguf_string){bytes, n}));
    }
    free(bytes);
    return bytes != NULL;
}

static bool list_texts(struct token_roles *out, const tolka_tokenizer *tokenizer, bool source) {
    const struct side *sides[] = {&tokenizer->target, &tokenizer->source};
    switch (tokenizer->kind) {
    case PIECES_BYTELEVEL:
        return list_bytelevel(out, &tokenizer->bpe);
    case PIECES_WORDS:
        for (size_t i = 0; i < tokenizer_words(tokenizer, source)->n; i++)
            set_role(out, (int32_t)i, TOKEN_BEGINS);
        return true;
    case PIECES_SENTENCEPIECE:
        break;
    }
    list_pieces(out, sides[source]);
    if (tokenizer->shares_vocabulary) list_pieces(out, sides[!source]);
    return true;
}

/* What the target does not show stands for no text, and neither does its like in a source. */
static void list_specials(struct token_roles *out, const tolka_tokenizer *tokenizer, bool source) {
    for (size_t i = 0; i < tokenizer->n_extras; i++)
        set_role(out, tokenizer->extras[i].id, TOKEN_SPECIAL);
    for (size_t i = 0; source && i < tokenizer->languages.n; i++)
        set_role(out, tokenizer->languages.ids[i], TOKEN_SPECIAL);
    for (size_t i = 0; !source && i < out->n; i++)
        if (tokenizer->shown[i] == SHOWS_NOTHING) out->roles[i] = TOKEN_SPECIAL;
    if (source) set_role(out, tokenizer->bos, TOKEN_SPECIAL);
    set_role(out, tokenizer->eos, TOKEN_SPECIAL);
    /* What has no token is text all the same: with SentencePiece the blank before it is a piece. */
    int32_t unknown = tokenizer->unknown;
    if (!source && tokenizer->kind == PIECES_WORDS)
        unknown = tokenizer_target_word(tokenizer, unknown);
    set_role(out, unknown, tokenizer->kind == PIECES_WORDS ? TOKEN_BEGINS : TOKEN_CONTINUES);
}

bool token_roles_list(struct token_roles *out, const tolka_tokenizer *tokenizer, bool source) {
    out->n = source ? tokenizer->source.vocab : tokenizer->target.vocab;
    out->roles = calloc(out->n + 1, 1);
    if (!out->roles || !list_texts(out, tokenizer, source)) return false;
    list_specials(out, tokenizer, source);
    return true;
}

void token_roles_free(struct token_roles *roles) {
    free(roles->roles);
}

/* ---- words ----------------------------------------------------------------------------------- */

static enum token_role role_at(const struct token_roles *roles, int32_t id) {
    bool there = id >= 0 && (size_t)id < roles->n;
    return there ? (enum token_role)(roles->roles[id] & (TOKEN_MARK - 1)) : TOKEN_SPECIAL;
}

static bool is_mark(const struct token_roles *roles, int32_t id) {
    return id >= 0 && (size_t)id < roles->n && (roles->roles[id] & TOKEN_MARK);
}

/* A script without blanks ends with the piece that is of another, too. */
static bool begins_word(enum token_role role, enum token_role before) {
    if (before == TOKEN_BLANK) return false;
    return role != TOKEN_CONTINUES || before == TOKEN_ALONE;
}

size_t number_words(const struct token_roles *roles, const int32_t *ids, size_t n, int32_t *words) {
    enum token_role before = TOKEN_CONTINUES;
    int32_t n_words = 0;
    for (size_t i = 0; i < n; i++) {
        enum token_role role = role_at(roles, ids[i]);
        words[i] = -1;
        if (role == TOKEN_SPECIAL) continue; /* it parts no word */
        if (begins_word(role, before) || n_words == 0) n_words++;
        words[i] = n_words - 1;
        before = role;
    }
    /* Blanks at the end begin no word. */
    for (size_t i = n; i-- > 0 && before == TOKEN_BLANK;) {
        if (words[i] < 0) continue;
        if (words[i] < n_words - 1) break;
        words[i] = -1;
    }
    return (size_t)n_words - (before == TOKEN_BLANK);
}

void find_speakers(const struct token_roles *roles, const int32_t *ids, const int32_t *words,
                   size_t n, uint8_t *speaks) {
    for (size_t first = 0, end; first < n; first = end) {
        bool any = false;
        for (end = first; end < n && (words[end] == words[first] || words[end] < 0); end++) {
            speaks[end] = words[end] >= 0 && !is_mark(roles, ids[end]);
            any |= speaks[end];
        }
        for (size_t i = first; i < end && !any; i++) speaks[i] = words[i] >= 0;
    }
}
