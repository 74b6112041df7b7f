/* The one list of the tensors that a configuration needs. The loader looks each of them up in a
 * file; the converter looks each up in somebody's checkpoint and writes it. */
#include "engine/roles.h"

#include "engine/model.h"

#include <stdio.h>
#include <string.h>

typedef tolka_status visit_fn(void *user, const struct role *role, tolka_error *err);

/* Where the roles of one stack go, and who wants to know. The first failure stays in `status`. */
struct walk {
    visit_fn *visit;
    void *user;
    tolka_error *err;
    tolka_status status;
    const struct config *config;
    const char *prefix; /* "", "enc.", "enc.blk.3." */
    int stack;
    uint32_t layer;
};

static void visit(struct walk *walk, const char *name, const char *suffix, enum role_kind kind,
                  size_t n_out, size_t n_in, size_t place) {
    if (walk->status != TOLKA_OK) return;
    struct role role = {.kind = kind,
                        .n_out = n_out,
                        .n_in = n_in,
                        .place = place,
                        .stack = walk->stack,
                        .layer = walk->layer};
    snprintf(role.name, sizeof role.name, "%s%s.%s", walk->prefix, name, suffix);
    walk->status = walk->visit(walk->user, &role, walk->err);
}

static void visit_matrix(struct walk *walk, const char *name, size_t n_out, size_t n_in,
                         size_t place) {
    visit(walk, name, "weight", ROLE_MATRIX, n_out, n_in, place);
}

static void visit_linear(struct walk *walk, const char *name, size_t n_out, size_t n_in, bool bias,
                         size_t place) {
    visit_matrix(walk, name, n_out, n_in, place + offsetof(struct linear, w));
    if (bias)
        visit(walk, name, "bias", ROLE_VECTOR, n_out, 1, place + offsetof(struct linear, bias));
}

static void visit_norm(struct walk *walk, const char *name, size_t place) {
    size_t d_model = walk->config->d_model;
    visit(walk, name, "weight", ROLE_VECTOR, d_model, 1, place + offsetof(struct norm, gain));
    if (walk->config->norm_kind == NORM_LAYER)
        visit(walk, name, "bias", ROLE_VECTOR, d_model, 1, place + offsetof(struct norm, shift));
}

static void visit_attention(struct walk *walk, const char *prefix, size_t inner, size_t place) {
    static const struct {
        const char *name;
        size_t place;
    } parts[] = {{"q", offsetof(struct attention_weights, q)},
                 {"k", offsetof(struct attention_weights, k)},
                 {"v", offsetof(struct attention_weights, v)}};
    size_t d_model = walk->config->d_model;
    bool bias = walk->config->linear_bias;
    char name[32];
    snprintf(name, sizeof name, "%s_norm", prefix);
    visit_norm(walk, name, place + offsetof(struct attention_weights, norm));
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s_%s", prefix, parts[i].name);
        visit_linear(walk, name, inner, d_model, bias, place + parts[i].place);
    }
    snprintf(name, sizeof name, "%s_o", prefix);
    visit_linear(walk, name, d_model, inner, bias, place + offsetof(struct attention_weights, out));
}

static void visit_relative_bias(struct walk *walk, size_t heads, size_t place) {
    const struct config *config = walk->config;
    if (config->position_kind != POSITION_RELATIVE) return;
    if (walk->layer > 0 && !config->relative_bias_per_layer) return;
    visit(walk, "attn_rel_b", "weight", ROLE_TABLE, config->relative_buckets, heads,
          place + offsetof(struct attention_weights, relative_bias));
}

static void visit_ffn(struct walk *walk, size_t n_ffn, size_t place) {
    size_t d_model = walk->config->d_model;
    bool bias = walk->config->linear_bias;
    visit_norm(walk, "ffn_norm", place + offsetof(struct ffn_weights, norm));
    if (walk->config->gated_ffn)
        visit_linear(walk, "ffn_gate", n_ffn, d_model, bias,
                     place + offsetof(struct ffn_weights, gate));
    visit_linear(walk, "ffn_up", n_ffn, d_model, bias, place + offsetof(struct ffn_weights, in));
    visit_linear(walk, "ffn_down", d_model, n_ffn, bias, place + offsetof(struct ffn_weights, out));
}

static void visit_ssru(struct walk *walk, size_t place) {
    size_t d_model = walk->config->d_model;
    visit_norm(walk, "ssru_norm", place + offsetof(struct ssru_weights, norm));
    visit_linear(walk, "ssru_w", d_model, d_model, false, place + offsetof(struct ssru_weights, w));
    visit_linear(walk, "ssru_forget", d_model, d_model, true,
                 place + offsetof(struct ssru_weights, forget));
    if (walk->config->ssru_output)
        visit_linear(walk, "ssru_o", d_model, d_model, true,
                     place + offsetof(struct ssru_weights, out));
}

static void visit_encoder_layer(struct walk *walk) {
    const struct config *config = walk->config;
    size_t self = offsetof(struct encoder_layer, self);
    size_t inner = (size_t)config->encoder_heads * config_encoder_head_dim(config);
    visit_attention(walk, "attn", inner, self);
    visit_relative_bias(walk, config->encoder_heads, self);
    visit_ffn(walk, config->encoder_ffn, offsetof(struct encoder_layer, ffn));
}

static void visit_decoder_layer(struct walk *walk) {
    const struct config *config = walk->config;
    size_t self = offsetof(struct decoder_layer, self);
    size_t inner = (size_t)config->decoder_heads * config_decoder_head_dim(config);
    if (config->decoder_kind == DECODER_SSRU) {
        visit_ssru(walk, offsetof(struct decoder_layer, ssru));
    } else {
        visit_attention(walk, "attn", inner, self);
        visit_relative_bias(walk, config->decoder_heads, self);
    }
    visit_attention(walk, "cross_attn", inner, offsetof(struct decoder_layer, cross));
    visit_ffn(walk, config->decoder_ffn, offsetof(struct decoder_layer, ffn));
}

/* The tensors of one stack that belong to no layer. */
static void visit_stack_ends(struct walk *walk, size_t positions, size_t embedding_norm,
                             size_t final_norm) {
    const struct config *config = walk->config;
    if (config->position_kind == POSITION_LEARNED)
        visit(walk, "position_embd", "weight", ROLE_TABLE,
              (size_t)config->max_positions + config->position_offset, config->d_model, positions);
    if (config->embedding_norm) visit_norm(walk, "embd_norm", embedding_norm);
    if (config->final_norm) visit_norm(walk, "output_norm", final_norm);
}

static void visit_stack(struct walk *walk, int stack, uint32_t n_layers) {
    char prefix[32];
    walk->stack = stack;
    for (uint32_t i = 0; i < n_layers && walk->status == TOLKA_OK; i++) {
        snprintf(prefix, sizeof prefix, "%s.blk.%u.", stack == 1 ? "enc" : "dec", i);
        walk->prefix = prefix;
        walk->layer = i;
        if (stack == 1)
            visit_encoder_layer(walk);
        else
            visit_decoder_layer(walk);
    }
    walk->stack = 0;
    walk->layer = 0;
}

tolka_status for_each_role(const struct config *config, visit_fn *visit_role, void *user,
                           tolka_error *err) {
    struct walk walk = {
        .visit = visit_role, .user = user, .err = err, .config = config, .prefix = ""};
    visit_matrix(&walk, "token_embd", config->source_vocab, config->d_model,
                 offsetof(struct model, source_table));
    walk.prefix = "enc.";
    visit_stack_ends(&walk, offsetof(struct model, encoder_positions),
                     offsetof(struct model, encoder_embedding_norm),
                     offsetof(struct model, encoder_final_norm));
    visit_stack(&walk, 1, config->encoder_layers);
    walk.prefix = "dec.";
    if (config->separate_tables)
        visit_matrix(&walk, "token_embd", config->target_vocab, config->d_model,
                     offsetof(struct model, target_table));
    visit_stack_ends(&walk, offsetof(struct model, decoder_positions),
                     offsetof(struct model, decoder_embedding_norm),
                     offsetof(struct model, decoder_final_norm));
    visit_stack(&walk, 2, config->decoder_layers);
    walk.prefix = "";
    size_t output = offsetof(struct model, output);
    if (config->separate_output)
        visit_matrix(&walk, "output", config->target_vocab, config->d_model,
                     output + offsetof(struct linear, w));
    if (config->output_bias)
        visit(&walk, "output", "bias", ROLE_VECTOR, config->target_vocab, 1,
              output + offsetof(struct linear, bias));
    return walk.status;
}

bool role_companion(const char *weight, const char *what, char *name, size_t size) {
    const char *dot = strrchr(weight, '.');
    if (!dot) return false;
    int n = snprintf(name, size, "%.*s.%s", (int)(dot - weight), weight, what);
    return n > 0 && (size_t)n < size;
}
