/* A model: its configuration, and every weight in the place where the engine looks for it. */
#ifndef MODEL_H
#define MODEL_H

#include "engine/config.h"
#include "engine/roles.h"

struct norm {
    const float *gain; /* NULL: there is no such norm */
    const float *shift;
};

struct linear {
    struct matrix w;
    const float *bias; /* or NULL */
};

struct attention_weights {
    struct linear q, k, v, out;
    struct norm norm;
    struct matrix relative_bias; /* [buckets][heads]; data NULL: none in this layer */
};

struct ffn_weights {
    struct linear in, gate, out; /* gate.w.data NULL: not gated. Gated: activation(gate) * in */
    struct norm norm;
};

struct ssru_weights {
    struct linear w, forget, out; /* out.w.data NULL: no projection */
    struct norm norm;
};

struct encoder_layer {
    struct attention_weights self;
    struct ffn_weights ffn;
};

struct decoder_layer {
    struct attention_weights self; /* or ssru, as config.decoder_kind says */
    struct ssru_weights ssru;
    struct attention_weights cross;
    struct ffn_weights ffn;
};

struct shortlist {
    uint32_t first; /* ids below it are always candidates; 0 with no offsets: no shortlist */
    uint32_t n_offsets;
    const int32_t *offsets; /* source id w has ids[offsets[w]] .. ids[offsets[w + 1]] */
    const int32_t *ids;
    size_t n_ids;
};

struct model {
    struct config config;
    struct matrix source_table, target_table; /* [vocab][d_model] */
    struct linear output;
    struct matrix encoder_positions, decoder_positions; /* learned; data NULL: none */
    struct norm encoder_embedding_norm, decoder_embedding_norm;
    struct norm encoder_final_norm, decoder_final_norm;
    struct encoder_layer *encoder;
    struct decoder_layer *decoder;
    struct shortlist shortlist;
};

/* Where a model's weights come from: a GGUF file, or a checkpoint that is being converted. Fills
 * *matrix (a vector: n_out = its length, n_in = 1, f32 rows, aligned) for the role, or fails;
 * its sizes must be the role's, and `find` checks that. */
struct weight_provider {
    tolka_status (*find)(void *user, const struct role *role, struct matrix *matrix,
                         tolka_error *err);
    void *user;
};

/* Fills *model; on failure there is nothing to free. */
tolka_status model_bind(struct model *model, const struct config *config,
                        const struct weight_provider *weights, tolka_error *err);
void model_unbind(struct model *model);

/* Where the role's matrix or vector is in a model. */
void *role_place(struct model *model, const struct role *role);

/* Binds all tensors of a GGUF file (and its shortlist). */
tolka_status model_bind_gguf(struct model *model, const struct config *config,
                             const struct gguf *gguf, tolka_error *err);

#endif
