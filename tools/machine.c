#define _POSIX_C_SOURCE 200809L
#include "tools/machine.h"
#include "engine/pool.h"
#include "models/convert/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { KIB = 1 << 10, MIB = 1 << 20, TRIES = 8 };

double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- what the system says -------------------------------------------------------------------- */

/* The value of the first line of `path` that starts with `key`, without blanks around it. */
static bool find_line(const char *path, const char *key, char *value, size_t size) {
    char line[512];
    FILE *file = fopen(path, "r");
    bool found = false;
    if (!file) return false;
    while (!found && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key)) != 0) continue;
        const char *at = line + strlen(key);
        at += strspn(at, " \t:");
        snprintf(value, size, "%.*s", (int)strcspn(at, "\r\n"), at);
        found = *value != 0;
    }
    fclose(file);
    return found;
}

void machine_describe(struct machine_limits *limits) {
    limits->cores = available_cores();
    if (!find_line("/proc/cpuinfo", "model name", limits->cpu, sizeof limits->cpu) &&
        !find_line("/proc/cpuinfo", "Model", limits->cpu, sizeof limits->cpu) &&
        !find_line("/sys/firmware/devicetree/base/model", "", limits->cpu, sizeof limits->cpu))
        snprintf(limits->cpu, sizeof limits->cpu, "unknown processor");
}

size_t peak_memory(void) {
    /* Not getrusage: its peak is that of the parent too, if the parent was greater. */
    char value[64];
    if (!find_line("/proc/self/status", "VmHWM", value, sizeof value)) return 0;
    return (size_t)strtoull(value, NULL, 10) * KIB;
}

/* Size of a data cache in bytes, or a common one where the system does not say. */
static size_t cache_size(int level) {
    static const size_t common[] = {32 * KIB, MIB, 32 * MIB};
    char path[96], size[32];
    for (int index = 0; index < 8; index++) {
        char type[32];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/level", index);
        if (!find_line(path, "", size, sizeof size) || atoi(size) != level) continue;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/type", index);
        if (!find_line(path, "", type, sizeof type) || strcmp(type, "Instruction") == 0) continue;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/size", index);
        if (!find_line(path, "", size, sizeof size)) continue;
        unsigned long long n = strtoull(size, NULL, 10) * (strchr(size, 'M') ? MIB : KIB);
        if (n >= KIB && n <= 1024ull * MIB) return (size_t)n;
    }
    return common[level - 1];
}

/* ---- reading --------------------------------------------------------------------------------- */

double measure_reads(size_t bytes) {
    enum { LEAST_READ = 8 * MIB };
    unsigned char *set = bytes ? aligned_alloc(64, (bytes + 63) / 64 * 64) : NULL;
    if (!set) return 0;
    memset(set, 0, bytes);
    size_t n_passes = LEAST_READ / bytes + 1, n_found = 0;
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        double began = seconds_now();
        /* A search for a byte that is not there reads everything and does next to nothing with it,
         * and the C library has it in the widest vectors that this very processor has: no loop in
         * portable C comes near. The byte changes so that no pass can be left out. */
        for (size_t pass = 0; pass < n_passes; pass++)
            n_found += memchr(set, (int)(1 + pass % 200), bytes) != NULL;
        double rate = (double)bytes * (double)n_passes / (seconds_now() - began);
        if (rate > best) best = rate;
    }
    free(set);
    return n_found ? 0 : best;
}

/* Half of a cache leaves room for what else is in it; memory is what no cache holds. */
static void measure_memory(struct machine_limits *limits) {
    static const char *const names[READ_LEVELS] = {"L1", "L2", "L3", "memory"};
    size_t l3 = cache_size(3), most = 512 * (size_t)MIB;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0 && (size_t)pages / 8 < most / (size_t)page)
        most = (size_t)pages / 8 * (size_t)page;
    size_t sizes[READ_LEVELS] = {cache_size(1) / 2, cache_size(2) / 2, l3 / 2, 3 * l3};
    for (int i = 0; i < READ_LEVELS; i++) {
        struct read_rate *read = &limits->reads[i];
        read->level = names[i];
        read->bytes = sizes[i] < most ? sizes[i] : most;
        read->bytes_per_second = measure_reads(read->bytes);
    }
}

/* ---- multiplying ----------------------------------------------------------------------------- */

enum { N_IN = 512, N_OUT = 512, N_ROWS = 256 };

/* A product that fits the second cache, or nearly: what the kernels reach at best. */
struct product {
    uint8_t *w;
    float *scale, *x, *x_scale, *y;
    int32_t *row_sum;
    void *prepared; /* x as the weight type wants it; 2 bytes an element */
    struct matrix matrix;
    struct matmul matmul;
};

static bool product_allocate(struct product *product, enum dtype type) {
    product->w = aligned_alloc(64, packed_bytes(type, N_OUT, N_IN));
    product->scale = calloc(N_OUT, sizeof *product->scale);
    product->row_sum = calloc(N_OUT, sizeof *product->row_sum);
    product->x = aligned_alloc(64, (size_t)N_ROWS * N_IN * sizeof *product->x);
    product->x_scale = calloc(N_ROWS, sizeof *product->x_scale);
    product->prepared = aligned_alloc(64, (size_t)N_ROWS * N_IN * 2);
    product->y = aligned_alloc(64, (size_t)N_ROWS * N_OUT * sizeof *product->y);
    return product->w && product->scale && product->row_sum && product->x && product->x_scale &&
           product->prepared && product->y;
}

static void product_free(struct product *product) {
    free(product->w);
    free(product->scale);
    free(product->row_sum);
    free(product->x);
    free(product->x_scale);
    free(product->prepared);
    free(product->y);
}

static void product_fill(struct product *product, enum dtype type, const struct kernels *kernels) {
    for (size_t i = 0; i < (size_t)N_ROWS * N_IN; i++)
        product->x[i] = (float)(i * 2654435761u % 2001) * 1e-3f - 1;
    for (size_t o = 0; o < N_OUT; o += PANEL_OUTPUTS)
        pack_panel(type, product->x + o % N_ROWS * N_IN, PANEL_OUTPUTS, N_IN, NULL,
                   product->w + packed_bytes(type, o, N_IN), product->scale + o,
                   product->row_sum + o);
    product->matrix = (struct matrix){.type = type,
                                      .layout = LAYOUT_PANELS,
                                      .n_out = N_OUT,
                                      .n_in = N_IN,
                                      .data = product->w,
                                      .scale = product->scale,
                                      .row_sum = product->row_sum};
    product->matmul = (struct matmul){.w = &product->matrix,
                                      .x = product->x,
                                      .x_stride = N_IN,
                                      .x_scale = product->x_scale,
                                      .n_rows = N_ROWS,
                                      .n_outputs = N_OUT,
                                      .y = product->y,
                                      .y_stride = N_OUT};
    if (type == DTYPE_F32 || type == DTYPE_F16) return;
    product->matmul.x = product->prepared;
    if (type == DTYPE_BF16)
        kernels->round_bf16(product->x, N_IN, N_ROWS, N_IN, product->prepared, N_IN);
    else
        kernels->quantize(product->x, N_IN, N_ROWS, N_IN, 0, product->prepared, N_IN,
                          product->x_scale);
}

static double measure_multiplies(enum dtype type, const struct kernels *kernels) {
    const double operations = 2.0 * N_ROWS * N_IN * N_OUT, longest = 0.25;
    struct product product = {0};
    double best = 0, began = seconds_now();
    if (product_allocate(&product, type)) {
        product_fill(&product, type, kernels);
        /* The first round warms up. A slow machine does not get all its tries. */
        for (int i = -1; i < 4 * TRIES && (i < 3 || seconds_now() - began < longest); i++) {
            double start = seconds_now();
            kernels->matmul(&product.matmul);
            double rate = operations / (seconds_now() - start);
            if (i >= 0 && rate > best) best = rate;
        }
    }
    product_free(&product);
    return best;
}

/* ---- all of it ------------------------------------------------------------------------------- */

void machine_measure(struct machine_limits *limits, const struct kernels *kernels) {
    static const enum dtype types[MULTIPLY_TYPES] = {DTYPE_I8, DTYPE_BF16, DTYPE_F16, DTYPE_F32};
    measure_memory(limits);
    for (int i = 0; i < MULTIPLY_TYPES; i++)
        limits->multiplies[i] =
            (struct multiply_rate){types[i], measure_multiplies(types[i], kernels)};
}

double machine_multiplies(const struct machine_limits *limits, enum dtype type) {
    for (int i = 0; i < MULTIPLY_TYPES; i++)
        if (limits->multiplies[i].type == type) return limits->multiplies[i].operations_per_second;
    return 0;
}
