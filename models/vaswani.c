/* Transformers as the paper has them, under the names that fairseq, OpenNMT-py and PyTorch's own
 * nn.Transformer give their tensors; also fairseq's WMT models as Hugging Face exports them
 * (FSMTForConditionalGeneration). docs/checkpoints.md lists the keys of config.json. */
#include "models/vaswani.h"

#include "models/families.h"
#include "models/search_settings.h"
#include "models/tables.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const model_types[] = {"vaswani", "transformer", "fsmt",
                                          "FSMTForConditionalGeneration", NULL};

const char *const vaswani_prefixes[] = {"", "model.", "transformer.", "module.", NULL};

#define ENCODER "encoder.layers.%u."
#define DECODER "decoder.layers.%u."
#define NMT_ENCODER "encoder.transformer.%u."
#define NMT_DECODER "decoder.transformer_layers.%u."

/* Per role: fairseq; fairseq before 0.9 and PyTorch (queries, keys and values in one; norms by
 * number); OpenNMT-py. */
const struct tensor_rule vaswani_rules[] = {
    {"token_embd.weight", "encoder.embed_tokens.weight", 0, 0, false},
    {"token_embd.weight", "encoder.embeddings.make_embedding.emb_luts.0.weight", 0, 0, false},
    {"token_embd.weight", "src_embed.weight", 0, 0, false},
    {"token_embd.weight", "src_tok_emb.embedding.weight", 0, 0, false},
    {"dec.token_embd.weight", "decoder.embed_tokens.weight", 0, 0, false},
    {"dec.token_embd.weight", "decoder.embeddings.make_embedding.emb_luts.0.weight", 0, 0, false},
    {"dec.token_embd.weight", "tgt_embed.weight", 0, 0, false},
    {"dec.token_embd.weight", "tgt_tok_emb.embedding.weight", 0, 0, false},
    {"output.*", "decoder.output_projection.*", 0, 0, false},
    {"output.weight", "decoder.embed_out", 0, 0, false},
    {"output.*", "generator.*", 0, 0, false},
    {"output.*", "generator.0.*", 0, 0, false},
    {"enc.position_embd.weight", "encoder.embed_positions.weight", 0, 0, false},
    {"dec.position_embd.weight", "decoder.embed_positions.weight", 0, 0, false},
    {"enc.embd_norm.*", "encoder.layernorm_embedding.*", 0, 0, false},
    {"dec.embd_norm.*", "decoder.layernorm_embedding.*", 0, 0, false},
    {"enc.output_norm.*", "encoder.layer_norm.*", 0, 0, false},
    {"enc.output_norm.*", "encoder.norm.*", 0, 0, false},
    {"dec.output_norm.*", "decoder.layer_norm.*", 0, 0, false},
    {"dec.output_norm.*", "decoder.norm.*", 0, 0, false},

    {"enc.blk.%u.attn_norm.*", ENCODER "self_attn_layer_norm.*", 0, 0, false},
    {"enc.blk.%u.attn_norm.*", ENCODER "layer_norms.0.*", 0, 0, false},
    {"enc.blk.%u.attn_norm.*", ENCODER "norm1.*", 0, 0, false},
    {"enc.blk.%u.attn_norm.*", NMT_ENCODER "layer_norm.*", 0, 0, false},
    {"enc.blk.%u.attn_q.*", ENCODER "self_attn.q_proj.*", 0, 0, false},
    {"enc.blk.%u.attn_k.*", ENCODER "self_attn.k_proj.*", 0, 0, false},
    {"enc.blk.%u.attn_v.*", ENCODER "self_attn.v_proj.*", 0, 0, false},
    {"enc.blk.%u.attn_q.*", ENCODER "self_attn.in_proj_*", 0, 3, false},
    {"enc.blk.%u.attn_k.*", ENCODER "self_attn.in_proj_*", 1, 3, false},
    {"enc.blk.%u.attn_v.*", ENCODER "self_attn.in_proj_*", 2, 3, false},
    {"enc.blk.%u.attn_q.*", NMT_ENCODER "self_attn.linear_query.*", 0, 0, false},
    {"enc.blk.%u.attn_k.*", NMT_ENCODER "self_attn.linear_keys.*", 0, 0, false},
    {"enc.blk.%u.attn_v.*", NMT_ENCODER "self_attn.linear_values.*", 0, 0, false},
    {"enc.blk.%u.attn_o.*", ENCODER "self_attn.out_proj.*", 0, 0, false},
    {"enc.blk.%u.attn_o.*", NMT_ENCODER "self_attn.final_linear.*", 0, 0, false},
    {"enc.blk.%u.ffn_norm.*", ENCODER "final_layer_norm.*", 0, 0, false},
    {"enc.blk.%u.ffn_norm.*", ENCODER "layer_norms.1.*", 0, 0, false},
    {"enc.blk.%u.ffn_norm.*", ENCODER "norm2.*", 0, 0, false},
    {"enc.blk.%u.ffn_norm.*", NMT_ENCODER "feed_forward.layer_norm.*", 0, 0, false},
    {"enc.blk.%u.ffn_up.*", ENCODER "fc1.*", 0, 0, false},
    {"enc.blk.%u.ffn_up.*", ENCODER "linear1.*", 0, 0, false},
    {"enc.blk.%u.ffn_up.*", NMT_ENCODER "feed_forward.w_1.*", 0, 0, false},
    {"enc.blk.%u.ffn_down.*", ENCODER "fc2.*", 0, 0, false},
    {"enc.blk.%u.ffn_down.*", ENCODER "linear2.*", 0, 0, false},
    {"enc.blk.%u.ffn_down.*", NMT_ENCODER "feed_forward.w_2.*", 0, 0, false},

    {"dec.blk.%u.attn_norm.*", DECODER "self_attn_layer_norm.*", 0, 0, false},
    {"dec.blk.%u.attn_norm.*", DECODER "layer_norms.0.*", 0, 0, false},
    {"dec.blk.%u.attn_norm.*", DECODER "norm1.*", 0, 0, false},
    {"dec.blk.%u.attn_norm.*", NMT_DECODER "layer_norm_1.*", 0, 0, false},
    {"dec.blk.%u.attn_q.*", DECODER "self_attn.q_proj.*", 0, 0, false},
    {"dec.blk.%u.attn_k.*", DECODER "self_attn.k_proj.*", 0, 0, false},
    {"dec.blk.%u.attn_v.*", DECODER "self_attn.v_proj.*", 0, 0, false},
    {"dec.blk.%u.attn_q.*", DECODER "self_attn.in_proj_*", 0, 3, false},
    {"dec.blk.%u.attn_k.*", DECODER "self_attn.in_proj_*", 1, 3, false},
    {"dec.blk.%u.attn_v.*", DECODER "self_attn.in_proj_*", 2, 3, false},
    {"dec.blk.%u.attn_q.*", NMT_DECODER "self_attn.linear_query.*", 0, 0, false},
    {"dec.blk.%u.attn_k.*", NMT_DECODER "self_attn.linear_keys.*", 0, 0, false},
    {"dec.blk.%u.attn_v.*", NMT_DECODER "self_attn.linear_values.*", 0, 0, false},
    {"dec.blk.%u.attn_o.*", DECODER "self_attn.out_proj.*", 0, 0, false},
    {"dec.blk.%u.attn_o.*", NMT_DECODER "self_attn.final_linear.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_norm.*", DECODER "encoder_attn_layer_norm.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_norm.*", DECODER "layer_norms.1.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_norm.*", DECODER "norm2.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_norm.*", NMT_DECODER "layer_norm_2.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_q.*", DECODER "encoder_attn.q_proj.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_k.*", DECODER "encoder_attn.k_proj.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_v.*", DECODER "encoder_attn.v_proj.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_q.*", DECODER "encoder_attn.in_proj_*", 0, 3, false},
    {"dec.blk.%u.cross_attn_k.*", DECODER "encoder_attn.in_proj_*", 1, 3, false},
    {"dec.blk.%u.cross_attn_v.*", DECODER "encoder_attn.in_proj_*", 2, 3, false},
    {"dec.blk.%u.cross_attn_q.*", DECODER "multihead_attn.in_proj_*", 0, 3, false},
    {"dec.blk.%u.cross_attn_k.*", DECODER "multihead_attn.in_proj_*", 1, 3, false},
    {"dec.blk.%u.cross_attn_v.*", DECODER "multihead_attn.in_proj_*", 2, 3, false},
    {"dec.blk.%u.cross_attn_q.*", NMT_DECODER "context_attn.linear_query.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_k.*", NMT_DECODER "context_attn.linear_keys.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_v.*", NMT_DECODER "context_attn.linear_values.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_o.*", DECODER "encoder_attn.out_proj.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_o.*", DECODER "multihead_attn.out_proj.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_o.*", NMT_DECODER "context_attn.final_linear.*", 0, 0, false},
    {"dec.blk.%u.ffn_norm.*", DECODER "final_layer_norm.*", 0, 0, false},
    {"dec.blk.%u.ffn_norm.*", DECODER "layer_norms.2.*", 0, 0, false},
    {"dec.blk.%u.ffn_norm.*", DECODER "norm3.*", 0, 0, false},
    {"dec.blk.%u.ffn_norm.*", NMT_DECODER "feed_forward.layer_norm.*", 0, 0, false},
    {"dec.blk.%u.ffn_up.*", DECODER "fc1.*", 0, 0, false},
    {"dec.blk.%u.ffn_up.*", DECODER "linear1.*", 0, 0, false},
    {"dec.blk.%u.ffn_up.*", NMT_DECODER "feed_forward.w_1.*", 0, 0, false},
    {"dec.blk.%u.ffn_down.*", DECODER "fc2.*", 0, 0, false},
    {"dec.blk.%u.ffn_down.*", DECODER "linear2.*", 0, 0, false},
    {"dec.blk.%u.ffn_down.*", NMT_DECODER "feed_forward.w_2.*", 0, 0, false},
    {NULL, NULL, 0, 0, false},
};

/* ---- what the tensors say -------------------------------------------------------------------- */

bool vaswani_role(const struct checkpoint *checkpoint, uint32_t layer, const char *role_name,
                  char name[256]) {
    struct role role = {.layer = layer};
    const struct tensor_rule *rule;
    snprintf(role.name, sizeof role.name, "%s", role_name);
    return family_find(&family_vaswani, checkpoint, &role, name, &rule);
}

static uint32_t count_layers(const struct checkpoint *checkpoint, const char *stack) {
    char role[64], name[256];
    uint32_t n = 0;
    do {
        snprintf(role, sizeof role, "%s.blk.%u.ffn_down.weight", stack, n);
    } while (n < 1024 && vaswani_role(checkpoint, n, role, name) && ++n);
    return n;
}

uint32_t vaswani_dim(const struct checkpoint *checkpoint, const char *role, uint32_t i) {
    char name[256];
    uint64_t n = vaswani_role(checkpoint, 0, role, name) ? tensor_dim(checkpoint, name, i) : 0;
    return n < INT32_MAX ? (uint32_t)n : 0;
}

void vaswani_sizes(const struct checkpoint *checkpoint, struct reading *r, struct config *config) {
    config->d_model = read_u32(r, "d_model", vaswani_dim(checkpoint, "token_embd.weight", 1));
    config->encoder_layers = read_u32(r, "encoder_layers", count_layers(checkpoint, "enc"));
    config->decoder_layers = read_u32(r, "decoder_layers", count_layers(checkpoint, "dec"));
    config->encoder_heads = read_u32(r, "encoder_attention_heads", 8);
    config->decoder_heads = read_u32(r, "decoder_attention_heads", config->encoder_heads);
    config->encoder_ffn =
        read_u32(r, "encoder_ffn_dim", vaswani_dim(checkpoint, "enc.blk.0.ffn_up.weight", 0));
    config->decoder_ffn =
        read_u32(r, "decoder_ffn_dim", vaswani_dim(checkpoint, "dec.blk.0.ffn_up.weight", 0));
}

tolka_status vaswani_tables(const struct checkpoint *checkpoint, struct config *config,
                            tolka_error *err) {
    char encoder[256], decoder[256], head[256], bias[256];
    if (!vaswani_role(checkpoint, 0, "token_embd.weight", encoder))
        return fail(err, TOLKA_FORMAT,
                    "%s: no source embeddings (encoder.embed_tokens.weight, src_embed.weight or "
                    "src_tok_emb.embedding.weight)",
                    checkpoint->name);
    if (!vaswani_role(checkpoint, 0, "dec.token_embd.weight", decoder)) strcpy(decoder, encoder);
    if (!vaswani_role(checkpoint, 0, "output.weight", head)) strcpy(head, decoder);
    const struct table_names names = {encoder, decoder, decoder, head};
    config->output_bias = vaswani_role(checkpoint, 0, "output.bias", bias);
    return read_tables(checkpoint, &names, config, err);
}

/* ---- what config.json says ------------------------------------------------------------------- */

/* "position_embedding_type", or what the paper and fairseq's exports have. */
static void read_positions(const struct checkpoint *checkpoint, struct reading *r,
                           struct config *config, bool fairseq) {
    static const char key[] = "position_embedding_type";
    const char *kind = read_text(r, key, fairseq ? "halves" : "interleaved");
    config->position_offset = read_u32(r, "position_offset", fairseq ? 2 : 0);
    if (r->status != TOLKA_OK) return;
    config->position_kind = POSITION_SINUSOIDAL;
    if (strcmp(kind, "halves") == 0) {
        config->sinusoid_order = SINUSOID_HALVES;
        config->sinusoid_angle = ANGLE_TENSOR2TENSOR;
    } else if (strcmp(kind, "learned") == 0) {
        uint32_t rows = vaswani_dim(checkpoint, "enc.position_embd.weight", 0);
        config->position_kind = POSITION_LEARNED;
        config->max_positions = rows > config->position_offset ? rows - config->position_offset : 0;
    } else if (strcmp(kind, "none") == 0) {
        config->position_kind = POSITION_NONE;
    } else if (strcmp(kind, "interleaved") != 0) {
        r->status = fail(r->err, TOLKA_UNSUPPORTED,
                         "%s: key %s is \"%s\"; expected interleaved, halves, learned or none",
                         settings_name(r->settings), key, kind);
    }
}

static void read_structure(const struct checkpoint *checkpoint, struct reading *r,
                           struct config *config, bool fairseq) {
    char name[256];
    config->activation = read_activation(r, "activation_function", "relu");
    config->norm_epsilon = read_f32(r, "layer_norm_eps", 1e-5f);
    config->final_norm = vaswani_role(checkpoint, 0, "enc.output_norm.weight", name);
    config->norm_place = read_flag(r, "normalize_before", false) ? NORM_PRE : NORM_POST;
    if (read_flag(r, "scale_embedding", true))
        config->embedding_scale = sqrtf((float)config->d_model);
    config->linear_bias = vaswani_role(checkpoint, 0, "enc.blk.0.ffn_up.bias", name);
    read_positions(checkpoint, r, config, fairseq);
}

/* FSMT's vocabularies hold what Moses and BPE made of a text: such a model takes tokens. */
static void plan_tokenizer(struct tokenizer_plan *plan, const struct config *config, bool is_fsmt) {
    *plan = (struct tokenizer_plan){
        .kind = TOKENIZER_SENTENCEPIECE,
        .ids = IDS_BY_VOCAB,
        .source_model = "source.spm|sentencepiece.bpe.model|spm.model|*.spm",
        .target_model = "target.spm|sentencepiece.bpe.model|spm.model|*.spm",
        .source_vocab = is_fsmt ? "vocab-src.json" : "source_vocab.json|vocab.json",
        .target_vocab = is_fsmt                   ? "vocab-tgt.json"
                        : config->separate_tables ? "target_vocab.json|vocab.json"
                                                  : NULL,
        .template = "text eos",
        .to = "none",
        .words = true,
        .bos = -1};
}

static tolka_status configure(const struct checkpoint *checkpoint, struct config *config,
                              struct tokenizer_plan *plan, tolka_error *err) {
    struct reading r = {checkpoint->config, TOLKA_OK, err};
    const char *type = read_text(&r, "model_type", "vaswani");
    if (r.status != TOLKA_OK) return r.status;
    bool is_fsmt = strcmp(type, "fsmt") == 0;
    config_init(config);
    vaswani_sizes(checkpoint, &r, config);
    read_structure(checkpoint, &r, config, is_fsmt);
    if (r.status != TOLKA_OK) return r.status;
    tolka_status status = vaswani_tables(checkpoint, config, err);
    if (status != TOLKA_OK) return status;
    config->pad_token = 1;
    config->end_token = 2;
    config->start_token = 2;
    status = read_generation(checkpoint, config, err);
    plan_tokenizer(plan, config, is_fsmt);
    return status;
}

const struct family family_vaswani = {.name = "vaswani",
                                      .model_types = model_types,
                                      .configure = configure,
                                      .rules = vaswani_rules,
                                      .prefixes = vaswani_prefixes};
