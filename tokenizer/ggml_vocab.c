#include "tokenizer/ggml_vocab.h"

#include "tokenizer/spm_build.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GGML "tokenizer.ggml."

/* What marks a token as one that the converter appended, not one of SentencePiece's. */
static const float added_score = -1000;

struct reader {
    const struct gguf *gguf;
    const struct gguf_value *tokens, *scores, *types;
    size_t n; /* of each of the three */
    size_t n_pieces;
    tolka_status status; /* the first failure; later reads do nothing */
    tolka_error *err;
};

/* ---- keys ------------------------------------------------------------------------------------ */

static const struct gguf_value *read_array(struct reader *reader, const char *key,
                                           enum gguf_type element, const char *what) {
    if (reader->status != TOLKA_OK) return NULL;
    const struct gguf_value *value = gguf_find(reader->gguf, key);
    if (!value)
        reader->status =
            fail(reader->err, TOLKA_FORMAT, "%s: key %s is missing", reader->gguf->name, key);
    else if (value->type != GGUF_ARRAY || value->element != element)
        reader->status = fail(reader->err, TOLKA_FORMAT, "%s: key %s should be an array of %s",
                              reader->gguf->name, key, what);
    return value;
}

/* A token id; `absent` if there is none. */
static int32_t read_id(struct reader *reader, const char *key, int32_t absent) {
    const struct gguf_value *value = gguf_find(reader->gguf, key);
    int64_t id = absent;
    if (reader->status != TOLKA_OK || !value) return absent;
    if (!gguf_integer(value, &id) || id < 0 || (uint64_t)id >= reader->n)
        reader->status = fail(reader->err, TOLKA_FORMAT, "%s: key %s: expected one of %zu tokens",
                              reader->gguf->name, key, reader->n);
    return (int32_t)id;
}

static bool read_flag(struct reader *reader, const char *key, bool absent) {
    const struct gguf_value *value = gguf_find(reader->gguf, key);
    int64_t flag = absent;
    if (reader->status == TOLKA_OK && value && !gguf_integer(value, &flag))
        reader->status = fail(reader->err, TOLKA_FORMAT, "%s: key %s should be true or false",
                              reader->gguf->name, key);
    return flag != 0;
}

static void check_kind(struct reader *reader) {
    static const char key[] = GGML "model";
    const struct gguf_value *value = gguf_find(reader->gguf, key);
    bool text = value && value->type == GGUF_STRING;
    struct gguf_string kind = {text ? (const char *)value->data : "", text ? value->n_bytes : 0};
    if (!gguf_string_equals(kind, "t5"))
        reader->status =
            fail(reader->err, TOLKA_UNSUPPORTED,
                 "%s: key %s is \"%.*s\"; tolka knows the one of T5 models (\"t5\")",
                 reader->gguf->name, key, (int)(kind.length < 40 ? kind.length : 40), kind.bytes);
}

static void read_lists(struct reader *reader, size_t vocab) {
    reader->tokens = read_array(reader, GGML "tokens", GGUF_STRING, "strings");
    reader->scores = read_array(reader, GGML "scores", GGUF_F32, "floats");
    reader->types = read_array(reader, GGML "token_type", GGUF_I32, "i32");
    if (reader->status != TOLKA_OK) return;
    uint64_t n = reader->tokens->count;
    reader->n = (size_t)n;
    if (n == 0 || n > vocab || n != reader->scores->count || n != reader->types->count)
        reader->status = fail(reader->err, TOLKA_FORMAT,
                              "%s: %llu tokens, %llu scores and %llu types (keys " GGML
                              "tokens, scores, token_type) for a vocabulary of %zu",
                              reader->gguf->name, (unsigned long long)n,
                              (unsigned long long)reader->scores->count,
                              (unsigned long long)reader->types->count, vocab);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static float score_of(const struct reader *reader, size_t i) {
    float score;
    memcpy(&score, reader->scores->data + i * sizeof score, sizeof score);
    return score;
}

static enum piece_type type_of(const struct reader *reader, size_t i) {
    return (enum piece_type)gguf_array_integer(reader->types, i);
}

/* The embedding table is often longer than the SentencePiece model: fillers and added tokens, in
 * any order, make up for it. */
static bool is_past_pieces(const struct reader *reader, size_t i) {
    enum piece_type type = type_of(reader, i);
    return (type == PIECE_UNUSED || type == PIECE_USER_DEFINED || type == PIECE_CONTROL) &&
           score_of(reader, i) <= added_score;
}

static void check_pieces(struct reader *reader) {
    if (reader->status != TOLKA_OK) return;
    reader->n_pieces = reader->n;
    while (reader->n_pieces > 0 && is_past_pieces(reader, reader->n_pieces - 1)) reader->n_pieces--;
    for (size_t i = 0; i < reader->n_pieces; i++) {
        int64_t type = gguf_array_integer(reader->types, i);
        if (type >= PIECE_NORMAL && type <= PIECE_BYTE && isfinite(score_of(reader, i))) continue;
        reader->status = fail(reader->err, TOLKA_FORMAT,
                              "%s: token %zu has type %lld and score %g; expected types 1 to 6",
                              reader->gguf->name, i, (long long)type, (double)score_of(reader, i));
        return;
    }
    if (reader->n_pieces == 0)
        reader->status = fail(reader->err, TOLKA_FORMAT, "%s: key " GGML "tokens has no pieces",
                              reader->gguf->name);
}

static int32_t first_of_type(const struct reader *reader, enum piece_type type) {
    for (size_t i = 0; i < reader->n_pieces; i++)
        if (type_of(reader, i) == type) return (int32_t)i;
    return -1;
}

/* Converters leave out the ids that the checkpoint's config.json leaves out. */
static void read_ids(struct reader *reader, struct ggml_vocab *out) {
    if (reader->status != TOLKA_OK) return;
    out->bos = read_id(reader, GGML "bos_token_id", -1);
    out->eos = read_id(reader, GGML "eos_token_id", 1);
    out->unknown = read_id(reader, GGML "unknown_token_id", first_of_type(reader, PIECE_UNKNOWN));
    out->add_bos = read_flag(reader, GGML "add_bos_token", false) && out->bos >= 0;
    out->add_eos = read_flag(reader, GGML "add_eos_token", true);
}

static struct spm_settings read_settings(struct reader *reader, const struct ggml_vocab *vocab) {
    static const char key[] = GGML "precompiled_charsmap";
    struct spm_settings settings = {
        .unknown = vocab->unknown,
        .bos = vocab->bos,
        .eos = vocab->eos,
        .pad = read_id(reader, GGML "padding_token_id", -1),
        .byte_fallback = first_of_type(reader, PIECE_BYTE) >= 0,
        .add_dummy_prefix = read_flag(reader, GGML "add_space_prefix", true),
        .remove_extra_whitespaces = read_flag(reader, GGML "remove_extra_whitespaces", true)};
    const struct gguf_value *rules = gguf_find(reader->gguf, key);
    if (rules) {
        bool is_signed = rules->type == GGUF_ARRAY && rules->element == GGUF_I8;
        read_array(reader, key, is_signed ? GGUF_I8 : GGUF_U8, "bytes");
        settings.rules = rules->data;
        settings.n_rules = rules->n_bytes;
    }
    return settings;
}

static void add_token(struct ggml_token *list, size_t *n, struct gguf_string text, size_t id) {
    if (list) list[*n] = (struct ggml_token){text, (int32_t)id};
    ++*n;
}

/* Goes over all tokens; the lists are counted first (builder NULL) and then filled. */
static void visit_tokens(const struct reader *reader, struct ggml_vocab *out,
                         struct wire_writer *builder) {
    size_t cursor = 0;
    out->n_added = out->n_languages = 0;
    for (size_t i = 0; i < reader->n; i++) {
        struct gguf_string text = gguf_array_string(reader->tokens, &cursor);
        enum piece_type type = type_of(reader, i);
        if (i >= reader->n_pieces) {
            if (type != PIECE_UNUSED && text.length > 0)
                add_token(out->added, &out->n_added, text, i);
            continue;
        }
        if (is_language_tag(text)) add_token(out->languages, &out->n_languages, text, i);
        if (builder) spm_add_piece(builder, text.bytes, text.length, score_of(reader, i), type);
    }
    out->n_pieces = reader->n_pieces;
}

static void build(struct reader *reader, struct ggml_vocab *out) {
    if (reader->status != TOLKA_OK) return;
    struct wire_writer builder = {0};
    visit_tokens(reader, out, NULL);
    struct ggml_token *added = calloc(out->n_added + 1, sizeof *added);
    struct ggml_token *languages = calloc(out->n_languages + 1, sizeof *languages);
    out->added = added;
    out->languages = languages;
    if (added && languages) visit_tokens(reader, out, &builder);
    struct spm_settings settings = read_settings(reader, out);
    spm_add_settings(&builder, &settings);
    out->model = builder.bytes;
    out->n_model = builder.n;
    if (reader->status == TOLKA_OK && (builder.failed || !added || !languages))
        reader->status = fail(reader->err, TOLKA_NOMEM, "%s: out of memory", reader->gguf->name);
    /* A lone "<2x>" among the pieces of a large vocabulary is no choice of languages. */
    if (out->n_languages < 2) out->n_languages = 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

tolka_status ggml_vocab_read(struct ggml_vocab *out, const struct gguf *gguf, size_t vocab,
                             tolka_error *err) {
    struct reader reader = {.gguf = gguf, .status = TOLKA_OK, .err = err};
    *out = (struct ggml_vocab){.bos = -1, .eos = -1, .unknown = -1};
    check_kind(&reader);
    read_lists(&reader, vocab);
    check_pieces(&reader);
    read_ids(&reader, out);
    build(&reader, out);
    if (reader.status != TOLKA_OK) ggml_vocab_free(out);
    return reader.status;
}

void ggml_vocab_free(struct ggml_vocab *vocab) {
    free(vocab->model);
    free(vocab->added);
    free(vocab->languages);
    *vocab = (struct ggml_vocab){0};
}

bool is_language_tag(struct gguf_string text) {
    if (text.length < 4 || text.length > 32 || memcmp(text.bytes, "<2", 2) != 0 ||
        text.bytes[text.length - 1] != '>')
        return false;
    for (size_t i = 2; i + 1 < text.length; i++) {
        char c = text.bytes[i];
        /* MADLAD-400 has "<2Latn>" and "<2CA>" beside its languages, for scripts and regions. */
        bool letter = (c >= 'a' && c <= 'z') || (i > 2 && c >= 'A' && c <= 'Z');
        bool joint = i > 2 && (c == '_' || c == '-' || (c >= '0' && c <= '9'));
        if (!letter && !joint) return false;
    }
    return true;
}
