#include "engine/ssru.h"

#include <string.h>

void ssru_take(struct ssru_cells *cells, struct ssru_buffers *buffers, const struct config *config,
               size_t n_slots, struct arena *arena) {
    size_t d_model = config->d_model;
    *cells = (struct ssru_cells){.n_slots = n_slots};
    *buffers = (struct ssru_buffers){0};
    if (config->decoder_kind != DECODER_SSRU) return;
    cells->cells = arena_take(arena, n_slots * d_model, 2 * config->decoder_layers * sizeof(float));
    buffers->input = arena_take(arena, n_slots, d_model * sizeof(float));
    buffers->forget = arena_take(arena, n_slots, d_model * sizeof(float));
    buffers->out = arena_take(arena, n_slots, d_model * sizeof(float));
}

/* The cell that a row continues, copied to where its own will be. */
static float *carry_cell(struct ssru_cells *cells, uint32_t layer, const struct decoder_row *row,
                         size_t d_model) {
    size_t half = cells->n_slots * d_model, now = row->position % 2;
    float *layer_cells = cells->cells + layer * 2 * half;
    float *cell = layer_cells + now * half + row->slot * d_model;
    if (row->position == 0)
        memset(cell, 0, d_model * sizeof *cell);
    else
        memcpy(cell, layer_cells + (1 - now) * half + row->cell * d_model, d_model * sizeof *cell);
    return cell;
}

static void add_output(struct products *products, const struct ssru_buffers *buffers,
                       const struct linear *out, size_t n_rows, size_t d_model, float *x) {
    if (!out->w.data) {
        for (size_t i = 0; i < n_rows * d_model; i++) x[i] += buffers->out[i];
        return;
    }
    struct operand rows = operand_begin(products, buffers->out, n_rows, d_model);
    struct epilogue add = {.residual = x, .residual_stride = d_model};
    linear(products, &rows, out, add, x, d_model);
}

void ssru(struct products *products, const struct ssru_buffers *buffers,
          const struct ssru_weights *weights, struct decoder_rows rows, uint32_t layer,
          struct ssru_cells *cells, const float *input, float *x) {
    size_t d = weights->w.w.n_in;
    struct epilogue plain = {0};
    struct operand operand = operand_begin(products, input, rows.n, d);
    linear(products, &operand, &weights->w, plain, buffers->input, d);
    linear(products, &operand, &weights->forget, plain, buffers->forget, d);
    for (size_t r = 0; r < rows.n; r++) {
        float *cell = carry_cell(cells, layer, &rows.at[r], d);
        products->kernels->ssru(buffers->forget + r * d, buffers->input + r * d, cell,
                                buffers->out + r * d, d);
    }
    add_output(products, buffers, &weights->out, rows.n, d, x);
}
