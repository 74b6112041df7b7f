/* What the Hugging Face exports of Marian, M2M100, NLLB, BART and mBART have in common: names of
 * tensors, keys of config.json, and how tables are tied. */
#include "models/huggingface.h"

#include "models/tables.h"

#include <math.h>
#include <string.h>

#define ENCODER "model.encoder.layers.%u."
#define DECODER "model.decoder.layers.%u."

const struct tensor_rule huggingface_rules[] = {
    {"token_embd.weight", "model.encoder.embed_tokens.weight", 0, 0, false},
    {"token_embd.weight", "model.shared.weight", 0, 0, false},
    {"token_embd.weight", "model.decoder.embed_tokens.weight", 0, 0, false},
    {"token_embd.weight", "lm_head.weight", 0, 0, false},
    {"dec.token_embd.weight", "model.decoder.embed_tokens.weight", 0, 0, false},
    {"dec.token_embd.weight", "model.shared.weight", 0, 0, false},
    {"output.weight", "lm_head.weight", 0, 0, false},
    {"output.bias", "final_logits_bias", 0, 0, false},
    {"enc.position_embd.weight", "model.encoder.embed_positions.weight", 0, 0, false},
    {"dec.position_embd.weight", "model.decoder.embed_positions.weight", 0, 0, false},
    {"enc.embd_norm.*", "model.encoder.layernorm_embedding.*", 0, 0, false},
    {"dec.embd_norm.*", "model.decoder.layernorm_embedding.*", 0, 0, false},
    {"enc.output_norm.*", "model.encoder.layer_norm.*", 0, 0, false},
    {"dec.output_norm.*", "model.decoder.layer_norm.*", 0, 0, false},
    {"enc.blk.%u.attn_norm.*", ENCODER "self_attn_layer_norm.*", 0, 0, false},
    {"enc.blk.%u.attn_q.*", ENCODER "self_attn.q_proj.*", 0, 0, false},
    {"enc.blk.%u.attn_k.*", ENCODER "self_attn.k_proj.*", 0, 0, false},
    {"enc.blk.%u.attn_v.*", ENCODER "self_attn.v_proj.*", 0, 0, false},
    {"enc.blk.%u.attn_o.*", ENCODER "self_attn.out_proj.*", 0, 0, false},
    {"enc.blk.%u.ffn_norm.*", ENCODER "final_layer_norm.*", 0, 0, false},
    {"enc.blk.%u.ffn_up.*", ENCODER "fc1.*", 0, 0, false},
    {"enc.blk.%u.ffn_down.*", ENCODER "fc2.*", 0, 0, false},
    {"dec.blk.%u.attn_norm.*", DECODER "self_attn_layer_norm.*", 0, 0, false},
    {"dec.blk.%u.attn_q.*", DECODER "self_attn.q_proj.*", 0, 0, false},
    {"dec.blk.%u.attn_k.*", DECODER "self_attn.k_proj.*", 0, 0, false},
    {"dec.blk.%u.attn_v.*", DECODER "self_attn.v_proj.*", 0, 0, false},
    {"dec.blk.%u.attn_o.*", DECODER "self_attn.out_proj.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_norm.*", DECODER "encoder_attn_layer_norm.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_q.*", DECODER "encoder_attn.q_proj.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_k.*", DECODER "encoder_attn.k_proj.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_v.*", DECODER "encoder_attn.v_proj.*", 0, 0, false},
    {"dec.blk.%u.cross_attn_o.*", DECODER "encoder_attn.out_proj.*", 0, 0, false},
    {"dec.blk.%u.ffn_norm.*", DECODER "final_layer_norm.*", 0, 0, false},
    {"dec.blk.%u.ffn_up.*", DECODER "fc1.*", 0, 0, false},
    {"dec.blk.%u.ffn_down.*", DECODER "fc2.*", 0, 0, false},
    {NULL, NULL, 0, 0, false},
};

static const struct table_names huggingface_tables = {
    .encoder = "model.encoder.embed_tokens.weight",
    .decoder = "model.decoder.embed_tokens.weight",
    .shared = "model.shared.weight",
    .head = "lm_head.weight",
};

/* A size that goes by a second name, too. */
static uint32_t read_alias(struct reading *reading, const struct checkpoint *checkpoint,
                           const char *key, const char *alias, uint32_t absent) {
    uint32_t other = read_u32(reading, alias, absent);
    uint32_t value = read_u32(reading, key, other);
    if (reading->status == TOLKA_OK && settings_has(reading->settings, alias) && value != other)
        checkpoint->warn(checkpoint->user,
                         "%s: key %s is %u, but %s is %u; tolka follows the former",
                         settings_name(reading->settings), key, value, alias, other);
    return value;
}

tolka_status read_huggingface(const struct checkpoint *checkpoint, struct config *config,
                              tolka_error *err) {
    struct reading r = {checkpoint->config, TOLKA_OK, err};
    config_init(config);
    config->d_model = read_alias(&r, checkpoint, "d_model", "hidden_size", 1024);
    config->encoder_layers = read_alias(&r, checkpoint, "encoder_layers", "num_hidden_layers", 12);
    config->decoder_layers = read_u32(&r, "decoder_layers", 12);
    config->encoder_heads =
        read_alias(&r, checkpoint, "encoder_attention_heads", "num_attention_heads", 16);
    config->decoder_heads = read_u32(&r, "decoder_attention_heads", 16);
    config->encoder_ffn = read_u32(&r, "encoder_ffn_dim", 4096);
    config->decoder_ffn = read_u32(&r, "decoder_ffn_dim", 4096);
    config->norm_epsilon = 1e-5f;
    config->embedding_scale = sqrtf((float)config->d_model);
    read_u32(&r, "vocab_size", 0); /* the tables say it better */
    read_u32(&r, "decoder_vocab_size", 0);
    config->output_bias = has_tensor(checkpoint, "final_logits_bias");
    if (r.status != TOLKA_OK) return r.status;
    return read_tables(checkpoint, &huggingface_tables, config, err);
}

void read_bart(struct reading *reading, struct config *config) {
    config->activation = read_activation(reading, "activation_function", "gelu");
    if (!read_flag(reading, "scale_embedding", false)) config->embedding_scale = 1;
    config->embedding_norm = true;
    config->position_kind = POSITION_LEARNED;
    config->position_offset = 2;
    config->max_positions = read_u32(reading, "max_position_embeddings", 1024);
    config->pad_token = 1;
    config->end_token = 2;
    config->forced_last = 2;
}

/* ---- tokenizer_config.json ------------------------------------------------------------------- */

tolka_status read_tokenizer_class(const struct checkpoint *checkpoint, const char *const *known,
                                  const char **name, tolka_error *err) {
    static const char *const general[] = {"PreTrainedTokenizerFast", "TokenizersBackend", NULL};
    struct reading r = {checkpoint->config, TOLKA_OK, err};
    const char *older = read_text(&r, "tokenizer_class", NULL);
    r.settings = checkpoint->tokenizer;
    const char *value = read_text(&r, "tokenizer_class", older);
    *name = NULL;
    if (r.status != TOLKA_OK || !value) return r.status;
    size_t n = strlen(value);
    if (n > 4 && strcmp(value + n - 4, "Fast") == 0) n -= 4;
    for (size_t i = 0; known[i]; i++)
        if (strlen(known[i]) == n && strncmp(value, known[i], n) == 0) *name = known[i];
    for (size_t i = 0; general[i]; i++)
        if (strcmp(value, general[i]) == 0) return TOLKA_OK;
    if (!*name)
        checkpoint->warn(checkpoint->user,
                         "%s: tokenizer_class is \"%s\", which tolka does not know; it takes the "
                         "tokenizer for a %s",
                         settings_name(checkpoint->tokenizer), value, known[0]);
    return TOLKA_OK;
}
