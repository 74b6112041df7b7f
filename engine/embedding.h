/* Tokens to vectors, with their positions added (sections 3.4 and 3.5). */
#ifndef EMBEDDING_H
#define EMBEDDING_H

#include "engine/position.h"

/* Where one stack's embeddings come from. */
struct embedding {
    const struct config *config;
    const struct matrix *table;     /* [vocab][d_model] */
    const struct matrix *positions; /* learned ones: [max_positions + offset][d_model] */
    const struct norm *norm;        /* where the model has one after the embedding */
};

struct embedding source_embedding(const struct model *model);
struct embedding target_embedding(const struct model *model);

/* x[d_model] = E[token] * embedding_scale + P[position]. The scale is sqrt(d_model) in the paper.
 * Token -1 has a zero vector, plus its position. */
void embed(const struct embedding *embedding, struct positions *positions, int32_t token,
           uint32_t position, float *x);

/* x[n_rows][d_model] = Norm(x), if the model has a norm after the embedding (BART). */
void embedding_finish(const struct embedding *embedding, const struct kernels *kernels, float *x,
                      size_t n_rows);

#endif
