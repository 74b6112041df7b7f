/* The encoder: embeddings, then a stack of identical layers (section 3.1). */
#ifndef ENCODER_H
#define ENCODER_H

#include "engine/transformer.h"

/* Encodes sentences (ids, n and place are set), as many at once as ENCODER_ROWS allows, and remembers
 * them in the source memory for the decoder. Leaves the encoder's output of those that were encoded
 * last in activations.x [n_rows][d_model], one sentence after another. */
void encode_sources(struct transformer *transformer, struct source_rows *sentences,
                    size_t n_sentences);

#endif
