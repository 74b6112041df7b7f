/* tolka: run a trained encoder-decoder transformer.
 *
 *     #include <stdio.h>
 *     #include <tolka.h>
 *
 *     int main(void) {
 *         tolka_error err;
 *         tolka_model *model = NULL;
 *         tolka_tokenizer *tokenizer = NULL;
 *         tolka_translator *translator = NULL;
 *         tolka_options options = TOLKA_OPTIONS_INIT;
 *         char *translation = NULL;
 *         if (tolka_model_open(&model, "en-de.gguf", &err) == TOLKA_OK &&
 *             tolka_tokenizer_new(&tokenizer, model, "en", "de", &err) == TOLKA_OK &&
 *             tolka_translator_new(&translator, model, &options, &err) == TOLKA_OK &&
 *             tolka_translate_text(translator, tokenizer, "Hello.", &translation, &err) == TOLKA_OK)
 *             puts(translation);
 *         else
 *             fprintf(stderr, "%s\n", err.text);
 *         tolka_free(translation);
 *         tolka_translator_free(translator);
 *         tolka_tokenizer_free(tokenizer);
 *         tolka_model_free(model);
 *         return translation ? 0 : 1;
 *     }
 *
 * Four rules:
 * 1. A model is read-only and may serve many threads. A translator belongs to one thread at a time
 *    (it has worker threads of its own). A result owns all that it returns.
 * 2. Every _new and _open has one _free, which accepts NULL. What a call allocates for the caller
 *    (ids, text, lists) is freed with tolka_free. Nothing that a getter returns is freed by the
 *    caller.
 * 3. Calls that can fail return a status and fill `err`, which may be NULL; *out is NULL on failure.
 *    Another argument that is NULL is TOLKA_ARGUMENT unless it says so; a list or text of length 0
 *    may be NULL. Of an object that is NULL, calls that return no status give 0, NULL, NaN or -1, as
 *    they do out of range. The library never prints, exits or reads the environment.
 * 4. Text is UTF-8. Token ids are the model's own, not SentencePiece's.
 *
 * Programs go on running with a later library of the same number in its file name
 * (libtolka.so.0). Structs that begin with their size grow at the end: what the caller does not know
 * has its default, and what the library does not know is not read. Structs that the library
 * allocates may grow at the end, too. All others stay as they are.
 */
#ifndef TOLKA_H
#define TOLKA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default) /* all other names of the library are hidden */
#endif

#define TOLKA_VERSION "0.1.0"
/* That of the library that runs, which may be another one than the header's. */
const char *tolka_version(void);

typedef struct tolka_model tolka_model;
typedef struct tolka_tokenizer tolka_tokenizer;
typedef struct tolka_translator tolka_translator;
typedef struct tolka_result tolka_result;

/* Values are pinned; new ones go to the end. */
typedef enum {
    TOLKA_OK = 0,
    TOLKA_ARGUMENT = 1,    /* the caller asked for something impossible */
    TOLKA_IO = 2,          /* a file cannot be opened, read or mapped */
    TOLKA_FORMAT = 3,      /* a file is not what it claims to be */
    TOLKA_UNSUPPORTED = 4, /* a valid file needs something that tolka does not do */
    TOLKA_INPUT = 5,       /* this text or these ids cannot be translated by this model */
    TOLKA_NOMEM = 6,
    TOLKA_STOPPED = 7, /* the caller stopped it; a result keeps what it had so far */
} tolka_status;

/* What went wrong. A call that succeeds leaves it as it was. */
typedef struct {
    tolka_status status;
    char text[500]; /* one line, no newline: what, where, found, expected; cut at 499 bytes */
} tolka_error;

/* Frees what a call allocated for the caller. Accepts NULL. */
void tolka_free(void *memory);

/* ---- model ----------------------------------------------------------------------------------- */

/* Maps a GGUF file (tolka's own, or a T5 one as llama.cpp writes it) and checks every field that
 * the engine will rely on. Reads no weight. The file must not change while the model is open: where a
 * part is read that has been cut off, the system sends SIGBUS, for which the library has no handler,
 * as handlers are the program's; and what is written over in place is not checked again. To replace
 * a model, rename another file over it, as tolka convert does: what is open stays as it was. Who
 * cannot rely on that reads the file and calls tolka_model_open_memory. */
tolka_status tolka_model_open(tolka_model **out, const char *path, tolka_error *err);

/* The same over bytes that the caller keeps alive and unchanged until tolka_model_free.
 * `bytes` must be aligned to 64. `name` stands for the path in messages. */
tolka_status tolka_model_open_memory(tolka_model **out, const void *bytes, size_t n_bytes,
                                     const char *name, tolka_error *err);

/* After all translators and tokenizers that use it. */
void tolka_model_free(tolka_model *model);

/* The default of a decoding option as the checkpoint gives it. */
int tolka_model_default_beam(const tolka_model *model);
float tolka_model_default_length_penalty(const tolka_model *model);
int tolka_model_default_max_length(const tolka_model *model);

/* What a model makes a processor read and multiply, embedding rows and attention itself aside. */
typedef struct {
    double encoder_bytes;    /* weights read once a sentence or batch: the encoder's, and those that
                                make keys and values of its output */
    double step_bytes;       /* weights read once a decoder step, the output layer's aside */
    double output_bytes;     /* the output layer's, if all of the vocabulary may come */
    double encoder_products; /* multiplications with a weight for each source token */
    double step_products;    /* for each row of a decoder step, the output layer aside */
    double output_products;  /* for each row of a decoder step, all of the vocabulary */
    size_t target_vocab;     /* tokens that the output layer chooses among */
    const char *type; /* of most of the weights: "int8", "q4", "bf16", "f16", "f32", "q8_0" */
} tolka_cost;
void tolka_model_cost(const tolka_model *model, tolka_cost *cost);

/* ---- how tokens are chosen ------------------------------------------------------------------- */

/* Tokens that stand together. What `bias` does is said where a list of them is. */
typedef struct {
    const int32_t *ids;
    size_t n;
    float bias;
} tolka_sequence;

/* Phrases of which one is as good as another. */
typedef struct {
    const tolka_sequence *phrases;
    size_t n;
} tolka_alternatives;

/* What may be generated, and how a token is drawn: names and meaning are those of transformers'
 * generation config. tolka_model_generation gives what the model asks for; change what you like and
 * hand it over in tolka_options. */
typedef struct {
    size_t size;        /* sizeof(tolka_generation): which fields the caller knows */
    int min_length;     /* no end token before the translation, start token included, is so long */
    int min_new_tokens; /* no end token before so many tokens, the prefix not counted */
    int max_new_tokens; /* tokens generated at most, the prefix not counted; 0: no such limit */
    float repetition_penalty; /* tokens that the translation has: Keskar et al. 2019; 1: none */
    int no_repeat_ngram_size; /* n tokens do not stand together twice; 0: they may */
    float encoder_repetition_penalty; /* above 1: the source's tokens are likelier; 1: none */
    int encoder_no_repeat_ngram_size; /* n tokens do not stand together as in the source; 0: may */
    const tolka_sequence *sequence_bias; /* bias: added to the score of the last token once the
                                            others stand before it */
    size_t n_sequence_bias;
    const tolka_sequence *bad_words; /* never generated together; bias is not used */
    size_t n_bad_words;
    const int32_t *suppress_tokens; /* never generated */
    size_t n_suppress_tokens;
    const int32_t *begin_suppress_tokens; /* never generated first (behind the prefix) */
    size_t n_begin_suppress_tokens;
    int32_t forced_bos_token_id, forced_eos_token_id; /* the first token; the last one at the length
                                                         limit; -1: none */
    int decay_start;    /* exponential_decay_length_penalty: behind so many tokens the end token */
    float decay_factor; /* becomes likelier by this factor with each token; 1: it does not */
    int renormalize_logits; /* log-probabilities are those of what is left to choose from */
    /* drawing tokens instead of searching */
    int do_sample;
    float temperature; /* scores are divided by it; 1: they are not */
    int top_k;         /* of the so many likeliest; 0: of all */
    float top_p;       /* of the likeliest that together have this probability; 1: of all */
    float min_p;       /* not of those less likely than this part of the likeliest; 0: of all */
    float typical_p;   /* of the most typical with this probability (Meister et al. 2022); 1: all */
    float epsilon_cutoff, eta_cutoff; /* not of those below (Hewitt et al. 2022); 0: of all */
    uint64_t seed;                    /* equal seed, model, options and source: equal tokens */
    /* lengths as multiples of the source's tokens, rounded up, end tokens counted; 0: no such
     * limit */
    float max_length_ratio, min_length_ratio;
    /* diverse beam search (Vijayakumar et al. 2016): groups of a beam, which they divide; 0 or 1:
     * no groups. A token costs a group the penalty for each time that an earlier group chose it
     * now, after all else that changes its score. Ends by transformers' rules, whatever the
     * model's. */
    int num_beam_groups;
    float diversity_penalty;
    /* score += this * sum over source tokens of log(min(attention from all target tokens, 1)), the
     * last layer's first head looked at: CTranslate2; 0: none */
    float coverage_penalty;
    /* words that a translation must have ("force_words_ids"): one phrase of each, as long as it does
     * not reach the length limit before. Up to 64 words, 256 phrases and 1024 tokens in all, none
     * of them the end token; no alternative begins with all of another; bias is not used. Needs a
     * beam, and no groups, samples or alternatives; ends by transformers' rules, whatever the
     * model's. */
    const tolka_alternatives *force_words;
    size_t n_force_words;
} tolka_generation;

/* Fills the `size` bytes that the caller's struct has. Bindings call it with the size they know. */
void tolka_model_generation_sized(const tolka_model *model, tolka_generation *generation,
                                  size_t size);
static inline void tolka_model_generation(const tolka_model *model, tolka_generation *generation) {
    tolka_model_generation_sized(model, generation, sizeof *generation);
}

/* ---- translation of ids ---------------------------------------------------------------------- */

/* When beam search by transformers' rules ends ("early_stopping"), once `beam` hypotheses have
 * ended. The default is what the model asks for if the beam is the model's default too, and the
 * heuristic for a beam that the caller chose. */
typedef enum {
    TOLKA_STOP_DEFAULT = 0,
    TOLKA_STOP_HEURISTIC = 1, /* when the best running one could not beat the worst ended one now */
    TOLKA_STOP_WHEN_FULL = 2, /* at once */
    TOLKA_STOP_NEVER = 3,     /* when it could not at any length */
} tolka_stop;

/* Models that translate were trained with sentences. Text-to-text models (T5, BART) see a whole
 * text. */
typedef enum {
    TOLKA_SPLIT_DEFAULT = 0, /* as is best for the model */
    TOLKA_SPLIT_ALWAYS = 1,
    TOLKA_SPLIT_NEVER = 2,
} tolka_split;

/* What the text of a translation has where the model gave its unknown token, as its vocabulary
 * cannot spell what should be there. */
typedef enum {
    TOLKA_UNKNOWN_COPY = 0, /* what cross-attention looked at most while it was decided: of the
                               source's stretches that the vocabulary cannot spell either, each at
                               most once; of a model whose tokens are words, any word if it has
                               none such; else nothing */
    TOLKA_UNKNOWN_DROP = 1, /* nothing */
    TOLKA_UNKNOWN_MARK = 2, /* the vocabulary's sign: U+2047 or "<unk>" */
} tolka_unknown;

/* Where a translator gets the memory that its threads search in: activations, keys and values,
 * hypotheses. A thread holds three blocks at most (six with alignments), which come and go between
 * batches, and with the translator; several threads may ask at a time. What a block has room for,
 * translations up to the length limit, is mostly never touched (max_memory bounds it). Results, texts
 * and what a call keeps its books in are not searched in, and are malloc's. */
typedef struct {
    void *(*take)(void *user,
                  size_t n_bytes); /* of any content and alignment; NULL: none is left */
    void (*give_back)(void *user, void *memory, size_t n_bytes); /* as many as were asked for */
    void *user;
} tolka_allocator;

/* What a translator says of its work, to whoever wants to follow it; what callers have to know is in
 * statuses and results all the same. */
typedef enum {
    TOLKA_LOG_WARNING = 1, /* it works, but not as well as it could */
    TOLKA_LOG_INFO = 2,    /* what was chosen; calls; searches that are made again */
    TOLKA_LOG_DETAIL = 3,  /* batches */
} tolka_log_level;

/* One line, no newline, valid during the call; for people, so its words may change. Comes from any of
 * the translator's threads, never twice at a time. Must not call the translator, but for
 * tolka_translator_stop. */
typedef void (*tolka_log)(void *user, tolka_log_level level, const char *line);

enum {
    TOLKA_MAX_BEAM = 64,
    TOLKA_MAX_THREADS = 256,
    TOLKA_MAX_BATCH = 4096,
    TOLKA_MAX_LENGTH = 1 << 20, /* tokens generated */
};

typedef struct {
    size_t size;          /* sizeof(tolka_options): which fields the caller knows */
    int beam;             /* 1: greedy; 0: the model's default, or 4 if that is 1 and words are
                             required; at most TOLKA_MAX_BEAM */
    int n_best;           /* hypotheses returned a sentence, at most `beam` (or as many as are
                             drawn, or alternatives); 0: one */
    int max_length;       /* most tokens generated, end token included; 0: the model's default */
    float length_penalty; /* score = sum of log-probabilities / length^penalty, so 0: their sum;
                             negative: the model's default */
    int want_scores;      /* log-probabilities in greedy search, too; 0: only in beam search */
    int threads;          /* worker threads, the caller's included; 0: all available cores */
    int batch;            /* sentences decoded together by one worker, which never changes the
                             output; 0: 32 */
    int no_shortlist;     /* ignore the lexical shortlist that the model carries; 0: follow it */
    tolka_stop stop;      /* when beam search ends */
    const char *isa;      /* "scalar", "avx2", "avxvnni", "avx512", "amx", "neon", "neon_i8mm",
                             "neon_bf16"; NULL: the best there is */
    const tolka_generation *generation; /* NULL: what the model asks for. Copied, lists and all */
    int alternatives;    /* the n_best hypotheses differ in the first token behind the prefix, each
                         then going on greedily; 0: they are the best there are */
    int want_alignments; /* results tell which source token each target token came from; 0: not */
    int align_layer;     /* decoder layer that alignments are read off, from 1; -1: the last;
                            0: the model's choice */
    int align_head;      /* its head, from 1; -1: the average of all; 0: the model's choice */
    /* for texts; ids are taken as they come */
    tolka_split split; /* whether texts of several sentences are translated sentence by sentence */
    int max_source;    /* a sentence of more tokens (its own, not the end's) is split at clauses;
                          0: what the model asks for */
    int no_guards;     /* 0: translations that repeat themselves, run to the length limit, or lack
                          much of the source are searched for again, more carefully; where none is
                          good, the least bad one has a warning (tolka_result_warning). Addresses,
                          paths and placeholders come out byte for byte, where texts are split and
                          no alignments are wanted: the model sees stand-ins, and so tokens and
                          source ids are theirs. Only of
                          models whose texts are sentences, and only where the search is for the
                          best hypotheses and has neither prefix nor minimal length. 1: the first
                          ones stay */
    tolka_unknown unknown;
    size_t max_memory; /* bytes that threads, each by its share, may take to search in, reserved for
                          translations that run to their limit; 0: no limit. Batches become smaller,
                          which never changes the output; a sentence that does not even fit alone
                          has TOLKA_NOMEM and what it needs, and the others go on. Half of it is for
                          alignments, if they are wanted. The model file, which is mapped, texts and
                          results do not count. A guard's search that does not fit is not made */
    const tolka_allocator *allocator; /* NULL: the system. Copied */
    tolka_log log;                    /* NULL: nobody listens */
    void *log_user;
} tolka_options;

#define TOLKA_OPTIONS_INIT                                                                         \
    {                                                                                              \
        sizeof(tolka_options), 0, 1, 0, -1.0f, 0, 1, 32, 0, TOLKA_STOP_DEFAULT, NULL, NULL, 0, 0,  \
            0, 0, TOLKA_SPLIT_DEFAULT, 0, 0, TOLKA_UNKNOWN_COPY, 0, NULL, NULL, NULL               \
    }

/* options NULL: TOLKA_OPTIONS_INIT. */
tolka_status tolka_translator_new(tolka_translator **out, const tolka_model *model,
                                  const tolka_options *options, tolka_error *err);
void tolka_translator_free(tolka_translator *translator);

/* The instruction set in use: "avx512", "scalar", ... */
const char *tolka_translator_isa(const tolka_translator *translator);
int tolka_translator_threads(const tolka_translator *translator);

typedef struct {
    int32_t id;
    float log_prob; /* natural logarithm; 0 for a forced token; NaN where it was not computed */
} tolka_token;

/* One sentence to translate or to score. Ids are borrowed until the call returns. */
typedef struct {
    const int32_t *ids; /* special tokens included, as the model wants them */
    size_t n_ids;
    int32_t start;        /* decoder start token; -1: the model's */
    int32_t forced_first; /* first generated token (a target language); -1: the model's, if any */
    /* tolka_score: target tokens, end token included. tolka_translate: tokens that the translation
     * begins with (behind forced_first, which they may begin with themselves); they count in
     * max_length, but not in the score. NULL: none. */
    const int32_t *target;
    size_t n_target;
} tolka_input;

#define TOLKA_INPUT_INIT                                                                           \
    { NULL, 0, -1, -1, NULL, 0 }

/* Called once for every input as soon as it is done, in any order, on the thread that made the call
 * and never twice at a time, while the other workers go on. `result` has one entry for the input
 * and belongs to the callee, who frees it now or later; NULL means that there was no memory for one
 * (all getters take it). The callee must not use the translator, except for tolka_translator_stop,
 * _stats, _isa and _threads: calls that would make it work fail with TOLKA_ARGUMENT, here and in the
 * other callbacks. */
typedef void (*tolka_done)(void *user, size_t index, tolka_result *result);

/* Translates n inputs. Inputs that cannot be translated do not stop the others: their result has a
 * status of its own. Fails as a whole, without calling `done`, only if there is no memory. */
tolka_status tolka_translate(tolka_translator *translator, const tolka_input *inputs, size_t n,
                             tolka_done done, void *user, tolka_error *err);

/* Ends the call that is under way (tolka_translate, tolka_score, tolka_stream and those for texts),
 * from another thread or a callback: sentences that are not done have results of status
 * TOLKA_STOPPED. */
void tolka_translator_stop(tolka_translator *translator);

/* Called with further tokens of a translation as soon as they are certain: at once when greedy or
 * sampling, in beam search as far as all hypotheses agree. Not 0: no more is wanted. */
typedef int (*tolka_emit_tokens)(void *user, const tolka_token *tokens, size_t n);

/* Translates one input, whose best hypothesis is handed out piece by piece on the way. *out is its
 * result, of status TOLKA_STOPPED (with what there was) if the callback wanted no more. */
tolka_status tolka_stream(tolka_translator *translator, const tolka_input *input,
                          tolka_emit_tokens emit, void *user, tolka_result **out, tolka_error *err);

/* Log-probability of each given target token (teacher forcing). */
tolka_status tolka_score(tolka_translator *translator, const tolka_input *inputs, size_t n,
                         tolka_done done, void *user, tolka_error *err);

/* TOLKA_OK or why this input was not translated; *reason (if asked) is then one line like
 * tolka_error's. Out of range, the getters below give NULL, 0 or NaN. */
tolka_status tolka_result_status(const tolka_result *result, const char **reason);
/* Hypotheses, best first; samples in the order of their numbers, alternatives in that of the
 * probabilities of their first tokens. */
size_t tolka_result_count(const tolka_result *result);
/* Generated tokens of hypothesis k: no start token; the end token is there if it was produced. */
const tolka_token *tolka_result_tokens(const tolka_result *result, size_t k, size_t *n);
/* Sum of log-probabilities divided by length^length_penalty; NaN where it was not computed. */
float tolka_result_score(const tolka_result *result, size_t k);
/* Text of hypothesis k, with a NUL behind it (and perhaps others in it: *length counts them); NULL
 * where the input was ids. */
const char *tolka_result_text(const tolka_result *result, size_t k, size_t *length);
/* What is wrong with a translation that has been found all the same, as one says it of the
 * translation: "repeats itself", "runs to the length limit", "stops far too early", "leaves out a
 * part of the source", "loses an address or a placeholder of the source". NULL: nothing that could be told. Of a text in parts, that of the first part
 * that has one. Of those that are streamed, it only tells: what has been handed out stays. */
const char *tolka_result_warning(const tolka_result *result);
/* The ids that the source text became; NULL where the input was ids. */
const int32_t *tolka_result_source(const tolka_result *result, size_t *n);
/* A text that was translated in parts (sentences, clauses of a long one) has their results, too: how
 * many, in order, or 0 if it was translated whole. Its own hypothesis k has the tokens of the parts'
 * hypotheses k one behind the other (the last one's of a part that has fewer), their alignments
 * (but no soft one), and the score that so many tokens with their probabilities have. */
size_t tolka_result_parts(const tolka_result *result);
/* Belongs to the result; NULL out of range. *source (if asked) is where the part is in the source
 * text. */
typedef struct {
    size_t start, length; /* bytes */
} tolka_span;
const tolka_result *tolka_result_part(const tolka_result *result, size_t i, tolka_span *source);
void tolka_result_free(tolka_result *result);

/* One link of an alignment: two tokens or words that belong together, counted from 0. */
typedef struct {
    uint32_t source, target;
} tolka_link;

/* Alignment of hypothesis k, if options asked for alignments, sorted by source, then target: each
 * target token with the source token that cross-attention looked at most while it was decided.
 * Special tokens take no part: of texts, all that stand for no text; of ids, those that the model
 * file names (start, end, padding, forced), as languages are the tokenizer's business. */
const tolka_link *tolka_result_alignment(const tolka_result *result, size_t k, size_t *n);
/* The same between words: those that blanks separate in a text, or pieces where a language has no
 * blanks. Two words are aligned if any of their tokens are, punctuation aside where a word has more
 * than that. NULL where the input was ids. */
const tolka_link *tolka_result_word_alignment(const tolka_result *result, size_t k, size_t *n);
/* The weights that it was made from, [n_target][n_source]: row i is what the decoder looked at
 * while it decided target token i. Every token has its row and column. */
const float *tolka_result_soft_alignment(const tolka_result *result, size_t k, size_t *n_target,
                                         size_t *n_source);

typedef struct {
    uint64_t source_tokens, target_tokens, sentences, decoder_steps;
    uint64_t candidates; /* tokens that the output layer chose among, summed over sentences */
    double encoder_seconds, decoder_seconds; /* summed over workers */
} tolka_stats;

/* What the translator has done since it was made. */
void tolka_translator_stats(const tolka_translator *translator, tolka_stats *stats);

/* ---- attention ------------------------------------------------------------------------------- */

typedef struct tolka_attention tolka_attention;

typedef enum {
    TOLKA_ENCODER_ATTENTION = 0, /* source tokens look at source tokens */
    TOLKA_DECODER_ATTENTION = 1, /* decoder inputs look at those before them, and themselves */
    TOLKA_CROSS_ATTENTION = 2,   /* decoder inputs look at source tokens */
} tolka_attention_kind;

/* What attention looks at for a source and a given target (input->target), in every layer and head.
 * The decoder's inputs are the start token and the target tokens: n_target + 1 of them, of which
 * number i decides target token i. A translation's target is its tokens. */
tolka_status tolka_attention_new(tolka_attention **out, tolka_translator *translator,
                                 const tolka_input *input, tolka_error *err);
void tolka_attention_free(tolka_attention *attention);
size_t tolka_attention_layers(const tolka_attention *attention, tolka_attention_kind kind);
size_t tolka_attention_heads(const tolka_attention *attention, tolka_attention_kind kind);
/* [n_queries][n_keys] of one layer and head, each row summing to one (what a decoder input cannot
 * see is 0); NULL out of range, and for the decoder's own of a model that has none (SSRU). */
const float *tolka_attention_weights(const tolka_attention *attention, tolka_attention_kind kind,
                                     size_t layer, size_t head, size_t *n_queries, size_t *n_keys);

/* ---- alignment ------------------------------------------------------------------------------- */

/* Weights [n_target][n_source] of one layer and head of cross-attention (numbered as in
 * tolka_options), or the average of heads: row i, what decoder input i looked at, decides target
 * token i. The last input decides nothing and has no row. The caller frees *weights. */
tolka_status tolka_soft_alignment(const tolka_attention *attention, int layer, int head,
                                  float **weights, size_t *n_target, size_t *n_source,
                                  tolka_error *err);

/* Each target token with the source token of the greatest weight (the first of equal ones), sorted
 * by source, then target. source_counts[n_source] and target_counts[n_target] are 0 for tokens that
 * take no part, as special ones should; NULL: all do. The caller frees *links. */
tolka_status tolka_hard_alignment(const float *weights, size_t n_target, size_t n_source,
                                  const uint8_t *source_counts, const uint8_t *target_counts,
                                  tolka_link **links, size_t *n, tolka_error *err);

typedef enum {
    TOLKA_INTERSECTION = 0,
    TOLKA_UNION = 1,
    TOLKA_GROW_DIAG_FINAL_AND = 2, /* Koehn et al. 2005: from the intersection towards the union */
} tolka_symmetry;

/* One alignment of two: `forward` of a model from source to target, `reverse` of one from target to
 * source, whose links are the other way round. Numbers of tokens or words are below 2^20. The
 * caller frees *links, sorted by source, then target. */
tolka_status tolka_symmetrize(const tolka_link *forward, size_t n_forward,
                              const tolka_link *reverse, size_t n_reverse, tolka_symmetry how,
                              tolka_link **links, size_t *n, tolka_error *err);

/* ---- text ------------------------------------------------------------------------------------ */

/* Languages may be given as the model names them ("deu_Latn", ">>deu<<"), by any code ("de", "deu",
 * "ger", "de-DE", "de_DE.UTF-8") or by name ("German", "Deutsch"), where that is unambiguous; NULL
 * where the model needs none. TOLKA_ARGUMENT if it lacks the language, or needs one and gets NULL:
 * the message lists what there is. `to` may be "none" where languages are written before texts
 * (">>deu<< Hello") and all texts bring their own. A tokenizer may be used by several threads. */
tolka_status tolka_tokenizer_new(tolka_tokenizer **out, const tolka_model *model, const char *from,
                                 const char *to, tolka_error *err);
void tolka_tokenizer_free(tolka_tokenizer *tokenizer);
/* Is a text to this model tokens of its vocabulary with blanks between them? So it is where a
 * checkpoint had a vocabulary, but nothing that cuts plain text into tokens. */
int tolka_tokenizer_takes_tokens(const tolka_tokenizer *tokenizer);

/* The languages that a model names, and those it takes when none is given; NULL: it has none such.
 * All are target languages. One block: free it with tolka_free. */
typedef struct {
    size_t n;
    const char **names;
    const char *default_from, *default_to;
    int are_sources;    /* the same languages are its source languages; 0: the file names none */
    const void *parsed; /* the library's own, for tolka_find_language; may be NULL */
} tolka_languages;
tolka_status tolka_model_languages(const tolka_model *model, tolka_languages **out,
                                   tolka_error *err);
/* Which of them a name means, as tolka_tokenizer_new takes it. */
tolka_status tolka_find_language(const tolka_languages *languages, const char *name, size_t *index,
                                 tolka_error *err);
/* Do two names ("de", ">>deu<<", "deu_Latn", "German") mean the same language? */
int tolka_same_language(const char *a, const char *b);

/* What a language is called: "German" for "de", ">>deu<<" or "deu_Latn" and "en"; `in` is any
 * language, NULL the language itself ("Deutsch"). tolka_language_tag: as BCP 47 writes it ("zh-Hant"
 * for "zho_Hant"); tolka_language_iso639_3: by ISO 639-3, without script and region ("zho"). NULL:
 * there is no such name, or no memory. The caller frees the result. */
char *tolka_language_name(const char *language, const char *in);
char *tolka_language_tag(const char *language);
char *tolka_language_iso639_3(const char *language);

/* Text to source ids, language and end tokens included. Invalid UTF-8 becomes U+FFFD. */
tolka_status tolka_tokenize(const tolka_tokenizer *tokenizer, const char *text, size_t length,
                            int32_t **ids, size_t *n, tolka_error *err);
/* The same for a target text (end token included), to be scored. */
tolka_status tolka_tokenize_target(const tolka_tokenizer *tokenizer, const char *text,
                                   size_t length, int32_t **ids, size_t *n, tolka_error *err);
/* Generated ids to text, special tokens left out. *length (which may be NULL) does not count the
 * final NUL. */
tolka_status tolka_detokenize(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                              char **text, size_t *length, tolka_error *err);
/* Tokens as people read them. One block: free it with tolka_free. */
typedef struct {
    size_t n;
    const char **pieces; /* each token as the vocabulary writes it: U+2581 "wea", "ther", "</s>" */
    size_t *word;        /* the word that it is a piece of */
    size_t n_words;
    const char **words; /* "weather", "</s>" */
    unsigned char
        *special; /* of each word: is it no part of the text, as </s> and languages are? */
} tolka_pieces;

/* Source ids (or target ids) to pieces and words. A special token is a word, and so is the
 * punctuation before and behind one; of languages that write no blanks, so is each piece. Pieces
 * that are bytes make a word with the others of their character. */
tolka_status tolka_token_pieces(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n,
                                int is_target, tolka_pieces **out, tolka_error *err);
/* Start and forced tokens that the tokenizer's target language asks for; -1: none. */
int32_t tolka_tokenizer_start(const tolka_tokenizer *tokenizer);
int32_t tolka_tokenizer_forced_first(const tolka_tokenizer *tokenizer);

/* A copy with U+FFFD for what is not UTF-8 and blanks for NUL; NULL: no memory. *repaired_length
 * (which may be NULL) does not count the final NUL. The caller frees it. */
char *tolka_repair_text(const char *text, size_t length, size_t *repaired_length);

/* A text to translate, perhaps with how its translation begins, or two to score. Borrowed until the
 * call returns. */
typedef struct {
    const char *source;
    size_t source_length;
    const char *target; /* tolka_translate_texts: a prefix, or NULL */
    size_t target_length;
} tolka_text;

/* The sentences of a text, by Unicode's rules (UAX 29) and a language's abbreviations (any name that
 * tolka_tokenizer_new takes; NULL: none), without the white space between them, list bullets and
 * what has no letters. The caller frees *sentences. */
tolka_status tolka_split_text(const char *text, size_t length, const char *language,
                              tolka_span **sentences, size_t *n, tolka_error *err);

/* Text to ids to text for n texts: what tolka_translate and tolka_score do, with the results' texts
 * and source ids filled in, and work on text shared out among the translator's threads. Texts of
 * several sentences, and sentences that are too long, are translated in parts (tolka_options.split)
 * and joined; white space around and between parts, bullets, and what has no letters stay
 * as they are. A prefix begins the first part. A text without a token of its own has
 * one hypothesis without tokens, of score 0. */
tolka_status tolka_translate_texts(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                                   const tolka_text *texts, size_t n, tolka_done done, void *user,
                                   tolka_error *err);
tolka_status tolka_score_texts(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                               const tolka_text *texts, size_t n, tolka_done done, void *user,
                               tolka_error *err);

/* Called with further text of a translation, in whole characters. Not 0: no more is wanted. */
typedef int (*tolka_emit)(void *user, const char *text, size_t length);

/* Text to ids to text for one text, handed out piece by piece, as tolka_stream does it with
 * tokens. */
tolka_status tolka_stream_text(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                               const tolka_text *text, tolka_emit emit, void *user,
                               tolka_result **out, tolka_error *err);

/* One text as a string, in which NULs become blanks. */
tolka_status tolka_translate_text(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                                  const char *text, char **translation, tolka_error *err);

/* ---- documents ------------------------------------------------------------------------------- */

/* A document taken apart into texts (paragraphs, headings, cells, messages) that are translated one
 * by one, and what is between them, which is written as it was, byte for byte. Used by one thread at
 * a time. */
typedef struct tolka_document tolka_document;

/* Formats: "lines", "text" (hard-wrapped paragraphs), "markdown", "html", "srt", "vtt", "po", "man",
 * "tsv:COLUMN" (counted from 1). TOLKA_ARGUMENT: there is no such format; TOLKA_FORMAT: the bytes
 * are not UTF-8, or not of this format. The bytes are copied. */
tolka_status tolka_document_new(tolka_document **out, const char *format, const void *bytes,
                                size_t n, tolka_error *err);
void tolka_document_free(tolka_document *document);
/* The format that a file's name says: "markdown" for "README.md"; "lines" if it says nothing. */
const char *tolka_document_format(const char *path);

size_t tolka_document_count(const tolka_document *document);
/* What the translator shall see of text i: no tags, and stand-ins for what must not be translated.
 * Valid until the next call for this document; NULL out of range, or if there is no memory. */
const char *tolka_document_text(tolka_document *document, size_t i, size_t *length);
/* The line that text i begins in, from 1; 0 out of range. */
size_t tolka_document_line(const tolka_document *document, size_t i);
/* Not 0 if text i has tags, whose places are found by the alignment of words; without one they go by
 * their share of the text. */
int tolka_document_needs_alignment(const tolka_document *document, size_t i);
/* Not 0 if a text has tags, or anything that a stand-in may be lost for. */
int tolka_document_has_marks(const tolka_document *document);
/* Takes the first hypothesis of `result` as the translation of text i, in the place of one that it
 * may have. TOLKA_INPUT: a stand-in did not come out once. tolka_document_text is another one then,
 * without it, for a second attempt; after that, there are no stand-ins left. */
tolka_status tolka_document_put(tolka_document *document, size_t i, const tolka_result *result,
                                tolka_error *err);
/* Why tolka_translate_document left text i as it was; NULL: it did not. */
const char *tolka_document_problem(const tolka_document *document, size_t i);
/* The document with the translations that were put; texts without one are as they were. A NUL
 * follows the bytes. The caller frees *bytes. */
tolka_status tolka_document_write(const tolka_document *document, char **bytes, size_t *n,
                                  tolka_error *err);

/* Called whenever a text is done, on the thread that made the call. Not 0: no more is wanted. */
typedef int (*tolka_document_progress)(void *user, size_t n_done, size_t n_texts);

/* Translates all texts and puts them. Texts that cannot be translated stay as they were and have a
 * problem each. The translator should have been made with want_alignments if the document has marks;
 * texts without any are translated without. `progress` may be NULL; TOLKA_STOPPED: it wanted no
 * more, or tolka_translator_stop was called, and what was done is there. */
tolka_status tolka_translate_document(tolka_translator *translator,
                                      const tolka_tokenizer *tokenizer, tolka_document *document,
                                      tolka_document_progress progress, void *user,
                                      tolka_error *err);

/* ---- the machine ----------------------------------------------------------------------------- */

/* Cores that this process may use (affinity and cgroup quota), at least 1: what 0 threads mean. */
int tolka_available_threads(void);

/* Operations a second (a multiplication and an addition are two) that one core reaches in products
 * with weights of a type ("int8", "q4", "bf16", "f16", "f32") with the kernels of an instruction set
 * (NULL: the best): 256 rows by a 512 x 512 matrix, the best of several short runs. 0 if there is
 * no such type or set, or no memory. */
double tolka_product_rate(const char *isa, const char *type);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
