/* Everything in which checkpoint families differ, as fields of one struct. */
#ifndef CONFIG_H
#define CONFIG_H

#include "engine/error.h"
#include "engine/kernels/kernels.h"

struct gguf;

enum norm_kind { NORM_LAYER, NORM_RMS };
enum norm_place { NORM_POST, NORM_PRE };
enum position_kind { POSITION_NONE, POSITION_SINUSOIDAL, POSITION_LEARNED, POSITION_RELATIVE };
/* Where sines and cosines stand: [sin0 cos0 sin1 cos1 ...] or [sin0 sin1 ... cos0 cos1 ...]. */
enum sinusoid_order { SINUSOID_INTERLEAVED, SINUSOID_HALVES };
/* Angle of pair i at position p: p / 10000^(2i/d) ("Attention Is All You Need"), or
 * p * exp(-i ln(10000) / (d/2 - 1)) (tensor2tensor, fairseq, Marian). */
enum sinusoid_angle { ANGLE_PAPER, ANGLE_TENSOR2TENSOR };
enum decoder_kind { DECODER_SELF_ATTENTION, DECODER_SSRU };
/* Which search rules "beam" means. They differ in how finished hypotheses are kept. */
enum beam_rules { BEAM_HUGGINGFACE, BEAM_CTRANSLATE2, BEAM_MARIAN };
enum early_stopping { STOP_HEURISTIC, STOP_WHEN_FULL, STOP_NEVER_EARLY };

enum { MAX_SUPPRESSED = 256, MAX_SEQUENCES = 256, MAX_SEQUENCE_IDS = 1024, MAX_FORCE_WORDS = 64 };

/* Short lists of tokens that stand together: ids one after another, and where each list ends. */
struct token_sequences {
    uint32_t n, n_ids;
    uint16_t end[MAX_SEQUENCES]; /* in ids */
    float bias[MAX_SEQUENCES];   /* -infinity: forbidden */
    int32_t ids[MAX_SEQUENCE_IDS];
};

/* Words that must come, of which each is one of several sequences, its alternatives. */
struct required_words {
    uint32_t n;
    uint16_t end[MAX_FORCE_WORDS];    /* of each, in alternatives */
    struct token_sequences sequences; /* their bias is not used */
};

/* Limits keep every product of sizes far from overflow and every allocation within reason. */
enum {
    MAX_WIDTH = 1 << 16,
    MAX_FFN = 1 << 17, /* times -128 times 127: what an int32 sum of int8 products holds */
    MAX_LAYERS = 256,
    MAX_HEADS = 1024,
    MAX_VOCAB = 1 << 24,
    MAX_BUCKETS = 1 << 16,
    MAX_BIAS_HEADS = 1 << 14, /* of all layers with relative biases of their own */
};

/* What a file may ask for by itself: one of a few kilobytes shall not keep a machine busy for hours.
 * Callers may ask for up to TOLKA_MAX_LENGTH. */
enum { MAX_DEFAULT_LENGTH = 1024 };

struct config {
    uint32_t d_model;
    uint32_t encoder_layers, decoder_layers;
    uint32_t encoder_heads, decoder_heads;
    uint32_t head_dim; /* of encoder and decoder where set; 0: d_model / heads */
    uint32_t encoder_ffn, decoder_ffn;
    uint32_t source_vocab, target_vocab;

    enum norm_kind norm_kind;
    enum norm_place norm_place;
    float norm_epsilon;
    bool embedding_norm; /* a norm after embedding */
    bool final_norm;     /* a norm at the end of each stack */
    bool norm_keys;      /* pre: self-attention's keys and values, too, see the norm's output */

    enum activation activation;
    bool gated_ffn;
    bool linear_bias; /* linear layers have biases */

    enum position_kind position_kind;
    enum sinusoid_order sinusoid_order;
    enum sinusoid_angle sinusoid_angle;
    uint32_t position_offset; /* row of the first position */
    uint32_t max_positions;   /* rows of a learned table, without the offset; else 0: no limit */
    uint32_t relative_buckets, relative_max_distance;
    bool relative_bias_per_layer; /* each layer has a table of its own */

    float attention_scale; /* 0: 1 / sqrt(head_dim) */
    float embedding_scale;
    float output_scale; /* of the decoder's output, before the output matrix */

    bool separate_tables; /* source and target have tables of their own */
    bool separate_output; /* the output matrix is not the target table */
    bool output_bias;
    enum decoder_kind decoder_kind;
    bool ssru_output;     /* SSRU layers have an output projection */
    bool start_from_zero; /* the first decoder input is a zero vector (plus its position) */

    /* -1: none */
    int32_t start_token, end_token, pad_token, unknown_token;
    int32_t forced_first, forced_last;
    uint32_t n_suppressed, n_begin_suppressed;
    int32_t suppressed[MAX_SUPPRESSED];       /* never generated */
    int32_t begin_suppressed[MAX_SUPPRESSED]; /* not the first */
    struct token_sequences sequences;         /* of more tokens than one, or not quite forbidden */
    struct required_words force_words;
    bool renormalize;        /* probabilities leave suppressed tokens out */
    bool suppress_end_first; /* the end token is not the first */

    enum beam_rules beam_rules;
    enum early_stopping early_stopping;
    uint32_t beam;
    float length_penalty;
    uint32_t max_source; /* tokens of a sentence that the model is good at; 0: not known */
    uint32_t max_length; /* tokens generated at most, end token included */
    float max_length_ratio,
        min_length_ratio; /* of the source length, end token included; 0: none */

    /* as in transformers' generation config; what they mean is said in tolka.h */
    uint32_t min_length, min_new_tokens;
    float repetition_penalty, encoder_repetition_penalty;
    uint32_t no_repeat_ngram_size, encoder_no_repeat_ngram_size;
    uint32_t decay_start;
    float decay_factor;
    bool do_sample;
    float temperature, top_p, min_p, typical_p, epsilon_cutoff, eta_cutoff;
    uint32_t top_k;
    uint32_t beam_groups;
    float diversity_penalty, coverage_penalty;

    /* The cross-attention that alignments are read off. */
    int32_t alignment_layer; /* -1: the last */
    int32_t alignment_head;  /* -1: the average of all */
};

/* How the fields stand in a file: read, written and shown from one table. */
enum field_type { FIELD_U32, FIELD_I32, FIELD_F32, FIELD_BOOL, FIELD_ENUM };
struct config_field {
    const char *key; /* "tolka." comes before it in a file */
    enum field_type type;
    size_t offset;
    bool required;
    double min, max, absent;
    const char *const *names; /* FIELD_ENUM: ended by NULL */
};
extern const struct config_field config_fields[]; /* ended by a NULL key */

double config_field_get(const struct config *config, const struct config_field *field);
/* What the value of a FIELD_ENUM is called. */
const char *config_field_name(const struct config *config, const struct config_field *field);

/* All fields at the value they have when a file does not say. */
void config_init(struct config *config);
/* From a file's "tolka.*" metadata. */
tolka_status config_read(struct config *config, const struct gguf *gguf, tolka_error *err);
/* Checks what one field alone cannot show: heads divide, ids inside the vocabulary, ... */
tolka_status config_check(const struct config *config, const char *name, tolka_error *err);

static inline uint32_t config_encoder_head_dim(const struct config *config) {
    return config->head_dim ? config->head_dim : config->d_model / config->encoder_heads;
}
static inline uint32_t config_decoder_head_dim(const struct config *config) {
    return config->head_dim ? config->head_dim : config->d_model / config->decoder_heads;
}
/* What dot products are multiplied with before the softmax. */
float config_attention_scale(const struct config *config, size_t head_dim);

#endif
