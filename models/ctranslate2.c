/* CTranslate2's converted models (model.bin, TransformerSpec): what the original framework's
 * settings said has become scalars in the file, and special tokens are named by their text. */
#include "models/families.h"
#include "models/reading.h"
#include "models/tables.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const model_types[] = {"ctranslate2", NULL};

#define ENCODER "encoder/layer_%u/"
#define DECODER "decoder/layer_%u/"

/* Rows of fused layers are queries, keys, values. */
static const struct tensor_rule rules[] = {
    {"token_embd.weight", "encoder/embeddings_0/weight", 0, 0, false},
    {"token_embd.weight", "encoder/embeddings/weight", 0, 0, false},
    {"dec.token_embd.weight", "decoder/embeddings/weight", 0, 0, false},
    {"output.*", "decoder/projection/*", 0, 0, false},
    {"enc.position_embd.weight", "encoder/position_encodings/encodings", 0, 0, false},
    {"dec.position_embd.weight", "decoder/position_encodings/encodings", 0, 0, false},
    {"enc.embd_norm.weight", "encoder/layernorm_embedding/gamma", 0, 0, false},
    {"enc.embd_norm.bias", "encoder/layernorm_embedding/beta", 0, 0, false},
    {"dec.embd_norm.weight", "decoder/layernorm_embedding/gamma", 0, 0, false},
    {"dec.embd_norm.bias", "decoder/layernorm_embedding/beta", 0, 0, false},
    {"enc.output_norm.weight", "encoder/layer_norm/gamma", 0, 0, false},
    {"enc.output_norm.bias", "encoder/layer_norm/beta", 0, 0, false},
    {"dec.output_norm.weight", "decoder/layer_norm/gamma", 0, 0, false},
    {"dec.output_norm.bias", "decoder/layer_norm/beta", 0, 0, false},

    {"enc.blk.%u.attn_norm.weight", ENCODER "self_attention/layer_norm/gamma", 0, 0, false},
    {"enc.blk.%u.attn_norm.bias", ENCODER "self_attention/layer_norm/beta", 0, 0, false},
    {"enc.blk.%u.attn_q.*", ENCODER "self_attention/linear_0/*", 0, 3, false},
    {"enc.blk.%u.attn_k.*", ENCODER "self_attention/linear_0/*", 1, 3, false},
    {"enc.blk.%u.attn_v.*", ENCODER "self_attention/linear_0/*", 2, 3, false},
    {"enc.blk.%u.attn_o.*", ENCODER "self_attention/linear_1/*", 0, 0, false},
    {"enc.blk.%u.attn_rel_b.weight", ENCODER "self_attention/relative_attention_bias", 0, 0, false},
    {"enc.blk.%u.ffn_norm.weight", ENCODER "ffn/layer_norm/gamma", 0, 0, false},
    {"enc.blk.%u.ffn_norm.bias", ENCODER "ffn/layer_norm/beta", 0, 0, false},
    {"enc.blk.%u.ffn_gate.*", ENCODER "ffn/linear_0/*", 0, 0, false},
    {"enc.blk.%u.ffn_up.*", ENCODER "ffn/linear_0_noact/*", 0, 0, false},
    {"enc.blk.%u.ffn_up.*", ENCODER "ffn/linear_0/*", 0, 0, false},
    {"enc.blk.%u.ffn_down.*", ENCODER "ffn/linear_1/*", 0, 0, false},

    {"dec.blk.%u.attn_norm.weight", DECODER "self_attention/layer_norm/gamma", 0, 0, false},
    {"dec.blk.%u.attn_norm.bias", DECODER "self_attention/layer_norm/beta", 0, 0, false},
    {"dec.blk.%u.attn_q.*", DECODER "self_attention/linear_0/*", 0, 3, false},
    {"dec.blk.%u.attn_k.*", DECODER "self_attention/linear_0/*", 1, 3, false},
    {"dec.blk.%u.attn_v.*", DECODER "self_attention/linear_0/*", 2, 3, false},
    {"dec.blk.%u.attn_o.*", DECODER "self_attention/linear_1/*", 0, 0, false},
    {"dec.blk.%u.attn_rel_b.weight", DECODER "self_attention/relative_attention_bias", 0, 0, false},
    {"dec.blk.%u.cross_attn_norm.weight", DECODER "attention/layer_norm/gamma", 0, 0, false},
    {"dec.blk.%u.cross_attn_norm.bias", DECODER "attention/layer_norm/beta", 0, 0, false},
    {"dec.blk.%u.cross_attn_q.*", DECODER "attention/linear_0/*", 0, 0, false},
    {"dec.blk.%u.cross_attn_k.*", DECODER "attention/linear_1/*", 0, 2, false},
    {"dec.blk.%u.cross_attn_v.*", DECODER "attention/linear_1/*", 1, 2, false},
    {"dec.blk.%u.cross_attn_o.*", DECODER "attention/linear_2/*", 0, 0, false},
    {"dec.blk.%u.ffn_norm.weight", DECODER "ffn/layer_norm/gamma", 0, 0, false},
    {"dec.blk.%u.ffn_norm.bias", DECODER "ffn/layer_norm/beta", 0, 0, false},
    {"dec.blk.%u.ffn_gate.*", DECODER "ffn/linear_0/*", 0, 0, false},
    {"dec.blk.%u.ffn_up.*", DECODER "ffn/linear_0_noact/*", 0, 0, false},
    {"dec.blk.%u.ffn_up.*", DECODER "ffn/linear_0/*", 0, 0, false},
    {"dec.blk.%u.ffn_down.*", DECODER "ffn/linear_1/*", 0, 0, false},
    {NULL, NULL, 0, 0, false},
};

/* ---- attributes ------------------------------------------------------------------------------ */

/* A checkpoint whose first failure is kept, so that reading can go on to the end. */
struct spec {
    const struct checkpoint *checkpoint;
    tolka_status status;
    tolka_error *err;
};

static bool has(const struct spec *spec, const char *name) {
    return has_tensor(spec->checkpoint, name);
}

static double attribute(const struct spec *spec, const char *name, double absent) {
    float value;
    const struct checkpoint *checkpoint = spec->checkpoint;
    bool there = has(spec, name) && checkpoint->row(checkpoint->user, name, 0, 1, &value);
    return there ? (double)value : absent;
}

/* "encoder" and "num_heads"; before revision 5 both stacks shared "num_heads". */
static double stack_attribute(const struct spec *spec, const char *stack, const char *name,
                              double absent) {
    char full[128];
    snprintf(full, sizeof full, "%s/%s", stack, name);
    return attribute(spec, full, attribute(spec, name, absent));
}

static void unsupported(struct spec *spec, const char *name) {
    if (spec->status == TOLKA_OK)
        spec->status =
            fail(spec->err, TOLKA_UNSUPPORTED, "%s: attribute %s is set, which tolka does not do",
                 spec->checkpoint->name, name);
}

static void differ(struct spec *spec, const char *what) {
    if (spec->status == TOLKA_OK)
        spec->status =
            fail(spec->err, TOLKA_UNSUPPORTED, "%s: encoder and decoder differ in their %s",
                 spec->checkpoint->name, what);
}

static uint32_t read_size(struct spec *spec, const char *name, double value, double most) {
    if (value >= 1 && value <= most && value == floor(value)) return (uint32_t)value;
    if (spec->status == TOLKA_OK)
        spec->status = fail(spec->err, TOLKA_FORMAT, "%s: attribute %s is %g; expected 1 to %g",
                            spec->checkpoint->name, name, value, most);
    return 1;
}

/* A string, which is a vector of characters; false if it is absent, longer than fits, or none. */
static bool text_attribute(const struct spec *spec, const char *name, char text[64]) {
    float letters[64];
    uint64_t n = tensor_dim(spec->checkpoint, name, 0);
    if (n == 0 || n >= 64 ||
        !spec->checkpoint->row(spec->checkpoint->user, name, 0, (size_t)n, letters))
        return false;
    for (uint64_t i = 0; i < n; i++) {
        if (!(letters[i] >= INT8_MIN && letters[i] <= UINT8_MAX)) return false;
        text[i] = (char)(int)letters[i];
    }
    text[n] = 0;
    return true;
}

/* ---- what tolka does not do ------------------------------------------------------------------ */

static void refuse_in_stack(struct spec *spec, const char *stack) {
    static const char *const names[] = {"alibi",
                                        "alibi_use_positive_positions",
                                        "scale_alibi",
                                        "multi_query_attention",
                                        "final_logit_softcapping",
                                        "sliding_window",
                                        "rotary_dim"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char full[128];
        snprintf(full, sizeof full, "%s/%s", stack, names[i]);
        if (attribute(spec, full, 0) != 0) unsupported(spec, full);
    }
}

/* Variables of an attention layer whose presence alone means another kind of attention. */
static void refuse_in_attention(struct spec *spec, const char *layer, uint32_t n_heads) {
    static const char *const names[] = {"relative_position_keys",
                                        "relative_position_values",
                                        "relative_asymmetric_position_keys",
                                        "rotary_dim",
                                        "rotary_base",
                                        "q_norm/gamma",
                                        "k_norm/gamma",
                                        "relative_left_max_position"};
    char full[256];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(full, sizeof full, "%s/%s", layer, names[i]);
        if (has(spec, full)) unsupported(spec, full);
    }
    snprintf(full, sizeof full, "%s/num_heads_kv", layer);
    if (attribute(spec, full, n_heads) != n_heads) unsupported(spec, full);
    snprintf(full, sizeof full, "%s/sliding_window", layer);
    if (attribute(spec, full, 0) > 0) unsupported(spec, full);
    snprintf(full, sizeof full, "%s/layer_norm/layer_norm_use_residual", layer);
    if (attribute(spec, full, 0) != 0) unsupported(spec, full);
}

/* ---- stacks ---------------------------------------------------------------------------------- */

static uint32_t count_layers(const struct spec *spec, const char *stack) {
    char name[128];
    uint32_t n = 0;
    do {
        snprintf(name, sizeof name, "%s/layer_%u/ffn/linear_1/weight", stack, n);
    } while (n < 1024 && has(spec, name) && ++n);
    return n;
}

/* What the two stacks must agree on, as tolka has it once for both. */
struct stack {
    uint32_t layers, heads, head_dim, ffn, activation, d_model;
    bool pre_norm, final_norm, embedding_norm, rms, bias, gated;
    double scale;
};

static uint32_t dim(const struct spec *spec, const char *stack, const char *rest, uint32_t i) {
    char name[160];
    snprintf(name, sizeof name, "%s/%s", stack, rest);
    uint64_t n = tensor_dim(spec->checkpoint, name, i);
    return n < 1 << 24 ? (uint32_t)n : 0;
}

static double queries_scale(const struct spec *spec, const char *layer) {
    char name[160];
    snprintf(name, sizeof name, "%s/queries_scale", layer);
    return attribute(spec, name, 0);
}

static void read_attention_layers(struct spec *spec, const char *name, struct stack *stack) {
    static const char *const kinds[] = {"self_attention", "attention"};
    char layer[128];
    for (uint32_t i = 0; i < 2 * stack->layers; i++) {
        snprintf(layer, sizeof layer, "%s/layer_%u/%s", name, i / 2, kinds[i % 2]);
        if (i % 2 && strcmp(name, "encoder") == 0) continue;
        refuse_in_attention(spec, layer, stack->heads);
        double scale = queries_scale(spec, layer);
        if (i == 0) stack->scale = scale;
        if (scale != stack->scale) unsupported(spec, layer);
    }
}

static struct stack read_stack(struct spec *spec, const char *name) {
    bool big = spec->checkpoint->spec && strcmp(spec->checkpoint->spec, "TransformerBig") == 0;
    struct stack stack = {.layers = count_layers(spec, name)};
    char full[128];
    if (stack.layers == 0 && spec->status == TOLKA_OK)
        spec->status =
            fail(spec->err, TOLKA_FORMAT, "%s: no variables of a %s", spec->checkpoint->name, name);
    stack.heads = read_size(spec, "num_heads",
                            stack_attribute(spec, name, "num_heads", big ? 16 : 8), MAX_HEADS);
    stack.pre_norm = stack_attribute(spec, name, "pre_norm", 1) != 0;
    stack.activation =
        read_size(spec, "activation", 1 + stack_attribute(spec, name, "activation", 0), 256) - 1;
    snprintf(full, sizeof full, "%s/layer_norm/gamma", name);
    stack.final_norm = has(spec, full);
    snprintf(full, sizeof full, "%s/layernorm_embedding/gamma", name);
    stack.embedding_norm = has(spec, full);
    snprintf(full, sizeof full, "%s/layer_0/ffn/layer_norm/beta", name);
    stack.rms = !has(spec, full);
    snprintf(full, sizeof full, "%s/layer_0/ffn/linear_1/bias", name);
    stack.bias = has(spec, full);
    snprintf(full, sizeof full, "%s/layer_0/ffn/linear_0_noact/weight", name);
    stack.gated = has(spec, full);
    stack.ffn = dim(spec, name, "layer_0/ffn/linear_0/weight", 0);
    stack.d_model = dim(spec, name, "layer_0/self_attention/linear_1/weight", 0);
    stack.head_dim = dim(spec, name, "layer_0/self_attention/linear_1/weight", 1) / stack.heads;
    refuse_in_stack(spec, name);
    read_attention_layers(spec, name, &stack);
    return stack;
}

static void set_activation(struct spec *spec, struct config *config, uint32_t number) {
    static const enum activation activations[] = {
        ACTIVATION_RELU,       ACTIVATION_GELU_TANH, ACTIVATION_SWISH,  ACTIVATION_GELU_ERF,
        ACTIVATION_GELU_QUICK, ACTIVATION_TANH,      ACTIVATION_SIGMOID};
    if (number < sizeof activations / sizeof *activations)
        config->activation = activations[number];
    else
        unsupported(spec, "activation");
}

static void set_stacks(struct spec *spec, struct config *config) {
    struct stack encoder = read_stack(spec, "encoder"), decoder = read_stack(spec, "decoder");
    if (encoder.head_dim != decoder.head_dim) differ(spec, "width of a head");
    if (encoder.pre_norm != decoder.pre_norm || encoder.final_norm != decoder.final_norm ||
        encoder.embedding_norm != decoder.embedding_norm || encoder.rms != decoder.rms)
        differ(spec, "norms");
    if (encoder.activation != decoder.activation || encoder.gated != decoder.gated)
        differ(spec, "activation");
    if (encoder.bias != decoder.bias) differ(spec, "biases");
    if (encoder.scale != decoder.scale) differ(spec, "queries_scale");
    config->d_model = decoder.d_model;
    config->encoder_layers = encoder.layers;
    config->decoder_layers = decoder.layers;
    config->encoder_heads = encoder.heads;
    config->decoder_heads = decoder.heads;
    config->head_dim = encoder.head_dim;
    config->encoder_ffn = encoder.ffn;
    config->decoder_ffn = decoder.ffn;
    config->norm_kind = encoder.rms ? NORM_RMS : NORM_LAYER;
    config->norm_place = encoder.pre_norm ? NORM_PRE : NORM_POST;
    config->final_norm = encoder.final_norm;
    config->embedding_norm = encoder.embedding_norm;
    config->linear_bias = encoder.bias;
    config->gated_ffn = encoder.gated;
    config->attention_scale = (float)encoder.scale;
    set_activation(spec, config, encoder.activation);
    struct reading r = {spec->checkpoint->config, TOLKA_OK, spec->err};
    config->norm_epsilon = read_f32(&r, "layer_norm_epsilon", encoder.rms ? 1e-6f : 1e-5f);
    if (spec->status == TOLKA_OK) spec->status = r.status;
}

/* ---- embeddings and positions ---------------------------------------------------------------- */

/* A flag (absent: set) that means sqrt(d), or the factor itself. */
static float embedding_scale(const struct spec *spec, const char *name, uint32_t d_model) {
    if (!has(spec, name)) return sqrtf((float)d_model);
    double value = attribute(spec, name, 1);
    bool is_flag = strcmp(spec->checkpoint->type(spec->checkpoint->user, name), "int8") == 0;
    if (is_flag) return value != 0 ? sqrtf((float)d_model) : 1;
    return (float)value;
}

static void set_embeddings(struct spec *spec, struct config *config) {
    static const char old_table[] = "encoder/embeddings/weight";
    const struct checkpoint *checkpoint = spec->checkpoint;
    struct table_names names = {.encoder = "encoder/embeddings_0/weight",
                                .decoder = "decoder/embeddings/weight",
                                .shared = "decoder/embeddings/weight",
                                .head = "decoder/projection/weight"};
    if (has(spec, old_table)) names.encoder = old_table;
    if (has(spec, "encoder/embeddings_1/weight")) unsupported(spec, "encoder/embeddings_1");
    if (spec->status == TOLKA_OK) spec->status = read_tables(checkpoint, &names, config, spec->err);
    config->output_bias = has(spec, "decoder/projection/bias");
    config->output_scale = (float)attribute(spec, "decoder/scale_outputs", 1);
    config->start_from_zero = attribute(spec, "decoder/start_from_zero_embedding", 0) != 0;
    config->embedding_scale = embedding_scale(spec, "encoder/scale_embeddings", config->d_model);
    if (embedding_scale(spec, "decoder/scale_embeddings", config->d_model) !=
        config->embedding_scale)
        differ(spec, "scale_embeddings");
}

static void set_positions(struct spec *spec, struct config *config) {
    static const char bias[] = "layer_0/self_attention/relative_attention_bias";
    static const char table[] = "position_encodings/encodings";
    uint32_t buckets = dim(spec, "encoder", bias, 0), rows = dim(spec, "encoder", table, 0);
    if (dim(spec, "decoder", bias, 0) != buckets || dim(spec, "decoder", table, 0) != rows)
        differ(spec, "positions");
    if (buckets) {
        config->position_kind = POSITION_RELATIVE;
        config->relative_buckets = buckets;
        config->relative_max_distance = read_size(
            spec, "relative_attention_max_distance",
            attribute(spec, "encoder/layer_0/self_attention/relative_attention_max_distance", 128),
            MAX_VOCAB);
        static const char first[] = "encoder/layer_0/self_attention/relative_attention_bias";
        static const char second[] = "encoder/layer_1/self_attention/relative_attention_bias";
        config->relative_bias_per_layer =
            has(spec, second) && !spec->checkpoint->same(spec->checkpoint->user, first, second);
    } else if (rows) {
        config->position_kind = POSITION_LEARNED;
        config->max_positions = rows;
    } else {
        config->position_kind = POSITION_SINUSOIDAL;
        config->sinusoid_order = SINUSOID_HALVES;
        config->sinusoid_angle = ANGLE_TENSOR2TENSOR;
        config->position_offset = 1;
    }
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static const char source_files[] =
    "source_vocabulary.json|source_vocabulary.txt|shared_vocabulary.json|shared_vocabulary.txt";
static const char target_files[] =
    "target_vocabulary.json|target_vocabulary.txt|shared_vocabulary.json|shared_vocabulary.txt";

static int32_t source_token(const struct spec *spec, const char *token) {
    return spec->checkpoint->token(spec->checkpoint->user, source_files, token);
}

static int32_t target_token(const struct spec *spec, const char *token) {
    return spec->checkpoint->token(spec->checkpoint->user, target_files, token);
}

/* config.json, or for binary versions before 6 a variable of that name, or else `absent`. */
static void token_text(struct spec *spec, const char *key, const char *absent, char text[64]) {
    struct reading r = {spec->checkpoint->config, TOLKA_OK, spec->err};
    const char *value = read_text(&r, key, NULL);
    if (spec->status == TOLKA_OK) spec->status = r.status;
    if (value || !text_attribute(spec, key, text)) snprintf(text, 64, "%s", value ? value : absent);
}

static bool token_flag(struct spec *spec, const char *key, const char *variable) {
    struct reading r = {spec->checkpoint->config, TOLKA_OK, spec->err};
    bool flag = read_flag(&r, key, attribute(spec, variable, 0) != 0);
    if (spec->status == TOLKA_OK) spec->status = r.status;
    return flag;
}

/* Since version 6 config.json names the token, or null where the caller must; before that it was
 * <s>, unless the caller gave it. */
static int32_t start_token(struct spec *spec, const char *bos) {
    char text[64];
    if (settings_has(spec->checkpoint->config, "decoder_start_token")) {
        token_text(spec, "decoder_start_token", bos, text);
        return target_token(spec, text);
    }
    bool is_new = settings_has(spec->checkpoint->config, "eos_token");
    if (is_new || attribute(spec, "user_decoder_start_tokens", 0) != 0) return -1;
    return attribute(spec, "with_target_bos", 1) != 0 ? target_token(spec, bos) : -1;
}

/* Files without special tokens in them (a vocabulary that lacks <unk> has it at its end). */
static void set_tokens(struct spec *spec, struct config *config, struct tokenizer_plan *plan) {
    char unknown[64], bos[64], eos[64];
    token_text(spec, "unk_token", "<unk>", unknown);
    token_text(spec, "bos_token", "<s>", bos);
    token_text(spec, "eos_token", "</s>", eos);
    if (spec->status != TOLKA_OK) return;
    config->end_token = target_token(spec, eos);
    config->unknown_token = source_token(spec, unknown);
    if (config->unknown_token < 0) config->unknown_token = (int32_t)config->source_vocab - 1;
    config->start_token = start_token(spec, bos);
    config->pad_token = target_token(spec, "<pad>");
    plan->bos = source_token(spec, bos);
    if (config->end_token < 0) {
        spec->status = fail(spec->err, TOLKA_FORMAT,
                            "%s: no vocabulary beside it that has the end token %s (%s)",
                            spec->checkpoint->name, eos, target_files);
        return;
    }
    /* Frameworks that start with <s> (OpenNMT) end no source; those that start with </s> or <pad>
     * do, and CTranslate2 leaves it to their tokenizers. */
    bool ends = token_flag(spec, "add_source_eos", "with_source_eos") ||
                config->start_token != target_token(spec, "<s>") || config->start_from_zero;
    bool begins = token_flag(spec, "add_source_bos", "with_source_bos") && plan->bos >= 0;
    plan->template = begins ? ends ? "bos text eos" : "bos text" : ends ? "text eos" : "text";
    if (ends && source_token(spec, eos) != config->end_token && spec->status == TOLKA_OK)
        spec->status =
            fail(spec->err, TOLKA_UNSUPPORTED,
                 "%s: token %s is %d in the source vocabulary and %d in the target's",
                 spec->checkpoint->name, eos, source_token(spec, eos), config->end_token);
}

/* ---- text ------------------------------------------------------------------------------------ */

/* Which multilingual model it was shows in its vocabulary. */
static void plan_languages(const struct spec *spec, const struct config *config,
                           struct tokenizer_plan *plan) {
    if (source_token(spec, "__en__") >= 0 && source_token(spec, "__fr__") >= 0) {
        plan->languages = "__%s__";
        plan->template = "from text eos";
        plan->to = "forced_first";
        plan->default_from = "en";
    } else if (source_token(spec, "eng_Latn") >= 0) {
        plan->languages = "xxx_Xxxx";
        plan->template = "from text eos";
        plan->to = "forced_first";
        plan->default_from = "eng_Latn";
    } else if (source_token(spec, "en_XX") >= 0) {
        bool fifty = config->start_token >= 0;
        plan->languages = "xx_XX";
        plan->template = fifty ? "from text eos" : "text eos from";
        plan->to = fifty ? "forced_first" : "start";
        plan->default_from = "en_XX";
    } else if (config->start_token >= 0 && config->start_token == config->pad_token) {
        /* T5 and its descendants */
        plan->kind = TOKENIZER_PIECES;
        plan->ids = IDS_ARE_PIECES;
        plan->languages = "<2%s>";
        plan->to = "prefix";
        plan->n_sentinels = 100;
    } else {
        plan->languages = ">>%s<<";
        if (strcmp(plan->template, "text eos") == 0) plan->template = "to text eos";
    }
}

static void plan_tokenizer(const struct spec *spec, struct tokenizer_plan *plan) {
    static const char models[] = "sentencepiece.bpe.model|spiece.model|sentencepiece.model|"
                                 "spm.model|bpe.model|*.spm";
    const struct checkpoint *checkpoint = spec->checkpoint;
    *plan = (struct tokenizer_plan){.kind = TOKENIZER_SENTENCEPIECE,
                                    .ids = IDS_BY_VOCAB,
                                    .to = "none",
                                    .words = true,
                                    .bos = -1};
    bool two = checkpoint->file(checkpoint->user, "source.spm");
    plan->source_model = two ? "source.spm" : models;
    plan->target_model = two ? "target.spm" : models;
    plan->source_vocab = source_files;
    bool own_target = checkpoint->file(checkpoint->user, "target_vocabulary.json") ||
                      checkpoint->file(checkpoint->user, "target_vocabulary.txt");
    plan->target_vocab = own_target ? target_files : NULL;
}

static tolka_status configure(const struct checkpoint *checkpoint, struct config *config,
                              struct tokenizer_plan *plan, tolka_error *err) {
    struct spec spec = {checkpoint, TOLKA_OK, err};
    struct reading r = {checkpoint->config, TOLKA_OK, err};
    config_init(config);
    set_stacks(&spec, config);
    set_embeddings(&spec, config);
    set_positions(&spec, config);
    if (spec.status != TOLKA_OK) return spec.status;
    plan_tokenizer(&spec, plan);
    set_tokens(&spec, config, plan);
    if (spec.status != TOLKA_OK) return spec.status;
    plan_languages(&spec, config, plan);
    if (read_flag(&r, "multi_query_attention", false)) unsupported(&spec, "multi_query_attention");
    if (read_u32(&r, "quantization_type", 0)) unsupported(&spec, "quantization_type");
    config->beam_rules = BEAM_CTRANSLATE2;
    config->beam = 2;
    config->max_length = 256;
    config->renormalize = true;
    config->suppress_end_first = true;
    return spec.status != TOLKA_OK ? spec.status : r.status;
}

const struct family family_ctranslate2 = {
    .name = "ctranslate2", .model_types = model_types, .configure = configure, .rules = rules};
