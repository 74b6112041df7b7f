#define _POSIX_C_SOURCE 200809L
#include "tools/machine.h"

#include "engine/tolka.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { KIB = 1 << 10, MIB = 1 << 20, TRIES = 8 };

double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double processor_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
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
    limits->cores = tolka_available_threads();
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

/* ---- all of it ------------------------------------------------------------------------------- */

void machine_measure(struct machine_limits *limits, const char *isa) {
    static const char *const types[MULTIPLY_TYPES] = {"int8", "q4", "bf16", "f16", "f32"};
    measure_memory(limits);
    for (int i = 0; i < MULTIPLY_TYPES; i++)
        limits->multiplies[i] = (struct multiply_rate){types[i], tolka_product_rate(isa, types[i])};
}

double machine_multiplies(const struct machine_limits *limits, const char *type) {
    for (int i = 0; i < MULTIPLY_TYPES; i++)
        if (strcmp(limits->multiplies[i].type, type) == 0)
            return limits->multiplies[i].operations_per_second;
    return 0;
}
