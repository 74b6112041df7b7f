/* The decoder, one step at a time: embeddings, then a stack of identical layers (section 3.1). */
#ifndef DECODER_H
#define DECODER_H

#include "engine/transformer.h"

/* Runs one step for all rows, and leaves the decoder's output, ready for the output layer, in
 * activations.x [rows.n][d_model]. */
void decode_step(struct transformer *transformer, struct decoder_rows rows);

#endif
