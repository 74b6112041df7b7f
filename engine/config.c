#include "engine/config.h"

#include "engine/gguf.h"
#include "engine/token_lists.h"

#include <math.h>
#include <string.h>

static const char *const norm_kinds[] = {"layer", "rms", NULL};
static const char *const norm_places[] = {"post", "pre", NULL};
static const char *const activations[] = {"none",       "relu", "swish",   "gelu", "gelu_tanh",
                                          "gelu_quick", "tanh", "sigmoid", NULL};
static const char *const position_kinds[] = {"none", "sinusoidal", "learned", "relative", NULL};
static const char *const sinusoid_orders[] = {"interleaved", "halves", NULL};
static const char *const sinusoid_angles[] = {"paper", "tensor2tensor", NULL};
static const char *const decoder_kinds[] = {"self_attention", "ssru", NULL};
static const char *const beam_rule_names[] = {"huggingface", "ctranslate2", "marian", NULL};
static const char *const early_stoppings[] = {"heuristic", "when_full", "never", NULL};

#define AT(field) offsetof(struct config, field)
const struct config_field config_fields[] = {
    {"d_model", FIELD_U32, AT(d_model), true, 1, MAX_WIDTH, 0, NULL},
    {"encoder.layers", FIELD_U32, AT(encoder_layers), true, 1, MAX_LAYERS, 0, NULL},
    {"decoder.layers", FIELD_U32, AT(decoder_layers), true, 1, MAX_LAYERS, 0, NULL},
    {"encoder.heads", FIELD_U32, AT(encoder_heads), true, 1, MAX_HEADS, 0, NULL},
    {"decoder.heads", FIELD_U32, AT(decoder_heads), true, 1, MAX_HEADS, 0, NULL},
    {"head_dim", FIELD_U32, AT(head_dim), false, 0, MAX_WIDTH, 0, NULL},
    {"encoder.ffn", FIELD_U32, AT(encoder_ffn), true, 1, MAX_FFN, 0, NULL},
    {"decoder.ffn", FIELD_U32, AT(decoder_ffn), true, 1, MAX_FFN, 0, NULL},
    {"vocab.source", FIELD_U32, AT(source_vocab), true, 1, MAX_VOCAB, 0, NULL},
    {"vocab.target", FIELD_U32, AT(target_vocab), true, 1, MAX_VOCAB, 0, NULL},
    {"norm.kind", FIELD_ENUM, AT(norm_kind), false, 0, 0, NORM_LAYER, norm_kinds},
    {"norm.place", FIELD_ENUM, AT(norm_place), false, 0, 0, NORM_POST, norm_places},
    {"norm.epsilon", FIELD_F32, AT(norm_epsilon), false, 0, 1, 1e-5, NULL},
    {"norm.embedding", FIELD_BOOL, AT(embedding_norm), false, 0, 1, 0, NULL},
    {"norm.final", FIELD_BOOL, AT(final_norm), false, 0, 1, 0, NULL},
    {"norm.keys", FIELD_BOOL, AT(norm_keys), false, 0, 1, 1, NULL},
    {"ffn.activation", FIELD_ENUM, AT(activation), false, 0, 0, ACTIVATION_RELU, activations},
    {"ffn.gated", FIELD_BOOL, AT(gated_ffn), false, 0, 1, 0, NULL},
    {"linear_bias", FIELD_BOOL, AT(linear_bias), false, 0, 1, 1, NULL},
    {"position.kind", FIELD_ENUM, AT(position_kind), false, 0, 0, POSITION_SINUSOIDAL,
     position_kinds},
    {"position.order", FIELD_ENUM, AT(sinusoid_order), false, 0, 0, SINUSOID_INTERLEAVED,
     sinusoid_orders},
    {"position.angle", FIELD_ENUM, AT(sinusoid_angle), false, 0, 0, ANGLE_PAPER, sinusoid_angles},
    {"position.offset", FIELD_U32, AT(position_offset), false, 0, 1024, 0, NULL},
    {"position.max", FIELD_U32, AT(max_positions), false, 0, MAX_VOCAB, 0, NULL},
    {"position.buckets", FIELD_U32, AT(relative_buckets), false, 0, MAX_BUCKETS, 0, NULL},
    {"position.max_distance", FIELD_U32, AT(relative_max_distance), false, 0, MAX_VOCAB, 0, NULL},
    {"position.bias_per_layer", FIELD_BOOL, AT(relative_bias_per_layer), false, 0, 1, 0, NULL},
    {"attention.scale", FIELD_F32, AT(attention_scale), false, 0, 1e6, 0, NULL},
    {"embedding.scale", FIELD_F32, AT(embedding_scale), false, -1e6, 1e6, 1, NULL},
    {"output.scale", FIELD_F32, AT(output_scale), false, -1e6, 1e6, 1, NULL},
    {"output.separate", FIELD_BOOL, AT(separate_output), false, 0, 1, 0, NULL},
    {"output.bias", FIELD_BOOL, AT(output_bias), false, 0, 1, 0, NULL},
    {"embedding.separate", FIELD_BOOL, AT(separate_tables), false, 0, 1, 0, NULL},
    {"decoder.kind", FIELD_ENUM, AT(decoder_kind), false, 0, 0, DECODER_SELF_ATTENTION,
     decoder_kinds},
    {"decoder.ssru_output", FIELD_BOOL, AT(ssru_output), false, 0, 1, 0, NULL},
    {"decoder.start_from_zero", FIELD_BOOL, AT(start_from_zero), false, 0, 1, 0, NULL},
    {"token.start", FIELD_I32, AT(start_token), false, -1, MAX_VOCAB, -1, NULL},
    {"token.end", FIELD_I32, AT(end_token), true, 0, MAX_VOCAB, -1, NULL},
    {"token.pad", FIELD_I32, AT(pad_token), false, -1, MAX_VOCAB, -1, NULL},
    {"token.unknown", FIELD_I32, AT(unknown_token), false, -1, MAX_VOCAB, -1, NULL},
    {"token.forced_first", FIELD_I32, AT(forced_first), false, -1, MAX_VOCAB, -1, NULL},
    {"token.forced_last", FIELD_I32, AT(forced_last), false, -1, MAX_VOCAB, -1, NULL},
    {"search.renormalize", FIELD_BOOL, AT(renormalize), false, 0, 1, 0, NULL},
    {"search.suppress_end_first", FIELD_BOOL, AT(suppress_end_first), false, 0, 1, 0, NULL},
    {"search.rules", FIELD_ENUM, AT(beam_rules), false, 0, 0, BEAM_HUGGINGFACE, beam_rule_names},
    {"search.early_stopping", FIELD_ENUM, AT(early_stopping), false, 0, 0, STOP_HEURISTIC,
     early_stoppings},
    {"search.beam", FIELD_U32, AT(beam), false, 1, TOLKA_MAX_BEAM, 1, NULL},
    {"search.length_penalty", FIELD_F32, AT(length_penalty), false, -100, 100, 1, NULL},
    {"search.max_source", FIELD_U32, AT(max_source), false, 0, TOLKA_MAX_LENGTH, 0, NULL},
    {"search.max_length", FIELD_U32, AT(max_length), false, 1, MAX_DEFAULT_LENGTH, 256, NULL},
    {"search.max_length_ratio", FIELD_F32, AT(max_length_ratio), false, 0, 1e6, 0, NULL},
    {"search.min_length", FIELD_U32, AT(min_length), false, 0, TOLKA_MAX_LENGTH, 0, NULL},
    {"search.min_new_tokens", FIELD_U32, AT(min_new_tokens), false, 0, TOLKA_MAX_LENGTH, 0, NULL},
    {"search.min_length_ratio", FIELD_F32, AT(min_length_ratio), false, 0, 1e6, 0, NULL},
    {"search.repetition_penalty", FIELD_F32, AT(repetition_penalty), false, 1e-6, 1e6, 1, NULL},
    {"search.encoder_repetition_penalty", FIELD_F32, AT(encoder_repetition_penalty), false, 1e-6,
     1e6, 1, NULL},
    {"search.no_repeat_ngram", FIELD_U32, AT(no_repeat_ngram_size), false, 0, 1024, 0, NULL},
    {"search.encoder_no_repeat_ngram", FIELD_U32, AT(encoder_no_repeat_ngram_size), false, 0, 1024,
     0, NULL},
    {"search.decay_start", FIELD_U32, AT(decay_start), false, 0, TOLKA_MAX_LENGTH, 0, NULL},
    {"search.decay_factor", FIELD_F32, AT(decay_factor), false, 1e-6, 1e6, 1, NULL},
    {"search.beam_groups", FIELD_U32, AT(beam_groups), false, 1, TOLKA_MAX_BEAM, 1, NULL},
    {"search.diversity_penalty", FIELD_F32, AT(diversity_penalty), false, 0, 1e6, 0, NULL},
    {"search.coverage_penalty", FIELD_F32, AT(coverage_penalty), false, 0, 1e6, 0, NULL},
    {"sampling.on", FIELD_BOOL, AT(do_sample), false, 0, 1, 0, NULL},
    {"sampling.temperature", FIELD_F32, AT(temperature), false, 1e-6, 1e6, 1, NULL},
    {"sampling.top_k", FIELD_U32, AT(top_k), false, 0, MAX_VOCAB, 50, NULL},
    {"sampling.top_p", FIELD_F32, AT(top_p), false, 0, 1, 1, NULL},
    {"sampling.min_p", FIELD_F32, AT(min_p), false, 0, 1, 0, NULL},
    {"sampling.typical_p", FIELD_F32, AT(typical_p), false, 0, 1, 1, NULL},
    {"sampling.epsilon_cutoff", FIELD_F32, AT(epsilon_cutoff), false, 0, 1, 0, NULL},
    {"sampling.eta_cutoff", FIELD_F32, AT(eta_cutoff), false, 0, 1, 0, NULL},
    {"alignment.layer", FIELD_I32, AT(alignment_layer), false, -1, MAX_LAYERS - 1, -1, NULL},
    {"alignment.head", FIELD_I32, AT(alignment_head), false, -1, MAX_HEADS - 1, -1, NULL},
    {NULL, FIELD_U32, 0, false, 0, 0, 0, NULL},
};

double config_field_get(const struct config *config, const struct config_field *field) {
    const void *at = (const char *)config + field->offset;
    switch (field->type) {
    case FIELD_U32:
        return *(const uint32_t *)at;
    case FIELD_I32:
        return *(const int32_t *)at;
    case FIELD_F32:
        return (double)*(const float *)at;
    case FIELD_BOOL:
        return *(const bool *)at;
    case FIELD_ENUM:
        return *(const unsigned *)at;
    }
    return 0;
}

static void set_field(struct config *config, const struct config_field *field, double value) {
    void *at = (char *)config + field->offset;
    switch (field->type) {
    case FIELD_U32:
        *(uint32_t *)at = (uint32_t)value;
        break;
    case FIELD_I32:
        *(int32_t *)at = (int32_t)value;
        break;
    case FIELD_F32:
        *(float *)at = (float)value;
        break;
    case FIELD_BOOL:
        *(bool *)at = value != 0;
        break;
    case FIELD_ENUM:
        *(unsigned *)at = (unsigned)value;
        break;
    }
}

const char *config_field_name(const struct config *config, const struct config_field *field) {
    return field->names[(size_t)config_field_get(config, field)];
}

void config_init(struct config *config) {
    memset(config, 0, sizeof *config);
    for (const struct config_field *field = config_fields; field->key; field++)
        set_field(config, field, field->absent);
}

static tolka_status read_enum(struct config *config, const struct config_field *field,
                              const struct gguf_value *value, const char *name, tolka_error *err) {
    struct gguf_string text = {(const char *)value->data, value->n_bytes};
    for (unsigned i = 0; value->type == GGUF_STRING && field->names[i]; i++)
        if (gguf_string_equals(text, field->names[i])) {
            set_field(config, field, i);
            return TOLKA_OK;
        }
    if (value->type != GGUF_STRING)
        return fail(err, TOLKA_FORMAT, "%s: key tolka.%s is not a string", name, field->key);
    return fail(err, TOLKA_UNSUPPORTED, "%s: key tolka.%s is \"%.*s\", which this tolka cannot do",
                name, field->key, (int)(text.length < 40 ? text.length : 40), text.bytes);
}

static tolka_status read_field(struct config *config, const struct config_field *field,
                               const struct gguf_value *value, const char *name, tolka_error *err) {
    if (field->type == FIELD_ENUM) return read_enum(config, field, value, name, err);
    double number;
    if (!gguf_number(value, &number) || isnan(number))
        return fail(err, TOLKA_FORMAT, "%s: key tolka.%s is not a number", name, field->key);
    if (number < field->min || number > field->max ||
        (field->type != FIELD_F32 && number != floor(number)))
        return fail(err, TOLKA_FORMAT, "%s: key tolka.%s is %g; expected %g to %g", name,
                    field->key, number, field->min, field->max);
    set_field(config, field, number);
    return TOLKA_OK;
}

tolka_status config_read(struct config *config, const struct gguf *gguf, tolka_error *err) {
    config_init(config);
    for (const struct config_field *field = config_fields; field->key; field++) {
        char key[64] = "tolka.";
        strncat(key, field->key, sizeof key - 7);
        const struct gguf_value *value = gguf_find(gguf, key);
        if (!value && field->required)
            return fail(err, TOLKA_FORMAT, "%s: key %s is missing", gguf->name, key);
        if (!value) continue;
        tolka_status status = read_field(config, field, value, gguf->name, err);
        if (status != TOLKA_OK) return status;
    }
    tolka_status status = token_lists_read(config, gguf, err);
    return status == TOLKA_OK ? config_check(config, gguf->name, err) : status;
}

static tolka_status check_token(const char *name, const char *key, int32_t token, uint32_t vocab,
                                tolka_error *err) {
    if (token < 0 || (uint32_t)token < vocab) return TOLKA_OK;
    return fail(err, TOLKA_FORMAT, "%s: %s is %d, but the vocabulary has %u tokens", name, key,
                token, vocab);
}

static tolka_status check_tokens(const struct config *config, const char *name, tolka_error *err) {
    const struct {
        const char *key;
        int32_t token;
        uint32_t vocab;
    } tokens[] = {
        {"the start token", config->start_token, config->target_vocab},
        {"the end token", config->end_token, config->target_vocab},
        {"the forced first token", config->forced_first, config->target_vocab},
        {"the forced last token", config->forced_last, config->target_vocab},
        {"the unknown token", config->unknown_token, config->source_vocab},
    };
    tolka_status status = TOLKA_OK;
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens && status == TOLKA_OK; i++)
        status = check_token(name, tokens[i].key, tokens[i].token, tokens[i].vocab, err);
    if (status == TOLKA_OK && config->end_token < 0)
        return fail(err, TOLKA_FORMAT, "%s: there is no end token", name);
    return status;
}

static tolka_status check_alignment(const struct config *config, const char *name,
                                    tolka_error *err) {
    if (config->alignment_layer >= (int32_t)config->decoder_layers)
        return fail(err, TOLKA_FORMAT, "%s: alignment.layer is %d, but the decoder has %u layers",
                    name, config->alignment_layer, config->decoder_layers);
    if (config->alignment_head >= (int32_t)config->decoder_heads)
        return fail(err, TOLKA_FORMAT, "%s: alignment.head is %d, but the decoder has %u heads",
                    name, config->alignment_head, config->decoder_heads);
    return TOLKA_OK;
}

/* Fields that come from a checkpoint have not passed read_field. */
static tolka_status check_range(const struct config *config, const struct config_field *field,
                                const char *name, tolka_error *err) {
    double value = config_field_get(config, field);
    if (field->type == FIELD_BOOL || field->type == FIELD_ENUM) return TOLKA_OK;
    if (value >= field->min && value <= field->max) return TOLKA_OK;
    return fail(err, TOLKA_FORMAT, "%s: %s is %g; expected %g to %g", name, field->key, value,
                field->min, field->max);
}

tolka_status config_check(const struct config *config, const char *name, tolka_error *err) {
    for (const struct config_field *field = config_fields; field->key; field++) {
        tolka_status status = check_range(config, field, name, err);
        if (status != TOLKA_OK) return status;
    }
    if (!config->head_dim &&
        (config->d_model % config->encoder_heads || config->d_model % config->decoder_heads))
        return fail(err, TOLKA_FORMAT, "%s: a width of %u cannot be split into %u and %u heads",
                    name, config->d_model, config->encoder_heads, config->decoder_heads);
    uint32_t heads = config->encoder_heads > config->decoder_heads ? config->encoder_heads
                                                                   : config->decoder_heads;
    if (config->head_dim > MAX_WIDTH / heads)
        return fail(err, TOLKA_FORMAT, "%s: %u heads of %u are too wide", name, heads,
                    config->head_dim);
    if (config->position_kind == POSITION_LEARNED && config->max_positions == 0)
        return fail(err, TOLKA_FORMAT, "%s: learned positions, but no number of them", name);
    if (config->position_kind == POSITION_RELATIVE &&
        (config->relative_buckets < 4 || config->relative_max_distance == 0 ||
         config->relative_max_distance <= config->relative_buckets / 2))
        return fail(err, TOLKA_FORMAT, "%s: %u relative buckets for distances up to %u", name,
                    config->relative_buckets, config->relative_max_distance);
    uint32_t tables = config->encoder_layers > config->decoder_layers ? config->encoder_layers
                                                                      : config->decoder_layers;
    if (config->position_kind == POSITION_RELATIVE && config->relative_bias_per_layer &&
        heads > MAX_BIAS_HEADS / tables)
        return fail(err, TOLKA_FORMAT,
                    "%s: relative biases for %u heads in each of %u layers; at most %d together",
                    name, heads, tables, MAX_BIAS_HEADS);
    if (!config->separate_tables && config->source_vocab != config->target_vocab)
        return fail(err, TOLKA_FORMAT, "%s: one table for vocabularies of %u and %u tokens", name,
                    config->source_vocab, config->target_vocab);
    tolka_status status = check_tokens(config, name, err);
    if (status == TOLKA_OK) status = check_alignment(config, name, err);
    return status == TOLKA_OK ? token_lists_check(config, name, err) : status;
}

float config_attention_scale(const struct config *config, size_t head_dim) {
    return config->attention_scale != 0 ? config->attention_scale : 1.0f / sqrtf((float)head_dim);
}
