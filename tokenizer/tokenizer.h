/* Text to ids and back (the public part is in tolka.h).
 *
 * A tokenizer is two sides, source and target, each a SentencePiece model and a map from its pieces
 * to the model's ids (or one byte-level BPE for both); templates that say which special tokens
 * stand around a text; and, for the way back, what each target id shows. */
#ifndef TOKENIZER_H
#define TOKENIZER_H

#include "engine/gguf.h"
#include "tokenizer/bytelevel.h"
#include "tokenizer/languages.h"
#include "tokenizer/spm.h"
#include "tokenizer/words.h"

#include <pthread.h>

enum pieces_kind { PIECES_SENTENCEPIECE, PIECES_BYTELEVEL, PIECES_WORDS };

enum template_item { ITEM_TEXT, ITEM_FROM, ITEM_TO, ITEM_BOS, ITEM_EOS };
enum { MAX_ITEMS = 16, LONGEST_LANGUAGE = 64 };

struct text_template {
    size_t n;
    enum template_item items[MAX_ITEMS];
};

/* A token looked up whole. */
struct extra {
    struct gguf_string text; /* in the map */
    int32_t id;
};

/* Loaded at the first target that is to be scored: most programs only decode targets. */
struct target_encoder {
    pthread_mutex_t mutex;
    const uint8_t *bytes;
    size_t n_bytes;
    struct spm *spm; /* NULL: not yet; never changes after that */
};

struct side {
    const char *model_key, *ids_key; /* where it comes from, for messages */
    struct spm *spm;                 /* NULL: byte-level. The sides may share one */
    size_t n_pieces;
    int32_t unknown_piece;
    int32_t *ids; /* of each piece; -1: the unknown token; NULL: piece numbers are ids */
    size_t vocab; /* ids are below it */
};

/* What `shown` has for a target id: a piece of the target, a piece of the source (-2 - piece: a
 * shared vocabulary has tokens that only the source's SentencePiece model knows), or nothing. */
enum { SHOWS_NOTHING = -1 };

struct tolka_tokenizer {
    const char *name; /* of the model, borrowed */
    enum pieces_kind kind;
    struct bytelevel bpe;
    struct words source_words, target_words; /* target_words.n 0: the source's for both */
    struct side source, target;
    struct target_encoder *target_encoder; /* NULL: the target side can encode */
    bool shares_vocabulary; /* one vocabulary, but each side has a SentencePiece model of its own */
    int32_t *shown;         /* of each target id */
    struct languages languages;
    size_t n_extras;
    struct extra *extras;
    bool extra_anywhere;    /* extras are looked up in all of a text, not at its start only */
    bool extra_starts[256]; /* whether one starts with this byte */
    struct text_template source_template, target_template;
    int32_t bos, eos, unknown; /* -1: none */
    int32_t from, to;          /* language tokens; -1: none */
    bool tags_are_text;        /* languages are written before a text: "<2de> Hello" */
    struct gguf_string prefix; /* in that case: what to write; length 0: nothing */
    int32_t start, forced_first;
    /* of the texts, as the caller or the file names them; "": it is not known */
    char source_language[LONGEST_LANGUAGE], target_language[LONGEST_LANGUAGE];
};

/* One side's words. */
static inline const struct words *tokenizer_words(const tolka_tokenizer *tokenizer, bool source) {
    return source || !tokenizer->target_words.n ? &tokenizer->source_words
                                                : &tokenizer->target_words;
}

/* The target's id of the text that a source id has; -1: none. */
static inline int32_t tokenizer_target_word(const tolka_tokenizer *tokenizer, int32_t source) {
    const struct words *words = &tokenizer->source_words;
    if (source < 0 || (size_t)source >= words->n) return -1;
    return words_find(tokenizer_words(tokenizer, false), words->tokens[source]);
}

static inline bool template_has(const struct text_template *form, enum template_item item) {
    for (size_t i = 0; i < form->n; i++)
        if (form->items[i] == item) return true;
    return false;
}

#endif
