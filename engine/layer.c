#include "engine/layer.h"

#include "engine/norm.h"

/* ---- the residual connection and the norm ---------------------------------------------------- */

/* x += Sublayer(input). Every sublayer's last product is stored onto x, so that the sum of the
 * residual connection needs no pass of its own. `pass` is an encoder's or a decoder's. */
typedef void add_sublayer(const void *pass, uint32_t layer, const float *input, float *x);

struct sublayers {
    const struct config *config;
    const struct kernels *kernels;
    float *x, *normed;
    size_t n_rows;
    const void *pass;
    uint32_t layer;
};

/* What stands around every sublayer of figure 1:
 *
 *     x = LayerNorm(x + Sublayer(x))         post-norm: the paper, section 3.1; Marian, BART
 *     x = x + Sublayer(LayerNorm(x))         pre-norm: T5, M2M100, NLLB, mBART */
static void sublayer(const struct sublayers *s, add_sublayer *add, const struct norm *norm) {
    bool norm_first = s->config->norm_place == NORM_PRE;
    if (norm_first) normalize(s->kernels, s->config, norm, s->x, s->n_rows, s->normed);
    add(s->pass, s->layer, norm_first ? s->normed : s->x, s->x);
    if (!norm_first) normalize(s->kernels, s->config, norm, s->x, s->n_rows, s->x);
}

/* ---- the encoder's layer --------------------------------------------------------------------- */

static void add_self_attention(const void *user, uint32_t layer, const float *input, float *x) {
    const struct encoder_pass *pass = user;
    struct attention_layer self = {layer,
                                   &pass->model->encoder[layer].self,
                                   bias_of_layer(&pass->bias, layer),
                                   pass->bias.width,
                                   pass->map,
                                   NULL};
    self_attention(&pass->heads, &self, pass->sentences, pass->n_sentences, input, x);
}

static void add_encoder_ffn(const void *user, uint32_t layer, const float *input, float *x) {
    const struct encoder_pass *pass = user;
    feed_forward(pass->products, &pass->activations->ffn, &pass->model->encoder[layer].ffn,
                 pass->model->config.activation, input, pass->n_rows, x);
}

void encoder_layer(const struct encoder_pass *pass, uint32_t layer) {
    const struct encoder_layer *weights = &pass->model->encoder[layer];
    struct sublayers sublayers = {.config = &pass->model->config,
                                  .kernels = pass->products->kernels,
                                  .x = pass->activations->x,
                                  .normed = pass->activations->normed,
                                  .n_rows = pass->n_rows,
                                  .pass = pass,
                                  .layer = layer};
    sublayer(&sublayers, add_self_attention, &weights->self.norm);
    sublayer(&sublayers, add_encoder_ffn, &weights->ffn.norm);
}

/* ---- the decoder's layer --------------------------------------------------------------------- */

static void add_causal_self_attention(const void *user, uint32_t layer, const float *input,
                                      float *x) {
    const struct decoder_pass *pass = user;
    struct attention_layer self = {layer,
                                   &pass->model->decoder[layer].self,
                                   bias_of_layer(&pass->bias, layer),
                                   pass->bias.width,
                                   pass->self_map,
                                   NULL};
    causal_self_attention(&pass->heads, &self, pass->rows, pass->cache, input, x);
}

static void add_ssru(const void *user, uint32_t layer, const float *input, float *x) {
    const struct decoder_pass *pass = user;
    ssru(pass->products, &pass->activations->ssru, &pass->model->decoder[layer].ssru, pass->rows,
         layer, pass->cells, input, x);
}

static void add_cross_attention(const void *user, uint32_t layer, const float *input, float *x) {
    const struct decoder_pass *pass = user;
    bool is_last = layer + 1 == pass->model->config.decoder_layers;
    struct attention_layer cross = {layer,           &pass->model->decoder[layer].cross, NULL, 0,
                                    pass->cross_map, is_last ? pass->last_rows : NULL};
    cross_attention(&pass->heads, &cross, pass->rows, pass->memory, input, x);
}

static void add_decoder_ffn(const void *user, uint32_t layer, const float *input, float *x) {
    const struct decoder_pass *pass = user;
    feed_forward(pass->products, &pass->activations->ffn, &pass->model->decoder[layer].ffn,
                 pass->model->config.activation, input, pass->rows.n, x);
}

void decoder_layer(const struct decoder_pass *pass, uint32_t layer) {
    const struct decoder_layer *weights = &pass->model->decoder[layer];
    struct sublayers sublayers = {.config = &pass->model->config,
                                  .kernels = pass->products->kernels,
                                  .x = pass->activations->x,
                                  .normed = pass->activations->normed,
                                  .n_rows = pass->rows.n,
                                  .pass = pass,
                                  .layer = layer};
    if (pass->model->config.decoder_kind == DECODER_SSRU)
        sublayer(&sublayers, add_ssru, &weights->ssru.norm);
    else
        sublayer(&sublayers, add_causal_self_attention, &weights->self.norm);
    sublayer(&sublayers, add_cross_attention, &weights->cross.norm);
    sublayer(&sublayers, add_decoder_ffn, &weights->ffn.norm);
}
