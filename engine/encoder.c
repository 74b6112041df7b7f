#include "engine/encoder.h"

#include "engine/embedding.h"
#include "engine/norm.h"

/* Gives the sentences their rows, one after another; returns how many rows there are. */
static size_t line_up(struct source_rows *sentences, size_t n_sentences) {
    size_t n_rows = 0;
    for (size_t s = 0; s < n_sentences; s++) {
        sentences[s].first = n_rows;
        n_rows += sentences[s].n;
    }
    return n_rows;
}

static void embed_sources(struct transformer *transformer, const struct source_rows *sentences,
                          size_t n_sentences, size_t n_rows) {
    struct embedding embedding = source_embedding(transformer->model);
    size_t d_model = transformer->model->config.d_model;
    float *x = transformer->activations.x;
    for (size_t s = 0; s < n_sentences; s++) {
        const struct source_rows *sentence = &sentences[s];
        for (size_t i = 0; i < sentence->n; i++)
            embed(&embedding, &transformer->positions, sentence->ids[i], (uint32_t)i,
                  x + (sentence->first + i) * d_model);
    }
    embedding_finish(&embedding, transformer->products.kernels, x, n_rows);
}

static struct encoder_pass begin_pass(struct transformer *transformer,
                                      const struct source_rows *sentences, size_t n_sentences,
                                      size_t n_rows) {
    const struct model *model = transformer->model;
    return (struct encoder_pass){.model = model,
                                 .products = &transformer->products,
                                 .activations = &transformer->activations,
                                 .heads = encoder_heads(&model->config, &transformer->products,
                                                        &transformer->activations.attention),
                                 .sentences = sentences,
                                 .n_sentences = n_sentences,
                                 .n_rows = n_rows,
                                 .bias = transformer->encoder_bias,
                                 .map = transformer->encoder_map};
}

static void remember_sources(struct transformer *transformer, const struct source_rows *sentences,
                             size_t n_sentences) {
    const struct model *model = transformer->model;
    struct multi_head heads =
        decoder_heads(&model->config, &transformer->products, &transformer->activations.attention);
    memory_fill(&transformer->memory, &heads, model->decoder, model->config.decoder_layers,
                sentences, n_sentences, transformer->activations.x);
}

static void encode_together(struct transformer *transformer, struct source_rows *sentences,
                            size_t n_sentences) {
    const struct model *model = transformer->model;
    const struct config *config = &model->config;
    float *x = transformer->activations.x;
    size_t n_rows = line_up(sentences, n_sentences);
    embed_sources(transformer, sentences, n_sentences, n_rows);
    struct encoder_pass pass = begin_pass(transformer, sentences, n_sentences, n_rows);
    for (uint32_t layer = 0; layer < config->encoder_layers; layer++) encoder_layer(&pass, layer);
    if (config->final_norm)
        normalize(transformer->products.kernels, config, &model->encoder_final_norm, x, n_rows, x);
    remember_sources(transformer, sentences, n_sentences);
}

/* Sentences from the first on whose rows there is room for: at least that one. */
static size_t sentences_at_once(const struct source_rows *sentences, size_t n_sentences) {
    size_t n = 1, n_rows = sentences[0].n;
    while (n < n_sentences && n_rows + sentences[n].n <= ENCODER_ROWS) n_rows += sentences[n++].n;
    return n;
}

void encode_sources(struct transformer *transformer, struct source_rows *sentences,
                    size_t n_sentences) {
    encoder_bias_fill(&transformer->encoder_bias, transformer->model);
    for (size_t s = 0, n; s < n_sentences; s += n) {
        n = sentences_at_once(sentences + s, n_sentences - s);
        encode_together(transformer, sentences + s, n);
    }
}
