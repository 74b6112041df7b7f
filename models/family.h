/* Checkpoint families as tables: which exported tensor plays which role, which settings set which
 * field of the configuration. Nothing here knows how a checkpoint is stored. */
#ifndef FAMILY_H
#define FAMILY_H

#include "engine/model.h"
#include "models/checkpoint/settings.h"

/* One rule: the tensor for a role. "%u" in both stands for the layer; a "*" at the end of both for
 * the same suffix ("weight" or "bias"). Several rules for one role are tried in order. */
struct tensor_rule {
    const char *role;
    const char *name;
    uint8_t part, n_parts; /* the part-th of n_parts equal slices of its rows; n_parts 0: all */
    bool transposed;       /* stored [n_in][n_out] */
};

enum tokenizer_kind {
    TOKENIZER_SENTENCEPIECE,
    TOKENIZER_BYTELEVEL,
    TOKENIZER_PIECES, /* one SentencePiece model whose pieces are the ids, as T5 has it */
    TOKENIZER_GGML,   /* in the weights file, as llama.cpp writes it */
    TOKENIZER_COPIED, /* in the weights file, as tolka writes it */
    TOKENIZER_NONE,
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
    /* Language tokens are vocabulary entries (or special tokens) of this form: a printf-like
     * pattern with one %s (">>%s<<", "__%s__", "<2%s>"); "xx_XX" stands for codes such as en_XX,
     * "xxx_Xxxx" for codes such as eng_Latn. NULL: none. */
    const char *languages;
    /* Their codes ("de" for "__de__"), where their ids follow those of all other tokens in an order
     * that no file of the checkpoint says for certain. NULL: files list the tokens. */
    const char *const *language_codes;
    size_t n_language_codes;
    const char *template;        /* docs/format.md */
    const char *target_template; /* NULL: "text eos" */
    const char *to;              /* "none", "forced_first", "start", "prefix" */
    uint32_t n_sentinels;        /* <extra_id_0>, _1, ..., numbered downwards, follow the pieces */
    bool words;  /* without SentencePiece models, texts are tokens with blanks between them */
    int32_t bos; /* -1: none */
    const char *default_from, *default_to; /* NULL: none */
};

/* A checkpoint as a family sees it. */
struct checkpoint {
    const char *name;                                       /* path, for messages */
    const struct settings *config, *generation, *tokenizer; /* absent files: empty settings */
    /* Shape of a tensor; false if there is none of this name. */
    bool (*tensor)(const void *user, const char *name, uint32_t *rank, const uint64_t **dims);
    /* Are these two tensors, which both exist, equal in every value? */
    bool (*same)(const void *user, const char *a, const char *b);
    /* One row of a matrix that exists, as floats; false if it has no such row of n columns. */
    bool (*row)(const void *user, const char *name, uint64_t row, size_t n, float *out);
    /* The type of the numbers of a tensor that exists, as its container calls it ("int8"). */
    const char *(*type)(const void *user, const char *name);
    /* Is there such a file beside the checkpoint? Alternatives are separated by "|"; one that
     * begins with "*" is the only file whose name ends like that. */
    bool (*file)(const void *user, const char *names);
    /* Id of a token in such a vocabulary beside the checkpoint; -1: not in it, or no such file. */
    int32_t (*token)(const void *user, const char *vocabulary, const char *token);
    /* CTranslate2: what the file says that it is; else NULL. */
    const char *spec;
    const void *user;
    const struct gguf *gguf; /* NULL: the weights are in another container */
    void (*warn)(const void *user, const char *format, ...) __attribute__((format(printf, 2, 3)));
};

struct family {
    const char *name;               /* "marian" */
    const char *const *model_types; /* values of config.json's model_type; ended by NULL */
    tolka_status (*configure)(const struct checkpoint *checkpoint, struct config *config,
                              struct tokenizer_plan *plan, tolka_error *err);
    const struct tensor_rule *rules; /* ended by a NULL role; NULL: tensors are named as roles */
    uint32_t first_layer;            /* what "%u" is for layer 0 */
    /* Tried in front of every name of a rule; ended by NULL. NULL: names are whole. */
    const char *const *prefixes;
    /* What "%u" is in the tensors of a role; NULL: the role's layer + first_layer. */
    uint32_t (*layer_number)(const struct checkpoint *checkpoint, const struct role *role);
};

extern const struct family family_marian, family_m2m100, family_bart, family_mbart, family_t5,
    family_t5_gguf, family_tolka;
extern const struct family family_marian_native, family_ctranslate2, family_vaswani;
extern const struct family *const families[]; /* ended by NULL */

/* The name of the tensor that plays `role`, by the first rule whose tensor exists; false: none.
 * name has room for 256 bytes. */
bool family_find(const struct family *family, const struct checkpoint *checkpoint,
                 const struct role *role, char name[256], const struct tensor_rule **rule);

/* ---- reading.c: settings with the error kept until the end ----------------------------------- */

struct reading {
    const struct settings *settings;
    tolka_status status; /* the first failure; later reads do nothing */
    tolka_error *err;
};
uint32_t read_u32(struct reading *reading, const char *key, uint32_t absent);
int32_t read_token(struct reading *reading, const char *key, int32_t absent); /* null: -1 */
float read_f32(struct reading *reading, const char *key, float absent);
bool read_flag(struct reading *reading, const char *key, bool absent);
const char *read_text(struct reading *reading, const char *key, const char *absent);
/* An activation by the name that PyTorch code gives it. */
enum activation read_activation(struct reading *reading, const char *key, const char *absent);
/* The same for a name that was found as (part of) the value of `key`. */
enum activation named_activation(struct reading *reading, const char *key, const char *name);

/* The name with the first of the prefixes that makes it a tensor's; false: none does. */
bool find_prefixed(const struct checkpoint *checkpoint, const char *const *prefixes,
                   const char *name, char full[256]);

bool has_tensor(const struct checkpoint *checkpoint, const char *name);
/* dims[i] of a tensor; 0 if there is none. */
uint64_t tensor_dim(const struct checkpoint *checkpoint, const char *name, uint32_t i);

/* ---- tables.c: embedding tables and the output matrix ---------------------------------------- */

struct table_names {
    const char *encoder, *decoder, *shared, *head;
};
/* Sizes of the vocabularies, and what is tied to what, from the tensors that are there. */
tolka_status read_tables(const struct checkpoint *checkpoint, const struct table_names *names,
                         struct config *config, tolka_error *err);

/* ---- huggingface.c: what Marian, M2M100, BART and mBART share -------------------------------- */

extern const struct tensor_rule huggingface_rules[];
/* Sizes, activation, scale, special tokens; tables and what is tied to what, from the tensors. */
tolka_status read_huggingface(const struct checkpoint *checkpoint, struct config *config,
                              tolka_error *err);

/* What BART and mBART share besides, with their values for absent keys. */
void read_bart(struct reading *reading, struct config *config);

/* The tokenizer_class of tokenizer_config.json (or config.json) without "Fast": one of `known`
 * (ended by NULL), or NULL if it is another (which is worth a warning) or not said. */
tolka_status read_tokenizer_class(const struct checkpoint *checkpoint, const char *const *known,
                                  const char **name, tolka_error *err);

/* What generation_config.json (and config.json, as older ones have it) say about search. */
tolka_status read_generation(const struct checkpoint *checkpoint, struct config *config,
                             tolka_error *err);

/* GGUF files of architecture "t5". */
tolka_status t5_configure_gguf(struct config *config, const struct gguf *gguf, tolka_error *err);

#endif
