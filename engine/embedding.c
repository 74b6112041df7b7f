#include "engine/embedding.h"

#include "engine/norm.h"

#include <string.h>

struct embedding source_embedding(const struct model *model) {
    return (struct embedding){&model->config, &model->source_table, &model->encoder_positions,
                              &model->encoder_embedding_norm};
}

struct embedding target_embedding(const struct model *model) {
    return (struct embedding){&model->config, &model->target_table, &model->decoder_positions,
                              &model->decoder_embedding_norm};
}

void embed(const struct embedding *embedding, struct positions *positions, int32_t token,
           uint32_t position, float *x) {
    size_t d_model = embedding->config->d_model;
    float scale = embedding->config->embedding_scale;
    if (token < 0)
        memset(x, 0, d_model * sizeof *x);
    else
        matrix_read_row(embedding->table, (size_t)token, x);
    for (size_t i = 0; i < d_model; i++) x[i] *= scale;
    add_position(positions, embedding->config, embedding->positions, position, x);
}

void embedding_finish(const struct embedding *embedding, const struct kernels *kernels, float *x,
                      size_t n_rows) {
    if (embedding->config->embedding_norm)
        normalize(kernels, embedding->config, embedding->norm, x, n_rows, x);
}
