#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "tests/panels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_size(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t whole_pages(size_t n_bytes) {
    return (n_bytes + page_size() - 1) / page_size() * page_size();
}

void *guarded_new(size_t n_bytes) {
    size_t usable = whole_pages(n_bytes);
    uint8_t *map = mmap(NULL, usable + page_size(), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED || mprotect(map + usable, page_size(), PROT_NONE) != 0) {
        perror("guarded_new");
        exit(1);
    }
    return map + usable - n_bytes;
}

void guarded_free(void *bytes, size_t n_bytes) {
    size_t usable = whole_pages(n_bytes);
    munmap((uint8_t *)bytes + n_bytes - usable, usable + page_size());
}

static size_t row_bytes(enum dtype type, size_t n_in) {
    return type == DTYPE_Q8_0 ? (n_in + 31) / 32 * 34 : n_in * dtype_width(type);
}

static float max_of(const float *x, size_t n) {
    float most = 0;
    for (size_t i = 0; i < n; i++) most = fmaxf(most, fabsf(x[i]));
    return most;
}

static void put(enum dtype type, uint8_t *at, float value, float scale) {
    uint16_t bits = type == DTYPE_F16 ? float_to_half(value) : float_to_bf16(value);
    if (type == DTYPE_I8)
        *at = (uint8_t)(int8_t)lrintf(value / scale);
    else if (type == DTYPE_F32)
        memcpy(at, &value, 4);
    else
        memcpy(at, &bits, 2);
}

static void put_blocks(uint8_t *at, const float *w, size_t n) {
    for (size_t i = 0; i < n; i += 32, at += 34) {
        size_t rest = n - i < 32 ? n - i : 32;
        uint16_t scale = float_to_half(max_of(w + i, rest) / 127);
        memcpy(at, &scale, 2);
        for (size_t j = 0; j < rest; j++)
            at[2 + j] = (uint8_t)(int8_t)lrintf(w[i + j] / half_to_float(scale));
    }
}

/* Groups of 32 as the comment in matrix.h has them; 7 steps are the greatest of a group. */
static void put_groups(uint8_t *panel, size_t o, const float *w, size_t n) {
    for (size_t first = 0; first < n; first += 32) {
        size_t rest = n - first < 32 ? n - first : 32;
        uint8_t *step = panel + first / 64 * 576;
        uint16_t scale = float_to_half(max_of(w + first, rest) / 7);
        memcpy(step + first / 32 % 2 * 32 + o * 2, &scale, 2);
        uint8_t *tiles = step + 64 + first / 32 % 2 * 256;
        for (size_t i = 0; i < 32; i++) {
            float value = i < rest && scale ? w[first + i] / half_to_float(scale) : 0;
            long q = lrintf(fmaxf(-8, fminf(7, value))) + 8;
            tiles[i / 8 * 64 + o * 4 + i % 4] |= (uint8_t)(i % 8 < 4 ? q : q << 4);
        }
    }
}

static void put_row(struct weights *weights, size_t o, const float *w) {
    const struct matrix *m = &weights->matrix;
    uint8_t *data = weights->data;
    if (m->type == DTYPE_Q8_0) {
        put_blocks(data + o * row_bytes(m->type, m->n_in), w, m->n_in);
        return;
    }
    if (m->type == DTYPE_Q4_0) {
        put_groups(data + o / 16 * matrix_panel_bytes(m->type, m->n_in), o % 16, w, m->n_in);
        return;
    }
    size_t width = dtype_width(m->type), group = 4 / width;
    float most = max_of(w, m->n_in);
    weights->scale[o] = most > 0 ? most / 127 : 1;
    for (size_t i = 0; i < m->n_in; i++) {
        size_t at = (o * m->n_in + i) * width;
        if (m->layout == LAYOUT_PANELS)
            at = (o / 16 * matrix_tiles(m->type, m->n_in) + i / group) * TILE_BYTES + o % 16 * 4 +
                 i % group * width;
        put(m->type, data + at, w[i], weights->scale[o]);
        if (m->type == DTYPE_I8) weights->row_sum[o] += (int8_t)data[at];
    }
}

void weights_make(struct weights *weights, enum dtype type, enum layout layout, size_t n_out,
                  size_t n_in, const float *w, size_t slack) {
    size_t n_padded = matrix_panels(n_out) * PANEL_OUTPUTS;
    size_t n_bytes = layout == LAYOUT_PANELS ? matrix_panels(n_out) * matrix_panel_bytes(type, n_in)
                                             : n_out * row_bytes(type, n_in);
    *weights = (struct weights){
        .data_bytes = n_bytes + slack,
        .n_padded = n_padded,
        .data = guarded_new(n_bytes + slack),
        .scale = guarded_new(n_padded * sizeof(float)),
        .row_sum = guarded_new(n_padded * sizeof(int32_t)),
    };
    weights->matrix = (struct matrix){.type = type,
                                      .layout = layout,
                                      .n_out = n_out,
                                      .n_in = n_in,
                                      .data = weights->data,
                                      .scale = weights->scale,
                                      .row_sum = weights->row_sum};
    for (size_t o = 0; o < n_out; o++) put_row(weights, o, w + o * n_in);
}

void weights_free(struct weights *weights) {
    guarded_free(weights->data, weights->data_bytes);
    guarded_free(weights->scale, weights->n_padded * sizeof(float));
    guarded_free(weights->row_sum, weights->n_padded * sizeof(int32_t));
}
