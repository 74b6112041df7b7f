#include "engine/linear.h"

#include "engine/map.h"
#include "engine/pool.h"

#include <assert.h>

/* ---- operands -------------------------------------------------------------------------------- */

/* Of a quantized row of n inputs */
static size_t quantized_bytes(const struct products *products, size_t n) {
    return padded_inputs(n) * products->kernels->input_bytes;
}

void products_take(struct products *products, size_t n_rows, size_t max_inputs,
                   struct arena *arena) {
    struct operand_forms *forms = &products->forms;
    forms->quantized = arena_take(arena, n_rows, quantized_bytes(products, max_inputs));
    forms->scale = arena_take(arena, n_rows, sizeof(float));
    forms->grouped = arena_take(arena, n_rows, grouped_bytes(max_inputs));
    forms->grouped_scale = arena_take(arena, n_rows, sizeof(float));
    forms->rounded = arena_take(arena, n_rows, padded_inputs(max_inputs) * sizeof(uint16_t));
}

struct operand operand_begin(struct products *products, const float *x, size_t n_rows, size_t n) {
    struct operand_forms *forms = &products->forms;
    forms->serial++;
    forms->is_quantized = forms->is_grouped = forms->is_rounded = false;
    return (struct operand){x, n_rows, n, forms->serial};
}

static void quantize(struct products *products, const struct operand *x, float multiplier) {
    struct operand_forms *forms = &products->forms;
    if (forms->is_quantized && forms->multiplier == multiplier) return;
    products->kernels->quantize(x->x, x->n, x->n_rows, x->n, multiplier, forms->quantized,
                                quantized_bytes(products, x->n), forms->scale);
    forms->is_quantized = true;
    forms->multiplier = multiplier;
}

static void quantize_groups(struct products *products, const struct operand *x) {
    struct operand_forms *forms = &products->forms;
    if (forms->is_grouped) return;
    products->kernels->quantize_groups(x->x, x->n, x->n_rows, x->n, forms->grouped,
                                       grouped_bytes(x->n), forms->grouped_scale);
    forms->is_grouped = true;
}

static void round_to_bf16(struct products *products, const struct operand *x) {
    struct operand_forms *forms = &products->forms;
    if (forms->is_rounded) return;
    products->kernels->round_bf16(x->x, x->n, x->n_rows, x->n, forms->rounded, padded_inputs(x->n));
    forms->is_rounded = true;
}

/* Hands the operand over in the form that products with this weight read. */
static void set_input(struct products *products, const struct operand *x, const struct matrix *w,
                      struct matmul *product) {
    assert(x->serial == products->forms.serial); /* one operand at a time */
    product->x = x->x;
    product->x_stride = x->n;
    if (w->layout != LAYOUT_PANELS) return;
    if (w->type == DTYPE_I8) {
        quantize(products, x, w->input_multiplier);
        product->x = products->forms.quantized;
        product->x_scale = products->forms.scale;
        product->x_stride = quantized_bytes(products, x->n);
    } else if (w->type == DTYPE_Q4_0) {
        quantize_groups(products, x);
        product->x = products->forms.grouped;
        product->x_scale = products->forms.grouped_scale;
        product->x_stride = grouped_bytes(x->n);
    } else if (w->type == DTYPE_BF16) {
        round_to_bf16(products, x);
        product->x = products->forms.rounded;
        product->x_stride = padded_inputs(x->n);
    }
}

/* ---- big products shared out ----------------------------------------------------------------- */

/* Waking a thread and waiting for it takes as long as reading some 200 KB of weights: products of
 * less than this many bytes would become slower. */
enum { SPLIT_BYTES = 1 << 20 };

struct split {
    const struct kernels *kernels;
    const struct matmul *product;
    size_t outputs_each;
};

static void multiply_part(void *user, size_t part, int thread) {
    (void)thread;
    const struct split *split = user;
    struct matmul product = *split->product;
    size_t end = product.first_output + product.n_outputs;
    product.first_output += part * split->outputs_each;
    if (product.first_output >= end) return;
    size_t n = end - product.first_output;
    product.n_outputs = n < split->outputs_each ? n : split->outputs_each;
    split->kernels->matmul(&product);
}

/* A checkpoint that is being converted may be larger than memory: what was read is let go. */
static void release_rows(const struct matmul *product) {
    size_t row = matrix_row_bytes(product->w->type, product->w->n_in);
    map_release(matrix_output(product->w, product->first_output), product->n_outputs * row);
}

/* Parts are whole panels of outputs: every output is computed as it would be alone. */
static void multiply(const struct products *products, const struct matmul *product) {
    size_t n_parts = products->team ? (size_t)pool_threads(products->team) : 1;
    size_t bytes = matrix_data_bytes(product->w, product->n_outputs);
    if (n_parts > 1 && bytes >= SPLIT_BYTES) {
        size_t n_panels = matrix_panels(product->n_outputs);
        size_t outputs_each = (n_panels + n_parts - 1) / n_parts * PANEL_OUTPUTS;
        struct split split = {products->kernels, product, outputs_each};
        pool_run(products->team, n_parts, multiply_part, &split);
    } else {
        products->kernels->matmul(product);
    }
    if (product->w->read_once) release_rows(product);
}

/* ---- layers ---------------------------------------------------------------------------------- */

void linear(struct products *products, const struct operand *x, const struct linear *layer,
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
    set_input(products, x, &layer->w, &product);
    multiply(products, &product);
}

void linear_range(struct products *products, const struct operand *x, const struct linear *layer,
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
    set_input(products, x, &layer->w, &product);
    multiply(products, &product);
}
