/* tolka: run a trained encoder-decoder transformer.
 *
 *     tolka_error err;
 *     tolka_model *model;
 *     tolka_tokenizer *tokenizer;
 *     tolka_translator *translator;
 *     tolka_options options = TOLKA_OPTIONS_INIT;
 *     if (tolka_model_open(&model, "en-de.gguf", &err) != TOLKA_OK ||
 *         tolka_tokenizer_new(&tokenizer, model, "en", "de", &err) != TOLKA_OK ||
 *         tolka_translator_new(&translator, model, &options, &err) != TOLKA_OK)
 *         return fprintf(stderr, "%s\n", err.text), 1;
 *     char *translation;
 *     if (tolka_translate_text(translator, tokenizer, "Good morning.", &translation, &err) ==
 * TOLKA_OK) puts(translation); tolka_string_free(translation);
 *
 * Four rules:
 * 1. A model is read-only and may serve many threads. A translator belongs to one thread at a time
 *    (it has worker threads of its own). A result owns all that it returns.
 * 2. Every _new and _open has one _free, which accepts NULL. Nothing that a getter returns is freed
 *    by the caller.
 * 3. Calls that can fail return a status and fill `err`, which may be NULL; *out is NULL on
 * failure. The library never prints, exits or reads the environment.
 * 4. Text is UTF-8. Token ids are the model's own, not SentencePiece's.
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
} tolka_status;

typedef struct {
    tolka_status status;
    char text[500]; /* one line, no newline: what, where, found, expected */
} tolka_error;

/* ---- model ----------------------------------------------------------------------------------- */

/* Maps a GGUF file (tolka's own, or a T5 one as llama.cpp writes it) and checks every field that
 * the engine will rely on. Reads no weight. */
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

typedef struct {
    size_t size;          /* sizeof(tolka_options): which fields the caller knows */
    int beam;             /* 1: greedy; 0: the model's default */
    int n_best;           /* hypotheses returned a sentence, at most `beam` */
    int max_length;       /* most tokens generated, end token included; 0: the model's default */
    float length_penalty; /* score = sum of log-probabilities / length^penalty; negative: default */
    int want_scores;      /* compute log-probabilities in greedy search too */
    int threads;          /* worker threads, the caller's included; 0: all available cores */
    int batch;            /* sentences decoded together by one worker; never changes the output */
    int no_shortlist;     /* ignore the lexical shortlist that the model carries */
    tolka_stop stop;      /* when beam search ends */
    const char *isa;      /* "scalar", "avx2", "avx512", "amx", "neon"; NULL: the best there is */
} tolka_options;

#define TOLKA_OPTIONS_INIT                                                                         \
    { sizeof(tolka_options), 0, 1, 0, -1.0f, 0, 1, 32, 0, TOLKA_STOP_DEFAULT, NULL }

tolka_status tolka_translator_new(tolka_translator **out, const tolka_model *model,
                                  const tolka_options *options, tolka_error *err);
void tolka_translator_free(tolka_translator *translator);

/* The instruction set in use: "avx512", "scalar", ... */
const char *tolka_translator_isa(const tolka_translator *translator);
int tolka_translator_threads(const tolka_translator *translator);

/* One sentence to translate or to score. Ids are borrowed until the call returns. */
typedef struct {
    const int32_t *ids; /* special tokens included, as the model wants them */
    size_t n_ids;
    int32_t start;         /* decoder start token; -1: the model's */
    int32_t forced_first;  /* first generated token (a target language); -1: the model's, if any */
    const int32_t *target; /* tolka_score only: target tokens, end token included */
    size_t n_target;
} tolka_input;

#define TOLKA_INPUT_INIT                                                                           \
    { NULL, 0, -1, -1, NULL, 0 }

/* Called once for every input as soon as it is done, in any order, from any worker thread (several
 * at a time). `result` has one entry for the input and belongs to the callee. */
typedef void (*tolka_done)(void *user, size_t index, tolka_result *result);

/* Translates n inputs. Inputs that cannot be translated do not stop the others: their result has a
 * status of its own. */
tolka_status tolka_translate(tolka_translator *translator, const tolka_input *inputs, size_t n,
                             tolka_done done, void *user, tolka_error *err);

/* Log-probability of each given target token (teacher forcing). */
tolka_status tolka_score(tolka_translator *translator, const tolka_input *inputs, size_t n,
                         tolka_done done, void *user, tolka_error *err);

/* Calls job(user, i) for i in [0, n) on the translator's workers; returns when all are done. For
 * work around a translation, such as tokenizing. */
void tolka_parallel(tolka_translator *translator, size_t n, void (*job)(void *user, size_t i),
                    void *user);

typedef struct {
    int32_t id;
    float log_prob; /* natural logarithm; 0 for a forced token; NaN where it was not computed */
} tolka_token;

/* TOLKA_OK or why this input was not translated; `*text` (if asked) is then the reason. */
tolka_status tolka_result_status(const tolka_result *result, const char **text);
size_t tolka_result_count(const tolka_result *result); /* hypotheses, best first */
/* Generated tokens of hypothesis k: no start token; the end token is there if it was produced.
 * Out of range: NULL and 0. */
const tolka_token *tolka_result_tokens(const tolka_result *result, size_t k, size_t *n);
/* Sum of log-probabilities divided by length^length_penalty; NaN where it was not computed. */
float tolka_result_score(const tolka_result *result, size_t k);
void tolka_result_free(tolka_result *result);

typedef struct {
    uint64_t source_tokens, target_tokens, sentences, decoder_steps;
    double encoder_seconds, decoder_seconds; /* summed over workers */
} tolka_stats;

/* What the translator has done since it was made. */
void tolka_translator_stats(const tolka_translator *translator, tolka_stats *stats);

/* ---- text ------------------------------------------------------------------------------------ */

/* Languages may be given as the model names them ("deu_Latn", ">>deu<<") or by a short code where
 * that is unambiguous ("de", "deu"); NULL where the model needs none. A tokenizer may be used by
 * several threads. */
tolka_status tolka_tokenizer_new(tolka_tokenizer **out, const tolka_model *model, const char *from,
                                 const char *to, tolka_error *err);
void tolka_tokenizer_free(tolka_tokenizer *tokenizer);

/* Text to source ids, language and end tokens included. Invalid UTF-8 becomes U+FFFD. Returns the
 * number of ids; writes at most `capacity`. 0 if memory is short or SentencePiece refuses. */
size_t tolka_encode(const tolka_tokenizer *tokenizer, const char *text, size_t length, int32_t *ids,
                    size_t capacity);
/* The same for a target text (end token included), to be scored. */
size_t tolka_encode_target(const tolka_tokenizer *tokenizer, const char *text, size_t length,
                           int32_t *ids, size_t capacity);
/* Generated ids to text, special tokens left out. Returns the length without the final NUL; writes
 * at most `capacity` bytes, NUL included. */
size_t tolka_decode(const tolka_tokenizer *tokenizer, const int32_t *ids, size_t n, char *text,
                    size_t capacity);
/* Start and forced tokens that the tokenizer's target language asks for; -1: none. */
int32_t tolka_tokenizer_start(const tolka_tokenizer *tokenizer);
int32_t tolka_tokenizer_forced_first(const tolka_tokenizer *tokenizer);

/* One text, one thread, everything in between. Free the text with tolka_string_free. */
tolka_status tolka_translate_text(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                                  const char *text, char **translation, tolka_error *err);
void tolka_string_free(char *text);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
