/* AMX: int8 and bf16 products by tiles of 16 rows and 64 bytes; the rest is AVX-512.
 *
 * 16 tiles of a panel are, as they lie, one tile register: 64 int8 (or 32 bf16) inputs of 16
 * outputs. Inputs are the unsigned bytes of AVX-512's quantize, so that few rows can take its
 * path: sums of integers do not depend on who adds them. bf16 takes the tiles at any number of
 * rows, since other instructions would round otherwise. */
#include "levels.h"

/* gcc and clang named these differently for some years */
#if (defined(__AMX_INT8__) && defined(__AMX_BF16__)) ||                                            \
    (defined(__AMXINT8__) && defined(__AMXBF16__))
#define HAS_TILES
#endif

#if defined(HAS_TILES) && defined(__AVX512VNNI__)
#include "avx512.h"

static void matmul_tiles(const struct matmul *p);

#define LEVEL_NAME "amx"
#define LEVEL_MATMUL matmul_tiles
#include "vector_body.h"

enum {
    TILE_ROWS = 16,
    STEP_BYTES = 64, /* of each input row, taken at once */
    STEP_TILES = 16, /* of a panel, likewise: one tile register */
    FEW_ROWS = 2,    /* of int8: AVX-512 is as fast */
};

/* Some compilers' tile loads do not say that they read memory: what was stored stays unstored, or
 * is stored later, unless the compiler is told otherwise. */
INLINE void make_visible(const void *p) {
    __asm__ volatile("" ::"r"(p) : "memory");
}

/* Registers: 0-3 sum; 4 and 5 hold inputs and 6 and 7 weights, or 4 inputs and 5-7 weights. With
 * fewer rows than a tile has, nothing behind them may be read: 0-4 are then as short. */
static void configure_tiles(size_t n_rows) {
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } config = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        config.row_bytes[i] = STEP_BYTES;
        config.rows[i] = TILE_ROWS;
    }
    for (int i = 0; n_rows < TILE_ROWS && i < 5; i++) config.rows[i] = (uint8_t)n_rows;
    make_visible(&config);
    _tile_loadconfig(&config);
}

/* What all blocks of a product share. */
struct tiles {
    const struct matmul *p;
    size_t row_bytes;   /* of inputs */
    size_t panel_bytes; /* of weights */
    size_t n_steps;     /* whole ones */
    size_t rest_bytes;  /* of a panel, behind them */
};

/* Weights of a group of panels: the incomplete last step of each is copied, with zeros behind it,
 * so that nothing outside the panel is read or multiplied. */
struct group {
    const uint8_t *panels[GROUP_PANELS];
    _Alignas(64) uint8_t rest[GROUP_PANELS][STEP_TILES * TILE_BYTES];
};

static void prepare_group(const struct tiles *t, size_t o, size_t n_panels, struct group *group) {
    const uint8_t *w = (const uint8_t *)t->p->w->data + o / PANEL_OUTPUTS * t->panel_bytes;
    for (size_t i = 0; i < n_panels; i++, w += t->panel_bytes) {
        group->panels[i] = w;
        if (t->rest_bytes) {
            memset(group->rest[i], 0, sizeof group->rest[i]);
            memcpy(group->rest[i], w + t->n_steps * STEP_TILES * TILE_BYTES, t->rest_bytes);
        }
    }
    make_visible(group);
}

/* Weights of step k; there is one step more than n_steps if there is a rest. */
INLINE const uint8_t *weights_at(const struct tiles *t, const struct group *group, size_t panel,
                                 size_t k) {
    return k < t->n_steps ? group->panels[panel] + k * STEP_TILES * TILE_BYTES : group->rest[panel];
}

INLINE const uint8_t *inputs_at(const struct tiles *t, size_t r) {
    return (const uint8_t *)t->p->x + r * t->row_bytes;
}

/* Two tiles of rows times two panels: registers 0 1 / 2 3. */
INLINE void sum_2x2(const struct tiles *t, const struct group *group, size_t panel, size_t r0,
                    size_t r1, bool bf16) {
    const uint8_t *x0 = inputs_at(t, r0), *x1 = inputs_at(t, r1);
    size_t n_steps = t->n_steps + (t->rest_bytes != 0);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t k = 0; k < n_steps; k++) {
        _tile_loadd(6, weights_at(t, group, panel, k), TILE_BYTES);
        _tile_loadd(7, weights_at(t, group, panel + 1, k), TILE_BYTES);
        _tile_loadd(4, x0 + k * STEP_BYTES, t->row_bytes);
        _tile_loadd(5, x1 + k * STEP_BYTES, t->row_bytes);
        if (bf16) {
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        } else {
            _tile_dpbusd(0, 4, 6);
            _tile_dpbusd(1, 4, 7);
            _tile_dpbusd(2, 5, 6);
            _tile_dpbusd(3, 5, 7);
        }
    }
}

/* One tile of rows times up to four panels. */
INLINE void sum_1x4(const struct tiles *t, const struct group *group, size_t panel, size_t n_panels,
                    size_t r, bool bf16) {
    const uint8_t *x = inputs_at(t, r);
    size_t n_steps = t->n_steps + (t->rest_bytes != 0);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t k = 0; k < n_steps; k++) {
        _tile_loadd(4, x + k * STEP_BYTES, t->row_bytes);
        _tile_loadd(5, weights_at(t, group, panel, k), TILE_BYTES);
        if (bf16)
            _tile_dpbf16ps(0, 4, 5);
        else
            _tile_dpbusd(0, 4, 5);
        if (n_panels < 2) continue;
        _tile_loadd(6, weights_at(t, group, panel + 1, k), TILE_BYTES);
        if (bf16)
            _tile_dpbf16ps(1, 4, 6);
        else
            _tile_dpbusd(1, 4, 6);
        if (n_panels < 3) continue;
        _tile_loadd(7, weights_at(t, group, panel + 2, k), TILE_BYTES);
        if (bf16)
            _tile_dpbf16ps(2, 4, 7);
        else
            _tile_dpbusd(2, 4, 7);
        if (n_panels < 4) continue;
        _tile_loadd(5, weights_at(t, group, panel + 3, k), TILE_BYTES);
        if (bf16)
            _tile_dpbf16ps(3, 4, 5);
        else
            _tile_dpbusd(3, 4, 5);
    }
}

/* Sums on their way from tiles to y, in two buffers: while the tiles multiply the next block, the
 * vectors finish the last. */
struct pipeline {
    _Alignas(64) int32_t sums[2][4 * TILE_ROWS * PANEL_OUTPUTS];
    int current;
    size_t n_waiting;
    struct block waiting[2];
};

/* The sums at `sums` belong to tile `i` of rows. The last tile overlaps the one before it rather
 * than reach past the rows, but a row is finished once: y may be the residual. */
static void wait_for(struct pipeline *pipeline, const struct matmul *p, size_t i, size_t o,
                     size_t n_panels, const int32_t *sums, size_t stride) {
    size_t r = i * TILE_ROWS, end = p->first_output + p->n_outputs;
    size_t rows = least(p->n_rows - r, TILE_ROWS);
    size_t repeated = p->n_rows < TILE_ROWS ? 0 : TILE_ROWS - rows;
    pipeline->waiting[pipeline->n_waiting++] = (struct block){
        r, rows, o, least(n_panels * PANEL_OUTPUTS, end - o), sums + repeated * stride, stride};
}

static void finish_waiting(struct pipeline *pipeline, const struct matmul *p, bool bf16) {
    for (size_t i = 0; i < pipeline->n_waiting; i++)
        if (bf16)
            finish_floats(p, &pipeline->waiting[i]);
        else
            finish_ints(p, &pipeline->waiting[i]);
    pipeline->n_waiting = 0;
    pipeline->current ^= 1;
}

static size_t tile_start(const struct matmul *p, size_t i) {
    size_t last = p->n_rows < TILE_ROWS ? 0 : p->n_rows - TILE_ROWS;
    return least(i * TILE_ROWS, last);
}

/* Tiles of rows i and i + 1, two panels. */
INLINE void block_2x2(const struct tiles *t, const struct group *group, size_t i, size_t o,
                      size_t panel, struct pipeline *pipeline, bool bf16) {
    enum { STRIDE = 2 * PANEL_OUTPUTS, LOWER = TILE_ROWS * STRIDE };
    sum_2x2(t, group, panel, tile_start(t->p, i), tile_start(t->p, i + 1), bf16);
    finish_waiting(pipeline, t->p, bf16);
    int32_t *sums = pipeline->sums[pipeline->current];
    _tile_stored(0, sums, STRIDE * 4);
    _tile_stored(1, sums + PANEL_OUTPUTS, STRIDE * 4);
    _tile_stored(2, sums + LOWER, STRIDE * 4);
    _tile_stored(3, sums + LOWER + PANEL_OUTPUTS, STRIDE * 4);
    o += panel * PANEL_OUTPUTS;
    wait_for(pipeline, t->p, i, o, 2, sums, STRIDE);
    wait_for(pipeline, t->p, i + 1, o, 2, sums + LOWER, STRIDE);
}

INLINE void block_1x4(const struct tiles *t, const struct group *group, size_t i, size_t o,
                      size_t panel, size_t n_panels, struct pipeline *pipeline, bool bf16) {
    enum { STRIDE = 4 * PANEL_OUTPUTS };
    sum_1x4(t, group, panel, n_panels, tile_start(t->p, i), bf16);
    finish_waiting(pipeline, t->p, bf16);
    int32_t *sums = pipeline->sums[pipeline->current];
    _tile_stored(0, sums, STRIDE * 4);
    _tile_stored(1, sums + PANEL_OUTPUTS, STRIDE * 4);
    _tile_stored(2, sums + 2 * PANEL_OUTPUTS, STRIDE * 4);
    _tile_stored(3, sums + 3 * PANEL_OUTPUTS, STRIDE * 4);
    wait_for(pipeline, t->p, i, o + panel * PANEL_OUTPUTS, n_panels, sums, STRIDE);
}

/* Tiles of rows [first, end) with up to four panels. */
INLINE void group_of(const struct tiles *t, size_t first, size_t end, size_t o, size_t n_panels,
                     struct pipeline *pipeline, bool bf16) {
    struct group group;
    prepare_group(t, o, n_panels, &group);
    size_t paired = first + (end - first) / 2 * 2, panel = 0;
    for (; panel + 2 <= n_panels; panel += 2)
        for (size_t i = first; i < paired; i += 2)
            block_2x2(t, &group, i, o, panel, pipeline, bf16);
    for (size_t i = first; panel < n_panels && i < paired; i++)
        block_1x4(t, &group, i, o, panel, 1, pipeline, bf16);
    if (paired < end) block_1x4(t, &group, paired, o, 0, n_panels, pipeline, bf16);
}

INLINE void tiles_of(const struct matmul *p, bool bf16) {
    size_t panel_bytes = matrix_tiles(p->w->type, p->w->n_in) * TILE_BYTES;
    size_t step_bytes = STEP_TILES * TILE_BYTES, row_bytes = p->x_stride * (bf16 ? 2 : 1);
    struct tiles t = {p, row_bytes, panel_bytes, panel_bytes / step_bytes,
                      panel_bytes % step_bytes};
    size_t n_tiles = (p->n_rows + TILE_ROWS - 1) / TILE_ROWS;
    size_t tiles_at_once = GROUP_INPUT_BYTES / (row_bytes * TILE_ROWS) / 2 * 2 + 2;
    size_t end = p->first_output + p->n_outputs;
    struct pipeline pipeline = {.n_waiting = 0, .current = 0};
    configure_tiles(p->n_rows);
    for (size_t i = 0; i < n_tiles; i += tiles_at_once)
        for (size_t o = p->first_output; o < end; o += GROUP_OUTPUTS)
            group_of(&t, i, least(i + tiles_at_once, n_tiles), o,
                     least(matrix_panels(end - o), GROUP_PANELS), &pipeline, bf16);
    finish_waiting(&pipeline, p, bf16);
    _tile_release();
}

static void tiles_int8(const struct matmul *p) {
    tiles_of(p, false);
}

static void tiles_bf16(const struct matmul *p) {
    tiles_of(p, true);
}

static void matmul_tiles(const struct matmul *p) {
    bool panels = p->w->layout == LAYOUT_PANELS && p->n_rows > 0;
    if (panels && p->w->type == DTYPE_I8 && p->n_rows > FEW_ROWS)
        tiles_int8(p);
    else if (panels && p->w->type == DTYPE_BF16)
        tiles_bf16(p);
    else
        matmul_vectors(p);
}

const struct kernels *const level_amx = &level_table;
#else
const struct kernels *const level_amx = NULL;
#endif
