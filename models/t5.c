/* T5 and its descendants as Hugging Face exports them: T5 1.0 and 1.1, Flan-T5, mT5, umT5 and
 * MADLAD-400 (T5-, MT5- and UMT5ForConditionalGeneration). */
#include "models/families.h"
#include "models/reading.h"
#include "models/search_settings.h"
#include "models/tables.h"

#include <math.h>
#include <string.h>

static const char *const model_types[] = {"t5",
                                          "mt5",
                                          "umt5",
                                          "T5ForConditionalGeneration",
                                          "T5WithLMHeadModel",
                                          "MT5ForConditionalGeneration",
                                          "UMT5ForConditionalGeneration",
                                          NULL};

#define ENCODER "encoder.block.%u.layer."
#define DECODER "decoder.block.%u.layer."

/* A gated layer has wi_0, which is activated, and wi_1; one that is not has wi alone. */
static const struct tensor_rule rules[] = {
    {"token_embd.weight", "encoder.embed_tokens.weight", 0, 0, false},
    {"token_embd.weight", "shared.weight", 0, 0, false},
    {"token_embd.weight", "decoder.embed_tokens.weight", 0, 0, false},
    {"token_embd.weight", "lm_head.weight", 0, 0, false},
    {"dec.token_embd.weight", "decoder.embed_tokens.weight", 0, 0, false},
    {"dec.token_embd.weight", "shared.weight", 0, 0, false},
    {"output.weight", "lm_head.weight", 0, 0, false},
    {"enc.output_norm.*", "encoder.final_layer_norm.*", 0, 0, false},
    {"dec.output_norm.*", "decoder.final_layer_norm.*", 0, 0, false},
    {"enc.blk.%u.attn_norm.*", ENCODER "0.layer_norm.*", 0, 0, false},
    {"enc.blk.%u.attn_q.*", ENCODER "0.SelfAttention.q.*", 0, 0, false},
    {"enc.blk.%u.attn_k.*", ENCODER "0.SelfAttention.k.*", 0, 0, false},
    {"enc.blk.%u.attn_v.*", ENCODER "0.SelfAttention.v.*", 0, 0, false},
    {"enc.blk.%u.attn_o.*", ENCODER "0.SelfAttention.o.*", 0, 0, false},
    {"enc.blk.%u.attn_rel_b.*", ENCODER "0.SelfAttention.relative_attention_bias.*", 0, 0, false},
    {"enc.blk.%u.ffn_norm.*", ENCODER "1.layer_norm.*", 0, 0, false},
    {"enc.blk.%u.ffn_gate.*", ENCODER "1.DenseReluDense.wi_0.*", 0, 0, false},
    {"enc.blk.%u.ffn_up.*", ENCODER "1.DenseReluDense.wi_1.*", 0, 0, false},
    {"enc.blk.%u.ffn_up.*", ENCODER "1.DenseReluDense.wi.*", 0, 0, false},
    {"enc.blk.%u.ffn_down.*", ENCODER "1.DenseReluDense.wo.*", 0, 0, false},
    {"dec.blk.%u.attn_norm.*", DECODER "0.layer_norm.*", 0, 0, false},
    {"dec.blk.%u.attn_q.*", DECODER "0.SelfAttention.q.*", 0, 0, false},
    {"dec.blk.%u.attn_k.*", DECODER "0.SelfAttention.k.*", 0, 0, false},
    {"dec.blk.%u.attn_v.*", DECODER "0.SelfAttention.v.*", 0, 0, false},
    {"dec.blk.%u.attn_o.*", DECODER "0.SelfAttention.o.*", 0, 0, false},
    {"dec.blk.%u.attn_rel_b.*", DECODER "0.SelfAttention.relative_attention_bias.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_norm.*", DECODER "1.layer_norm.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_q.*", DECODER "1.EncDecAttention.q.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_k.*", DECODER "1.EncDecAttention.k.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_v.*", DECODER "1.EncDecAttention.v.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_o.*", DECODER "1.EncDecAttention.o.*", 0, 0, false},
    {"dec.blk.%u.ffn_norm.*", DECODER "2.layer_norm.*", 0, 0, false},
    {"dec.blk.%u.ffn_gate.*", DECODER "2.DenseReluDense.wi_0.*", 0, 0, false},
    {"dec.blk.%u.ffn_up.*", DECODER "2.DenseReluDense.wi_1.*", 0, 0, false},
    {"dec.blk.%u.ffn_up.*", DECODER "2.DenseReluDense.wi.*", 0, 0, false},
    {"dec.blk.%u.ffn_down.*", DECODER "2.DenseReluDense.wo.*", 0, 0, false},
    {NULL, NULL, 0, 0, false},
};

static const struct table_names tables = {
    .encoder = "encoder.embed_tokens.weight",
    .decoder = "decoder.embed_tokens.weight",
    .shared = "shared.weight",
    .head = "lm_head.weight",
};

/* ---- configuration --------------------------------------------------------------------------- */

/* mT5 and umT5 have other defaults than T5. */
static bool is_model(const char *type, const char *prefix) {
    return strncmp(type, prefix, strlen(prefix)) == 0;
}

static const char *model_type(struct reading *r) {
    const char *type = read_text(r, "model_type", NULL);
    if (!type) type = read_text(r, "architectures.0", "t5");
    if (is_model(type, "mt5") || is_model(type, "MT5")) return "mt5";
    return is_model(type, "umt5") || is_model(type, "UMT5") ? "umt5" : "t5";
}

static void read_sizes(struct reading *r, struct config *config, bool is_t5) {
    config->d_model = read_u32(r, "d_model", 512);
    config->head_dim = read_u32(r, "d_kv", 64);
    config->encoder_ffn = config->decoder_ffn = read_u32(r, "d_ff", is_t5 ? 2048 : 1024);
    config->encoder_layers = read_u32(r, "num_layers", is_t5 ? 6 : 8);
    config->decoder_layers = read_u32(r, "num_decoder_layers", config->encoder_layers);
    config->encoder_heads = config->decoder_heads = read_u32(r, "num_heads", is_t5 ? 8 : 6);
    config->relative_buckets = read_u32(r, "relative_attention_num_buckets", 32);
    config->relative_max_distance = read_u32(r, "relative_attention_max_distance", 128);
    config->norm_epsilon = read_f32(r, "layer_norm_epsilon", 1e-6f);
    read_u32(r, "vocab_size", 0); /* the tables say it better */
}

/* "relu", "gated-gelu": the gate is part of the name. Only in "gated-gelu" is gelu the
 * approximation by tanh, whatever the key dense_act_fn says. */
static void read_activations(struct reading *r, struct config *config, bool is_t5) {
    static const char gated[] = "gated-";
    static const char key[] = "feed_forward_proj";
    const char *name = read_text(r, key, is_t5 ? "relu" : "gated-gelu");
    config->gated_ffn = strncmp(name, gated, sizeof gated - 1) == 0;
    if (config->gated_ffn) name += sizeof gated - 1;
    if (config->gated_ffn && strcmp(name, "gelu") == 0) name = "gelu_new";
    config->activation = named_activation(r, key, name);
}

/* T5 1.0 multiplies the decoder's output by d_model^-0.5; 1.1 and what came after do not.
 * transformers 5 writes a key of its own for this, and then the other no longer tells. */
static float read_output_scale(struct reading *r, const char *type, uint32_t d_model) {
    if (strcmp(type, "mt5") == 0) return 1;
    bool tied = read_flag(r, "tie_word_embeddings", true);
    return read_flag(r, "scale_decoder_outputs", tied) ? 1 / sqrtf((float)d_model) : 1;
}

static void set_structure(const struct checkpoint *checkpoint, struct config *config) {
    config->norm_kind = NORM_RMS;
    config->norm_place = NORM_PRE;
    config->final_norm = true;
    config->linear_bias = false;
    config->position_kind = POSITION_RELATIVE;
    config->attention_scale = 1;
    config->relative_bias_per_layer =
        has_tensor(checkpoint,
                   "encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight") ||
        has_tensor(checkpoint,
                   "decoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight");
}

/* MADLAD-400 takes its target language as text ("<2de> How are you?"): SentencePiece knows it. */
static tolka_status plan_tokenizer(const struct checkpoint *checkpoint, struct tokenizer_plan *plan,
                                   tolka_error *err) {
    struct reading r = {checkpoint->tokenizer, TOLKA_OK, err};
    *plan =
        (struct tokenizer_plan){.kind = TOKENIZER_PIECES,
                                .ids = IDS_ARE_PIECES,
                                .source_model = "spiece.model|sentencepiece.model|tokenizer.json",
                                .languages = "<2%s>",
                                .template = "text eos",
                                .to = "prefix",
                                .n_sentinels = read_u32(&r, "extra_ids", 100),
                                .bos = -1};
    return r.status;
}

static tolka_status configure(const struct checkpoint *checkpoint, struct config *config,
                              struct tokenizer_plan *plan, tolka_error *err) {
    struct reading r = {checkpoint->config, TOLKA_OK, err};
    const char *type = model_type(&r);
    bool is_t5 = strcmp(type, "t5") == 0;
    config_init(config);
    set_structure(checkpoint, config);
    read_sizes(&r, config, is_t5);
    read_activations(&r, config, is_t5);
    config->output_scale = read_output_scale(&r, type, config->d_model);
    if (r.status != TOLKA_OK) return r.status;
    if (!has_tensor(checkpoint, "decoder.final_layer_norm.weight"))
        return fail(err, TOLKA_UNSUPPORTED,
                    "%s: no tensor decoder.final_layer_norm.weight: an encoder alone, which cannot "
                    "translate",
                    checkpoint->name);
    config->start_token = 0;
    config->end_token = 1;
    config->pad_token = 0;
    tolka_status status = read_tables(checkpoint, &tables, config, err);
    if (status == TOLKA_OK) status = read_generation(checkpoint, config, err);
    return status == TOLKA_OK ? plan_tokenizer(checkpoint, plan, err) : status;
}

const struct family family_t5 = {
    .name = "t5", .model_types = model_types, .configure = configure, .rules = rules};
