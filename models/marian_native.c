/* Marian's own checkpoints (.npz, .bin): transformers trained with marian, and the students that
 * Bergamot and Firefox distribute. Their settings are the text special:model.yml in the weights. */
#include "models/checkpoint/names.h"
#include "models/families.h"
#include "models/reading.h"
#include "models/tables.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const model_types[] = {"marian-native", NULL};

/* Marian's vocabularies put these first. */
enum { END_TOKEN = 0, UNKNOWN_TOKEN = 1 };

#define ENCODER "encoder_l%u_"
#define DECODER "decoder_l%u_"

/* Matrices are stored [n_in][n_out]. Norms before a sublayer end in "_pre". */
static const struct tensor_rule rules[] = {
    {"token_embd.weight", "Wemb", 0, 0, false},
    {"token_embd.weight", "encoder_Wemb", 0, 0, false},
    {"dec.token_embd.weight", "decoder_Wemb", 0, 0, false},
    {"output.weight", "decoder_ff_logit_out_Wt", 0, 0, false},
    {"output.weight", "decoder_ff_logit_out_W", 0, 0, true},
    {"output.bias", "decoder_ff_logit_out_b", 0, 0, false},
    {"enc.position_embd.weight", "Wpos", 0, 0, false},
    {"dec.position_embd.weight", "Wpos", 0, 0, false},

    {"enc.embd_norm.weight", "encoder_emb_ln_scale_pre", 0, 0, false},
    {"enc.embd_norm.weight", "encoder_emb_rms_scale_pre", 0, 0, false},
    {"enc.embd_norm.bias", "encoder_emb_ln_bias_pre", 0, 0, false},
    {"dec.embd_norm.weight", "decoder_emb_ln_scale_pre", 0, 0, false},
    {"dec.embd_norm.weight", "decoder_emb_rms_scale_pre", 0, 0, false},
    {"dec.embd_norm.bias", "decoder_emb_ln_bias_pre", 0, 0, false},
    {"enc.output_norm.weight", "encoder_top_ln_scale", 0, 0, false},
    {"enc.output_norm.weight", "encoder_top_rms_scale", 0, 0, false},
    {"enc.output_norm.bias", "encoder_top_ln_bias", 0, 0, false},
    {"dec.output_norm.weight", "decoder_top_ln_scale", 0, 0, false},
    {"dec.output_norm.weight", "decoder_top_rms_scale", 0, 0, false},
    {"dec.output_norm.bias", "decoder_top_ln_bias", 0, 0, false},

    {"enc.blk.%u.attn_norm.weight", ENCODER "self_Wo_ln_scale", 0, 0, false},
    {"enc.blk.%u.attn_norm.weight", ENCODER "self_Wo_ln_scale_pre", 0, 0, false},
    {"enc.blk.%u.attn_norm.weight", ENCODER "self_Wo_rms_scale", 0, 0, false},
    {"enc.blk.%u.attn_norm.weight", ENCODER "self_Wo_rms_scale_pre", 0, 0, false},
    {"enc.blk.%u.attn_norm.bias", ENCODER "self_Wo_ln_bias", 0, 0, false},
    {"enc.blk.%u.attn_norm.bias", ENCODER "self_Wo_ln_bias_pre", 0, 0, false},
    {"enc.blk.%u.attn_q.weight", ENCODER "self_Wq", 0, 0, true},
    {"enc.blk.%u.attn_k.weight", ENCODER "self_Wk", 0, 0, true},
    {"enc.blk.%u.attn_v.weight", ENCODER "self_Wv", 0, 0, true},
    {"enc.blk.%u.attn_o.weight", ENCODER "self_Wo", 0, 0, true},
    {"enc.blk.%u.attn_q.bias", ENCODER "self_bq", 0, 0, false},
    {"enc.blk.%u.attn_k.bias", ENCODER "self_bk", 0, 0, false},
    {"enc.blk.%u.attn_v.bias", ENCODER "self_bv", 0, 0, false},
    {"enc.blk.%u.attn_o.bias", ENCODER "self_bo", 0, 0, false},
    {"enc.blk.%u.ffn_norm.weight", ENCODER "ffn_ffn_ln_scale", 0, 0, false},
    {"enc.blk.%u.ffn_norm.weight", ENCODER "ffn_ffn_ln_scale_pre", 0, 0, false},
    {"enc.blk.%u.ffn_norm.weight", ENCODER "ffn_ffn_rms_scale", 0, 0, false},
    {"enc.blk.%u.ffn_norm.weight", ENCODER "ffn_ffn_rms_scale_pre", 0, 0, false},
    {"enc.blk.%u.ffn_norm.bias", ENCODER "ffn_ffn_ln_bias", 0, 0, false},
    {"enc.blk.%u.ffn_norm.bias", ENCODER "ffn_ffn_ln_bias_pre", 0, 0, false},
    {"enc.blk.%u.ffn_up.weight", ENCODER "ffn_W1", 0, 0, true},
    {"enc.blk.%u.ffn_up.bias", ENCODER "ffn_b1", 0, 0, false},
    {"enc.blk.%u.ffn_down.weight", ENCODER "ffn_W2", 0, 0, true},
    {"enc.blk.%u.ffn_down.bias", ENCODER "ffn_b2", 0, 0, false},

    {"dec.blk.%u.attn_norm.weight", DECODER "self_Wo_ln_scale", 0, 0, false},
    {"dec.blk.%u.attn_norm.weight", DECODER "self_Wo_ln_scale_pre", 0, 0, false},
    {"dec.blk.%u.attn_norm.weight", DECODER "self_Wo_rms_scale", 0, 0, false},
    {"dec.blk.%u.attn_norm.weight", DECODER "self_Wo_rms_scale_pre", 0, 0, false},
    {"dec.blk.%u.attn_norm.bias", DECODER "self_Wo_ln_bias", 0, 0, false},
    {"dec.blk.%u.attn_norm.bias", DECODER "self_Wo_ln_bias_pre", 0, 0, false},
    {"dec.blk.%u.attn_q.weight", DECODER "self_Wq", 0, 0, true},
    {"dec.blk.%u.attn_k.weight", DECODER "self_Wk", 0, 0, true},
    {"dec.blk.%u.attn_v.weight", DECODER "self_Wv", 0, 0, true},
    {"dec.blk.%u.attn_o.weight", DECODER "self_Wo", 0, 0, true},
    {"dec.blk.%u.attn_q.bias", DECODER "self_bq", 0, 0, false},
    {"dec.blk.%u.attn_k.bias", DECODER "self_bk", 0, 0, false},
    {"dec.blk.%u.attn_v.bias", DECODER "self_bv", 0, 0, false},
    {"dec.blk.%u.attn_o.bias", DECODER "self_bo", 0, 0, false},

    {"dec.blk.%u.ssru_norm.weight", DECODER "rnn_ffn_ln_scale", 0, 0, false},
    {"dec.blk.%u.ssru_norm.weight", DECODER "rnn_ln_scale_pre", 0, 0, false},
    {"dec.blk.%u.ssru_norm.weight", DECODER "rnn_ffn_rms_scale", 0, 0, false},
    {"dec.blk.%u.ssru_norm.weight", DECODER "rnn_rms_scale_pre", 0, 0, false},
    {"dec.blk.%u.ssru_norm.bias", DECODER "rnn_ffn_ln_bias", 0, 0, false},
    {"dec.blk.%u.ssru_norm.bias", DECODER "rnn_ln_bias_pre", 0, 0, false},
    {"dec.blk.%u.ssru_w.weight", DECODER "rnn_W", 0, 0, true},
    {"dec.blk.%u.ssru_forget.weight", DECODER "rnn_Wf", 0, 0, true},
    {"dec.blk.%u.ssru_forget.bias", DECODER "rnn_bf", 0, 0, false},
    {"dec.blk.%u.ssru_o.weight", DECODER "rnn_Wo", 0, 0, true},
    {"dec.blk.%u.ssru_o.bias", DECODER "rnn_bo", 0, 0, false},

    {"dec.blk.%u.cross_attn_norm.weight", DECODER "context_Wo_ln_scale", 0, 0, false},
    {"dec.blk.%u.cross_attn_norm.weight", DECODER "context_Wo_ln_scale_pre", 0, 0, false},
    {"dec.blk.%u.cross_attn_norm.weight", DECODER "context_Wo_rms_scale", 0, 0, false},
    {"dec.blk.%u.cross_attn_norm.weight", DECODER "context_Wo_rms_scale_pre", 0, 0, false},
    {"dec.blk.%u.cross_attn_norm.bias", DECODER "context_Wo_ln_bias", 0, 0, false},
    {"dec.blk.%u.cross_attn_norm.bias", DECODER "context_Wo_ln_bias_pre", 0, 0, false},
    {"dec.blk.%u.cross_attn_q.weight", DECODER "context_Wq", 0, 0, true},
    {"dec.blk.%u.cross_attn_k.weight", DECODER "context_Wk", 0, 0, true},
    {"dec.blk.%u.cross_attn_v.weight", DECODER "context_Wv", 0, 0, true},
    {"dec.blk.%u.cross_attn_o.weight", DECODER "context_Wo", 0, 0, true},
    {"dec.blk.%u.cross_attn_q.bias", DECODER "context_bq", 0, 0, false},
    {"dec.blk.%u.cross_attn_k.bias", DECODER "context_bk", 0, 0, false},
    {"dec.blk.%u.cross_attn_v.bias", DECODER "context_bv", 0, 0, false},
    {"dec.blk.%u.cross_attn_o.bias", DECODER "context_bo", 0, 0, false},
    {"dec.blk.%u.ffn_norm.weight", DECODER "ffn_ffn_ln_scale", 0, 0, false},
    {"dec.blk.%u.ffn_norm.weight", DECODER "ffn_ffn_ln_scale_pre", 0, 0, false},
    {"dec.blk.%u.ffn_norm.weight", DECODER "ffn_ffn_rms_scale", 0, 0, false},
    {"dec.blk.%u.ffn_norm.weight", DECODER "ffn_ffn_rms_scale_pre", 0, 0, false},
    {"dec.blk.%u.ffn_norm.bias", DECODER "ffn_ffn_ln_bias", 0, 0, false},
    {"dec.blk.%u.ffn_norm.bias", DECODER "ffn_ffn_ln_bias_pre", 0, 0, false},
    {"dec.blk.%u.ffn_up.weight", DECODER "ffn_W1", 0, 0, true},
    {"dec.blk.%u.ffn_up.bias", DECODER "ffn_b1", 0, 0, false},
    {"dec.blk.%u.ffn_down.weight", DECODER "ffn_W2", 0, 0, true},
    {"dec.blk.%u.ffn_down.bias", DECODER "ffn_b2", 0, 0, false},
    {NULL, NULL, 0, 0, false},
};

/* ---- what tolka does not do ------------------------------------------------------------------ */

static void unsupported(struct reading *r, const char *key, const char *value) {
    if (r->status != TOLKA_OK) return;
    r->status = fail(r->err, TOLKA_UNSUPPORTED, "%s: key %s is \"%s\", which tolka does not do",
                     settings_name(r->settings), key, value);
}

static void expect_text(struct reading *r, const char *key, const char *only) {
    const char *text = read_text(r, key, only);
    if (r->status == TOLKA_OK && strcmp(text, only) != 0) unsupported(r, key, text);
}

static void refuse_unsupported(struct reading *r) {
    static const char *const flags[] = {"ulr",
                                        "right-left",
                                        "transformer-no-projection",
                                        "transformer-pool",
                                        "transformer-no-bias",
                                        "transformer-no-affine"};
    expect_text(r, "type", "transformer");
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (read_flag(r, flags[i], false)) unsupported(r, flags[i], "true");
    if (read_u32(r, "lemma-dim-emb", 0)) unsupported(r, "lemma-dim-emb", "more than 0");
    expect_text(r, "lemma-dependency", "");
    expect_text(r, "transformer-attention-mask", "default");
    size_t n_vocabularies = settings_length(r->settings, "dim-vocabs");
    if (n_vocabularies && n_vocabularies != 2)
        unsupported(r, "dim-vocabs", "a list of more or fewer than 2");
}

/* Is the Marian that made the model ("v1.12.14 ...") at least this old? A part that is not said is
 * the newest. */
static bool is_since(struct reading *r, const long wanted[3]) {
    const char *version = read_text(r, "version", "v1.9.0");
    if (r->status != TOLKA_OK) return false;
    version += *version == 'v';
    for (int i = 0; i < 3; i++) {
        char *end;
        if (!isdigit((unsigned char)*version)) return true;
        long part = strtol(version, &end, 10);
        if (part != wanted[i]) return part > wanted[i];
        version = end + (*end == '.');
    }
    return true;
}

/* ---- norms ----------------------------------------------------------------------------------- */

/* An operation string without dropout, which only training does. */
static const char *read_operations(struct reading *r, const char *key, const char *absent,
                                   char kept[8]) {
    const char *text = read_text(r, key, absent);
    size_t n = 0;
    kept[0] = 0;
    if (r->status != TOLKA_OK) return kept;
    for (const char *op = text; *op; op++) {
        if (*op == 'd') continue;
        if (!strchr("anr", *op) || n == 7) {
            unsupported(r, key, text);
            break;
        }
        kept[n++] = *op;
    }
    kept[n] = 0;
    return kept;
}

/* Where norms stand: "n" before and "a" after a sublayer, or nothing before and "an" after. */
static void read_norms(struct reading *r, struct config *config) {
    char pre[8], post[8], top[8], embedding[8];
    read_operations(r, "transformer-preprocess", "", pre);
    read_operations(r, "transformer-postprocess", "dan", post);
    read_operations(r, "transformer-postprocess-top", "", top);
    read_operations(r, "transformer-postprocess-emb", "d", embedding);
    if (r->status != TOLKA_OK) return;
    bool is_pre = strlen(pre) == 1 && *pre != 'a' && strcmp(post, "a") == 0;
    bool is_post = !*pre && strlen(post) == 2 && post[0] == 'a' && post[1] != 'a';
    char kind = is_pre ? pre[0] : post[1];
    if (!is_pre && !is_post) {
        unsupported(r, "transformer-postprocess", post);
        return;
    }
    if (*top && (top[0] != kind || top[1])) unsupported(r, "transformer-postprocess-top", top);
    if (*embedding && (embedding[0] != kind || embedding[1]))
        unsupported(r, "transformer-postprocess-emb", embedding);
    config->norm_place = is_pre ? NORM_PRE : NORM_POST;
    config->norm_kind = kind == 'r' ? NORM_RMS : NORM_LAYER;
    config->norm_epsilon = 1e-6f;
    /* Before 1.11 a norm in front of self-attention was for the queries alone. */
    config->norm_keys = is_since(r, (const long[]){1, 11, 0});
    config->final_norm = *top;
    config->embedding_norm = *embedding;
}

/* ---- layers ---------------------------------------------------------------------------------- */

/* Marian's gelu was x * sigmoid(1.702 x) up to 1.12.2; it is the exact one now. */
static void read_ffn(struct reading *r, struct config *config) {
    const char *name = read_text(r, "transformer-ffn-activation", "swish");
    config->encoder_ffn = read_u32(r, "transformer-dim-ffn", 2048);
    uint32_t decoder_ffn = read_u32(r, "transformer-decoder-dim-ffn", 0);
    config->decoder_ffn = decoder_ffn ? decoder_ffn : config->encoder_ffn;
    uint32_t depth = read_u32(r, "transformer-ffn-depth", 2);
    uint32_t decoder_depth = read_u32(r, "transformer-decoder-ffn-depth", 0);
    if (r->status != TOLKA_OK) return;
    if (strcmp(name, "gelu") == 0)
        config->activation =
            is_since(r, (const long[]){1, 12, 3}) ? ACTIVATION_GELU_ERF : ACTIVATION_GELU_QUICK;
    else if (strcmp(name, "relu") == 0 || strcmp(name, "ReLU") == 0)
        config->activation = ACTIVATION_RELU;
    else if (strcmp(name, "swish") == 0)
        config->activation = ACTIVATION_SWISH;
    else
        unsupported(r, "transformer-ffn-activation", name);
    if (depth != 2) unsupported(r, "transformer-ffn-depth", "another number than 2");
    if (decoder_depth && decoder_depth != 2)
        unsupported(r, "transformer-decoder-ffn-depth", "another number than 2");
}

static void read_decoder_kind(struct reading *r, struct config *config) {
    const char *kind = read_text(r, "transformer-decoder-autoreg", "self-attention");
    if (r->status != TOLKA_OK || strcmp(kind, "self-attention") == 0) return;
    if (strcmp(kind, "rnn") != 0) {
        unsupported(r, "transformer-decoder-autoreg", kind);
        return;
    }
    expect_text(r, "dec-cell", "ssru");
    if (read_flag(r, "layer-normalization", false)) unsupported(r, "layer-normalization", "true");
    config->decoder_kind = DECODER_SSRU;
    config->ssru_output = read_flag(r, "transformer-rnn-projection", false);
}

static void read_tied_layers(struct reading *r, const struct config *config) {
    size_t n = settings_length(r->settings, "transformer-tied-layers");
    if (n && n != config->decoder_layers && r->status == TOLKA_OK)
        r->status = fail(r->err, TOLKA_FORMAT,
                         "%s: key transformer-tied-layers has %zu entries for %u decoder layers",
                         settings_name(r->settings), n, config->decoder_layers);
}

/* Decoder layers may go by the names of others (transformer-tied-layers). */
static uint32_t layer_number(const struct checkpoint *checkpoint, const struct role *role) {
    char key[64] = "transformer-tied-layers.";
    size_t n_tied = settings_length(checkpoint->config, "transformer-tied-layers");
    if (role->stack == 2 && role->layer < n_tied && role->layer < 1000) {
        size_t at = strlen(key);
        if (role->layer >= 100) key[at++] = (char)('0' + role->layer / 100);
        if (role->layer >= 10) key[at++] = (char)('0' + role->layer / 10 % 10);
        key[at++] = (char)('0' + role->layer % 10);
        key[at] = 0;
        int64_t number;
        tolka_error ignored;
        if (settings_integer(checkpoint->config, key, 0, &number, &ignored) == TOLKA_OK &&
            number > 0 && number < 1000)
            return (uint32_t)number;
    }
    return role->layer + 1;
}

/* ---- embeddings ------------------------------------------------------------------------------ */

/* Learned positions are told by their tensor: Marian itself ignores one of the two keys for them.
 */
static tolka_status read_embeddings(const struct checkpoint *checkpoint, struct reading *r,
                                    struct config *config) {
    static const char transposed[] = "decoder_ff_logit_out_Wt",
                      straight[] = "decoder_ff_logit_out_W";
    const struct table_names names = {.encoder = "encoder_Wemb",
                                      .decoder = "decoder_Wemb",
                                      .shared = "Wemb",
                                      .head = has_tensor(checkpoint, transposed) ? transposed
                                                                                 : straight};
    tolka_status status = read_tables(checkpoint, &names, config, r->err);
    if (status != TOLKA_OK) return status;
    config->output_bias = has_tensor(checkpoint, "decoder_ff_logit_out_b");
    config->start_from_zero = true;
    if (read_flag(r, "transformer-disable-position-embeddings", false)) {
        config->position_kind = POSITION_NONE;
    } else if (has_tensor(checkpoint, "Wpos")) {
        config->position_kind = POSITION_LEARNED;
        config->max_positions = (uint32_t)tensor_dim(checkpoint, "Wpos", 0);
    } else {
        config->position_kind = POSITION_SINUSOIDAL;
        config->sinusoid_order = SINUSOID_HALVES;
        config->sinusoid_angle = ANGLE_TENSOR2TENSOR;
        config->embedding_scale = sqrtf((float)config->d_model);
    }
    return r->status;
}

/* ---- alignments ------------------------------------------------------------------------------ */

/* Marian's --alignment reads the first head of the layer that guided alignment trains, and
 * model.yml names that layer whether or not a model was trained so. Layers count from 1 there. */
static void read_guided_alignment(struct reading *r, struct config *config) {
    static const char key[] = "transformer-guided-alignment-layer";
    const char *text;
    tolka_error ignored;
    if (r->status != TOLKA_OK || !settings_has(r->settings, key)) return;
    config->alignment_head = 0;
    bool is_text = settings_string(r->settings, key, NULL, &text, &ignored) == TOLKA_OK;
    if (is_text && strcmp(text, "last") == 0) return;
    uint32_t layer = read_u32(r, key, 0);
    if (r->status == TOLKA_OK && (layer < 1 || layer > config->decoder_layers))
        r->status = fail(r->err, TOLKA_FORMAT, "%s: key %s is %u; the decoder has %u layers",
                         settings_name(r->settings), key, layer, config->decoder_layers);
    config->alignment_layer = (int32_t)layer - 1;
}

/* ---- search: decoder.yml --------------------------------------------------------------------- */

static void warn_of_ignored(const struct checkpoint *checkpoint) {
    static const char *const keys[] = {"output-sampling", "force-decode", "weights",
                                       "allow-special"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        bool on;
        tolka_error ignored;
        if (settings_boolean(checkpoint->generation, keys[i], false, &on, &ignored) != TOLKA_OK ||
            on)
            checkpoint->warn(checkpoint->user, "%s: key %s is set; tolka does not follow it",
                             settings_name(checkpoint->generation), keys[i]);
    }
    struct reading r = {checkpoint->generation, TOLKA_OK, NULL};
    if (read_f32(&r, "word-penalty", 0) != 0)
        checkpoint->warn(checkpoint->user, "%s: key word-penalty is set; tolka does not follow it",
                         settings_name(checkpoint->generation));
    if (settings_length(checkpoint->generation, "models") > 1)
        checkpoint->warn(checkpoint->user, "%s: names %zu models; tolka takes one",
                         settings_name(checkpoint->generation),
                         settings_length(checkpoint->generation, "models"));
}

/* Students are made for greedy search and short outputs: that is how their runtimes call them. */
static tolka_status read_search(const struct checkpoint *checkpoint, struct config *config,
                                tolka_error *err) {
    struct reading r = {checkpoint->generation, TOLKA_OK, err};
    bool student = config->decoder_kind == DECODER_SSRU;
    config->beam_rules = BEAM_MARIAN;
    config->beam = read_u32(&r, "beam-size", student ? 1 : 4);
    config->length_penalty = read_f32(&r, "normalize", 1);
    config->max_length_ratio = read_f32(&r, "max-length-factor", student ? 2 : 3);
    config->max_length = 1024; /* the ratio is Marian's only limit */
    config->end_token = END_TOKEN;
    config->unknown_token = UNKNOWN_TOKEN;
    if (!read_flag(&r, "allow-unk", false))
        config->suppressed[config->n_suppressed++] = UNKNOWN_TOKEN;
    if (r.status == TOLKA_OK && (config->beam < 1 || config->beam > 64))
        return fail(err, TOLKA_FORMAT, "%s: key beam-size is %u; expected 1 to 64",
                    settings_name(checkpoint->generation), config->beam);
    if (r.status == TOLKA_OK) warn_of_ignored(checkpoint);
    return r.status;
}

/* ---- vocabularies ---------------------------------------------------------------------------- */

static void plan_listed(struct tokenizer_plan *plan, const char *source, const char *target) {
    if (ends_with(source, ".spm") || ends_with(source, ".model")) {
        plan->ids = IDS_ARE_PIECES;
        plan->source_model = source;
        plan->target_model = target;
        return;
    }
    plan->ids = IDS_BY_VOCAB;
    plan->source_model = "source.spm|*.src.spm|*.spm";
    plan->target_model = "target.spm|*.trg.spm|*.spm";
    plan->source_vocab = source;
    plan->target_vocab = strcmp(source, target) == 0 ? NULL : target;
}

/* Firefox and Bergamot call their files model.ende.intgemm.alphas.bin, vocab.ende.spm (or apart:
 * srcvocab.ende.spm, trgvocab.ende.spm) and lex.50.50.ende.s2t.bin; "@" is the pair. */
static const char both_spm[] = "vocab.spm|vocab.@.spm|vocab.*.spm";
static const char source_spm[] = "srcvocab.spm|srcvocab.@.spm|srcvocab.*.spm";
static const char target_spm[] = "trgvocab.spm|trgvocab.@.spm|trgvocab.*.spm";

static bool has_file(const struct checkpoint *checkpoint, const char *names) {
    return checkpoint->file(checkpoint->user, names);
}

/* One that is apart from the other side's is no vocabulary for both. */
static tolka_status plan_by_name(const struct checkpoint *checkpoint, struct tokenizer_plan *plan,
                                 tolka_error *err) {
    static const char yml[] = "vocab.yml|*vocab.yml|vocab.json";
    bool source = has_file(checkpoint, source_spm), target = has_file(checkpoint, target_spm);
    bool of_this_pair = has_file(checkpoint, "srcvocab.@.spm|trgvocab.@.spm");
    if (!of_this_pair && has_file(checkpoint, both_spm))
        plan_listed(plan, both_spm, both_spm);
    else if (source != target)
        return fail(err, TOLKA_FORMAT, "%s: no %s beside it, though there is %s", checkpoint->name,
                    source ? "target vocabulary (trgvocab.*.spm)"
                           : "source vocabulary (srcvocab.*.spm)",
                    source ? "a source vocabulary (srcvocab.*.spm)"
                           : "a target vocabulary (trgvocab.*.spm)");
    else if (source)
        plan_listed(plan, source_spm, target_spm);
    else if (has_file(checkpoint, yml))
        plan_listed(plan, yml, yml);
    else
        plan_listed(plan, "*.spm", "*.spm");
    return TOLKA_OK;
}

/* decoder.yml lists vocabularies; without it they are looked for by their usual names. */
static tolka_status plan_tokenizer(const struct checkpoint *checkpoint, struct tokenizer_plan *plan,
                                   tolka_error *err) {
    struct reading r = {checkpoint->generation, TOLKA_OK, err};
    const char *source = read_text(&r, "vocabs.0", NULL);
    const char *target = read_text(&r, "vocabs.1", source);
    if (r.status != TOLKA_OK) return r.status;
    *plan = (struct tokenizer_plan){.kind = TOKENIZER_SENTENCEPIECE,
                                    .template = "to text eos",
                                    .languages = ">>%s<<",
                                    .to = "none",
                                    .words = true,
                                    .bos = -1};
    if (source && (ends_with(source, ".fsv") || ends_with(target, ".fsv")))
        return fail(err, TOLKA_UNSUPPORTED, "%s: key vocabs: %s is a factored vocabulary",
                    settings_name(r.settings), source);
    if (!source) return plan_by_name(checkpoint, plan, err);
    plan->named_by_checkpoint = true;
    plan_listed(plan, source, target);
    return TOLKA_OK;
}

static tolka_status configure(const struct checkpoint *checkpoint, struct config *config,
                              struct tokenizer_plan *plan, tolka_error *err) {
    struct reading r = {checkpoint->config, TOLKA_OK, err};
    config_init(config);
    if (!settings_has(r.settings, "type") || !settings_has(r.settings, "dim-emb"))
        return fail(err, TOLKA_FORMAT,
                    "%s: no special:model.yml that says what it is (a model of a Marian before "
                    "1.0, or no Marian model)",
                    checkpoint->name);
    refuse_unsupported(&r);
    config->d_model = read_u32(&r, "dim-emb", 0);
    config->encoder_layers = read_u32(&r, "enc-depth", 1);
    config->decoder_layers = read_u32(&r, "dec-depth", 1);
    config->encoder_heads = config->decoder_heads = read_u32(&r, "transformer-heads", 8);
    read_norms(&r, config);
    read_ffn(&r, config);
    read_decoder_kind(&r, config);
    read_tied_layers(&r, config);
    read_guided_alignment(&r, config);
    if (r.status != TOLKA_OK) return r.status;
    tolka_status status = read_embeddings(checkpoint, &r, config);
    if (status == TOLKA_OK) status = read_search(checkpoint, config, err);
    return status == TOLKA_OK ? plan_tokenizer(checkpoint, plan, err) : status;
}

const struct family family_marian_native = {.name = "marian-native",
                                            .model_types = model_types,
                                            .configure = configure,
                                            .rules = rules,
                                            .layer_number = layer_number};
