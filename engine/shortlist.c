#include "engine/shortlist.h"

#include <string.h>

size_t shortlist_candidates(const struct model *model, const int32_t *source, size_t n_source,
                            int32_t *ids, uint8_t *seen) {
    const struct shortlist *list = &model->shortlist;
    size_t vocab = model->config.target_vocab, n = 0;
    memset(seen, 1, list->first);
    for (size_t i = 0; i < n_source; i++) {
        uint32_t word = (uint32_t)source[i];
        if (!model->config.separate_tables) seen[word] = 1;
        if (word + 1 >= list->n_offsets) continue;
        /* Offsets and ids were not read when the file was opened: a bad one is left out here. */
        size_t from = (size_t)list->offsets[word], to = (size_t)list->offsets[word + 1];
        for (size_t j = from; from <= to && to <= list->n_ids && j < to; j++)
            if ((size_t)list->ids[j] < vocab) seen[list->ids[j]] = 1;
    }
    for (size_t id = 0; id < vocab; id++) n += seen[id];
    for (size_t id = list->first; id < vocab && n % 8; id++)
        if (!seen[id]) {
            seen[id] = 1;
            n++;
        }
    n = 0;
    for (size_t id = 0; id < vocab; id++)
        if (seen[id]) ids[n++] = (int32_t)id;
    memset(seen, 0, vocab);
    return n;
}

static size_t align64(size_t n) {
    return (n + 63) / 64 * 64;
}

static size_t row_bytes(const struct matrix *w) {
    if (w->layout == LAYOUT_PANELS) return matrix_tiles(w->type, w->n_in) * 4;
    if (w->type == DTYPE_Q8_0) return w->n_in / 32 * 34;
    return w->n_in * dtype_width(w->type);
}

size_t gathered_size(const struct linear *output, size_t n_outputs) {
    size_t padded = matrix_panels(n_outputs) * PANEL_OUTPUTS;
    return align64(padded * row_bytes(&output->w)) + 3 * align64(padded * sizeof(float));
}

/* Where row o starts and how far apart its 4-byte groups are. */
static const uint8_t *row_place(const struct matrix *w, size_t o) {
    if (w->layout == LAYOUT_ROWS) return (const uint8_t *)w->data + o * row_bytes(w);
    return (const uint8_t *)w->data +
           o / PANEL_OUTPUTS * matrix_tiles(w->type, w->n_in) * TILE_BYTES + o % PANEL_OUTPUTS * 4;
}

static void copy_row(const struct matrix *from, size_t o, const struct matrix *to, size_t place) {
    const uint8_t *in = row_place(from, o);
    uint8_t *out = (uint8_t *)row_place(to, place);
    if (from->layout == LAYOUT_ROWS) {
        memcpy(out, in, row_bytes(from));
        return;
    }
    size_t n_tiles = matrix_tiles(from->type, from->n_in);
    for (size_t i = 0; i < n_tiles; i++) memcpy(out + i * TILE_BYTES, in + i * TILE_BYTES, 4);
}

struct linear gather_output(const struct linear *output, const int32_t *ids, size_t n,
                            void *memory) {
    size_t padded = matrix_panels(n) * PANEL_OUTPUTS;
    uint8_t *at = memory;
    memset(memory, 0, gathered_size(output, n));
    struct linear gathered = *output;
    gathered.w.n_out = n;
    gathered.w.data = at;
    at += align64(padded * row_bytes(&output->w));
    float *scale = (float *)(void *)at;
    int32_t *sum = (int32_t *)(void *)(at + align64(padded * sizeof(float)));
    float *bias = (float *)(void *)(at + 2 * align64(padded * sizeof(float)));
    for (size_t i = 0; i < n; i++) {
        copy_row(&output->w, (size_t)ids[i], &gathered.w, i);
        if (output->w.scale) scale[i] = output->w.scale[ids[i]];
        if (output->w.row_sum) sum[i] = output->w.row_sum[ids[i]];
        if (output->bias) bias[i] = output->bias[ids[i]];
    }
    if (output->w.scale) gathered.w.scale = scale;
    if (output->w.row_sum) gathered.w.row_sum = sum;
    if (output->bias) gathered.bias = bias;
    return gathered;
}
