#define _XOPEN_SOURCE 700
#include "models/convert/tokenizer_meta.h"

#include "models/checkpoint/vocabulary_read.h"
#include "models/convert/beside.h"
#include "models/convert/bytelevel_meta.h"
#include "models/convert/pieces_meta.h"
#include "models/convert/say.h"
#include "models/convert/special_tokens.h"
#include "models/convert/spm_file.h"
#include "models/convert/words_meta.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One side's SentencePiece model and vocabulary. */
struct side {
    struct spm_file file;
    struct vocabulary vocabulary; /* n 0: none */
    int32_t *ids;                 /* of every piece; NULL: the piece itself */
};

static void side_free(struct side *side) {
    spm_file_close(&side->file);
    vocabulary_free(&side->vocabulary);
    free(side->ids);
}

static tolka_status open_vocabulary(struct side *side, const struct import *import,
                                    const char *alternatives, tolka_error *err) {
    char *path = import_file(import, alternatives);
    if (!path)
        return fail(err, TOLKA_IO, "%s: no %s beside it", import->source.weights_path,
                    alternatives);
    tolka_status status = vocabulary_open(&side->vocabulary, path, err);
    free(path);
    if (status != TOLKA_OK) return status;
    return add_special_tokens(&side->vocabulary, import, side->vocabulary.n_tokens, err);
}

/* fairseq puts four tokens of its own first, and the pieces after them less SentencePiece's own
 * three: </s> keeps its number by chance. */
static const char *const fairseq_tokens[] = {"<s>", "<pad>", "</s>", "<unk>"};
enum { N_FAIRSEQ_TOKENS = sizeof fairseq_tokens / sizeof *fairseq_tokens, FAIRSEQ_SHIFT = 1 };

static tolka_status make_fairseq_vocabulary(struct side *side, const struct import *import,
                                            tolka_error *err) {
    tolka_status status = TOLKA_OK;
    for (int i = 0; i < N_FAIRSEQ_TOKENS && status == TOLKA_OK; i++)
        status = vocabulary_add(&side->vocabulary, i, fairseq_tokens[i], strlen(fairseq_tokens[i]),
                                import->source.weights_path, err);
    if (status != TOLKA_OK) return status;
    size_t first = (size_t)spm_count(side->file.spm) + (side->file.built ? 0 : FAIRSEQ_SHIFT);
    return add_special_tokens(&side->vocabulary, import, first, err);
}

/* ---- ids of pieces --------------------------------------------------------------------------- */

static int32_t piece_id(const struct side *side, enum piece_ids kind, int32_t piece) {
    struct spm_text text = spm_piece(side->file.spm, piece);
    char token[512];
    if (text.length >= sizeof token) return kind == IDS_FAIRSEQ ? piece + FAIRSEQ_SHIFT : -1;
    memcpy(token, text.bytes, text.length);
    token[text.length] = 0;
    if (kind == IDS_BY_VOCAB) return vocabulary_find(&side->vocabulary, token);
    if (piece == spm_unknown(side->file.spm)) return 3;
    for (int i = 0; i < N_FAIRSEQ_TOKENS; i++)
        if (strcmp(token, fairseq_tokens[i]) == 0) return i;
    return piece + FAIRSEQ_SHIFT;
}

static tolka_status map_pieces(struct side *side, enum piece_ids kind, uint32_t vocab,
                               tolka_error *err) {
    if (kind == IDS_ARE_PIECES || (kind == IDS_FAIRSEQ && side->file.built)) return TOLKA_OK;
    int32_t n = spm_count(side->file.spm);
    side->ids = calloc((size_t)n + 1, sizeof *side->ids);
    if (!side->ids) return fail(err, TOLKA_NOMEM, "out of memory");
    for (int32_t piece = 0; piece < n; piece++) {
        int32_t id = piece_id(side, kind, piece);
        /* A piece past the table cannot be embedded: it is as good as unknown. */
        side->ids[piece] = id >= 0 && (uint32_t)id < vocab ? id : -1;
    }
    return TOLKA_OK;
}

/* ---- tokens that are no pieces, languages ---------------------------------------------------- */

static void cover_pieces(const struct side *side, bool *covered, size_t n) {
    for (int32_t piece = 0; piece < spm_count(side->file.spm); piece++) {
        int32_t id = side->ids ? side->ids[piece] : piece;
        if (id >= 0 && (size_t)id < n) covered[id] = true;
    }
}

/* Sorts the vocabulary's entries: languages, and special tokens that no piece of either side stands
 * for (one vocabulary may serve two SentencePiece models). */
static tolka_status list_tokens(const struct import *import, const struct side *source,
                                const struct side *target, struct token_list *extra,
                                struct token_list *languages, tolka_error *err) {
    const struct vocabulary *vocabulary = &source->vocabulary;
    size_t n =
        vocabulary->n < import->config.source_vocab ? vocabulary->n : import->config.source_vocab;
    struct vocabulary special;
    tolka_status status = special_tokens_of(&special, import, vocabulary, err);
    if (status != TOLKA_OK) return status;
    bool *covered = calloc(n + 1, 1);
    bool sound = covered != NULL;
    if (sound) cover_pieces(source, covered, n);
    if (sound && !import->plan.target_vocab) cover_pieces(target, covered, n);
    for (size_t id = 0; sound && id < n; id++) {
        const char *token = vocabulary->tokens[id];
        if (!token) continue;
        bool language = is_language(token, import->plan.languages);
        if (language) sound = list_add(languages, token, (int32_t)id);
        if (!language && !covered[id] && id < special.n && special.tokens[id])
            sound = list_add(extra, token, (int32_t)id);
    }
    free(covered);
    vocabulary_free(&special);
    return sound ? TOLKA_OK : fail(err, TOLKA_NOMEM, "out of memory");
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* The template of a checkpoint that names no languages (one language pair of a family that has
 * checkpoints for many) leaves theirs out. */
static void write_template(struct gguf_writer *writer, const char *key, const char *template,
                           bool has_languages) {
    char kept[128] = "";
    for (const char *item = template; *item;) {
        size_t n = strcspn(item, " "), used = strlen(kept);
        bool language = strncmp(item, "from", n) == 0 || strncmp(item, "to", n) == 0;
        if (has_languages || !language)
            snprintf(kept + used, sizeof kept - used, "%s%.*s", used ? " " : "", (int)n, item);
        item += n + strspn(item + n, " ");
    }
    write_string(writer, key, kept);
}

static tolka_status write_common(struct gguf_writer *writer, const struct import *import,
                                 const struct token_list *languages, tolka_error *err) {
    const struct tokenizer_plan *plan = &import->plan;
    const struct config *config = &import->config;
    write_template(writer, "tolka.tokenizer.template", plan->template, languages->n > 0);
    if (plan->target_template)
        write_template(writer, "tolka.tokenizer.target_template", plan->target_template,
                       languages->n > 0);
    write_string(writer, "tolka.tokenizer.to", languages->n > 0 ? plan->to : "none");
    list_write(writer, languages, "tolka.tokenizer.languages", "tolka.tokenizer.language_ids");
    if (plan->bos >= 0) write_i32(writer, "tolka.tokenizer.bos", plan->bos);
    write_i32(writer, "tolka.tokenizer.eos", config->end_token);
    if (config->unknown_token >= 0)
        write_i32(writer, "tolka.tokenizer.unknown", config->unknown_token);
    return write_default_languages(writer, import, languages, err);
}

static void set_unknown(struct import *import, const struct side *source) {
    struct config *config = &import->config;
    if (config->unknown_token >= 0) return;
    int32_t piece = spm_unknown(source->file.spm);
    config->unknown_token = source->ids && piece >= 0 ? source->ids[piece] : piece;
    if (config->unknown_token < 0 && source->vocabulary.n)
        config->unknown_token = vocabulary_find(&source->vocabulary, "<unk>");
}

static tolka_status open_side(struct side *side, const struct import *import, const char *model,
                              const char *vocab, uint32_t n_ids, tolka_error *err) {
    tolka_status status = spm_file_open(&side->file, model, err);
    if (status == TOLKA_OK && import->plan.ids == IDS_FAIRSEQ)
        status = make_fairseq_vocabulary(side, import, err);
    else if (status == TOLKA_OK && vocab &&
             (import->plan.ids == IDS_BY_VOCAB || import->plan.languages))
        status = open_vocabulary(side, import, vocab, err);
    return status == TOLKA_OK ? map_pieces(side, import->plan.ids, n_ids, err) : status;
}

static void write_sides(struct gguf_writer *writer, const struct tokenizer_plan *plan,
                        const struct side *source, const struct side *target) {
    bool same_model = source->file.n_model == target->file.n_model &&
                      memcmp(source->file.model, target->file.model, source->file.n_model) == 0;
    bool same_ids = same_model && !plan->target_vocab;
    size_t n_source = (size_t)spm_count(source->file.spm),
           n_target = (size_t)spm_count(target->file.spm);
    write_bytes(writer, "tolka.tokenizer.source.model", source->file.model, source->file.n_model);
    if (!same_model || !same_ids)
        write_bytes(writer, "tolka.tokenizer.target.model", target->file.model,
                    target->file.n_model);
    if (source->ids) write_i32s(writer, "tolka.tokenizer.source.ids", source->ids, n_source);
    if (target->ids && !same_ids)
        write_i32s(writer, "tolka.tokenizer.target.ids", target->ids, n_target);
}

/* The source's would give other words for the target's ids. */
static tolka_status no_target(const struct import *import, const char *missing, const char *source,
                              tolka_error *err) {
    return fail(err, TOLKA_IO,
                "%s: no target vocabulary: there is no %s beside %s, which is the source's",
                import->source.weights_path, missing, source);
}

static tolka_status no_tokenizer(const struct import *import, const char *missing) {
    import_warn(import, "%s: no %s beside it: the model will take token ids only (--ids)",
                import->source.weights_path, missing);
    return TOLKA_OK;
}

/* A tokenizer.json of another kind: the weights can still be used. */
static tolka_status unsupported_tokenizer(const struct import *import, const tolka_error *err) {
    import_warn(import, "%s: the model will take token ids only (--ids)", err->text);
    return TOLKA_OK;
}

static tolka_status write_sentencepiece(struct gguf_writer *writer, struct import *import,
                                        const char *source_path, const char *target_path,
                                        tolka_error *err) {
    const struct tokenizer_plan *plan = &import->plan;
    const char *target_vocab = plan->target_vocab ? plan->target_vocab : plan->source_vocab;
    struct side source = {0}, target = {0};
    struct token_list extra = {0}, languages = {0};
    tolka_status status = open_side(&source, import, source_path, plan->source_vocab,
                                    import->config.source_vocab, err);
    if (status == TOLKA_UNSUPPORTED && spm_file_is_json(&source.file)) {
        side_free(&source);
        return unsupported_tokenizer(import, err);
    }
    if (status == TOLKA_OK)
        status =
            open_side(&target, import, target_path, target_vocab, import->config.target_vocab, err);
    if (status == TOLKA_OK) status = list_tokens(import, &source, &target, &extra, &languages, err);
    if (status == TOLKA_OK && plan->languages && languages.n == 0 &&
        strcmp(plan->to, "none") != 0) {
        status = no_tokenizer(import, "list of language tokens (special_tokens_map.json, "
                                      "tokenizer_config.json or tokenizer.json)");
    } else if (status == TOLKA_OK) {
        set_unknown(import, &source);
        write_string(writer, "tolka.tokenizer.kind", "sentencepiece");
        status = write_common(writer, import, &languages, err);
        list_write(writer, &extra, "tolka.tokenizer.extra", "tolka.tokenizer.extra_ids");
        write_sides(writer, plan, &source, &target);
    }
    list_free(&extra);
    list_free(&languages);
    side_free(&source);
    side_free(&target);
    return status;
}

/* Without SentencePiece models a vocabulary may still do. */
static tolka_status find_words(struct gguf_writer *writer, struct import *import,
                               tolka_error *err) {
    const struct tokenizer_plan *plan = &import->plan;
    struct vocabulary source = {0}, target = {0};
    struct token_list languages = {0};
    char *source_path = plan->words ? import_file(import, plan->source_vocab) : NULL;
    char *target_path = plan->words ? import_file(import, plan->target_vocab) : NULL;
    tolka_status status;
    if (!source_path) {
        status = no_tokenizer(import, plan->words && plan->source_vocab ? plan->source_vocab
                                                                        : plan->source_model);
    } else if (plan->target_vocab && !target_path) {
        status = no_target(import, plan->target_vocab, source_path, err);
    } else {
        import_warn(import,
                    "%s: no %s beside it: texts are tokens of %s with blanks between them, not "
                    "plain text",
                    import->source.weights_path, plan->source_model, source_path);
        status = write_words(writer, import, source_path, target_path, &source, &target, &languages,
                             err);
        if (status == TOLKA_OK) status = write_common(writer, import, &languages, err);
    }
    list_free(&languages);
    vocabulary_free(&source);
    vocabulary_free(&target);
    free(source_path);
    free(target_path);
    return status;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Lists of tokens, as opposed to SentencePiece models. */
static bool is_list(const char *path) {
    static const char *const ends[] = {".yml", ".yaml", ".json", ".txt"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof ends / sizeof *ends; i++)
        if (strcmp(dot, ends[i]) == 0) return true;
    return false;
}

static tolka_status find_sentencepiece(struct gguf_writer *writer, struct import *import,
                                       tolka_error *err) {
    const struct tokenizer_plan *plan = &import->plan;
    char *source = import_file(import, plan->source_model);
    char *target =
        import_file(import, plan->target_model ? plan->target_model : plan->source_model);
    tolka_status status;
    if (source && !target)
        status = no_target(import, plan->target_model, source, err);
    else if (source && plan->kind == TOKENIZER_PIECES)
        status = write_pieces(writer, import, source, err);
    else if (source && target)
        status = write_sentencepiece(writer, import, source, target, err);
    else
        status = find_words(writer, import, err);
    free(source);
    free(target);
    return status;
}

/* Vocabularies that the user names: "both" or "source,target", relative to where the user is, not
 * to the checkpoint. They are SentencePiece models, or lists of tokens. */
static tolka_status find_with(struct gguf_writer *writer, struct import *import, const char *vocab,
                              tolka_error *err) {
    struct tokenizer_plan *plan = &import->plan, planned = *plan;
    char *source = strndup(vocab, strcspn(vocab, ","));
    char *target = strchr(vocab, ',') ? strdup(strchr(vocab, ',') + 1) : NULL;
    char *source_path = source ? realpath(source, NULL) : NULL;
    char *target_path = target ? realpath(target, NULL) : NULL;
    tolka_status status = TOLKA_OK;
    plan->named_by_user = true;
    if (!source_path || (target && !target_path)) {
        status = fail(err, TOLKA_IO, "%s: %s",
                      source_path ? target
                      : source    ? source
                                  : vocab,
                      strerror(errno));
    } else if (is_list(source_path)) {
        plan->ids = IDS_BY_VOCAB;
        plan->source_vocab = source_path;
        plan->target_vocab = target_path;
    } else {
        plan->source_model = source_path;
        plan->target_model = target_path;
    }
    if (status == TOLKA_OK) status = find_sentencepiece(writer, import, err);
    *plan = planned; /* the paths do not live on */
    free(source);
    free(target);
    free(source_path);
    free(target_path);
    return status;
}

static tolka_status find_bytelevel(struct gguf_writer *writer, struct import *import,
                                   tolka_error *err) {
    const struct tokenizer_plan *plan = &import->plan;
    const struct token_list none = {0};
    char *vocab = import_file(import, plan->source_vocab),
         *merges = import_file(import, plan->merges);
    tolka_status status;
    if (!vocab || !merges)
        status = no_tokenizer(import, vocab ? plan->merges : plan->source_vocab);
    else
        status = write_bytelevel(writer, import, vocab, merges, err);
    if (status == TOLKA_OK && vocab && merges) status = write_common(writer, import, &none, err);
    free(vocab);
    free(merges);
    return status;
}

static tolka_status write_kind(struct gguf_writer *writer, struct import *import, const char *vocab,
                               tolka_error *err) {
    switch (import->plan.kind) {
    case TOKENIZER_SENTENCEPIECE:
    case TOKENIZER_PIECES:
        return vocab ? find_with(writer, import, vocab, err)
                     : find_sentencepiece(writer, import, err);
    case TOKENIZER_BYTELEVEL:
        return find_bytelevel(writer, import, err);
    case TOKENIZER_GGML:
        return write_ggml_tokenizer(writer, import, err);
    case TOKENIZER_COPIED:
        return copy_tokenizer(writer, import);
    }
    return TOLKA_OK;
}

tolka_status write_tokenizer(struct gguf_writer *writer, struct import *import, const char *vocab,
                             tolka_error *err) {
    return import_was_searched(import, write_kind(writer, import, vocab, err), err);
}
