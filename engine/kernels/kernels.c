/* Which levels this machine can run. Nothing is cached: it is asked once a translator. */
#define _GNU_SOURCE /* syscall */
#include "engine/kernels/kernels.h"

#include "engine/kernels/levels.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

/* What the processor has and the system saves at a context switch. */
struct machine {
    bool avx2, avxvnni, avx512, amx, neon_dot, neon_i8mm, neon_bf16;
};

#if defined(__x86_64__)
/* Bits of XCR0: the registers that the system saves. */
enum { SAVES_AVX = 0x6, SAVES_AVX512 = 0xe6, SAVES_TILES = 0x60000 };

static uint64_t saved_registers(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static bool all(uint32_t value, uint32_t bits) {
    return (value & bits) == bits;
}

static struct machine detect(void) {
    struct machine machine = {0};
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return machine;
    const unsigned fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28, f16c = 1u << 29;
    if (!all(c, fma | osxsave | avx | f16c)) return machine;
    uint64_t saved = saved_registers();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return machine;
    const unsigned avx2 = 1u << 5, f = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31;
    const unsigned vnni = 1u << 11;
    const unsigned tiles = 1u << 24, tile_int8 = 1u << 25, tile_bf16 = 1u << 22;
    machine.avx2 = (saved & SAVES_AVX) == SAVES_AVX && all(b, avx2);
    machine.avx512 = machine.avx2 && (saved & SAVES_AVX512) == SAVES_AVX512 &&
                     all(b, f | dq | bw | vl) && all(c, vnni);
    machine.amx = machine.avx512 && (saved & SAVES_TILES) == SAVES_TILES &&
                  all(d, tiles | tile_int8 | tile_bf16);
    if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) {
        const unsigned avxvnni = 1u << 4;
        machine.avxvnni = machine.avx2 && all(a, avxvnni);
    }
    return machine;
}
#else
static struct machine detect(void) {
    struct machine machine = {0};
#if defined(__ARM_FEATURE_DOTPROD)
    machine.neon_dot = true;
#elif defined(__aarch64__) && defined(__linux__)
    const unsigned long asimddp = 1ul << 20;
    machine.neon_dot = (getauxval(AT_HWCAP) & asimddp) != 0;
#endif
#if defined(__ARM_FEATURE_MATMUL_INT8)
    machine.neon_i8mm = machine.neon_dot;
#elif defined(__aarch64__) && defined(__linux__)
    const unsigned long i8mm = 1ul << 13;
    machine.neon_i8mm = machine.neon_dot && (getauxval(AT_HWCAP2) & i8mm) != 0;
#endif
#if defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
    machine.neon_bf16 = machine.neon_i8mm;
#elif defined(__aarch64__) && defined(__linux__)
    const unsigned long bf16 = 1ul << 14;
    machine.neon_bf16 = machine.neon_i8mm && (getauxval(AT_HWCAP2) & bf16) != 0;
#endif
    return machine;
}
#endif

/* Linux wants to be asked before a process may use the 8 KB of tile registers. */
static bool permit_tiles(void) {
#if defined(__x86_64__) && defined(__linux__) && defined(SYS_arch_prctl)
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
    return false;
#endif
}

const struct kernels *kernels_scalar(void) {
    return level_scalar;
}

size_t kernels_available(const struct kernels *out[MAX_LEVELS + 1]) {
    const struct machine machine = detect();
    const struct kernels *const levels[] = {
        machine.amx && level_amx && permit_tiles() ? level_amx : NULL,
        machine.avx512 ? level_avx512 : NULL,
        machine.avxvnni ? level_avxvnni : NULL,
        machine.avx2 ? level_avx2 : NULL,
        machine.neon_bf16 ? level_neon_bf16 : NULL,
        machine.neon_i8mm ? level_neon_i8mm : NULL,
        machine.neon_dot && level_neon_dot ? level_neon_dot : level_neon,
        level_scalar,
    };
    _Static_assert(sizeof levels / sizeof *levels <= MAX_LEVELS, "room for all levels");
    size_t n = 0;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (levels[i]) out[n++] = levels[i];
    out[n] = NULL;
    return n;
}

const struct kernels *kernels_select(const char *isa) {
    const struct kernels *levels[MAX_LEVELS + 1];
    kernels_available(levels);
    if (!isa) return levels[0];
    for (size_t i = 0; levels[i]; i++)
        if (strcmp(levels[i]->name, isa) == 0) return levels[i];
    return NULL;
}
