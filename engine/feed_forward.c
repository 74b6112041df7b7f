#include "engine/feed_forward.h"

void ffn_take(struct ffn_buffers *buffers, const struct config *config, size_t n_rows,
              struct arena *arena) {
    size_t n_ffn =
        config->encoder_ffn > config->decoder_ffn ? config->encoder_ffn : config->decoder_ffn;
    buffers->hidden = arena_take(arena, n_rows, n_ffn * sizeof(float));
    buffers->gate = config->gated_ffn ? arena_take(arena, n_rows, n_ffn * sizeof(float)) : NULL;
}

void feed_forward(struct products *products, const struct ffn_buffers *buffers,
                  const struct ffn_weights *weights, enum activation activation, const float *input,
                  size_t n_rows, float *x) {
    size_t d_model = weights->in.w.n_in, n_ffn = weights->in.w.n_out;
    struct epilogue activate = {.activation = activation}, plain = {0};
    struct operand rows = operand_begin(products, input, n_rows, d_model);
    if (weights->gate.w.data) {
        linear(products, &rows, &weights->gate, activate, buffers->gate, n_ffn);
        linear(products, &rows, &weights->in, plain, buffers->hidden, n_ffn);
        products->kernels->multiply(buffers->hidden, buffers->gate, n_rows * n_ffn);
    } else {
        linear(products, &rows, &weights->in, activate, buffers->hidden, n_ffn);
    }
    struct operand hidden = operand_begin(products, buffers->hidden, n_rows, n_ffn);
    struct epilogue add = {.residual = x, .residual_stride = d_model};
    linear(products, &hidden, &weights->out, add, x, d_model);
}
