/* Linear layers, norms and the feed-forward block: everything that looks at one row at a time. */
#include "engine/map.h"
#include "engine/pool.h"
#include "engine/worker.h"

static size_t align_inputs(size_t n) {
    return (n + INPUT_ALIGN - 1) / INPUT_ALIGN * INPUT_ALIGN;
}

/* Brings the operand into the form that products with this weight read. */
static void prepare(struct worker *worker, struct operand *x, const struct matrix *w,
                    struct matmul *product) {
    const struct kernels *kernels = worker->kernels;
    product->x = x->x;
    product->x_stride = x->stride;
    if (w->layout != LAYOUT_PANELS) return;
    if (w->type == DTYPE_I8) {
        product->x_stride = align_inputs(x->n);
        if (!x->quantized || x->multiplier != w->input_multiplier)
            kernels->quantize(x->x, x->stride, x->n_rows, x->n, w->input_multiplier, worker->q,
                              product->x_stride, worker->q_scale);
        x->quantized = true;
        x->multiplier = w->input_multiplier;
        product->x = worker->q;
        product->x_scale = worker->q_scale;
    } else if (w->type == DTYPE_BF16) {
        product->x_stride = align_inputs(x->n);
        if (!x->rounded)
            kernels->round_bf16(x->x, x->stride, x->n_rows, x->n, worker->half, product->x_stride);
        x->rounded = true;
        product->x = worker->half;
    }
}

/* ---- big products shared out ----------------------------------------------------------------- */

/* Waking a thread and waiting for it takes as long as reading some 200 KB of weights: products of
 * less than this many bytes would become slower. */
enum { SPLIT_BYTES = 1 << 20 };

struct split {
    const struct kernels *kernels;
    const struct matmul *product;
    size_t panels_each;
};

static void multiply_part(void *user, size_t part, int thread) {
    (void)thread;
    const struct split *split = user;
    struct matmul product = *split->product;
    size_t end = product.first_output + product.n_outputs;
    product.first_output += part * split->panels_each * PANEL_OUTPUTS;
    size_t most = split->panels_each * PANEL_OUTPUTS;
    if (product.first_output >= end) return;
    product.n_outputs = end - product.first_output < most ? end - product.first_output : most;
    split->kernels->matmul(&product);
}

/* A checkpoint that is being converted may be larger than memory: what was read is let go. */
static void release_rows(const struct matmul *product) {
    const struct matrix *w = product->w;
    size_t row = w->type == DTYPE_Q8_0 ? w->n_in / 32 * 34 : w->n_in * dtype_width(w->type);
    map_release((const uint8_t *)w->data + product->first_output * row, product->n_outputs * row);
}

/* Parts are whole panels of outputs: every output is computed as it would be alone. */
static void multiply(const struct worker *worker, const struct matmul *product) {
    size_t width = product->w->type == DTYPE_Q8_0 ? 1 : dtype_width(product->w->type);
    size_t n_parts = worker->team ? (size_t)pool_threads(worker->team) : 1;
    if (n_parts > 1 && product->n_outputs * product->w->n_in * width >= SPLIT_BYTES) {
        size_t n_panels = matrix_panels(product->n_outputs);
        struct split split = {worker->kernels, product, (n_panels + n_parts - 1) / n_parts};
        pool_run(worker->team, n_parts, multiply_part, &split);
    } else {
        worker->kernels->matmul(product);
    }
    if (product->w->read_once) release_rows(product);
}

void linear(struct worker *worker, struct operand *x, const struct linear *layer,
            struct epilogue epilogue, float *y, size_t y_stride) {
    struct matmul product = {
        .w = &layer->w,
        .n_rows = x->n_rows,
        .n_outputs = layer->w.n_out,
        .bias = layer->bias,
        .residual = epilogue.residual,
        .residual_stride = epilogue.residual_stride,
        .activation = epilogue.activation,
        .y = y,
        .y_stride = y_stride,
    };
    prepare(worker, x, &layer->w, &product);
    multiply(worker, &product);
}

void linear_range(struct worker *worker, struct operand *x, const struct linear *layer,
                  size_t first, size_t n, float *y, size_t y_stride) {
    struct matmul product = {
        .w = &layer->w,
        .n_rows = x->n_rows,
        .first_output = first,
        .n_outputs = n,
        .bias = layer->bias,
        /* Kernels index y by the output's number; only its part from `first` on exists. */
        .y = (float *)((uintptr_t)y - first * sizeof *y),
        .y_stride = y_stride,
    };
    prepare(worker, x, &layer->w, &product);
    multiply(worker, &product);
}

void normalize(const struct worker *worker, const struct norm *norm, const float *x, size_t n_rows,
               float *y) {
    const struct config *config = &worker->model->config;
    if (config->norm_kind == NORM_LAYER)
        worker->kernels->layer_norm(x, n_rows, config->d_model, norm->gain, norm->shift,
                                    config->norm_epsilon, y);
    else
        worker->kernels->rms_norm(x, n_rows, config->d_model, norm->gain, config->norm_epsilon, y);
}

void feed_forward(struct worker *worker, const struct ffn_weights *ffn, size_t n_ffn, float *x,
                  size_t n_rows) {
    const struct config *config = &worker->model->config;
    bool pre = config->norm_place == NORM_PRE;
    const float *input = x;
    if (pre) {
        normalize(worker, &ffn->norm, x, n_rows, worker->normed);
        input = worker->normed;
    }
    struct operand operand = operand_of(input, config->d_model, n_rows, config->d_model);
    struct epilogue activate = {.activation = config->activation}, plain = {0};
    if (ffn->gate.w.data) {
        linear(worker, &operand, &ffn->gate, activate, worker->gate, n_ffn);
        linear(worker, &operand, &ffn->in, plain, worker->hidden, n_ffn);
        worker->kernels->multiply(worker->hidden, worker->gate, n_rows * n_ffn);
    } else {
        linear(worker, &operand, &ffn->in, activate, worker->hidden, n_ffn);
    }
    struct operand hidden = operand_of(worker->hidden, n_ffn, n_rows, n_ffn);
    struct epilogue add = {.residual = x, .residual_stride = config->d_model};
    linear(worker, &hidden, &ffn->out, add, x, config->d_model);
    if (!pre) normalize(worker, &ffn->norm, x, n_rows, x);
}
