#include "engine/shortlist.h"

#include <string.h>

static void add_words(const tolka_generation *generation, uint8_t *seen) {
    for (size_t i = 0; i < generation->n_force_words; i++)
        for (size_t k = 0; k < generation->force_words[i].n; k++) {
            const tolka_sequence *phrase = &generation->force_words[i].phrases[k];
            for (size_t t = 0; t < phrase->n; t++) seen[phrase->ids[t]] = 1;
        }
}

size_t shortlist_candidates(const struct model *model, const int32_t *source, size_t n_source,
                            const tolka_generation *generation, int32_t *ids, uint8_t *seen) {
    const struct shortlist *list = &model->shortlist;
    size_t vocab = model->config.target_vocab, n = 0;
    memset(seen, 0, vocab);
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
    if (generation) add_words(generation, seen);
    for (size_t id = 0; id < vocab; id++) n += seen[id];
    for (size_t id = list->first; id < vocab && n % 8; id++)
        if (!seen[id]) {
            seen[id] = 1;
            n++;
        }
    n = 0;
    for (size_t id = 0; id < vocab; id++)
        if (seen[id]) ids[n++] = (int32_t)id;
    return n;
}

static size_t align64(size_t n) {
    return (n + 63) / 64 * 64;
}

/* ---- output layers of a few rows ------------------------------------------------------------- */

size_t gathered_size(const struct linear *output, size_t n_outputs) {
    return align64(matrix_data_bytes(&output->w, matrix_padded(n_outputs))) +
           3 * align64(matrix_padded(n_outputs) * sizeof(float));
}

static void copy_groups(const struct matrix *from, size_t o, const struct matrix *to,
                        size_t place) {
    const uint8_t *in = matrix_panel(from, o);
    uint8_t *out = (uint8_t *)matrix_panel(to, place);
    o %= PANEL_OUTPUTS;
    place %= PANEL_OUTPUTS;
    for (size_t g = 0; g < 2 * matrix_steps(from->n_in); g++) {
        memcpy(out + q4_scale_at(g, place), in + q4_scale_at(g, o), 2);
        for (size_t t = 0; t < Q4_0_TILES; t++)
            memcpy(out + q4_bytes_at(g, t, place), in + q4_bytes_at(g, t, o), 4);
    }
}

static void copy_output(const struct matrix *from, size_t o, const struct matrix *to,
                        size_t place) {
    if (from->type == DTYPE_Q4_0 && from->layout == LAYOUT_PANELS) {
        copy_groups(from, o, to, place);
        return;
    }
    const uint8_t *in = matrix_output(from, o);
    uint8_t *out = (uint8_t *)matrix_output(to, place);
    if (from->layout == LAYOUT_ROWS) {
        memcpy(out, in, matrix_row_bytes(from->type, from->n_in));
        return;
    }
    size_t n_tiles = matrix_tiles(from->type, from->n_in);
    for (size_t i = 0; i < n_tiles; i++) memcpy(out + i * TILE_BYTES, in + i * TILE_BYTES, 4);
}

struct linear gather_output(const struct linear *output, const int32_t *ids, size_t n,
                            void *memory) {
    size_t column = align64(matrix_padded(n) * sizeof(float));
    uint8_t *sides = (uint8_t *)memory + align64(matrix_data_bytes(&output->w, matrix_padded(n)));
    float *scale = (float *)(void *)sides, *bias = (float *)(void *)(sides + 2 * column);
    int32_t *sum = (int32_t *)(void *)(sides + column);
    struct linear gathered = *output;
    memset(memory, 0, gathered_size(output, n));
    gathered.w.n_out = n;
    gathered.w.data = memory;
    for (size_t i = 0; i < n; i++) {
        copy_output(&output->w, (size_t)ids[i], &gathered.w, i);
        if (output->w.scale) scale[i] = output->w.scale[ids[i]];
        if (output->w.row_sum) sum[i] = output->w.row_sum[ids[i]];
        if (output->bias) bias[i] = output->bias[ids[i]];
    }
    if (output->w.scale) gathered.w.scale = scale;
    if (output->w.row_sum) gathered.w.row_sum = sum;
    if (output->bias) gathered.bias = bias;
    return gathered;
}

/* ---- of a batch ------------------------------------------------------------------------------ */

void shortlists_take(struct shortlists *shortlists, const struct model *model, size_t n_sentences,
                     struct arena *arena) {
    size_t vocab = model->config.target_vocab;
    shortlists->vocab = vocab;
    shortlists->output_bytes = gathered_size(&model->output, vocab);
    shortlists->places = arena_take(arena, n_sentences, sizeof *shortlists->places);
    shortlists->outputs = arena_take(arena, n_sentences, shortlists->output_bytes);
    shortlists->ids = arena_take(arena, n_sentences * vocab, sizeof *shortlists->ids);
    shortlists->seen = arena_take(arena, vocab, 1);
}

size_t shortlists_choose(struct shortlists *shortlists, const struct model *model, size_t place,
                         const tolka_input *input, const tolka_generation *generation) {
    int32_t *ids = shortlists->ids + place * shortlists->vocab;
    size_t n =
        shortlist_candidates(model, input->ids, input->n_ids, generation, ids, shortlists->seen);
    shortlists->places[place].ids = ids;
    shortlists->places[place].output = gather_output(
        &model->output, ids, n, shortlists->outputs + place * shortlists->output_bytes);
    return n;
}
