/* AMX: int8 and bf16 products by tiles of 16 rows and 64 bytes; the rest is AVX-512.
 *
 * 16 tiles of a panel are, as they lie, one tile register: 64 int8 (or 32 bf16) inputs of 16
 * outputs. Inputs are the unsigned bytes of AVX-512's quantize, so that few rows can take its
 * path: sums of integers do not depend on who adds them. bf16 takes the tiles at any number of
 * rows, since other instructions would round otherwise.
 *
 * Tried, and not faster on Sapphire Rapids: fewer rows at a time so that inputs stay in the first
 * cache level, finishing a block as soon as it is summed. */
#include "engine/kernels/levels.h"

/* gcc and clang named these differently for some years */
#if (defined(__AMX_INT8__) && defined(__AMX_BF16__)) ||                                            \
    (defined(__AMXINT8__) && defined(__AMXBF16__))
#define HAS_TILES
#endif

#if defined(HAS_TILES) && defined(__AVX512VNNI__)
#include "engine/kernels/avx512.h"

static void matmul_tiles(const struct matmul *p);

#define LEVEL_NAME "amx"
#define LEVEL_MATMUL matmul_tiles
#include "engine/kernels/vector_body.h"

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
    size_t n_whole;     /* steps of 64 bytes an input row */
    size_t n_steps;     /* with an incomplete one */
    size_t rest_bytes;  /* of a panel in that */
};

/* Weights of a group of panels: the incomplete last step of each is copied, with zeros behind it,
 * so that nothing outside the panel is read or multiplied. */
struct group {
    size_t first_output;
    const uint8_t *panels[GROUP_PANELS];
    _Alignas(64) uint8_t rest[GROUP_PANELS][STEP_TILES * TILE_BYTES];
};

static void prepare_group(const struct tiles *t, size_t o, size_t n_panels, struct group *group) {
    const uint8_t *w = matrix_output(t->p->w, o);
    group->first_output = o;
    for (size_t i = 0; i < n_panels; i++, w += t->panel_bytes) {
        group->panels[i] = w;
        if (t->rest_bytes) {
            memset(group->rest[i], 0, sizeof group->rest[i]);
            memcpy(group->rest[i], w + t->n_whole * STEP_TILES * TILE_BYTES, t->rest_bytes);
        }
    }
    make_visible(group);
}

INLINE const uint8_t *weights_at(const struct tiles *t, const struct group *group, size_t panel,
                                 size_t k) {
    return k < t->n_whole ? group->panels[panel] + k * STEP_TILES * TILE_BYTES : group->rest[panel];
}

/* The next group's weights come from far away: they are asked for while this group's are used. A
 * hint only: behind the last weights it does nothing. Alone in the caches a product gains nothing
 * by it, in a decoder step, where the weights come from the third level, some 5 %. */
INLINE void prefetch_next(const struct tiles *t, const struct group *group, size_t panel,
                          size_t k) {
    uintptr_t next = (uintptr_t)group->panels[panel] + GROUP_PANELS * t->panel_bytes +
                     k * STEP_TILES * TILE_BYTES;
    UNROLL
    for (size_t i = 0; i < STEP_TILES; i++)
        _mm_prefetch((const void *)(next + i * TILE_BYTES), _MM_HINT_T0);
}

INLINE const uint8_t *inputs_at(const struct tiles *t, size_t r) {
    return (const uint8_t *)t->p->x + r * t->row_bytes;
}

/* Sums on their way from tiles to y. While the tiles multiply a block, the vectors finish the one
 * before it, a part after each step: the processor does not look far enough ahead to find that
 * work behind all steps. */
struct pipeline {
    _Alignas(64) int32_t sums[2][4][TILE_ROWS * PANEL_OUTPUTS]; /* of this block and the last */
    int current;
    struct block waiting[4];
    size_t n_waiting, n_finished;
};

static size_t tile_start(const struct matmul *p, size_t i) {
    size_t last = p->n_rows < TILE_ROWS ? 0 : p->n_rows - TILE_ROWS;
    return min_size(i * TILE_ROWS, last);
}

/* Register `sums` of the current block belongs to tile i of rows and the panel at o. The last tile
 * overlaps the one before it rather than reach past the rows, but a row is finished once: y may be
 * the residual. */
static void wait_for(struct pipeline *pipeline, const struct matmul *p, int sums, size_t i,
                     size_t o) {
    size_t r = i * TILE_ROWS, repeated = r - tile_start(p, i);
    size_t end = p->first_output + p->n_outputs;
    pipeline->waiting[pipeline->n_waiting++] = (struct block){
        .first_row = r,
        .n_rows = min_size(p->n_rows - r, TILE_ROWS),
        .first_output = o,
        .n_outputs = min_size(end - o, PANEL_OUTPUTS),
        .sums = pipeline->sums[pipeline->current][sums] + repeated * PANEL_OUTPUTS,
        .stride = PANEL_OUTPUTS,
    };
}

/* Finishes what is due when `done` of `all` steps are. */
INLINE void finish_due(struct pipeline *pipeline, const struct matmul *p, size_t done, size_t all,
                       bool bf16) {
    for (; pipeline->n_finished * all < pipeline->n_waiting * done; pipeline->n_finished++)
        if (bf16)
            finish_floats(p, &pipeline->waiting[pipeline->n_finished]);
        else
            finish_ints(p, &pipeline->waiting[pipeline->n_finished]);
}

/* Stores the sums of the block that was computed, all before it being finished. */
INLINE void store_sums(struct pipeline *pipeline) {
    pipeline->current ^= 1;
    pipeline->n_waiting = pipeline->n_finished = 0;
    _tile_stored(0, pipeline->sums[pipeline->current][0], TILE_BYTES);
    _tile_stored(1, pipeline->sums[pipeline->current][1], TILE_BYTES);
    _tile_stored(2, pipeline->sums[pipeline->current][2], TILE_BYTES);
    _tile_stored(3, pipeline->sums[pipeline->current][3], TILE_BYTES);
}

INLINE void zero_sums(void) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
}

/* Tiles i and i + 1 of rows times two panels: registers 0 1 / 2 3. */
INLINE void block_2x2(const struct tiles *t, const struct group *group, size_t i, size_t panel,
                      bool first, struct pipeline *pipeline, bool bf16) {
    const uint8_t *x0 = inputs_at(t, tile_start(t->p, i));
    const uint8_t *x1 = inputs_at(t, tile_start(t->p, i + 1));
    zero_sums();
    for (size_t k = 0; k < t->n_steps; k++) {
        _tile_loadd(6, weights_at(t, group, panel, k), TILE_BYTES);
        _tile_loadd(7, weights_at(t, group, panel + 1, k), TILE_BYTES);
        if (first) {
            prefetch_next(t, group, panel, k);
            prefetch_next(t, group, panel + 1, k);
        }
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
        finish_due(pipeline, t->p, k + 1, t->n_steps, bf16);
    }
    store_sums(pipeline);
    for (int c = 0; c < 4; c++)
        wait_for(pipeline, t->p, c, i + (size_t)c / 2,
                 group->first_output + (panel + (size_t)c % 2) * PANEL_OUTPUTS);
}

/* One tile of rows times up to four panels. */
INLINE void block_1x4(const struct tiles *t, const struct group *group, size_t i, size_t panel,
                      size_t n_panels, struct pipeline *pipeline, bool bf16) {
    const uint8_t *x = inputs_at(t, tile_start(t->p, i));
    zero_sums();
    for (size_t k = 0; k < t->n_steps; k++) {
        finish_due(pipeline, t->p, k + 1, t->n_steps, bf16);
        for (size_t c = 0; c < n_panels; c++) prefetch_next(t, group, panel + c, k);
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
    store_sums(pipeline);
    for (size_t c = 0; c < n_panels; c++)
        wait_for(pipeline, t->p, (int)c, i, group->first_output + (panel + c) * PANEL_OUTPUTS);
}

/* Tiles of rows [first, end) with up to four panels. */
INLINE void group_of(const struct tiles *t, size_t first, size_t end, size_t o, size_t n_panels,
                     struct pipeline *pipeline, bool bf16) {
    struct group group;
    prepare_group(t, o, n_panels, &group);
    size_t paired = first + (end - first) / 2 * 2, panel = 0;
    for (; panel + 2 <= n_panels; panel += 2)
        for (size_t i = first; i < paired; i += 2)
            block_2x2(t, &group, i, panel, i == first, pipeline, bf16);
    for (size_t i = first; panel < n_panels && i < paired; i++)
        block_1x4(t, &group, i, panel, 1, pipeline, bf16);
    if (paired < end) block_1x4(t, &group, paired, 0, n_panels, pipeline, bf16);
}

INLINE void tiles_of(const struct matmul *p, bool bf16) {
    size_t panel_bytes = matrix_panel_bytes(p->w->type, p->w->n_in);
    size_t step_bytes = STEP_TILES * TILE_BYTES, row_bytes = p->x_stride * (bf16 ? 2 : 1);
    struct tiles t = {
        .p = p,
        .row_bytes = row_bytes,
        .panel_bytes = panel_bytes,
        .n_whole = panel_bytes / step_bytes,
        .n_steps = (panel_bytes + step_bytes - 1) / step_bytes,
        .rest_bytes = panel_bytes % step_bytes,
    };
    size_t n_tiles = (p->n_rows + TILE_ROWS - 1) / TILE_ROWS;
    size_t tiles_at_once = GROUP_INPUT_BYTES / (row_bytes * TILE_ROWS) / 2 * 2 + 2;
    size_t end = p->first_output + p->n_outputs;
    struct pipeline pipeline;
    pipeline.current = 0;
    pipeline.n_waiting = pipeline.n_finished = 0;
    configure_tiles(p->n_rows);
    for (size_t i = 0; i < n_tiles; i += tiles_at_once)
        for (size_t o = p->first_output; o < end; o += GROUP_OUTPUTS)
            group_of(&t, i, min_size(i + tiles_at_once, n_tiles), o,
                     min_size(matrix_panels(end - o), GROUP_PANELS), &pipeline, bf16);
    finish_due(&pipeline, p, 1, 1, bf16);
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
