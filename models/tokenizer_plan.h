/* What a family says about its tokenizer, for the converter that writes it. */
#ifndef TOKENIZER_PLAN_H
#define TOKENIZER_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tokenizer_kind {
    TOKENIZER_SENTENCEPIECE,
    TOKENIZER_BYTELEVEL,
    TOKENIZER_PIECES, /* one SentencePiece model whose pieces are the ids, as T5 has it */
    TOKENIZER_GGML,   /* in the weights file, as llama.cpp writes it */
    TOKENIZER_COPIED, /* in the weights file, as tolka writes it */
};

/* How model ids come from SentencePiece's. */
enum piece_ids {
    IDS_ARE_PIECES, /* id = piece */
    IDS_BY_VOCAB,   /* looked up in a vocabulary file by the piece's text */
    IDS_FAIRSEQ,    /* <s> 0, <pad> 1, </s> 2, <unk> 3, then piece + 1 */
};

/* Where a family keeps its tokenizer, for the converter. File names are relative to the
 * checkpoint's directory; alternatives are separated by "|". NULL: none. */
struct tokenizer_plan {
    enum tokenizer_kind kind;
    enum piece_ids ids;
    const char *source_model, *target_model;
    const char *source_vocab, *target_vocab; /* target NULL: the source's */
    const char *merges;
    /* Who said what these are called, if it is not known beforehand: a checkpoint's own names stay in
     * its directory, the user's may be any path. */
    bool named_by_checkpoint, named_by_user;
    /* Language tokens are vocabulary entries (or special tokens) of this form: a printf-like
     * pattern with one %s (">>%s<<", "__%s__", "<2%s>"); "xx_XX" stands for codes such as en_XX,
     * "xxx_Xxxx" for codes such as eng_Latn. NULL: none. */
    const char *languages;
    /* Their codes ("de" for "__de__"), where their ids follow those of all other tokens in an order
     * that no file of the checkpoint says for certain. NULL: files list the tokens. */
    const char *const *language_codes;
    size_t n_language_codes;
    const char *languages_key;   /* the same for codes that config.json lists under this key */
    const char *template;        /* docs/format.md */
    const char *target_template; /* NULL: "text eos" */
    const char *to;              /* "none", "forced_first", "start", "prefix" */
    uint32_t n_sentinels;        /* <extra_id_0>, _1, ..., numbered downwards, follow the pieces */
    bool words;  /* without SentencePiece models, texts are tokens with blanks between them */
    int32_t bos; /* -1: none */
    const char *default_from; /* NULL: none */
};

#endif
